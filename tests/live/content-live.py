# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an image contains beside the data of the guest: encryption, and snapshots in it."""

import os
import subprocess

import block_jobs
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, stem, virtio

KEY = ['-object', 'secret,id=key0,data=secret']
LUKS = {'format': 'luks', 'key-secret': 'key0'}
LUKS_OPTIONS = ['encrypt.format=luks', 'encrypt.key-secret=key0', 'encrypt.iter-time=10']
PLAIN_TEXT = b'A' * 4096  # as the guest writes it


class Encrypted(block_jobs.TestCase):
    own_socket = True

    def path(self, name):
        return os.path.join(self.directory, name)

    def boot_pull(self):
        """An overlay that is not encrypted on an encrypted base that has the text."""
        base, top = self.path('base.qcow2'), self.path('top.qcow2')
        images.create_encrypted(base, extra=['--object', KEY[1]], options=LUKS_OPTIONS)
        images.create(top)
        self.files = [top, base]
        self.run_qemu(KEY + blockdev(driver='qcow2', node_name='base', file=local(base),
                                     encrypt=LUKS) + virtio('base', id='vda'))
        self.write_text()
        execute = self.process.qmp.execute
        execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'top', 'file': local(top),
                                 'backing': None})
        execute('blockdev-snapshot', {'node': 'base', 'overlay': 'top'})

    def boot_commit(self):
        """An encrypted overlay that has the text, on a base that is not encrypted."""
        base, top = images.create(self.path('base.qcow2')), self.path('top.qcow2')
        images.create_encrypted(top, extra=['--object', KEY[1]], options=LUKS_OPTIONS)
        subprocess.run(qemu.program('qemu-img')
                       + ['rebase', '-u', '--object', KEY[1], '-b', base, '-F', 'qcow2',
                          '--image-opts', f'driver=qcow2,file.filename={top},encrypt.format=luks,'
                          'encrypt.key-secret=key0'], check=True)
        self.files = [top, base]
        self.run_qemu(KEY + blockdev(driver='qcow2', node_name='base', file=local(base),
                                     read_only=True)
                      + blockdev(driver='qcow2', node_name='top', file=local(top), encrypt=LUKS,
                                 backing='base') + virtio('top', id='vda'))
        self.write_text()

    def write_text(self):
        device, = [device['qdev'] for device in self.process.qmp.execute('query-block')
                   if device.get('qdev', '').endswith('/virtio-backend')]
        for command in ('write -P 0x41 0 1M', 'flush'):
            reply = self.process.qmp.execute('human-monitor-command', {
                'command-line': f'qemu-io -d {device} "{command}"'})
            self.assertNotIn('rror', reply)

    def with_text(self):
        """The files in which the text of the guest can be read."""
        found = []
        for name in sorted(os.listdir(self.directory)):
            path = self.path(name)
            if os.path.isfile(path):
                with open(path, 'rb') as file:
                    if PLAIN_TEXT in file.read():
                        found.append(name)
        return found

    def check(self, *job, written):
        """JOB is refused, and works if the user allows it."""
        self.assertEqual(self.with_text(), [])
        result = self.qblk(job[0], self.process.socket, *job[1:], status=qblk.REFUSED)
        self.assertIn('is encrypted (luks)', result.errors)
        self.assertEqual(self.process.qmp.execute('query-jobs'), [])
        self.assertEqual(self.with_text(), [])
        self.qblk(job[0], self.process.socket, *job[1:], '--allow-plaintext')
        self.process.quit()
        self.assertEqual(self.with_text(), [written])

    def test_a_commit_into_a_base_that_is_not_encrypted(self):
        self.boot_commit()
        self.check('commit', 'vda', '--pivot', written='base.qcow2')

    def test_a_pull_into_an_overlay_that_is_not_encrypted(self):
        self.boot_pull()
        self.check('pull', 'vda', written='top.qcow2')

    def test_a_copy_that_is_not_encrypted(self):
        self.boot_commit()
        self.check('copy', 'vda', self.path('copy.qcow2'), '--format', 'qcow2', '--pivot',
                   written='copy.qcow2')

    def test_the_chain_shows_it(self):
        self.boot_commit()
        self.assertIn('  vda: encrypted (luks)\n', self.qblk('chain', self.process.socket).text)
        layers = self.chain()['layers']
        self.assertEqual([layer['encryption'] for layer in layers], ['luks', None])


class InternalSnapshots(block_jobs.TestCase):
    own_socket = True

    def boot_with_snapshot(self, number):
        self.make()
        subprocess.run(qemu.program('qemu-img')
                       + ['snapshot', '-c', 'before-upgrade', self.files[number]], check=True)
        self.reference = block_jobs.copy_reference(4, self.directory)
        return self.run_qemu(self.disk('blockdev'))

    def test_an_image_with_snapshots_is_not_deleted(self):
        for job, number in ((('--pivot',), 0), (('--top', 'vda[1]'), 1), (('--pivot',), 2)):
            with self.subTest(job=job, image=number):
                self.setUp()
                self.boot_with_snapshot(number)
                self.refuse('commit', self.process.socket, 'vda', *job, '--delete',
                            message="would be deleted with it: 'before-upgrade'")
                self.qblk('commit', self.process.socket, 'vda', *job, '--delete',
                          '--delete-internal-snapshots')
                self.assertFalse(os.path.exists(self.files[number]))
                self.assert_same_content(self.files[3] if job == ('--pivot',) else self.files[0])

    def test_snapshots_that_leave_the_chain_are_warned_of(self):
        for job, number in ((('commit', '--pivot'), 0), (('pull',), 1)):
            with self.subTest(job=job):
                self.setUp()
                self.boot_with_snapshot(number)
                result = self.qblk(job[0], self.process.socket, 'vda', *job[1:])
                self.assertIn("leaves the chain with its internal snapshots: 'before-upgrade'",
                              result.errors)
                self.assertTrue(os.path.exists(self.files[number]))
                self.assert_same_content(self.files[3] if number == 0 else self.files[0])

    def test_the_chain_shows_them(self):
        self.boot_with_snapshot(1)
        text = self.qblk('chain', self.process.socket).text
        self.assertIn("  vda[1]: internal snapshot 'before-upgrade' of 20", text)
        snapshots = [layer['internal-snapshots'] for layer in self.chain()['layers']]
        self.assertEqual([len(found) for found in snapshots], [0, 1, 0, 0])
        self.assertEqual(snapshots[1][0]['name'], 'before-upgrade')


class Sizes(block_jobs.TestCase):
    own_socket = True

    def boot_sizes(self, base, top_size):
        top = images.create(os.path.join(self.directory, 'top.qcow2'), str(top_size), backing=base,
                            backing_format='raw')
        images.write(top, pattern=7, offset='1M')
        self.files = [top, base]
        self.remember()
        self.run_qemu(blockdev(driver='qcow2', node_name='top', file=local(top))
                      + virtio('top', id='vda'))

    def test_a_device_that_is_too_small(self):
        device = os.path.join(self.directory, 'link')
        self.enterContext(qemu.loop_device(device, images.raw(self.directory, 'device', 32 << 20)))
        self.boot_sizes(device, 64 << 20)
        self.refuse('commit', self.process.socket, 'vda', '--pivot',
                    message='enlarge the device first')

    def test_a_file_is_enlarged(self):
        base = images.raw(self.directory, 'base.raw', 32 << 20)
        self.boot_sizes(base, 64 << 20)
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.assertIn('will be enlarged from 33554432 to 67108864 bytes', result.errors)
        self.process.quit()
        self.assertEqual(os.path.getsize(base), 64 << 20)

    def test_the_disk_of_the_guest_is_enlarged(self):
        base = images.raw(self.directory, 'base.raw', 64 << 20)
        self.boot_sizes(base, 32 << 20)
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--dry-run')
        self.assertIn('the disk of the guest will be enlarged', result.errors)


class Unplugged(block_jobs.TestCase):
    """The nodes of a disk whose device was unplugged, which --target names."""

    def test_the_chain_of_a_node_is_read_after_the_job(self):
        for job, left in ((('commit', '--pivot'), 3), (('pull',), 0)):
            with self.subTest(job=job):
                self.setUp()
                self.make()
                self.reference = block_jobs.copy_reference(4, self.directory)
                self.run_qemu(named_chain(self.files))
                target = ('--target', f'vda={stem(self.files[0])}')
                result = self.qblk(job[0], self.process.socket, 'vda', *target, *job[1:])
                self.assertIn(': done\n', result.text)
                self.assertEqual(self.process.qmp.execute('query-jobs'), [])
                nodes = {stem(self.files[left]), stem(self.files[left]) + '-file'}
                self.assertEqual(self.nodes(), nodes)
                self.assert_same_content(self.files[left])


if __name__ == '__main__':
    live.main()
