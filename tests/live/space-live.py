# SPDX-License-Identifier: LGPL-2.1-or-later
"""The space that images have and use: of a file system, and of a block device."""

import os
import subprocess

import block_jobs
import images
import live
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
    0x72, 0x08,                    # jc end
    0x81, 0x06, 0x28, 0x7c, 0x40, 0x00,  # add word [0x7c28], 64: its first sector
    0xeb, 0xf1,                    # jmp again
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
        try:
            self.enterContext(qemu.loop_device(link, image))
        except qemu.Unavailable as error:
            if live.IN_CI:
                raise
            self.skipTest(str(error))
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


class Full(TestCase):
    """The file system of an overlay is full, and so the guest is stopped."""

    def boot_full(self):
        """The guest writes until it is stopped."""
        base, boot = self.path('base.qcow2'), self.path('boot')
        with open(boot, 'wb') as file:
            file.write(BOOT_SECTOR)
        subprocess.run(qemu.program('qemu-img') + ['convert', '-f', 'raw', '-O', 'qcow2', boot,
                                                   base], check=True)
        subprocess.run(qemu.program('qemu-img') + ['resize', '-q', base, '64M'], check=True)
        top = images.create(os.path.join(block_jobs.small_file_system(self, '3m'), 'top.qcow2'),
                            backing=base)
        self.files = [top, base]
        self.run_qemu(blockdev(driver='qcow2', node_name='top', file=local(top))
                      + virtio('top', id='vda', werror='stop'))
        self.process.qmp.execute('cont')
        self.wait_for(lambda: self.process.qmp.execute('query-status')['status'] == 'io-error')

    def test_that_is_shown(self):
        self.boot_full()
        self.assertEqual(self.chain()['io-status'], 'nospace')
        self.assertIn("\n  vda: I/O status 'nospace'\n",
                      self.qblk('chain', self.process.socket).text)


if __name__ == '__main__':
    live.main()
