# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk commit --keep N`: the oldest layers are merged, and N overlays remain."""

import json
import os
import shlex
import shutil
import subprocess
import unittest.mock

import block_jobs
import brief
import images
import live
import qblk
import qemu
from block_jobs import header
from topologies.options import drive, virtio


class KeepCase(block_jobs.TestCase):
    own_socket = True  # for --delete

    def assert_not_open(self, *files):
        nodes = self.process.qmp.execute('query-named-block-nodes', {'flat': True})
        self.assertEqual({node['file'] for node in nodes} & set(files), set())

    def assert_left(self, *files):
        """The chain and the directory have FILES and no other images, and backing strings are
        relative as before."""
        self.assert_files(*files)
        self.assert_no_jobs()
        self.assert_not_open(*[path for path in self.files if path not in files])
        self.assertEqual([path for path in self.files if os.path.exists(path)], list(files))
        for overlay, backing in zip(files, files[1:]):
            self.assertEqual(header(overlay), (os.path.basename(backing), 'qcow2'))


class Keep(KeepCase):
    def commit(self, *arguments):
        return self.qblk('commit', self.process.socket, 'vda', '--keep', *arguments)

    def test_of_twelve_overlays_three_remain(self):
        for kind in brief.some(('blockdev', 'drive', 'both')):
            with self.subTest(kind):
                self.setUp()
                self.boot(kind, depth=13)
                self.commit('3', '--delete')
                self.assert_left(*self.files[:3], self.files[12])
                self.assert_same_content()

    def test_a_second_run_has_nothing_to_do(self):
        self.boot(depth=6)
        before = self.state()
        for keep in ('5', '6', '2147483647'):
            self.assertEqual(self.commit(keep, '--delete').text,
                             'nothing to do: vda has 5 overlays\n')
        self.assertEqual(self.state(), before)

        self.commit('1', '--delete')
        self.assert_left(self.files[0], self.files[5])
        output = json.loads(self.commit('1', '--json').stdout)
        self.assertEqual((output['plans'], output['skipped']),
                         ([], [{'target': 'vda', 'reason': 'nothing to do: vda has 1 overlay'}]))

        self.commit('0', '--pivot', '--delete')
        self.assert_left(self.files[5])
        self.assertEqual(self.commit('0', '--pivot').text, 'nothing to do: vda has 0 overlays\n')
        self.assert_same_content(self.files[5])

    def test_into_a_raw_base(self):
        self.boot_on_raw()
        self.commit('1')
        self.assert_files(self.files[0], self.files[2])
        self.assertEqual(header(self.files[0]), (self.files[2], 'raw'))
        self.assert_same_content()

    def test_while_the_guest_writes(self):
        self.boot(depth=8, data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--keep', '2', '--delete',
                             *block_jobs.SLOW)
        self.guest_writes('40M')
        self.guest_writes('512k')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.finish(running, 0)
        self.assert_left(*self.files[:2], self.files[7])
        self.assert_same_content()

    def use_daemon_under_test(self):
        """Put the storage daemon of this version of QEMU into the PATH of qblk."""
        command = qemu.program('qemu-storage-daemon')
        home = os.path.join(self.directory, 'bin')
        os.mkdir(home)
        path = os.path.join(home, 'qemu-storage-daemon')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nexec {shlex.join([shutil.which(command[0]), *command[1:]])} '
                       '"$@"\n')
        os.chmod(path, 0o755)
        self.enterContext(unittest.mock.patch.dict(
            os.environ, PATH=f'{home}{os.pathsep}{os.environ["PATH"]}'))

    def test_without_a_running_qemu(self):
        self.use_daemon_under_test()
        self.make(13)
        self.reference = block_jobs.copy_reference(13, self.directory)
        arguments = ('commit', f'image:{self.files[0]}', '--delete', '--keep')
        if qemu.version() < (6, 1):
            result = self.qblk(*arguments, '3', status=qblk.REFUSED)
            self.assertIn("it lacks 'blockdev-reopen'", result.errors)
            self.assertTrue(all(map(os.path.exists, self.files)))
            return
        self.qblk(*arguments, '3')
        self.assertEqual(self.qblk(*arguments, '3').text, 'nothing to do: vda has 3 overlays\n')
        left = [*self.files[:3], self.files[12]]
        self.assertEqual([path for path in self.files if os.path.exists(path)], left)
        self.assertEqual(header(left[2]), (os.path.basename(left[3]), 'qcow2'))
        done = subprocess.run(qemu.program('qemu-img') + ['compare', '-F', 'raw', left[0],
                                                          self.reference],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)


class AllDisks(KeepCase):
    def boot_three(self):
        """vda and vdb have five and two overlays, vdc has none."""
        self.make(6)
        self.remember()
        mine = self.files
        directory = os.path.join(self.directory, 'other')
        os.mkdir(directory)
        other = self.make(3, directory=directory)
        self.files = mine
        single = images.create(os.path.join(self.directory, 'single.qcow2'))
        self.run_qemu(drive(mine[0], id='a') + virtio('a', id='vda')
                      + drive(other[0], id='b') + virtio('b', id='vdb')
                      + drive(single, id='c') + virtio('c', id='vdc'))
        return other

    def depths(self):
        disks = json.loads(self.qblk('--json', 'chain', self.process.socket).stdout)['chains']
        return {disk['target']: len(disk['layers']) for disk in disks}

    def test_each_disk_keeps_as_many(self):
        other = self.boot_three()
        result = self.qblk('commit', self.process.socket, '--all-disks', '--keep', '2', '--delete')
        self.assertIn("disk 'vdb' is skipped: it has 2 overlays", result.errors)
        self.assertIn("disk 'vdc' is skipped: it has only one layer", result.errors)
        self.assertEqual(self.depths(), {'vda': 3, 'vdb': 3, 'vdc': 1})
        self.assert_left(*self.files[:2], self.files[5])

        self.qblk('commit', self.process.socket, '--all-disks', '--keep', '1', '--delete')
        self.assertEqual(self.depths(), {'vda': 2, 'vdb': 2, 'vdc': 1})
        self.assert_left(self.files[0], self.files[5])
        self.assert_not_open(other[1])
        self.assertFalse(os.path.exists(other[1]))
        self.assertEqual(header(other[0]), (os.path.basename(other[2]), 'qcow2'))

        again = self.qblk('commit', self.process.socket, '--all-disks', '--keep', '1')
        self.assertEqual(again.text, 'nothing to do\n')
        self.assert_same_content()
        self.reference = block_jobs.copy_reference(3, self.directory)
        self.assert_same_content(other[0])


if __name__ == '__main__':
    live.main()
