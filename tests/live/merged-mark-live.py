#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mark of a merged image is found by each name of its file, on block devices and full disks,
and is not taken for that of a later file. The data of the guest are in the image that `recover
image:` names."""

import contextlib
import fcntl
import glob
import json
import os
import struct
import subprocess

import block_jobs
import images
import live
import qblk
import qemu
from topologies.options import blockdev, drive, local, named_chain, qcow2, stem, virtio

MARK = '.qblk-merged'
F_OFD_SETLK = 37  # fcntl has no name for it


def stored_marks():
    return glob.glob(os.path.join(qblk.state_home(), 'qblk', 'merged', '*'))


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the files of QEMU 5.2 are known

    def tearDown(self):
        for path in stored_marks():
            os.unlink(path)

    def boot_from(self, directory, name='disk-1.qcow2'):
        """A disk of two layers, the top one in DIRECTORY."""
        self.make(2)
        base = self.files[1]
        top = images.create(os.path.join(directory, name), backing=base)
        images.write(top, pattern=0x21, offset='2M')
        self.files = [top, base]
        self.remember()
        self.run_qemu(named_chain(self.files) + virtio(stem(top), id='vda'))

    def merge(self, mark, *options):
        """Merge into the base; the report names MARK. The guest writes before and after."""
        self.guest_writes('40M')
        return self.commit(mark, *options)

    def commit(self, mark, *options):
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot', *options)
        if mark is not None:
            self.assertIn(f'marked as merged: {mark}\n', result.text)
        self.guest_writes('41M', pattern=0x78)
        return result

    def end(self):
        """QEMU ends as in a crash, after the guest has flushed."""
        self.process.qmp.execute('human-monitor-command', {
            'command-line': f'qemu-io {stem(self.files[-1])} flush'})
        self.process.quit()

    def assert_stale(self, image, cwd=None):
        """IMAGE is known to be stale, and the base to have all data; nothing of that changes."""
        base = self.files[-1]
        is_qcow2 = ('--format', 'qcow2')
        for command, status in (('recover', qblk.DONE), ('check', qblk.FAILED)):
            options = is_qcow2 if command == 'check' else ()
            result = qblk.run('--json', command, f'image:{image}', *options, cwd=cwd)
            self.assertEqual(result.status, status, msg=str(result))
            self.assertEqual(json.loads(result.stdout)['boot'], base)
            self.assertEqual(result.errors, '')
        for command in ('chain', 'list', 'xml', 'resolve', 'graph', 'jobs', 'capture'):
            layer = ('vda',) if command == 'resolve' else ()
            result = qblk.run(command, f'image:{image}', *layer, *is_qcow2, cwd=cwd)
            self.assertEqual(result.status, qblk.DONE, msg=str(result))
            self.assertIn(f"is stale: it was merged into '{base}', which has newer data: see 'qblk "
                          'recover image:', result.errors)
        self.assert_same_content(base)

    def assert_unknown(self, image):
        """Nothing is known of IMAGE, and no image to boot from is named."""
        result = qblk.run('--json', 'recover', f'image:{image}')
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        self.assertIsNone(json.loads(result.stdout)['boot'])
        self.assertNotIn('boot from', self.qblk('recover', f'image:{image}').text)
        return result


class Names(TestCase):
    def test_each_name_leads_to_the_mark(self):
        """As of OpenNebula: QEMU has a link to the image."""
        self.make(2)
        self.remember()
        top, base = self.files
        link = os.path.join(self.directory, 'disk.0')
        hard = os.path.join(self.directory, 'hard.qcow2')
        os.symlink(os.path.basename(top), link)
        os.link(top, hard)
        self.run_qemu(qcow2(base) + qcow2(link, backing=stem(base)) + virtio(stem(link), id='vda'))
        self.merge(top + MARK)
        self.end()
        for image in (link, top, hard):
            self.assert_stale(image)
        self.assert_stale('disk.0', cwd=self.directory)
        os.unlink(link)
        os.symlink(os.path.basename(base), link)
        self.assert_unknown(link)

    def test_qemu_knows_the_image_by_a_relative_name(self):
        os.mkdir(os.path.join(self.directory, 'sub'))
        self.make(2, directory=os.path.join(self.directory, 'sub'))
        self.remember()
        top, _ = self.files
        self.run_qemu(drive(os.path.join('sub', os.path.basename(top)), id='drive0')
                      + virtio('drive0', id='vda'))
        result = self.merge(top + MARK)
        self.assertNotIn('warning', result.errors)
        self.process.quit()
        self.assert_stale(top)

    def test_each_night_an_overlay_of_the_same_name(self):
        """As of the scripts for live full backups: nothing has to be removed by hand."""
        self.make(1)
        self.remember()
        base, = self.files
        overlay = os.path.join(self.directory, 'snap.qcow2')
        self.run_qemu(qcow2(base) + virtio(stem(base), id='vda'))
        for night in range(3):
            images.create(overlay, str(images.SIZE), backing=base)
            self.process.qmp.execute('blockdev-add', {
                'driver': 'qcow2', 'node-name': 'snap', 'file': local(overlay), 'backing': None})
            self.process.qmp.execute('blockdev-snapshot', {'node': stem(base), 'overlay': 'snap'})
            warned = self.qblk('chain', self.process.socket, 'vda').errors
            self.assertEqual(warned, '')  # and the old mark stays until the commit
            self.assertEqual(os.path.exists(overlay + MARK), night > 0)
            result = self.merge(overlay + MARK)
            removed = f"removed '{overlay}{MARK}': it marked an earlier file '{overlay}'"
            self.assertEqual(removed in result.errors, night > 0, msg=result.errors)
            os.unlink(overlay)
        self.end()
        self.assert_same_content(base)
        images.create(overlay, str(images.SIZE), backing=base)
        result = self.assert_unknown(overlay)
        self.assertIn(f"removed '{overlay}{MARK}'", result.errors)
        self.assertFalse(os.path.exists(overlay + MARK))

    def test_a_copy_of_a_stale_image_is_another_file(self):
        self.boot(depth=2)
        top, _ = self.files
        self.merge(top + MARK)
        self.end()
        copy = os.path.join(self.directory, 'copy.qcow2')
        subprocess.run(['cp', top, copy], check=True)
        subprocess.run(['cp', top + MARK, copy + MARK], check=True)
        self.assertEqual(qblk.run('chain', f'image:{copy}').errors, '')
        self.assertIn(f"removed '{copy}{MARK}'", self.assert_unknown(copy).errors)
        self.assert_stale(top)

    def test_an_image_that_a_copy_has_overwritten_is_not_stale(self):
        self.boot(depth=2)
        top, base = self.files
        self.merge(top + MARK)
        images.create(top, str(images.SIZE))  # the same file
        vm = self.process.socket
        result = self.qblk('copy', vm, 'vda', top, '--reuse-external', '--format', 'qcow2',
                           '--pivot')
        self.assertNotIn('marked', result.text)
        self.assertEqual(glob.glob(top + '*'), [top])
        self.assertEqual(self.qblk('chain', vm, 'vda').errors, '')
        self.files = [top]
        self.guest_writes('42M')
        self.process.quit()
        self.assert_unknown(top)
        self.assert_same_content(top)

    def test_the_mark_of_a_deleted_image_is_deleted(self):
        self.boot(depth=2)
        top, base = self.files
        result = self.merge(None, '--delete')
        self.assertNotIn('marked', result.text)
        self.assertEqual(glob.glob(top + '*'), [])
        self.end()
        self.assert_same_content(base)

    def test_an_image_that_could_not_be_deleted_keeps_its_mark(self):
        """QEMU has a relative name, and another process a lock on a byte that QEMU does not use."""
        sub = os.path.join(self.directory, 'sub')
        os.mkdir(sub)
        self.make(2, directory=sub)
        self.remember()
        top, _ = self.files
        self.run_qemu(drive(os.path.join('sub', os.path.basename(top)), id='drive0')
                      + virtio('drive0', id='vda'))
        with open(top, 'rb') as file:
            fcntl.fcntl(file, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 1000, 1, 0))
            result = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete',
                               status=qblk.FAILED)
        self.assertIn('was not deleted', result.errors)
        self.process.quit()
        self.assert_stale(top)

    def test_what_is_not_an_image_has_no_verdict(self):
        for path in ('/nonexistent/image', '/dev/null', self.directory):
            result = qblk.run('recover', f'image:{path}')
            self.assertEqual(result.status, qblk.FAILED, msg=str(result))
            self.assertEqual(result.text, '')


class Warnings(TestCase):
    def test_a_guest_on_a_stale_image(self):
        self.boot(depth=3)
        top, _, base = self.files
        self.merge(top + MARK, '--shallow')
        self.merge(None)  # the middle one, which is the active layer now
        self.process.kill()
        self.run_qemu(named_chain(self.files) + virtio(stem(top), id='vda'))
        vm = self.process.socket
        for command in ('chain', 'list'):
            result = self.qblk(command, vm)
            self.assertEqual(result.errors.count('warning: '), 2, msg=result.errors)
            self.assertIn(f"'{top}' is stale", result.errors)
            self.assertIn(f"'{self.files[1]}' is stale", result.errors)
        result = qblk.run('check', vm)
        self.assertEqual(result.status, qblk.FAILED)
        self.assertIn(f"vda: '{top}' is stale", result.text)
        stale = json.loads(qblk.run('--json', 'check', vm).stdout)['stale']
        self.assertEqual([(image['file'], image['merged-into'], image['mark']) for image in stale],
                         [(top, self.files[1], top + MARK),
                          (self.files[1], base, self.files[1] + MARK)])
        self.refuse('commit', vm, 'vda', '--pivot', message=f"'{top}' is stale")


class IncompleteCopies(TestCase):
    """QEMU and qblk have ended during a copy, and `recover image:` has ended the journal."""

    def crash(self, copy, *options):
        """Crash during a copy to COPY; returns the source."""
        self.boot(depth=2, data='4M')
        block_jobs.end(self.begin('copy', self.process.socket, 'vda', copy, *options,
                                  *block_jobs.SLOW))
        self.process.kill()
        return self.files[0]

    def assert_incomplete(self, copy, source):
        """Each command knows COPY, by any name, and nothing of that changes."""
        text = f"is an incomplete copy of '{source}', which has all data"
        for _ in range(2):
            verdict = json.loads(qblk.run('--json', 'recover', f'image:{copy}').stdout)
            self.assertEqual((verdict['boot'], verdict['incomplete']), (source, copy))
        check = qblk.run('--json', 'check', f'image:{copy}', '--format', 'qcow2')
        self.assertEqual(check.status, qblk.FAILED, msg=str(check))
        check = json.loads(check.stdout)
        self.assertEqual((check['boot'], check['incomplete']), (source, copy))
        stale, = check['stale']
        self.assertEqual((stale['copy-of'], stale['merged-into']), (source, None))
        for command in 'chain', 'list':
            result = qblk.run(command, f'image:{copy}', '--format', 'qcow2')
            self.assertEqual(result.status, qblk.DONE, msg=str(result))
            self.assertIn(text, result.errors)
        self.assert_unknown(source)
        self.assert_same_content(source)

    def test_it_is_known_until_a_copy_completes_it(self):
        for end in '--pivot', '--finish':
            with self.subTest(end=end):
                self.setUp()
                copy = os.path.join(self.directory, 'copy.qcow2')
                source = self.crash(copy, end)
                self.qblk('recover', f'image:{copy}')
                self.assert_incomplete(copy, source)

                self.run_qemu(named_chain(self.files) + virtio(stem(source), id='vda'))
                self.qblk('copy', self.process.socket, 'vda', copy, '--reuse-external',
                          '--format', 'qcow2', end)
                self.assertEqual(glob.glob(copy + '*'), [copy])
                self.process.quit()
                self.assert_unknown(copy)
                self.assert_same_content(copy)
                self.tearDown()

    def test_a_copy_that_was_rolled_back(self):
        for way in 'interrupt', 'recover':
            with self.subTest(way=way):
                self.setUp()
                copy = os.path.join(self.directory, 'copy.qcow2')
                self.boot(depth=2, data='4M')
                vm = self.process.socket
                running = self.begin('copy', vm, 'vda', copy, '--pivot', *block_jobs.SLOW)
                if way == 'interrupt':
                    self.assertIn(f"'{copy}' is incomplete", self.interrupt(running))
                else:
                    block_jobs.end(running)
                    job, = self.process.qmp.execute('query-block-jobs')
                    self.process.qmp.execute('job-cancel', {'id': job['device']})
                    self.assertIn('rolled back', self.qblk('recover', vm).text)
                self.process.quit()
                self.assert_incomplete(copy, self.files[0])
                self.tearDown()

    def test_a_guest_that_was_started_from_it(self):
        copy = os.path.join(self.directory, 'copy.qcow2')
        source = self.crash(copy)
        self.qblk('recover', f'image:{source}')
        overlay = images.create(os.path.join(self.directory, 'overlay.qcow2'), backing=copy)
        self.run_qemu(named_chain([overlay, copy]) + virtio(stem(overlay), id='vda'))
        vm = self.process.socket
        text = f"'{copy}' is an incomplete copy of '{source}', which has all data"
        self.assertIn(text, self.qblk('list', vm).errors)
        check = qblk.run('check', vm)
        self.assertEqual(check.status, qblk.FAILED, msg=str(check))
        self.assertIn(text, check.text)
        other = os.path.join(self.directory, 'other.qcow2')
        for command in (('copy', vm, 'vda', other), ('pull', vm, 'vda'),
                        ('commit', vm, 'vda', '--pivot')):
            self.assertIn(text, self.qblk(*command, status=qblk.REFUSED).errors)
        self.assertFalse(os.path.exists(other))

    def test_a_new_file_of_its_name(self):
        copy = os.path.join(self.directory, 'copy.qcow2')
        source = self.crash(copy)
        self.qblk('recover', f'image:{source}')
        os.rename(copy, copy + '.old')
        images.create(copy, str(images.SIZE))
        self.assertEqual(qblk.run('chain', f'image:{copy}').errors, '')
        self.assertIn(f"removed '{copy}{MARK}': it marked an earlier file '{copy}', which was an "
                      f"incomplete copy of '{source}'", self.assert_unknown(copy).errors)


class Places(TestCase):
    def fill(self, directory):
        """Leave no space in the file system of DIRECTORY."""
        with open(os.path.join(directory, 'filler'), 'wb', buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(bytes(4096)) > 0:
                    pass

    def test_the_file_system_of_the_overlay_is_full(self):
        for options in ((), ('--delete',)):
            with self.subTest(options=options):
                self.setUp()
                directory = block_jobs.small_file_system(self, '3m')
                self.boot_from(directory)
                self.guest_writes('40M')
                self.fill(directory)
                result = self.commit(None, *options)
                self.assertEqual([name for name in os.listdir(directory) if MARK in name], [])
                if options:
                    self.assertEqual(stored_marks(), [])
                    self.assertFalse(os.path.exists(self.files[0]))
                    self.end()
                    self.assert_same_content(self.files[1])
                    continue
                mark, = stored_marks()
                self.assertIn(f'marked as merged: {mark}\n', result.text)
                self.end()
                self.assert_stale(self.files[0])
                self.tearDown()

    def make_read_only(self, directory):
        """QEMU keeps the files that it has open for writing."""
        for options in (['--bind', directory, directory], ['-o', 'remount,bind,ro', directory]):
            done = subprocess.run(['mount', *options], capture_output=True, check=False)
            if done.returncode != 0:
                self.skipTest('bind mounts are not possible here')
            if '--bind' in options:
                self.addCleanup(subprocess.run, ['umount', '-l', directory], check=False)

    def test_the_directory_of_the_overlay_is_read_only(self):
        directory = os.path.join(self.directory, 'read-only')
        os.mkdir(directory)
        self.boot_from(directory)
        self.make_read_only(directory)
        self.merge(None)
        mark, = stored_marks()
        self.assertIn(directory, read(mark)['image'])
        self.end()
        self.assert_stale(self.files[0])

    def test_without_any_place_the_job_is_refused(self):
        directory = os.path.join(self.directory, 'read-only')
        os.mkdir(directory)
        self.boot_from(directory)
        self.make_read_only(directory)
        state_dir = os.path.join(self.directory, 'state')
        os.mkdir(state_dir)
        with open(os.path.join(state_dir, 'merged'), 'wb'):
            pass
        for command in (('commit', '--pivot'), ('commit', '--pivot', '--shallow', '--delete')):
            self.refuse(command[0], self.process.socket, 'vda', *command[1:],
                        '--state-dir', state_dir, message='use --state-dir for another directory')
        self.assertEqual(os.listdir(state_dir), ['merged'])
        self.assertEqual(os.listdir(directory), ['disk-1.qcow2'])
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--dry-run',
                  '--state-dir', state_dir)
        self.assert_untouched()

    def test_a_dry_run_writes_nothing(self):
        self.boot(depth=2)
        top, _ = self.files
        for options in (('--dry-run',), ('--dry-run', '--delete')):
            self.qblk('commit', self.process.socket, 'vda', '--pivot', *options)
        self.assertEqual(glob.glob(top + '*'), [top])
        self.assert_untouched()

    def test_another_state_directory(self):
        """A mark in one state directory is not seen with another one."""
        directory = block_jobs.small_file_system(self, '3m')
        state_dir = os.path.join(self.directory, 'state')
        self.boot_from(directory)
        self.guest_writes('40M')
        self.fill(directory)
        self.commit(None, '--state-dir', state_dir)
        self.assertEqual(stored_marks(), [])
        self.end()
        for command in ('chain', 'list'):
            result = qblk.run(command, f'image:{self.files[0]}', '--state-dir', state_dir)
            self.assertIn('is stale', result.errors)
        result = self.qblk('recover', f'image:{self.files[0]}', '--state-dir', state_dir)
        self.assertIn(f'boot from: {self.files[1]}\n', result.text)
        self.assert_unknown(self.files[0])
        self.assert_same_content(self.files[1])


def read(mark):
    with open(mark, encoding='utf-8') as file:
        return json.load(file)


class Devices(TestCase):
    """qcow2 overlays on block devices, as of oVirt and of Proxmox VE on LVM."""

    def setUp(self):
        super().setUp()
        self.attached = set()

    def losetup(self, *arguments):
        try:
            done = subprocess.run(['losetup', *arguments], check=True, capture_output=True,
                                  text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            if live.IN_CI:
                raise
            self.skipTest(f'no loop device: {error}')
        return done.stdout.strip()

    def attach(self, image, *options):
        device = self.losetup('--find', '--show', *options, image)
        self.attached.add(device)
        self.addCleanup(self.detach, device)
        return device

    def detach(self, device):
        """Once only: another test may have got the device since."""
        if device in self.attached:
            self.attached.remove(device)
            self.losetup('--detach', device)

    def node_of(self, device, number):
        """A device node for a partition of DEVICE, which may have no node without udev, and which
        a kernel without support for partition tables has to be told of."""
        subprocess.run(['addpart', device, str(number), str(2048 + 32768 * (number - 1)), '32768'],
                       capture_output=True, check=False)
        name = f'{os.path.basename(device)}p{number}'
        with open(f'/sys/class/block/{name}/dev', encoding='ascii') as file:
            major, minor = map(int, file.read().split(':'))
        path = os.path.join(self.directory, name)
        os.mknod(path, 0o600 | 0o060000, os.makedev(major, minor))
        self.addCleanup(os.unlink, path)
        return path

    def file_of(self, name, size=16 << 20):
        path = os.path.join(self.directory, name)
        with open(path, 'wb') as file:
            file.truncate(size)
        return path

    def partitioned(self):
        """A file with two partitions of 16 MiB."""
        path = self.file_of('disk.img', 34 << 20)
        entries = b''.join(struct.pack('<BBBBBBBBII', 0, 0, 0, 0, 0x83, 0, 0, 0, start, 32768)
                           for start in (2048, 2048 + 32768))
        with open(path, 'r+b') as file:
            file.seek(440)
            file.write(struct.pack('<IH', 0x12345678, 0) + entries + bytes(32) + b'\x55\xaa')
        return path

    def boot_on(self, device):
        """A disk of an overlay on DEVICE over a base in a file."""
        self.make(1)
        base, = self.files
        images.create(device, str(images.SIZE), backing=base)
        images.write(device, pattern=0x21, offset='2M')
        self.files = [device, base]
        self.remember()
        top = {'driver': 'host_device', 'filename': device}
        self.run_qemu(qcow2(base)
                      + blockdev(driver='qcow2', node_name='top', file=top, backing=stem(base))
                      + virtio('top', id='vda'))

    def assert_unknown_device(self, device):
        result = self.assert_unknown(device)
        text = self.qblk('recover', f'image:{device}').text
        self.assertIn('it is a block device: if it was merged on another machine', text)
        return result

    def test_a_loop_device(self):
        file = self.file_of('volume')
        device = self.attach(file)
        self.boot_on(device)
        self.assertEqual(stored_marks(), [])
        self.merge(None)
        mark, = stored_marks()
        self.assertEqual(read(mark)['merged-into'], self.files[1])
        self.end()
        link = os.path.join(self.directory, 'vg-lv')
        os.symlink(device, link)
        for name in (device, link):
            self.assert_stale(name)

        # an inactive device keeps its mark, and is recognized under another number; a device that
        # has its number now is not taken for it
        self.detach(device)
        other = self.attach(self.file_of('other'))
        again = self.attach(file)
        self.assertNotEqual(again, other)
        self.assert_unknown_device(other)
        self.assert_stale(again)
        self.assertEqual(stored_marks(), [mark])

    def test_a_device_with_a_lasting_name(self):
        """As of a logical volume, which is removed, and created again with the same name."""
        volume = os.path.join(self.directory, 'vg-lv')
        os.symlink(self.attach(self.file_of('volume')), volume)
        self.boot_on(volume)
        self.merge(None)
        mark, = stored_marks()
        self.assertEqual(read(mark)['image'], volume)
        self.end()
        self.assert_stale(volume)
        os.unlink(volume)
        self.assertNotIn('removed', self.qblk('recover').errors)  # it may be inactive
        os.symlink(self.attach(self.file_of('other')), volume)
        self.assertIn(f"removed '{mark}': it marked an earlier file '{volume}'",
                      self.assert_unknown_device(volume).errors)
        self.assertEqual(stored_marks(), [])

    def test_a_base_with_a_lasting_name(self):
        """The name that the kernel has given to its device may be that of another one later."""
        file = self.file_of('volume')
        device = self.attach(file)
        volume = os.path.join(self.directory, 'vg-base')
        os.symlink(device, volume)
        images.create(volume, str(images.SIZE))
        top = os.path.join(self.directory, 'top.qcow2')
        images.create(top, str(images.SIZE), backing=volume)
        base = {'driver': 'host_device', 'filename': volume}
        self.run_qemu(blockdev(driver='qcow2', node_name='base', file=base)
                      + qcow2(top, backing='base') + virtio('top', id='vda'))
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.process.quit()
        self.detach(device)
        self.attach(self.file_of('other'))
        os.unlink(volume)
        os.symlink(self.attach(file), volume)
        self.assertIn(f'boot from: {volume}\n', self.qblk('recover', f'image:{top}').text)

    def test_a_partition(self):
        file = self.partitioned()
        disk = self.attach(file, '--partscan')
        first, second = (self.node_of(disk, number) for number in (1, 2))
        self.boot_on(first)
        self.merge(None)
        mark, = stored_marks()
        self.assertTrue(read(mark)['file']['id'].endswith('-partition-1'))
        self.end()
        self.assert_stale(first)
        self.assert_unknown_device(second)
        self.assertEqual(stored_marks(), [mark])

    def test_a_second_commit_of_the_same_device_is_refused(self):
        device = self.attach(self.file_of('volume'))
        self.boot_on(device)
        self.merge(None)
        mark, = stored_marks()
        self.process.quit()
        self.run_qemu(qcow2(self.files[1])
                      + blockdev(driver='qcow2', node_name='top', backing=stem(self.files[1]),
                                 file={'driver': 'host_device', 'filename': device})
                      + virtio('top', id='vda'))
        self.refuse('commit', self.process.socket, 'vda', '--pivot', message='is stale')
        self.assertTrue(os.path.exists(mark))


if __name__ == '__main__':
    live.main()
