# SPDX-License-Identifier: LGPL-2.1-or-later
"""The space that images have and use: of a file system, and of a block device."""

import os
import subprocess

import block_jobs
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, virtio


# A guest that writes to its disk until a write fails or the disk ends, as a boot sector: the
# firmware loads it to 0x7c00, with the number of the disk in DL.
WRITER = bytes((
    0x31, 0xc0,                    # xor ax, ax
    0x8e, 0xd8,                    # mov ds, ax
    0xbe, 0x20, 0x7c,              # mov si, 0x7c20: the packet below
    0xb8, 0x00, 0x43,              # again: mov ax, 0x4300: extended write
    0xcd, 0x13,                    # int 0x13
    0x72, 0x0d,                    # jc end
    0x81, 0x06, 0x28, 0x7c, 0x40, 0x00,  # add word [0x7c28], 64: its first sector
    0x83, 0x16, 0x2a, 0x7c, 0x00,  # adc word [0x7c2a], 0
    0xeb, 0xec,                    # jmp again
    0xf4, 0xeb, 0xfd,              # end: hlt; jmp end
)).ljust(0x20, b'\0') + bytes((
    0x10, 0x00, 0x40, 0x00,        # the packet: its size, 64 sectors
    0x00, 0x80, 0x00, 0x00,        # from address 0x8000
    0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  # to sector 2048
))
BOOT_SECTOR = WRITER.ljust(510, b'\0') + b'\x55\xaa'


class TestCase(block_jobs.TestCase):
    own_socket = True

    def path(self, name):
        return os.path.join(self.directory, name)

    def loop_device(self, name, size):
        """A block device of SIZE bytes, through a link."""
        image, link = images.raw(self.directory, name + '.img', size), self.path(name)
        self.enterContext(qemu.loop_device(link, image))
        return link


class Device(TestCase):
    """A qcow2 image on a block device."""

    def boot_device(self):
        device = images.create(self.loop_device('device', 16 << 20), '64M')
        images.write(device, pattern=3, length='1M')
        self.files = [device]
        self.remember()
        self.run_qemu(blockdev(driver='qcow2', node_name='top',
                               file={'driver': 'host_device', 'filename': device,
                                     'node-name': 'file'}) + virtio('top', id='vda'))

    def used(self):
        """The column USED of the only layer, and its two values in JSON."""
        head, line = self.qblk('chain', self.process.socket).text.splitlines()[1:3]
        end = head.index('USED') + len('USED')
        layer, = self.chain()['layers']
        self.assertIsNone(layer['actual-size'])
        return line[:end].split('MiB', 1)[1].strip(), layer['written-end']

    def test_its_use_is_what_qemu_has_written(self):
        self.boot_device()
        self.assertEqual(self.used(), ('-', None))
        self.guest_writes('8M')
        self.assertEqual(self.used(), ('≥ 2.3 MiB', 2424832))

    def test_the_write_threshold_is_shown(self):
        self.boot_device()
        self.assertIsNone(self.chain()['layers'][0]['write-threshold'])
        self.process.qmp.execute('block-set-write-threshold',
                                 {'node-name': 'file', 'write-threshold': 8 << 20})
        self.assertEqual(self.chain()['layers'][0]['write-threshold'], 8 << 20)
        self.assertIn('\n  vda: write threshold at 8 MiB\n',
                      self.qblk('chain', self.process.socket).text)


class Jobs(TestCase):
    """An image that is written is on a small file system, or on a block device."""

    def boot_two_layers(self, base_directory, top_directory, fmt='qcow2', options=()):
        base = images.create(os.path.join(base_directory, 'base'), fmt=fmt)
        self.boot_above(base, top_directory, fmt, options)

    def boot_above(self, base, top_directory, fmt='qcow2', options=()):
        """The guest writes to an overlay of BASE."""
        top = images.create(os.path.join(top_directory, 'top.qcow2'), backing=base,
                            backing_format=fmt, options=options)
        self.files = [top, base]
        self.remember()
        self.run_qemu(blockdev(driver='qcow2', node_name='top', file=local(top),
                               backing={'driver': fmt, 'node-name': 'base', 'file': {
                                   'driver': 'host_device' if os.path.islink(base) else 'file',
                                   'filename': base}})
                      + virtio('top', id='vda'))

    def write_and_flush(self, offset='8M', length='4M', pattern=0x77):
        self.guest_writes(offset, length, pattern)
        reply = self.process.qmp.execute('human-monitor-command',
                                         {'command-line': 'qemu-io top flush'})
        self.assertNotIn('rror', reply)

    def assert_refused(self, command, *arguments, message='would grow by at least '):
        for more in ((), ('--dry-run',)):
            self.refuse(command, self.process.socket, 'vda', *arguments, *more, message=message)

    def assert_rolled_back(self, path, command, *arguments):
        """The job fails for lack of space, and the chain is as before."""
        result = self.qblk(command, self.process.socket, 'vda', *arguments, status=qblk.JOB_FAILED)
        self.assertIn(': No space left on device', result.errors)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        return result.errors

    def test_a_commit_that_cannot_fit(self):
        small = block_jobs.small_file_system(self, '3m')
        for fmt, end in (('qcow2', '--pivot'), ('raw', '--keep-overlay')):
            with self.subTest(fmt):
                self.setUp()
                self.boot_two_layers(small, self.directory, fmt)
                self.write_and_flush()
                self.assert_refused('commit', end)
                self.assert_same_content()

    def test_a_commit_of_zeros_that_the_guest_has_written_as_zeros(self):
        """A cluster of zeros may be allocated in the overlay, and needs nothing in the base."""
        self.boot_two_layers(block_jobs.small_file_system(self, '3m'), self.directory)
        self.write_and_flush()
        device, = [device['qdev'] for device in self.process.qmp.execute('query-block')
                   if device.get('qdev', '').endswith('/virtio-backend')]
        for line in (f'qemu-io -d {device} "write -z 8M 4M"', 'qemu-io top flush'):
            self.assertNotIn('rror', self.process.qmp.execute('human-monitor-command',
                                                              {'command-line': line}))
        images.write(self.reference, pattern=0, offset='8M', length='4M', fmt='raw')
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.assertIn("small/base' may grow by up to ", result.errors)
        self.assert_same_content(self.files[1])

    def test_a_commit_into_clusters_that_exist(self):
        small = block_jobs.small_file_system(self, '6m')
        base = images.create(os.path.join(small, 'base'))
        images.write(base, pattern=1, offset='8M', length='4M')
        self.boot_above(base, self.directory)
        self.write_and_flush()
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.assert_same_content(base)

    def test_a_commit_that_may_not_fit(self):
        """The data in parts of clusters are not counted."""
        small = block_jobs.small_file_system(self, '3m')
        self.boot_two_layers(small, self.directory,
                             options=['extended_l2=on', 'cluster_size=128k'])
        self.write_and_flush()
        text = self.assert_rolled_back(self.files[1], 'commit', '--pivot')
        self.assertIn(f"warning: '{self.files[1]}' may grow by up to ", text)
        size = os.path.getsize(self.files[1])
        self.assertIn(f"; '{self.files[1]}' has {size} bytes, and its file system has 0 of "
                      '3145728 bytes left', text)
        self.assert_same_content()

    def test_a_program_gets_the_same_refusal(self):
        base = images.create(os.path.join(block_jobs.small_file_system(self, '3m'), 'base'))
        middle = images.create(self.path('middle.qcow2'), backing=base)
        images.write(middle, pattern=3, length='4M')
        self.boot_above(middle, self.directory)
        program = os.path.join(os.environ['QBLK_EXAMPLES'], 'commit-layer')
        done = subprocess.run([program, self.process.socket, 'vda', 'vda[1]'], check=False,
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(f"'{base}' would grow by at least ", done.stderr)
        self.assert_no_jobs()

    def test_the_jobs_of_two_disks(self):
        """Each fits into the file system of the bases, and both together may not."""
        small = block_jobs.small_file_system(self, '3m')
        arguments = []
        for name in ('a', 'b'):
            base = images.create(os.path.join(small, name))
            top = images.create(self.path(name + '.qcow2'), backing=base)
            images.write(top, pattern=3, length='1M')
            arguments += (blockdev(driver='qcow2', node_name=name, file=local(top))
                          + virtio(name, id='vd' + name))
        self.run_qemu(arguments)
        result = self.qblk('commit', self.process.socket, '--all-disks', '--pivot', '--dry-run')
        self.assertIn('warning: the jobs may need up to ', result.errors)
        self.assertNotIn('may grow', result.errors)

    def test_a_base_with_an_external_data_file(self):
        """Its data go to the file system of that file."""
        small = block_jobs.small_file_system(self, '3m')
        data = os.path.join(small, 'data')
        base = images.create(self.path('base'), options=[f'data_file={data}'])
        self.boot_above(base, self.directory)
        self.write_and_flush()
        self.assert_refused('commit', '--pivot',
                            message=f"'{data}' would grow by at least ")
        self.assert_same_content()

    def test_a_pull_that_cannot_fit(self):
        base = images.create(self.path('base'))
        images.write(base, pattern=3, length='4M')
        self.boot_above(base, block_jobs.small_file_system(self, '3m'))
        self.assert_refused('pull')
        self.assert_same_content()

    def test_a_pull_of_zeros(self):
        """QEMU pulls data that are zeros as clusters without data."""
        base = images.create(self.path('base'))
        images.write(base, pattern=0, length='4M')
        self.boot_above(base, block_jobs.small_file_system(self, '3m'))
        result = self.qblk('pull', self.process.socket, 'vda')
        self.assertIn("top.qcow2' may grow by up to ", result.errors)
        self.assert_same_content()

    def test_a_pull_that_nothing_shows_to_be_too_large(self):
        base = images.create(self.path('base'))
        images.write(base, pattern=3, length='4M', compressed=True)
        self.boot_above(base, block_jobs.small_file_system(self, '3m'))
        text = self.assert_rolled_back(self.files[0], 'pull')
        self.assertNotIn('may grow', text)
        self.assertIn(' of 3145728 bytes left', text)
        self.assert_same_content()

    def test_a_copy_that_cannot_fit(self):
        small = block_jobs.small_file_system(self, '3m')
        self.boot_two_layers(self.directory, self.directory)
        self.write_and_flush()
        for fmt in ('qcow2', 'raw'):
            self.assert_refused('copy', os.path.join(small, 'copy'), '--format', fmt, '--pivot')
        self.assert_refused('copy', os.path.join(small, 'copy'), '--shallow', '--finish')
        self.assertEqual(os.listdir(small), [])
        self.assert_same_content()

    def test_a_copy_of_a_block_device(self):
        """For QEMU all of a raw device is data."""
        device = self.loop_device('device', 8 << 20)
        self.files = [device]
        self.run_qemu(blockdev(driver='raw', node_name='top',
                               file={'driver': 'host_device', 'filename': device})
                      + virtio('top', id='vda'))
        copy = os.path.join(block_jobs.small_file_system(self, '3m'), 'copy')
        self.assert_refused('copy', copy, '--format', 'raw', '--finish')

    def test_an_image_on_a_block_device_that_is_too_small(self):
        base = images.create(self.loop_device('base', 3 << 20), '64M')
        self.boot_above(base, self.directory)
        self.write_and_flush()
        self.assert_refused('commit', '--pivot',
                            message='and the image on it would need at least ')
        self.assert_same_content()

    def test_a_pull_into_an_image_on_a_block_device(self):
        base = images.create(self.path('base'))
        images.write(base, pattern=3, length='4M')
        top = images.create(self.loop_device('top', 3 << 20), '64M', backing=base)
        self.files = [top, base]
        self.remember()
        self.run_qemu(blockdev(driver='qcow2', node_name='top',
                               file={'driver': 'host_device', 'filename': top})
                      + virtio('top', id='vda'))
        self.assert_refused('pull', message='and the image on it would need at least ')
        self.assert_same_content()

    def test_an_image_on_a_block_device_that_may_be_too_small(self):
        base = images.create(self.loop_device('base', 3 << 20), '64M')
        self.boot_above(base, self.directory, options=['extended_l2=on', 'cluster_size=128k'])
        self.write_and_flush()
        text = self.assert_rolled_back(base, 'commit', '--pivot')
        self.assertIn(f"warning: '{base}' has 3145728 bytes, and the image on it may need up to ",
                      text)
        self.assertIn(f"; '{base}' is a block device of 3145728 bytes", text)
        self.assert_same_content()


class Full(TestCase):
    """The file system of an overlay is full, and so the guest is stopped."""

    def boot_full(self):
        """The guest writes until it is stopped."""
        base, boot = self.path('base.qcow2'), self.path('boot')
        with open(boot, 'wb') as file:
            file.write(BOOT_SECTOR)
        subprocess.run(qemu.program('qemu-img') + ['convert', '-f', 'raw', '-O', 'qcow2', boot,
                                                   base], check=True)
        subprocess.run(qemu.program('qemu-img') + ['resize', '-q', base, '8M'], check=True)
        top = images.create(os.path.join(block_jobs.small_file_system(self, '3m'), 'top.qcow2'),
                            size=None, backing=base)
        self.files = [top, base]
        self.run_qemu(blockdev(driver='qcow2', node_name='top', file=local(top))
                      + virtio('top', id='vda', werror='stop'))
        self.process.qmp.execute('cont')
        self.wait_for(lambda: self.process.qmp.execute('query-status')['status'] == 'io-error')

    def test_a_commit_makes_room(self):
        """The base is on another file system, where the guest goes on."""
        self.boot_full()
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete')
        self.assertIn("warning: disk 'vda' had no space for a write of the guest", result.errors)
        self.assertFalse(os.path.exists(self.files[0]))
        self.process.qmp.execute('cont')
        self.wait_for(lambda: self.process.qmp.execute('query-blockstats')[0]['stats'][
            'wr_highest_offset'] == 8 << 20)  # the end of the disk
        self.process.quit()
        block_jobs.flatten(self.files[1], self.path('flat'))
        with open(self.path('flat'), 'rb') as file:
            self.assertEqual(file.read(512), BOOT_SECTOR)
            file.seek(1 << 20)
            parts = set(iter(lambda: file.read(64 * 512), b''))
        self.assertEqual(len(parts), 1)  # all that the guest has written

    def test_that_is_shown(self):
        self.boot_full()
        self.assertEqual(self.chain()['io-status'], 'nospace')
        self.assertIn("\n  vda: the guest is stopped, I/O status 'nospace'\n",
                      self.qblk('chain', self.process.socket).text)


if __name__ == '__main__':
    live.main()
