# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images whose names mean something else to QEMU than to qblk: another mount namespace, a monitor
behind which the process of QEMU is not known."""

import os
import shutil
import subprocess

import block_jobs
import live
import misnamed
import qblk
import qemu
import relay
from misnamed import COPY, JOBS
from topologies.options import named_chain, stem, virtio


class Namespace(misnamed.TestCase):
    """QEMU in a mount namespace in which the directory `seen` has its images."""

    def boot_inside(self, has_others):
        """HAS_OTHERS: outside, `seen` has other files with the names of the images."""
        hidden, seen = (os.path.join(self.directory, name) for name in ('hidden', 'seen'))
        os.mkdir(hidden)
        os.mkdir(seen)
        self.make(4, directory=hidden)
        self.reference = block_jobs.copy_reference(4, self.directory)
        self.names = [os.path.join(seen, os.path.basename(path)) for path in self.files]
        self.seen = seen
        for path in self.names if has_others else ():
            shutil.copy(misnamed.other_image(), path)
        self.inside = ['unshare', '--mount', 'sh', '-c',
                       'mount --bind "$0" "$1" && shift && exec "$@"', hidden, seen]
        if subprocess.run([*self.inside, 'true'], check=False, capture_output=True).returncode:
            self.skipTest('no mount namespaces here')
        self.run_qemu(named_chain(self.names) + virtio(stem(self.files[0]), id='vda'),
                      prefix=self.inside)
        self.hold()

    def assert_same_inside(self, path):
        self.process.quit()
        done = subprocess.run(
            self.inside + qemu.program('qemu-img') + ['compare', '-F', 'raw', path,
                                                      self.reference],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def test_each_job(self):
        """What has the same name outside is not touched."""
        for job in JOBS:
            for has_others in (False, True):
                with self.subTest(job=job, has_others=has_others):
                    self.setUp()
                    self.boot_inside(has_others)
                    outside = misnamed.tree(self.seen)
                    self.guest_writes('40M')
                    result = self.run_job(JOBS[job][0])
                    self.assertEqual(result.status, qblk.DONE, msg=str(result))
                    self.assert_no_jobs()
                    self.assert_guest_reads()
                    self.assertEqual(misnamed.tree(self.seen), outside)
                    top = JOBS[job][1][0]
                    self.assert_same_inside(os.path.join(self.directory, COPY) if top == COPY
                                            else self.names[top])
                self.doCleanups()

    def test_files_of_the_same_names_are_not_deleted(self):
        for job, gone in (('commit', (1,)), ('commit --pivot', (0, 1, 2))):
            with self.subTest(job):
                self.setUp()
                self.boot_inside(True)
                outside = misnamed.tree(self.seen)
                before = self.everything()
                result = self.run_job((*JOBS[job][0], '--delete'))
                self.assertEqual(misnamed.tree(self.seen), outside)
                if result.status == qblk.REFUSED:
                    self.assertEqual(self.everything(), before)
                else:
                    self.assertEqual(result.status, qblk.DONE, msg=str(result))
                    self.assertEqual([os.path.exists(path) for path in self.files],
                                     [number not in gone for number in range(4)])
            self.doCleanups()


class Unknown(misnamed.TestCase):
    """The process behind the monitor is this one, which has no image open, or is not known."""

    def vms(self):
        """Each VM argument in turn, with a guest of its own."""
        for kind in ('relay', 'tcp'):
            self.setUp()
            self.make(4)
            self.reference = block_jobs.copy_reference(4, self.directory)
            self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'),
                          tcp=kind == 'tcp')
            if kind == 'tcp':
                yield kind, f'tcp:{self.process.tcp}'
            else:
                path = os.path.join(self.directory, 'relay.sock')
                with relay.Relay(path, self.process.socket, -1, None):
                    yield kind, path
            self.doCleanups()

    def test_nothing_is_deleted(self):
        for kind, vm in self.vms():
            with self.subTest(kind):
                before = self.everything()
                self.qblk('commit', vm, 'vda', '--pivot', '--delete', status=qblk.REFUSED)
                self.assertEqual(self.everything(), before)


if __name__ == '__main__':
    live.main()
