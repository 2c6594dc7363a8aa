# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk commit --delete`: files that the chain no longer has are deleted, and no other files."""

import fcntl
import os
import shutil
import struct
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
import relay
from block_jobs import SLOW
from topologies.options import blockdev, named_chain, qcow2, stem, virtio

F_OFD_SETLK = 37  # of Linux; like QEMU's locks, it belongs to an open file and not to a process


class Delete(block_jobs.TestCase):
    own_socket = True

    def commit(self, *options, **more):
        return self.qblk('commit', self.process.socket, 'vda', *options, '--delete', **more)

    def names(self):
        return sorted(name for name in os.listdir(self.directory) if name.endswith('.qcow2'))

    def test_the_images_that_left_the_chain(self):
        for options, gone in ((('--pivot',), (0, 1, 2)), (('--pivot', '--shallow'), (0,)),
                              (('--top', 'vda[1]', '--base', 'vda[2]'), (1,)),
                              (('--top', 'vda[2]', '--base', 'vda[3]'), (2,))):
            for kind in ('blockdev', 'drive'):
                with self.subTest(options=options, kind=kind):
                    self.setUp()
                    self.boot(kind)
                    other = os.path.join(self.directory, 'bystander.qcow2')
                    shutil.copy(self.files[0], other)
                    text = self.commit(*options).text
                    left = [path for number, path in enumerate(self.files) if number not in gone]
                    self.assertEqual(self.names(),
                                     sorted(map(os.path.basename, [other, *left])))
                    for number in gone:
                        self.assertIn(f'deleted: {self.files[number]}\n', text)
                    self.assert_files(*left)
                    self.assert_same_content(left[0])

    def test_what_cannot_be_deleted_is_refused_before_the_job(self):
        self.make(3)
        self.remember()
        top, middle, base = self.files
        socket = os.path.join(self.directory, 'nbd.sock')
        self.enterContext(qemu.nbd_server(socket, middle, fmt='raw'))
        self.run_qemu(qcow2(base)
                      + blockdev(driver='nbd', node_name='net', read_only=True,
                                 server={'type': 'unix', 'path': socket})
                      + blockdev(driver='qcow2', node_name='middle', read_only=True, file='net',
                                 backing=stem(base))
                      + qcow2(top, backing='middle') + virtio(stem(top), id='vda'))
        result = self.commit('--pivot', status=qblk.REFUSED)
        self.assertIn("cannot delete 'nbd", result.errors)
        self.assertIn('it is not a file of this machine', result.errors)
        self.assertEqual(self.names(), sorted(map(os.path.basename, self.files)))
        self.assert_no_jobs()

    @brief.leave_out
    def test_a_dry_run_prints_the_files_and_deletes_nothing(self):
        self.boot()
        before = self.names()
        self.assertIn(f'delete {self.files[0]}\n', self.commit('--pivot', '--dry-run').text)
        self.assertEqual(self.names(), before)

    @brief.leave_out
    def test_a_symbolic_link_is_refused(self):
        self.make()
        home = os.path.join(self.directory, 'home')
        os.mkdir(home)
        real = shutil.move(self.files[1], home)
        os.symlink(real, self.files[1])
        self.run_qemu(named_chain(self.files) + virtio('disk-3', id='vda'))
        before = self.names()
        result = self.commit('--pivot', status=qblk.REFUSED)
        self.assertIn('symbolic link', result.errors)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual(self.names(), before)

    @brief.leave_out
    def test_a_file_that_replaced_the_image_stays(self):
        self.boot(data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--pivot', '--delete', *SLOW)
        os.rename(self.files[1], self.files[1] + '.old')
        with open(self.files[1], 'wb') as file:
            file.write(b'precious')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        text = self.finish(running, qblk.FAILED)
        self.assertIn('was changed as planned', text)
        self.assertIn('another file now has this name', text)
        with open(self.files[1], 'rb') as file:
            self.assertEqual(file.read(), b'precious')
        self.assertEqual([os.path.exists(path) for path in self.files], [False, True, False, True])
        self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_nothing_is_deleted_if_another_file_replaced_the_base(self):
        for make in (os.mkfifo, lambda path: shutil.copy(path + '.old', path)):
            self.setUp()
            self.boot(data='4M')
            running = self.begin('commit', self.process.socket, 'vda', '--pivot', '--delete', *SLOW)
            os.rename(self.files[3], self.files[3] + '.old')
            make(self.files[3])
            job, = self.process.qmp.execute('query-jobs')
            self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
            text = self.finish(running, qblk.REFUSED)
            self.assertIn('was renamed or replaced while the job ran', text)
            self.assertTrue(all(map(os.path.exists, self.files)))
            os.rename(self.files[3] + '.old', self.files[3])
            self.qblk('recover', self.process.socket)
            self.assert_no_jobs()
            self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_a_file_that_another_process_has_locked_stays(self):
        self.boot()
        with open(self.files[2], 'rb') as file:
            # a byte that QEMU does not use: with a lock on its own bytes it would not start
            fcntl.fcntl(file, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 1000, 1, 0))
            result = self.commit('--pivot', status=qblk.FAILED)
            self.assertIn(f'in use by process {os.getpid()} (', result.errors)
            self.assertIn('was changed as planned', result.errors)
        self.assertEqual([os.path.exists(path) for path in self.files], [False, False, True, True])
        self.assert_files(self.files[3])
        self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_a_locked_file_with_another_device_in_proc_is_kept(self):
        self.make(directory=block_jobs.layered_file_system(self))
        self.remember()
        self.run_qemu(named_chain(self.files) + virtio('disk-3', id='vda'))
        with open(self.files[2], 'rb') as file:
            fcntl.fcntl(file, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 1000, 1, 0))
            result = self.commit('--pivot', status=qblk.FAILED)
        self.assertIn(f"'{self.files[2]}' was not deleted: it is in use by another process",
                      result.errors)
        self.assertEqual([os.path.exists(path) for path in self.files], [False, False, True, True])
        self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_nothing_is_deleted_if_the_job_is_cancelled(self):
        self.boot(data='4M')
        self.interrupt(self.begin('commit', self.process.socket, 'vda', '--pivot', '--delete',
                                  *SLOW))
        self.assert_untouched()

    @brief.leave_out
    def test_files_of_another_machine_are_not_ours(self):
        self.make()
        self.run_qemu(named_chain(self.files) + virtio('disk-3', id='vda'), tcp=True)
        before = self.names()
        result = self.qblk('commit', f'tcp:{self.process.tcp}', 'vda', '--pivot', '--delete',
                           status=qblk.REFUSED)
        self.assertIn('not on this machine', result.errors)
        self.assert_files(*self.files)
        self.assertEqual(self.names(), before)

    def boot_elsewhere(self, number):
        """The first NUMBER images have the same names on this machine, and are other files. This is
        so with a QEMU in a container, or behind a socket that ssh forwards."""
        self.boot()
        for path in self.files[:number]:
            os.rename(path, path + '.real')
            shutil.copy(path + '.real', path)

    @brief.leave_out
    def test_files_that_qemu_does_not_have_open_are_not_ours(self):
        self.boot_elsewhere(4)
        before = [os.stat(path).st_ino for path in self.files]
        for options in (('--pivot',), ('--pivot', '--dry-run'),
                        ('--top', 'vda[2]', '--base', 'vda[3]')):
            result = self.commit(*options, status=qblk.REFUSED)
            self.assertIn('is another file now', result.errors)
        self.assertEqual([os.stat(path).st_ino for path in self.files], before)
        self.assert_untouched()

    @brief.leave_out
    def test_a_base_that_qemu_does_not_have_open_is_refused(self):
        self.boot()
        shutil.copy(self.files[3], self.files[3] + '.other')
        os.rename(self.files[3] + '.other', self.files[3])
        result = self.commit('--pivot', status=qblk.REFUSED)
        self.assertIn(f"'{self.files[3]}' is another file now", result.errors)
        self.assert_untouched()

    def test_a_socket_of_another_program(self):
        self.own_socket = False
        self.boot()
        left = self.files
        if qemu.version() > (5, 2):
            self.commit('--pivot')
            left = self.files[3:]
        else:
            result = self.commit('--pivot', status=qblk.REFUSED)
            self.assertIn(f'process {os.getpid()} (python', result.errors)
        self.assert_files(*left)
        self.assertEqual(self.names(), sorted(map(os.path.basename, left)))

    @brief.leave_out
    def test_behind_a_proxy_the_owner_of_the_files_is_not_known(self):
        self.boot()
        before = self.names()
        path = os.path.join(self.directory, 'proxy.sock')
        with relay.Relay(path, self.process.socket, -1, None):
            result = self.qblk('commit', path, 'vda', '--pivot', '--delete', status=qblk.REFUSED)
        self.assertIn(f'process {os.getpid()} (python', result.errors)
        self.assertIn('does not have it open', result.errors)
        self.assert_files(*self.files)
        self.assertEqual(self.names(), before)

    @brief.leave_out
    def test_invalid_combinations(self):
        self.boot()
        for options in (('--active',), ('--keep-overlay',), ('--pivot', '--detach')):
            self.commit(*options, status=qblk.USAGE)


class DeleteAfterJob(block_jobs.TestCase):
    """The same by `qblk job --pivot --delete`: another qblk or client has started the commit."""

    own_socket = True

    def job(self, *options, **more):
        return self.qblk('job', self.process.socket, 'vda', *options, **more)

    def existing(self):
        return [path for path in self.files if os.path.exists(path)]

    def start(self, base=3, **options):
        """As a client that knows nothing of qblk."""
        self.process.qmp.execute('block-commit', {
            'job-id': 'foreign', 'device': 'disk-3', 'base-node': stem(self.files[base]),
            **options})

    def test_a_commit_of_qblk(self):
        for kind in ('blockdev', 'drive'):
            with self.subTest(kind):
                self.setUp()
                self.boot(kind)
                self.qblk('commit', self.process.socket, 'vda', '--active')
                text = self.job('--pivot', '--delete').text
                self.assertEqual(self.existing(), self.files[3:])
                for path in self.files[:3]:
                    self.assertIn(f'deleted: {path}\n', text)
                self.assert_files(self.files[3])
                self.assert_no_jobs()
                self.assert_same_content(self.files[3])

    def test_a_commit_of_another_client_that_is_not_ready(self):
        for dismiss in (True, False):
            with self.subTest(dismiss):
                self.setUp()
                self.boot(data='4M')
                self.start(base=2, speed=4 << 20, **{'auto-dismiss': dismiss})
                self.guest_writes('40M')
                self.job('--wait', '--pivot', '--delete')
                self.assertEqual(self.existing(), self.files[2:])
                self.assert_files(*self.files[2:])
                self.assert_no_jobs()
                self.assert_same_content(self.files[2])

    def test_a_bitmap_that_would_be_lost_is_kept(self):
        self.make()
        images.add_bitmap(self.files[1], 'backup')  # the layer above does not have it
        self.remember()
        self.run_qemu(named_chain(self.files) + virtio('disk-3', id='vda'))
        self.qblk('commit', self.process.socket, 'vda', '--active')
        result = self.job('--pivot', '--delete', status=qblk.REFUSED)
        self.assertIn("bitmap 'backup'", result.errors)
        self.assertIn('would be deleted with its image', result.errors)
        self.assertEqual(self.existing(), self.files)
        self.job('--pivot', '--delete', '--bitmaps', 'drop')
        self.assertEqual(self.existing(), self.files[3:])
        self.assert_same_content(self.files[3])

    def test_what_a_copy_leaves_is_not_deleted(self):
        self.boot()
        self.qblk('copy', self.process.socket, 'vda', os.path.join(self.directory, 'copy.img'))
        result = self.job('--pivot', '--delete', status=qblk.REFUSED)
        self.assertIn('only after a commit', result.errors)
        self.assertEqual([job['status'] for job in self.process.qmp.execute('query-jobs')],
                         ['ready'])
        self.assert_files(*self.files)
        self.assertEqual(self.existing(), self.files)

    @brief.leave_out
    def test_internal_snapshots_are_kept(self):
        self.make()
        subprocess.run(qemu.program('qemu-img') + ['snapshot', '-c', 'old', self.files[1]],
                       check=True)
        self.remember()
        self.run_qemu(named_chain(self.files) + virtio('disk-3', id='vda'))
        self.start()
        result = self.job('--wait', '--pivot', '--delete', status=qblk.REFUSED)
        self.assertIn("'old'", result.errors)
        self.assertEqual(self.existing(), self.files)
        self.job('--wait', '--pivot', '--delete', '--delete-internal-snapshots')
        self.assertEqual(self.existing(), self.files[3:])
        self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_the_file_that_qemu_has_open_is_deleted_by_its_new_name(self):
        """As `commit --delete` does: another file that has the name now is not of the chain."""
        for starts in (True, False):
            with self.subTest(starts):
                self.setUp()
                self.boot()
                renamed = self.files[1] + '.old'
                os.rename(self.files[1], renamed)
                shutil.copy(renamed, self.files[1])
                if starts:
                    self.start()
                    text = self.job('--wait', '--pivot', '--delete').text
                else:
                    text = self.qblk('commit', self.process.socket, 'vda', '--pivot',
                                     '--delete').text
                self.assertIn(f'deleted: {renamed}\n', text)
                self.assertFalse(os.path.exists(renamed))
                self.assertEqual(self.existing(), [self.files[1], self.files[3]])
                self.assert_same_content(self.files[3])

    @brief.leave_out
    def test_a_file_that_another_process_has_locked_stays(self):
        self.boot()
        self.start()
        with open(self.files[2], 'rb') as file:
            fcntl.fcntl(file, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 1000, 1, 0))
            result = self.job('--wait', '--pivot', '--delete', status=qblk.FAILED)
            self.assertIn(f'in use by process {os.getpid()} (', result.errors)
        self.assertEqual(self.existing(), self.files[2:])
        self.assert_same_content(self.files[3])


if __name__ == '__main__':
    live.main()
