# SPDX-License-Identifier: LGPL-2.1-or-later
"""The destination of `qblk copy`: a device or image that is in use, too small, larger than the
disk, encrypted, or not on this machine. Nothing is written to one that is refused."""

import contextlib
import hashlib
import os
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, stem, virtio

MIB = 1 << 20


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').digest()


@contextlib.contextmanager
def command(*arguments, end):
    """The effect of a program, until END has run."""
    try:
        subprocess.run(arguments, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise qemu.Missing(f'{arguments[0]}: {error}') from error
    try:
        yield
    finally:
        subprocess.run(end, check=False, capture_output=True)


class TestCase(block_jobs.TestCase):
    own_socket = True

    def device(self, size=64 * MIB, name='device'):
        """A loop device, by the link NAME."""
        link = os.path.join(self.directory, name)
        image = images.raw(self.directory, name + '.raw', size)
        self.enterContext(qemu.loop_device(link, image))
        return link

    def copy(self, dest, *options, **more):
        return self.qblk('copy', self.process.socket, 'vda', dest, *options, **more)

    def refuse_copy(self, dest, *options, message):
        """It is refused, and neither the guest nor the destination changes."""
        before = digest(dest) if os.path.exists(dest) else None
        self.refuse('copy', self.process.socket, 'vda', dest, *options, '--pivot', message=message)
        self.copy(dest, *options, '--dry-run', status=qblk.REFUSED)
        self.assertEqual(digest(dest) if os.path.exists(dest) else None, before)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])

    def compare(self, path, fmt):
        """The guest's data are in the image at PATH, which may be larger."""
        if self.process.running:
            self.process.quit()
        done = subprocess.run(qemu.program('qemu-img') + ['compare', '-f', fmt, '-F', 'raw', path,
                                                          self.reference],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)


class InUse(TestCase):
    def setUp(self):
        super().setUp()
        self.boot()

    def refuse_each(self, dest, message):
        for fmt in ('qcow2',) if brief.IS_BRIEF else ('raw', 'qcow2'):
            with self.subTest(fmt):
                self.refuse_copy(dest, '--format', fmt, '--reuse-external', message=message)

    def file_system(self, device):
        """DEVICE with a file system, mounted at a name with a space."""
        place = os.path.join(self.directory, 'mount point')
        os.mkdir(place)
        subprocess.run(['mkfs.ext4', '-q', device], check=True)
        self.enterContext(command('mount', '-o', 'ro,noload', device, place, end=['umount', place]))
        return place

    def test_a_mounted_device(self):
        device = self.device(68 * MIB)
        place = self.file_system(device)
        self.refuse_each(device, f"is mounted at '{place}': unmount it first")

    @brief.leave_out
    def test_a_device_with_a_mounted_partition(self):
        device = os.path.realpath(self.device(68 * MIB))
        partition = device + 'p1'
        self.enterContext(command('addpart', device, '1', '2048', '65536',
                                  end=['delpart', device, '1']))
        if not os.path.exists(partition):  # without udev
            with open(f'/sys/class/block/{os.path.basename(partition)}/dev',
                      encoding='ascii') as file:
                major, minor = (int(part) for part in file.read().split(':'))
            os.mknod(partition, 0o600 | 0o060000, os.makedev(major, minor))
            self.addCleanup(os.unlink, partition)
        place = self.file_system(partition)
        self.refuse_each(device, f"cannot write to '{device}': '{partition}' is mounted at "
                                 f"'{place}'")

    @brief.leave_out
    def test_swap(self):
        device = self.device(68 * MIB)
        subprocess.run(['mkswap', device], check=True, capture_output=True)
        self.enterContext(command('swapon', device, end=['swapoff', device]))
        self.refuse_each(device, 'is used as swap: disable it with swapoff first')

    @brief.leave_out
    def test_a_file_that_a_loop_device_shows(self):
        device = os.path.realpath(self.device())
        image = os.path.join(self.directory, 'device.raw')
        self.refuse_copy(image, '--format', 'raw', '--reuse-external',
                         message=f"is attached to loop device '{device}'")

    @brief.leave_out
    def test_a_loop_device_below_another(self):
        device = self.device(68 * MIB)
        other = os.path.join(self.directory, 'other')
        self.enterContext(qemu.loop_device(other, os.path.realpath(device)))
        self.refuse_each(device, f"is attached to loop device '{os.path.realpath(other)}'")

    @brief.leave_out
    def test_a_device_that_is_open_exclusively(self):
        device = self.device(68 * MIB)
        descriptor = os.open(device, os.O_RDONLY | os.O_EXCL)
        self.addCleanup(os.close, descriptor)
        self.refuse_each(device, 'the kernel or another process has it open exclusively')

    def test_a_device_of_another_qemu(self):
        """QEMU locks a device, and does not open it exclusively."""
        device = self.device(68 * MIB)
        with block_jobs.lock_holder(device, '-f', 'raw') as holder:
            self.refuse_each(device, f'is in use by process {holder.pid} (')

    def test_an_image_of_another_process(self):
        path = images.create(os.path.join(self.directory, 'locked.qcow2'), '64M')
        with block_jobs.lock_holder(path) as holder:
            self.refuse_copy(path, '--reuse-external',
                             message=f'is in use by process {holder.pid} (')

    def test_it_can_be_written_to_afterwards(self):
        device = self.device()
        with block_jobs.lock_holder(device, '-f', 'raw'):
            self.refuse_copy(device, '--format', 'raw', '--reuse-external',
                             message='is in use by')
        self.copy(device, '--format', 'raw', '--reuse-external', '--pivot')
        self.compare(device, 'raw')


class OfThisGuest(TestCase):
    def boot_on_device(self, file):
        """A second disk in FILE."""
        self.make()
        self.reference = block_jobs.copy_reference(4, self.directory)
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda')
                      + blockdev(driver='raw', node_name='second', file=file)
                      + virtio('second', id='vdb'))

    def test_the_device_of_another_disk(self):
        device = self.device()
        self.boot_on_device({'driver': 'host_device', 'filename': device})
        self.refuse_copy(device, '--format', 'raw', '--reuse-external',
                         message='is already open in QEMU')

    def test_a_loop_device_whose_file_is_a_disk(self):
        device = self.device()
        image = os.path.join(self.directory, 'device.raw')
        self.boot_on_device(local(image))
        self.refuse_copy(device, '--format', 'raw', '--reuse-external',
                         message=f"'{image}', which has the same data, is already open in QEMU")


class Device(TestCase):
    def test_raw_and_qcow2(self):
        for fmt, size in (('raw', 64 * MIB), ('qcow2', 80 * MIB)):
            for word in ((), ('--blockdev',)):
                with self.subTest(fmt=fmt, word=word):
                    self.setUp()
                    dest = self.device(size)
                    self.boot()
                    self.copy(dest, '--format', fmt, '--reuse-external', '--pivot', *word)
                    top, = self.chain()['layers']
                    self.assertEqual(os.path.realpath(top['file']), os.path.realpath(dest))
                    self.assertEqual(top['format'], fmt)
                    self.assert_closed(*self.files)
                    self.guest_writes('50M')
                    self.compare(dest, fmt)

    def test_its_content_is_not_overwritten_by_mistake(self):
        dest = self.device(80 * MIB)
        images.write(dest, pattern=5, fmt='raw')
        self.boot()
        for fmt in ('raw', 'qcow2'):
            for word in ((), ('--blockdev',)):
                self.refuse_copy(dest, '--format', fmt, *word,
                                 message='is a block device: use --reuse-external')

    def test_an_image_that_is_there_is_reused(self):
        dest = self.device(80 * MIB)
        self.boot()
        images.create(dest, '64M', backing=self.files[1])
        self.copy(dest, '--shallow', '--reuse-external', '--pivot')
        self.assert_files(os.path.realpath(dest), *self.files[1:])
        self.process.quit()
        self.assertEqual(block_jobs.header(dest), (self.files[1], 'qcow2'))
        self.compare(dest, 'qcow2')

    @brief.leave_out
    def test_an_image_of_another_size_is_not_formatted(self):
        dest = self.device(80 * MIB)
        images.create(dest, '63M')
        self.boot()
        self.refuse_copy(dest, '--format', 'qcow2', '--reuse-external', message='the same size')

    def test_too_small(self):
        for fmt, size, message in (('raw', 64 * MIB - 512, 'enlarge it first'),
                                   ('qcow2', 67436544 - 512, 'can need 67436544')):
            with self.subTest(fmt=fmt, size=size):
                self.setUp()
                dest = self.device(size)
                self.boot()
                self.refuse_copy(dest, '--format', fmt, '--reuse-external', message=message)

    def test_all_data_of_the_guest_fit_into_the_smallest_that_is_accepted(self):
        dest = self.device(67436544)
        self.boot()
        self.copy(dest, '--format', 'qcow2', '--reuse-external', '--pivot')
        self.guest_writes(0, '64M', pattern=0x55)
        self.compare(dest, 'qcow2')

    @brief.leave_out
    def test_a_file_that_is_too_small(self):
        dest = images.raw(self.directory, 'small.raw', 63 * MIB)
        self.boot()
        self.refuse_copy(dest, '--format', 'raw', '--reuse-external', message='enlarge it first')

    @brief.leave_out
    def test_a_read_only_device(self):
        dest = self.device()
        self.boot()
        subprocess.run(['blockdev', '--setro', dest], check=True)
        self.addCleanup(subprocess.run, ['blockdev', '--setrw', dest], check=False)
        self.refuse_copy(dest, '--format', 'raw', '--reuse-external', message='is read-only')


class Larger(TestCase):
    """A raw destination that is larger than the disk: the guest does not see the rest."""

    WARNING = 'only the first 67108864, the size of disk'

    def check_size(self):
        disk, = [disk for disk in self.process.qmp.execute('query-block') if 'inserted' in disk]
        self.assertEqual(disk['inserted']['image']['virtual-size'], 64 * MIB)

    def check_pivot(self, dest):
        images.write(dest, pattern=0xee, offset=0, length='96M', fmt='raw')
        self.boot()
        planned = self.copy(dest, '--format', 'raw', '--reuse-external', '--pivot', '--dry-run')
        self.assertIn(self.WARNING, planned.errors)
        result = self.copy(dest, '--format', 'raw', '--reuse-external', '--pivot')
        self.assertIn(self.WARNING, result.errors)
        self.check_size()
        self.assert_closed(*self.files)
        self.guest_writes('50M')
        xml = self.qblk('xml', self.process.socket, 'vda').text
        self.assertIn("<slice type='storage' offset='0' size='67108864'/>", xml)
        self.qblk('check', self.process.socket)

    def check_content(self, dest):
        if self.process.running:
            self.process.quit()
        with open(dest, 'rb') as copied, open(self.reference, 'rb') as reference:
            self.assertEqual(hashlib.sha256(copied.read(64 * MIB)).digest(),
                             hashlib.sha256(reference.read()).digest())
            self.assertEqual(copied.read(), b'\xee' * (32 * MIB))

    def test_a_device(self):
        dest = self.device(96 * MIB)
        self.check_pivot(dest)
        self.check_content(dest)

    def test_a_file(self):
        dest = images.raw(self.directory, 'large.raw', 96 * MIB)
        self.check_pivot(dest)
        self.check_content(dest)

    def test_finish(self):
        dest = self.device(96 * MIB)
        images.write(dest, pattern=0xee, offset=0, length='96M', fmt='raw')
        self.boot()
        self.copy(dest, '--format', 'raw', '--reuse-external', '--finish')
        self.assert_files(*self.files)
        self.check_content(dest)

    @brief.leave_out
    def test_such_a_disk_can_be_copied_again(self):
        dest = self.device(96 * MIB)
        self.check_pivot(dest)
        second = os.path.join(self.directory, 'second.qcow2')
        self.copy(second, '--format', 'qcow2', '--pivot')
        self.assert_files(second)
        self.assert_closed(dest)
        self.compare(second, 'qcow2')

    def test_an_interrupted_copy_is_resumed(self):
        dest = self.device(96 * MIB)
        self.boot(data='4M')
        running = self.begin('copy', self.process.socket, 'vda', dest, '--format', 'raw',
                             '--reuse-external', '--pivot', *block_jobs.SLOW)
        running.kill()
        running.communicate()
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status'] == 'ready')
        self.qblk('recover', self.process.socket)
        self.check_size()
        self.assert_closed(*self.files)
        self.guest_writes('50M')
        self.compare(dest, 'raw')

    def test_the_job_is_ended_later(self):
        dest = self.device(96 * MIB)
        self.boot()
        self.copy(dest, '--format', 'raw', '--reuse-external')
        self.qblk('job', self.process.socket, 'vda', '--pivot')
        self.check_size()
        self.guest_writes('50M')
        self.compare(dest, 'raw')


class Names(TestCase):
    @brief.leave_out
    def test_a_file_name_with_a_colon(self):
        self.boot()
        for name in ('./nbd:x', 'monday:1.qcow2'):
            self.copy(name, '--finish', cwd=self.directory)
            path = os.path.join(self.directory, name)
            self.assertEqual(block_jobs.image_info('file:' + path)['format'], 'qcow2')


if __name__ == '__main__':
    live.main()
