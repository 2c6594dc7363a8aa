# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images whose names mean something else to QEMU than to qblk, or nothing: relative names, fd sets,
another mount namespace, a monitor behind which the process of QEMU is not known."""

import json
import os
import shutil
import subprocess

import block_jobs
import images
import live
import misnamed
import qblk
import qemu
import relay
from misnamed import COPY, JOBS
from topologies.options import blockdev, drive, named_chain, stem, virtio


class Relative(misnamed.TestCase):
    """-drive file=sub/x3.qcow2: relative to the directory in which QEMU was started. qblk runs in
    another one, in which `sub` has other files of the same names."""

    def boot_in_sub(self):
        sub = os.path.join(self.directory, 'sub')
        os.mkdir(sub)
        self.make(4, directory=sub)
        self.reference = block_jobs.copy_reference(4, self.directory)
        self.names = [os.path.relpath(path, self.directory) for path in self.files]
        self.elsewhere = os.path.join(self.directory, 'elsewhere')
        os.makedirs(os.path.join(self.elsewhere, 'sub'))
        for path in self.names:
            shutil.copy(misnamed.other_image(), os.path.join(self.elsewhere, path))
        self.run_qemu(drive(self.names[0], id='drive0') + virtio('drive0', id='vda'))
        self.hold()

    def test_each_job(self):
        for job in JOBS:
            with self.subTest(job=job):
                self.setUp()
                self.boot_in_sub()
                others = misnamed.tree(self.elsewhere)
                self.guest_writes('40M')
                result = self.run_job(job, cwd=self.elsewhere)
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assertNotIn('warning', result.errors)
                self.assert_result(job)
                self.assertEqual(misnamed.tree(self.elsewhere), others)
            self.doCleanups()

    def test_relative_backing_strings_stay_relative(self):
        for arguments in (('commit', '--top', 'vda[1]', '--base', 'vda[2]'),
                          ('pull', '--base', 'vda[2]')):
            with self.subTest(arguments):
                self.setUp()
                self.boot_in_sub()
                self.qblk(arguments[0], self.process.socket, 'vda', *arguments[1:],
                          '--keep-relative', cwd=self.elsewhere)
                self.assertEqual(block_jobs.header(self.files[0])[0],
                                 os.path.basename(self.files[2]))
                self.process.quit()
                self.assert_same_content(self.files[0])
            self.doCleanups()

    def test_a_copy_with_a_relative_name_is_created_where_qblk_runs(self):
        self.boot_in_sub()
        self.qblk('copy', self.process.socket, 'vda', 'new.qcow2', '--pivot', '--shallow',
                  cwd=self.elsewhere)
        self.process.quit()
        self.assert_same_content(os.path.join(self.elsewhere, 'new.qcow2'))

    def test_images_that_left_the_chain_are_deleted(self):
        for job, gone in (('commit', (1,)), ('commit --pivot', (0, 1, 2))):
            with self.subTest(job):
                self.setUp()
                self.boot_in_sub()
                others = misnamed.tree(self.elsewhere)
                result = self.run_job(job, '--delete', cwd=self.elsewhere)
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assertEqual([os.path.exists(path) for path in self.files],
                                 [number not in gone for number in range(4)])
                self.assertEqual(misnamed.tree(self.elsewhere), others)
                self.process.quit()
                self.assert_same_content(self.files[JOBS[job][1][0]])
            self.doCleanups()

    def test_reading_commands(self):
        self.boot_in_sub()
        socket = self.process.socket
        self.assertEqual(self.qblk('check', socket, cwd=self.elsewhere).text, 'no differences\n')
        nodes = [layer['node'] for layer in self.chain()['layers']]
        for path, node in zip(self.files, nodes):
            self.assertEqual(self.resolve(socket, path), node)
        sources = live.disk_sources(self.disk_xml(socket, 'vda'))
        self.assertEqual(sources, (self.files, True))

    def test_another_file_has_the_name(self):
        self.boot_in_sub()
        misnamed.replace(self.files[2])
        self.assert_refused('commit', 2)
        self.assert_warned('commit --pivot', 2)


class LinkedDirectory(misnamed.TestCase):
    """As OpenNebula has its images: disk is a link to disk.snap/3, and disk.snap/disk.snap leads to
    its own directory, so that a backing string disk.snap/2 is right from both places."""

    def test_each_job(self):
        for job in JOBS:
            with self.subTest(job=job):
                self.setUp()
                home = os.path.join(self.directory, 'disk.snap')
                os.mkdir(home)
                os.symlink('.', os.path.join(home, 'disk.snap'))
                below = None
                for number in range(4):
                    path = images.create(os.path.join(home, str(number)), backing=below)
                    images.write(path, pattern=number + 1, offset=number << 20, length='256k')
                    below = f'disk.snap/{number}'
                os.symlink('disk.snap/3', os.path.join(self.directory, 'disk'))
                self.files = [os.path.join(self.directory, name) for name in
                              ('disk', 'disk.snap/2', 'disk.snap/1', 'disk.snap/0')]
                self.names = self.files
                self.remember()
                self.run_qemu(drive(self.files[0], id='drive0') + virtio('drive0', id='vda'))
                self.hold()
                self.guest_writes('40M')
                result = self.run_job(job)
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assertNotIn('warning', result.errors)
                self.assert_result(job)
                if 0 in JOBS[job][1]:
                    self.assert_same_content(os.path.join(home, '3'))
            self.doCleanups()


class Descriptors(misnamed.TestCase):
    """Images that QEMU was given as descriptors, as Incus and libvirt do: /dev/fdset/N."""

    def boot_on_fd_sets(self, depth=4):
        self.make(depth)
        self.reference = block_jobs.copy_reference(depth, self.directory)
        self.names = [f'/dev/fdset/{number}' for number in range(depth)]
        arguments, descriptors = [], []
        for number, path in enumerate(self.files):
            for flags in (os.O_RDONLY, os.O_RDWR):
                descriptors.append(os.open(path, flags))
                arguments += ['-add-fd', f'fd={descriptors[-1]},set={number},opaque={stem(path)}']
        for number in range(depth - 1, -1, -1):
            arguments += blockdev(
                driver='qcow2', node_name=stem(self.files[number]), read_only=number > 0,
                backing=stem(self.files[number + 1]) if number + 1 < depth else None,
                file={'driver': 'file', 'filename': self.names[number]})
        self.run_qemu(arguments + virtio(stem(self.files[0]), id='vda'), pass_fds=descriptors)
        for descriptor in descriptors:  # a lock of QEMU belongs to its copies, too
            os.close(descriptor)
        self.hold()

    def test_each_job(self):
        for job in JOBS:
            with self.subTest(job=job):
                self.setUp()
                self.boot_on_fd_sets()
                self.guest_writes('40M')
                result = self.run_job(job)
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assert_result(job)
            self.doCleanups()

    def test_images_that_left_the_chain_are_deleted_or_it_is_refused(self):
        for job, gone in (('commit', (1,)), ('commit --pivot', (0, 1, 2))):
            with self.subTest(job):
                self.setUp()
                self.boot_on_fd_sets()
                before = self.everything()
                result = self.run_job(job, '--delete')
                if result.status == qblk.REFUSED:
                    self.assertIn(self.files[gone[0]], result.errors)
                    self.assertEqual(self.everything(), before)
                else:
                    self.assertEqual(result.status, qblk.DONE, msg=str(result))
                    self.assertEqual([os.path.exists(path) for path in self.files],
                                     [number not in gone for number in range(4)])
                    self.process.quit()
                    self.assert_same_content(self.files[JOBS[job][1][0]])
            self.doCleanups()

    def test_an_image_without_a_name_is_not_named_in_a_header(self):
        for job in ('commit', 'pull --base'):
            with self.subTest(job):
                self.setUp()
                self.boot_on_fd_sets()
                os.unlink(self.files[2])
                before = self.everything()
                result = self.run_job(job)
                self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
                self.assertEqual(self.everything(), before)
            self.doCleanups()

    def test_reading_commands(self):
        self.boot_on_fd_sets()
        for path in self.files:
            self.assertEqual(self.resolve(self.process.socket, path), stem(path))
        files = [layer['open-file'] for layer in self.chain()['layers']]
        self.assertEqual([(file['state'], file['path']) for file in files],
                         [('descriptor', path) for path in self.files])
        text = self.qblk('chain', self.process.socket).text
        for path in self.files:
            self.assertIn(path, text)
        sources = live.disk_sources(self.disk_xml(self.process.socket, 'vda'))
        self.assertEqual(sources, (self.files, True))


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
                    result = self.run_job(job)
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
                result = self.run_job(job, '--delete')
                self.assertEqual(misnamed.tree(self.seen), outside)
                if result.status == qblk.REFUSED:
                    self.assertEqual(self.everything(), before)
                else:
                    self.assertEqual(result.status, qblk.DONE, msg=str(result))
                    self.assertEqual([os.path.exists(path) for path in self.files],
                                     [number not in gone for number in range(4)])
            self.doCleanups()

    def test_reading_commands(self):
        for has_others in (False, True):
            with self.subTest(has_others=has_others):
                self.setUp()
                self.boot_inside(has_others)
                self.assertEqual([layer['open-file'] for layer in self.chain()['layers']],
                                 [None] * 4)
                self.assertEqual(self.qblk('check', self.process.socket).text, 'no differences\n')
                sources = live.disk_sources(self.disk_xml(self.process.socket, 'vda'))
                self.assertEqual(sources, (self.names, True))
            self.doCleanups()

    def test_a_replaced_base(self):
        """As its QEMU sees it."""
        self.boot_inside(True)
        misnamed.replace(self.files[3])
        before = self.everything()
        result = self.run_job('commit --pivot')
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertIn(f"'{self.names[3]}'", result.errors)
        self.assertEqual(self.everything(), before)


class Lost(misnamed.TestCase):
    """Reading commands on a chain in which one image was replaced, one renamed and one deleted."""

    def boot_lost(self):
        self.boot_on('blockdev')
        misnamed.replace(self.files[1])
        misnamed.rename(self.files[2])
        os.unlink(self.files[3])

    def test_chain(self):
        self.boot_lost()
        files = [layer['open-file'] for layer in self.chain()['layers']]
        self.assertIsNone(files[0])
        self.assertEqual([file['state'] for file in files[1:]], ['another-file', 'gone', 'gone'])
        text = self.qblk('chain', self.process.socket).text
        for position in (1, 2, 3):
            self.assertIn(str(self.inode(position)), text)
        self.assertNotIn(str(self.inode(0)), text)
        self.assertIn(self.files[2] + '.moved', text)

    def test_chain_of_images_that_kept_their_names(self):
        self.boot_on('blockdev')
        misnamed.link(self.files[2])
        self.assertEqual([layer['open-file'] for layer in self.chain()['layers']], [None] * 4)
        self.assertNotIn(str(self.inode(2)), self.qblk('chain', self.process.socket).text)

    def test_check(self):
        self.boot_lost()
        result = qblk.run('check', self.process.socket)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        for position in (1, 2, 3):
            self.assertTrue(self.is_named(position, result.text), msg=str(result))
        self.assertNotIn(f"'{self.files[0]}'", result.text)

    def test_a_layer_is_named_by_a_path_to_its_file(self):
        self.boot_lost()
        self.assertEqual(self.resolve(self.process.socket, self.files[2] + '.moved'),
                         stem(self.files[2]))


class BlockDevice(misnamed.TestCase):
    def test_it_is_not_deleted(self):
        self.make(3)
        self.reference = block_jobs.copy_reference(3, self.directory)
        link = images.create(self.loop_device('device'), backing=self.files[0])
        self.files = [link, *self.files]
        self.names = self.files
        arguments = named_chain(self.files[1:])
        self.run_qemu(arguments + blockdev(driver='qcow2', node_name='top', backing='disk-2',
                                           file={'driver': 'host_device', 'filename': link})
                      + virtio('top', id='vda'))
        self.hold()
        before = self.everything()
        result = self.run_job('commit --pivot', '--delete')
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertIn('block device', result.errors)
        self.assertEqual(self.everything(), before)


class CharacterDevice(misnamed.TestCase):
    def test_it_is_no_other_file(self):
        self.make(2)
        drives = (drive('/dev/null', id='cd', media='cdrom', format='raw')
                  + drive('host_device:/dev/null', id='host', format='raw'))
        self.run_qemu(named_chain(self.files) + drives)
        result = qblk.run('check', self.process.socket)
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        self.assertNotIn('/dev/null', result.text + result.errors)


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

    def test_a_job_succeeds_and_a_message_tells_that_files_are_not_known(self):
        for kind, vm in self.vms():
            with self.subTest(kind):
                result = self.qblk('commit', vm, 'vda', '--top', 'vda[1]', '--base', 'vda[2]')
                self.assertIn('not known', result.errors)
                self.assert_result('commit')

    def test_reading_commands_tell_that_files_are_not_known(self):
        for kind, vm in self.vms():
            with self.subTest(kind):
                self.assertIn('not known', self.qblk('chain', vm).text)
                result = self.qblk('--json', 'chain', vm)
                layers = json.loads(result.stdout)['chains'][0]['layers']
                self.assertEqual({layer['open-file']['state'] for layer in layers}, {'unknown'})
                result = qblk.run('check', vm)
                self.assertEqual(result.status, qblk.FAILED, msg=str(result))
                self.assertIn('not known', result.text)

    def test_without_permission_to_see_what_the_process_has_open(self):
        self.boot_on('blockdev')
        for path in (self.directory, self.process.socket):
            os.chmod(path, 0o777)
        if os.geteuid() != 0:
            self.skipTest('only root can become another user')
        user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        command, variables = qblk.copy(self.directory)
        done = subprocess.run([*user, *command, 'chain', self.process.socket],
                              capture_output=True, text=True, check=False,
                              env={**qblk.environment(), **variables,
                                   'XDG_STATE_HOME': self.directory})
        self.assertEqual(done.returncode, qblk.DONE, msg=done.stderr)
        self.assertIn('not known', done.stdout)
        self.assertIn('ermission', done.stdout)

    def test_nothing_is_deleted(self):
        for kind, vm in self.vms():
            with self.subTest(kind):
                before = self.everything()
                self.qblk('commit', vm, 'vda', '--pivot', '--delete', status=qblk.REFUSED)
                self.assertEqual(self.everything(), before)


if __name__ == '__main__':
    live.main()
