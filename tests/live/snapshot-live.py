#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk snapshot` puts overlays over disks at one moment: the images below them keep the content of
that moment, whatever the guest writes, and `commit --pivot --delete` brings everything back."""

import contextlib
import json
import os
import shlex
import shutil
import struct
import sys
import threading

import bitmaps
import block_jobs
import brief
import images
import listener
import live
import nbd
import overlays
import qblk
import qemu
import qmp
from block_jobs import header
from fault_relay import NOT_CUT, FaultRelay, Point
from overlays import MIB, SIZE
from topologies.options import blockdev, device, drive, local, named_chain, qcow2, stem, virtio

BACKING_FORMAT = 0xe2792aca  # header extension of qcow2


class TestCase(overlays.TestCase):
    def snapshot(self, *arguments, vm=None, **options):
        return self.qblk('snapshot', vm or self.process.socket, *arguments, **options)

    def refuse(self, *arguments, message, status=qblk.REFUSED):
        """The snapshot is refused, and QEMU and the directory do not change."""
        before = self.nodes(), self.files()
        result = self.snapshot(*arguments, status=status)
        self.assertIn(message, result.errors)
        self.assertEqual((self.nodes(), self.files()), before)
        self.assertEqual(self.process.qmp.execute('query-jobs'), [])

    def boot_one(self, name='vda', **options):
        """A disk of one qcow2 image."""
        image = images.create(self.path(f'{name}.qcow2'), str(SIZE), **options)
        images.write(image, pattern=3, offset='1M', length='512k')
        self.add(name, image)
        self.run_qemu(qcow2(image) + virtio(stem(image), id=name))
        return image


class Disks(TestCase):
    def test_of_two_disks_keeps_the_content_of_one_moment(self):
        raw, layers = self.boot_two()
        nodes, files = self.nodes(), self.files()
        self.write('vda', 2 * MIB)
        self.write('vdb', 2 * MIB, pattern=0x78)
        frozen = {}

        def guest_writes():
            """Right before the transaction: both writes belong to the frozen images."""
            for number, disk in enumerate(self.disks):
                self.write(disk, 3 * MIB, pattern=0x60 + number)
                frozen[disk] = bytes(self.disks[disk].content)

        vm = self.path('relay.sock')
        relay = FaultRelay(vm, self.process.socket, Point(0, NOT_CUT, 'transaction'), guest_writes)
        with relay:
            result = self.snapshot('--all-disks', '--suffix', 'monday', vm=vm)
        self.assertEqual(relay.commands().count('transaction'), 1)
        self.assertEqual(result.text, f'''\
snapshot of vda: done
active image: {self.path('vda.monday')}
no longer changes: {raw}
start the guest from the active image from now on
to merge it again: qblk commit {vm} vda --shallow --pivot --delete
snapshot of vdb: done
active image: {self.path('vdb-2.monday')}
no longer changes: {layers[0]}
start the guest from the active image from now on
to merge it again: qblk commit {vm} vdb --shallow --pivot --delete
''')

        for disk in self.disks:
            self.write(disk, 0, MIB, pattern=0x41)
            self.write(disk, 3 * MIB, 4096, pattern=0x42)
        self.assertEqual(self.layers('vda'), [('qblk-vda-1', self.path('vda.monday')),
                                              ('vda', raw)])
        self.assertEqual(self.layers('vdb')[0][1], self.path('vdb-2.monday'))
        self.assertEqual([path for _, path in self.layers('vdb')[1:]], layers)
        for disk, top in (('vda', 'vda'), ('vdb', 'vdb-2')):
            self.assertTrue(self.nodes()[top]['ro'])
            self.assert_same(self.read_node(top), frozen[disk], f'frozen {disk}')
        self.assert_guest_data()
        self.assertEqual([item['driver'] for disk in ('vda', 'vdb')
                          for item in self.chain(disk)['layers'][0]['filters']],
                         ['throttle', 'copy-on-read'])

        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete')
        self.qblk('commit', self.process.socket, 'vdb', '--shallow', '--pivot', '--delete')
        self.assert_guest_data()
        self.assert_nothing_left(nodes, files)
        self.process.quit()
        for name, image in (('vda', raw), ('vdb', layers[0])):
            self.assert_same(self.data_of(image), bytes(self.disks[name].content), image)

    def test_of_one_disk_leaves_the_others(self):
        raw, layers = self.boot_two()
        self.snapshot('vdb', '--file', f'vdb={self.path("here.qcow2")}')
        self.assertEqual(self.layers('vda'), [('vda', raw)])
        self.assertEqual([path for _, path in self.layers('vdb')],
                         [self.path('here.qcow2'), *layers])

    def test_a_fingerprint_of_another_chain_is_refused(self):
        self.boot_one()
        fingerprint = self.chain('vda')['fingerprint']
        self.snapshot('vda', '--suffix', 'a', '--expect', fingerprint)
        self.refuse('vda', '--suffix', 'b', '--expect', fingerprint, message='fingerprint')

    def test_each_snapshot_is_put_over_the_last_one(self):
        image = self.boot_one()
        for suffix in 'abc':
            self.write('vda', ord(suffix) % 8 * 65536)
            self.snapshot('vda', '--suffix', suffix)
        self.assertEqual(self.layers('vda'),
                         [(f'qblk-vda-{number}', self.path(f'vda.{suffix}'))
                          for number, suffix in ((3, 'c'), (2, 'b'), (1, 'a'))] + [('vda', image)])
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete')
        self.assert_guest_data()
        self.assertEqual(self.files(), {'vda.qcow2'})

    def merge_as_told(self, *arguments):
        """A snapshot, and the commands that its result names."""
        output = json.loads(self.qblk('--json', 'snapshot', *arguments).stdout)
        for plan in output['plans']:
            command, = plan['next']
            self.qblk(*shlex.split(command)[1:])

    def test_the_next_command_brings_all_back(self):
        """Of a disk with one image and of one with more, and of images without a VM."""
        raw, layers = self.boot_two()
        files = self.files()
        self.merge_as_told(self.process.socket, '--all-disks')
        self.assertEqual(self.files(), files)
        self.process.quit()
        for image in (raw, layers[0]):
            self.merge_as_told(f'image:{image}', '--suffix', 'new')
        self.assertEqual(self.files(), files)
        for name, path in (('vda', raw), ('vdb', layers[0])):
            self.assert_same(self.data_of(path), bytes(self.disks[name].content), path)

    def test_names_are_the_time_unless_they_are_given(self):
        self.boot_one()
        output = json.loads(self.qblk('--json', 'snapshot', self.process.socket, 'vda').stdout)
        plan, = output['plans']
        self.assertEqual((plan['kind'], plan['state'], plan['target']),
                         ('snapshot', 'done', 'vda'))
        self.assertRegex(plan['after'][0]['file'], r'/vda\.\d{8}T\d{6}Z$')
        self.assertEqual(plan['after'][1]['file'], plan['before'][0]['file'])
        self.assertEqual(plan['next'], [f'qblk commit {self.process.socket} vda --shallow --pivot '
                                        '--delete'])
        self.assertEqual(header(plan['after'][0]['file']), (self.path('vda.qcow2'), 'qcow2'))


class Nodes(TestCase):
    """Disks of other kinds than -blockdev with names."""

    def check(self, *disks):
        """A snapshot and its commit. Images are read, and not nodes: 7.2 can crash when an export
        of a node in another thread is closed."""
        nodes, files = len(self.nodes()), self.files()
        for disk in disks:
            self.write(disk, 0, 8192)
        frozen = {disk: bytes(self.disks[disk].content) for disk in disks}
        self.snapshot('--all-disks', '--suffix', 'new')
        for disk in disks:
            self.write(disk, 4096, 3 * MIB, pattern=0x22)
            self.assert_same(self.data_of(self.layers(disk)[1][1]), frozen[disk], disk)
        for disk in disks:
            self.qblk('commit', self.process.socket, disk, '--shallow', '--pivot', '--delete')
        self.assertEqual((len(self.nodes()), self.files()), (nodes, files))
        tops = {disk: self.layers(disk)[0][1] for disk in disks}
        self.process.quit()
        for disk, top in tops.items():
            self.assert_same(self.data_of(top), bytes(self.disks[disk].content), disk)

    def test_of_drives(self):
        layers = self.make_chain('a', 2)
        other = images.create(self.path('b.qcow2'), str(SIZE))
        self.add('vda', layers[0])
        self.add('vdb', other)
        self.run_qemu(drive(layers[0], id='a', **{'throttling.bps-total': 1 << 30})
                      + virtio('a', id='vda')
                      + drive(other, id='b', format='qcow2', **{'copy-on-read': 'on'})
                      + virtio('b', id='vdb'))
        self.check('vda', 'vdb')

    @brief.leave_out
    def test_of_a_disk_in_another_thread(self):
        image = self.raw_image('a.raw')
        self.add('sda', image, qdev='sda')
        self.run_qemu(['-object', 'iothread,id=io'] + device('virtio-scsi-pci', id='scsi',
                                                             iothread='io')
                      + blockdev(driver='raw', node_name='a', file=local(image))
                      + device('scsi-hd', drive='a', id='sda', bus='scsi.0'))
        self.check('sda')

    @brief.leave_out
    def test_options_of_the_node_are_those_of_the_active_layer(self):
        image = images.create(self.path('a.qcow2'), str(SIZE))
        self.add('vda', image)
        self.run_qemu(blockdev(driver='qcow2', node_name='a', detect_zeroes='unmap',
                               discard='unmap', cache={'direct': True},
                               file=local(image, cache={'direct': True}))
                      + virtio('a', id='vda'))
        self.snapshot('vda', '--suffix', 'new', '--cluster-size', '4k')
        node = self.nodes()['qblk-vda-1']
        self.assertEqual((node['detect_zeroes'], node['cache']['direct']), ('unmap', True))
        self.assertEqual(node['image']['cluster-size'], 4096)

    def test_below_the_filter_of_a_backup(self):
        """What the backup reads stays as it was. 7.2 itself reads wrong data there at times."""
        if qemu.version() < (7, 0):
            self.skipTest('no copy-before-write filter')
        image = images.create(self.path('vda.qcow2'), str(SIZE))
        images.write(image, pattern=5, length='2M')
        scratch = images.create(self.path('scratch.qcow2'), str(SIZE))
        self.add('vda', image)
        self.run_qemu(qcow2(image) + qcow2(scratch)
                      + blockdev(driver='copy-before-write', node_name='cbw', file='vda',
                                 target='scratch')
                      + blockdev(driver='snapshot-access', node_name='access', file='cbw')
                      + virtio('cbw', id='vda'))
        before = bytes(self.disks['vda'].content)
        self.export('backup', 'access')
        self.write('vda', 0)
        self.snapshot('vda', '--suffix', 'new')
        self.write('vda', MIB, 65536)
        self.assertEqual([item['driver'] for item in self.chain('vda')['layers'][0]['filters']],
                         ['copy-before-write'])
        if qemu.version() >= (10, 0):
            self.assert_same(nbd.read(self.server, 'backup'), before, 'backup')
        self.assert_guest_data()


class Headers(TestCase):
    def test_a_relative_chain_stays_relative_and_can_be_moved(self):
        layers = self.make_chain('a', 2)
        self.add('vda', layers[0])
        self.run_qemu(named_chain(layers) + virtio(stem(layers[0]), id='vda'))
        os.mkdir(self.path('sub'))
        self.snapshot('vda', '--suffix', 'new')
        self.snapshot('vda', '--file', f'vda={self.path("sub/newer")}')
        self.write('vda', 0)
        self.assertEqual(header(self.path('a-1.new')), ('a-1.qcow2', 'qcow2'))
        self.assertEqual(header(self.path('sub/newer')), ('../a-1.new', 'qcow2'))

        self.process.quit()
        moved = self.path('moved')
        os.mkdir(moved)
        for name in ('a-base.qcow2', 'a-1.qcow2', 'a-1.new', 'sub'):
            os.rename(self.path(name), os.path.join(moved, name))
        self.assert_same(self.data_of(os.path.join(moved, 'sub', 'newer')),
                         bytes(self.disks['vda'].content), 'moved')

    def test_an_absolute_name_unless_a_relative_one_is_wanted(self):
        self.boot_one()
        self.snapshot('vda', '--suffix', 'a')
        self.snapshot('vda', '--suffix', 'b', '--relative')
        self.assertEqual(header(self.path('vda.a')), (self.path('vda.qcow2'), 'qcow2'))
        self.assertEqual(header(self.path('vda.b')), ('vda.a', 'qcow2'))

    def test_the_name_of_a_file_that_was_renamed_is_the_new_one(self):
        """QEMU still has it under its old name, which may be another file now."""
        image = self.boot_one()
        os.rename(image, self.path('moved.qcow2'))
        self.refuse('vda', '--suffix', 'new', message='moved.qcow2')
        os.rename(self.path('moved.qcow2'), image)
        self.snapshot('vda', '--suffix', 'new')

    def test_a_disk_by_a_descriptor(self):
        image = images.create(self.path('a.qcow2'), str(SIZE))
        self.add('vda', image)
        descriptor = os.open(image, os.O_RDWR)
        self.addCleanup(os.close, descriptor)
        self.run_qemu(['-add-fd', f'fd={descriptor},set=1']
                      + blockdev(driver='qcow2', node_name='a', file=local('/dev/fdset/1'))
                      + virtio('a', id='vda'), pass_fds=[descriptor])
        result = self.snapshot('vda', '--suffix', 'new')
        self.assertIn(f'still open for writing: {image}\n', result.text)
        self.assertIn(f"qblk: warning: QEMU keeps '{image}' open for writing", result.errors)
        self.assertFalse(self.nodes()['a']['ro'])
        self.assertEqual(header(self.path('a.new')), (image, 'qcow2'))


class StillWritten(TestCase):
    """With -drive copy-on-read=on QEMU writes to the image below the overlay what the guest reads
    for the first time."""

    def boot_reading(self, *options):
        """vda: two images, of which the upper one has the flag; its node is named top."""
        layers = self.make_chain('vda', 2)
        self.add('vda', layers[0])
        self.run_qemu(drive(layers[0], id='d', node_name='top', copy_on_read='on')
                      + virtio('d', id='vda'))
        return layers

    def test_is_warned_of(self):
        top, base = self.boot_reading()
        result = self.snapshot('vda', '--suffix', 'new')
        warning = f"qblk: warning: QEMU keeps '{top}' open for writing"
        self.assertEqual(result.errors.count(warning), 1, result.errors)
        self.assertIn(f'still open for writing: {top}\n', result.text)
        self.assertNotIn('no longer changes', result.text)
        self.assertFalse(self.nodes()['top']['ro'])
        self.check_reads(top, base)

    def check_reads(self, top, base):
        """Reads of the guest change the file, and nothing changes the data."""
        before = bytes(self.disks['vda'].content)
        with open(top, 'rb') as file:
            bytes_before = file.read()
        disk = self.disks['vda']
        line = f'qemu-io -d {disk.qdev} "read 0 256k"'  # data of the base
        reply = self.process.qmp.execute('human-monitor-command', {'command-line': line})
        self.assertNotIn('rror', reply)
        self.process.qmp.execute('human-monitor-command', {'command-line': 'qemu-io top flush'})
        with open(top, 'rb') as file:
            self.assertNotEqual(file.read(), bytes_before)
        self.write('vda', 0, MIB)
        self.assert_same(self.read_node('top'), before, 'the image below')
        self.assert_guest_data()
        self.qblk('commit', self.process.socket, 'vda', '--shallow', '--pivot', '--delete')
        self.assert_guest_data()
        self.process.quit()
        self.assert_same(self.data_of(top), bytes(disk.content), top)
        self.assertEqual(self.files(), {os.path.basename(name) for name in (top, base)})

    def test_the_second_overlay_is_not(self):
        """The overlay of the first snapshot does not have the flag."""
        top, _ = self.boot_reading()
        output = json.loads(self.qblk('--json', 'snapshot', self.process.socket, 'vda',
                                      '--suffix', 'a').stdout)
        warning, = output['warnings']
        self.assertIn(f"QEMU keeps '{top}' open for writing", warning)
        output = json.loads(self.qblk('--json', 'snapshot', self.process.socket, 'vda',
                                      '--suffix', 'b').stdout)
        self.assertEqual(output['warnings'], [])


class Reused(TestCase):
    def make(self, size=SIZE, backing='vda.qcow2', **options):
        """An overlay as a user creates it."""
        path = self.path('made.qcow2')
        images.create(path, None if backing else str(size), backing=backing, **options)
        return path

    def reuse(self, path):
        return '--reuse-external', '--file', f'vda={path}'

    def test_an_empty_overlay_is_used(self):
        image = self.boot_one()
        path = self.make()
        self.snapshot('vda', *self.reuse(path))
        self.write('vda', 0)
        self.assertEqual(self.layers('vda'), [('qblk-vda-1', path), ('vda', image)])
        self.assert_guest_data()
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete')
        self.assert_guest_data()

    def test_an_image_that_does_not_fit_is_refused(self):
        self.boot_one()
        other = images.create(self.path('other.qcow2'), str(SIZE))

        def with_data():
            images.write(self.make(backing=None), offset=0, length='4k')
            images.rebase(self.path('made.qcow2'), 'vda.qcow2')

        def without_format():
            images.create(self.path('made.qcow2'), None, extra=['-u', '-b', 'vda.qcow2'])

        cases = (
            (lambda: None, 'does not exist'),
            (lambda: self.make(backing=None), 'has no backing image'),
            (lambda: self.make(backing='other.qcow2'), f"'{other}'"),
            (lambda: images.create(self.path('made.qcow2'), str(2 * SIZE), backing='vda.qcow2'),
             'virtual size'),
            (with_data, 'has data of its own'),
            (lambda: images.create(self.path('made.qcow2'), str(SIZE), fmt='raw'),
             "not an image of format 'qcow2'"),
        )
        for make, message in brief.some(cases):
            with self.subTest(message):
                make()
                self.refuse('vda', *self.reuse(self.path('made.qcow2')), message=message)
                if os.path.exists(self.path('made.qcow2')):
                    os.unlink(self.path('made.qcow2'))

    def test_an_overlay_that_was_merged_is_refused(self):
        self.boot_one()
        self.snapshot('vda', '--suffix', 'new')
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.refuse('vda', *self.reuse(self.path('vda.new')), message='it was merged into')
        self.refuse('vda', '--suffix', 'new', message='already exists')

    def test_it_stays_if_the_snapshot_is_rolled_back(self):
        self.boot_one()
        path = self.make()
        nodes, files = self.nodes(), self.files()
        with Refusal(self) as vm:
            self.snapshot('vda', *self.reuse(path), vm=vm, status=qblk.JOB_FAILED)
        self.assert_nothing_left({*nodes, 'second', 'second-file'}, {*files, 'second.qcow2'})


class Refusal:
    """A relay before whose transaction another overlay is put over vda, so that QEMU refuses it."""

    def __init__(self, test):
        self._test = test
        self._vm = test.path('relay.sock')
        self._second = images.create(test.path('second.qcow2'), str(SIZE))
        self._relay = FaultRelay(self._vm, test.process.socket,
                                 Point(0, NOT_CUT, 'transaction'), self._add)

    def _add(self):
        self._test.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'second', 'backing': 'vda', 'read-only': True,
            'file': {**local(self._second), 'node-name': 'second-file'}})

    def __enter__(self):
        self._relay.__enter__()
        return self._vm

    def __exit__(self, *error):
        return self._relay.__exit__(*error)


class Refused(TestCase):
    def test_a_name_that_exists(self):
        _, layers = self.boot_two()
        os.mkdir(self.path('vda.directory'))
        os.symlink('vda.raw', self.path('vda.link'))
        os.symlink('missing', self.path('vda.dangling'))
        with open(self.path('vda.file'), 'wb') as file:
            file.write(b'precious')
        for suffix in ('directory', 'link', 'dangling', 'file', 'raw'):
            self.refuse('vda', '--suffix', suffix, message=f"vda.{suffix}' already exists")
        self.refuse('vda', '--file', f'vda={layers[2]}', message='already exists')
        # of the second disk only
        self.refuse('--all-disks', '--suffix', 'file', message='vda.file')
        self.refuse('vdb', 'vda', '--suffix', 'file', message='vda.file')
        with open(self.path('vda.file'), 'rb') as file:
            self.assertEqual(file.read(), b'precious')

    def test_two_disks_never_get_one_file(self):
        self.boot_two()
        os.symlink('.', self.path('same'))
        self.refuse('vda', 'vdb', '--file', f'vda={self.path("x")}', '--file',
                    f'vdb={self.path("same/x")}', message='would be one file')

    def test_what_cannot_get_an_overlay(self):
        self.boot_one()
        self.refuse('vda', '--file', f'vda={self.path("missing/x")}', message='does not exist')
        self.refuse('vda', '--file', 'vdb=x', status=qblk.NOT_FOUND, message='vdb')
        self.refuse('vda', '--suffix', 'x', '--format', 'raw', message="'raw' is not supported")
        self.refuse('vdb', status=qblk.NOT_FOUND, message="no disk 'vdb'")

    def test_an_image_that_another_disk_or_node_has_below_its_own(self):
        layers = self.make_chain('vda', 1)
        second = images.create(self.path('second.qcow2'), None, backing='vda-base.qcow2')
        self.add('vda', layers[0])
        self.run_qemu(qcow2(layers[0]) + qcow2(second, backing='vda-base', read_only=True)
                      + virtio('vda-base', id='vda'))
        self.refuse('vda', '--suffix', 'x', message="node 'second' (qcow2) has")

    def test_a_disk_with_a_job(self):
        self.boot_one()
        target = self.raw_image('target.raw')
        self.process.qmp.execute('blockdev-add', {'driver': 'raw', 'node-name': 'target',
                                                  'file': local(target)})
        self.process.qmp.execute('blockdev-backup', {'job-id': 'night', 'device': 'vda',
                                                     'target': 'target', 'sync': 'full',
                                                     'speed': 65536})
        result = self.snapshot('vda', '--suffix', 'x', status=qblk.REFUSED)
        self.assertIn("'night'", result.errors)
        self.process.qmp.execute('block-job-cancel', {'device': 'night', 'force': True})

    def test_an_encrypted_image_unless_plain_text_is_allowed(self):
        image = images.create_encrypted(
            self.path('secret.qcow2'), size=str(SIZE), options=('encrypt.format=luks',
                                                                'encrypt.key-secret=key'),
            extra=['--object', 'secret,id=key,data=word'])
        self.run_qemu(['-object', 'secret,id=key,data=word']
                      + blockdev(driver='qcow2', node_name='a', file=local(image),
                                 encrypt={'format': 'luks', 'key-secret': 'key'})
                      + virtio('a', id='vda'))
        self.refuse('vda', '--suffix', 'x', message='is encrypted (luks)')
        self.snapshot('vda', '--suffix', 'x', '--allow-plaintext')

    def test_a_full_file_system(self):
        self.boot_one()
        small = block_jobs.small_file_system(self, '128k')
        with open(os.path.join(small, 'filler'), 'wb') as file:
            file.write(bytes(120 << 10))
        self.refuse('vda', '--file', f'vda={small}/x', message='make room there first')
        self.assertEqual(os.listdir(small), ['filler'])


    def test_a_temporary_image(self):
        image = images.create(self.path('a.qcow2'), str(SIZE))
        other = self.raw_image('b.raw')
        self.run_qemu(drive(image, id='a', snapshot='on') + virtio('a', id='vda')
                      + drive(other, id='b', format='raw') + virtio('b', id='vdb'))
        overlay = f'vda={self.path("x")}'
        self.refuse('vda', '--file', overlay, message='snapshot=on')
        result = self.snapshot('--all-disks', '--suffix', 'new')
        self.assertIn("disk 'vda' is skipped", result.errors)
        self.assertEqual(self.layers('vdb')[0][1], self.path('b.new'))

    def test_a_qemu_that_may_be_on_another_machine(self):
        """Over TCP, and through a relay while no process here has the image locked."""
        image = images.create(self.path('a.qcow2'), str(SIZE))
        self.add('vda', image)
        self.run_qemu(blockdev(driver='qcow2', node_name='a', file=local(image, locking='off'))
                      + virtio('a', id='vda'), tcp=True)
        made = images.create(self.path('made.qcow2'), None, backing='a.qcow2')
        with FaultRelay(self.path('relay.sock'), self.process.socket):
            for vm in (f'tcp:{self.process.tcp}', self.path('relay.sock')):
                for more in ((), ('--reuse-external',)):
                    result = self.snapshot('vda', '--file', f'vda={made}.new' if not more
                                           else f'vda={made}', *more, vm=vm, status=qblk.REFUSED)
                    self.assertIn('run qblk on the machine of QEMU', result.errors)
            result = self.qblk('copy', self.path('relay.sock'), 'vda', self.path('copy'),
                               '--finish', status=qblk.REFUSED)
        self.assertIn('may be on another machine', result.errors)
        self.assertEqual(self.files(), {'a.qcow2', 'made.qcow2'})


class Encrypted(TestCase):
    def encrypt(self, *arguments):
        """A snapshot that QEMU encrypts. Repeated if QEMU finds the machine too fast, as in
        images.py; then all must be as before."""
        before = self.nodes(), self.files(), self.objects()
        for _ in range(50):
            result = qblk.run('snapshot', self.process.socket, *arguments)
            if 'accurate CPU usage' not in result.errors:
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                return
            self.assertEqual((self.nodes(), self.files(), self.objects()), before)
        self.fail('QEMU could not time its key derivation in 50 attempts')

    def objects(self):
        return {item['name'] for item in
                self.process.qmp.execute('qom-list', {'path': '/objects'})
                if item['type'] == 'child<secret>'}

    @brief.leave_out  # QEMU measures for seconds how long its keys take to check
    def test_the_overlays_of_all_disks_have_one_key(self):
        raw, layers = self.boot_two()
        key = self.path('key')
        with open(key, 'w', encoding='ascii') as file:
            file.write('a passphrase')
        self.refuse('vda', '--suffix', 'new', '--encrypt', 'night',
                    message='--secret night=FILE')
        self.refuse('vda', '--suffix', 'new', '--secret', f'night={key}', message='is not used')

        self.encrypt('vda', 'vdb', '--suffix', 'new', '--encrypt', 'night', '--secret',
                     f'night={key}')
        self.assertEqual(self.objects(), {'night'})
        for name in ('vda', 'vdb'):
            self.write(name, 0, MIB)
            self.assertEqual(self.chain(name)['layers'][0]['encryption'], 'luks')
        self.assert_guest_data()
        with open(self.path('vda.new'), 'rb') as file:
            self.assertNotIn(b'\x77' * 512, file.read())

        self.refuse('vda', '--suffix', 'newer', message='is encrypted (luks)')
        self.qblk('commit', self.process.socket, 'vdb', '--shallow', '--pivot', '--delete',
                  '--allow-plaintext')
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete',
                  '--allow-plaintext')
        self.assert_guest_data()
        self.assertEqual((self.layers('vda'), [path for _, path in self.layers('vdb')]),
                         ([('vda', raw)], layers))


class RolledBack(TestCase):
    def test_both_disks_if_QEMU_refuses_the_transaction(self):
        image = self.boot_one()
        other = self.raw_image('other.raw')
        self.process.qmp.execute('blockdev-add', {'driver': 'raw', 'node-name': 'other',
                                                  'file': local(other)})
        nodes, files = self.nodes(), self.files()
        with Refusal(self) as vm:
            result = self.snapshot('vda', '--suffix', 'new', vm=vm, status=qblk.JOB_FAILED)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assert_nothing_left({*nodes, 'second', 'second-file'}, {*files, 'second.qcow2'})
        self.assertEqual(self.layers('vda'), [('vda', image)])
        self.assert_guest_data()

    def test_a_file_that_appears_before_it_would_be_created_stays(self):
        raw, _ = self.boot_two()
        nodes, files = self.nodes(), self.files()
        vm, other, new = self.path('relay.sock'), self.path('other'), self.path('vdb.new')
        with open(other, 'wb') as file:
            file.write(b'precious')
        for appear in (lambda: os.symlink(other, new),
                       lambda: images.create(new, None, backing='vdb-2.qcow2'),
                       lambda: open(new, 'wb').close()):
            relay = FaultRelay(vm, self.process.socket, Point(0, NOT_CUT, 'blockdev-create'),
                               appear)
            with relay:
                result = self.snapshot('vda', 'vdb', '--suffix', 'new', '--file', f'vdb={new}',
                                       vm=vm, status=qblk.REFUSED)
            self.assertTrue(relay.has_struck)
            self.assertIn(f"'{new}' exists now: another process has created it", result.errors)
            self.assert_nothing_left(nodes, {*files, 'other', 'vdb.new'})
            os.unlink(new)
        with open(other, 'rb') as file:
            self.assertEqual(file.read(), b'precious')
        self.assertEqual(self.layers('vda'), [('vda', raw)])
        self.assert_guest_data()

    def test_the_first_disk_if_the_second_fails(self):
        raw, layers = self.boot_two()
        nodes, files = self.nodes(), self.files()
        small = block_jobs.small_file_system(self, '512k')

        def fill():
            with open(os.path.join(small, 'filler'), 'wb') as file:
                file.write(bytes(500 << 10))

        vm = self.path('relay.sock')
        with FaultRelay(vm, self.process.socket, Point(0, NOT_CUT, 'blockdev-create'), fill):
            result = self.snapshot('vda', 'vdb', '--suffix', 'new', '--file', f'vdb={small}/new',
                                   vm=vm, status=qblk.JOB_FAILED)
        self.assertIn('No space left', result.errors)
        self.assert_nothing_left(nodes, {*files, 'small'})
        self.assertEqual(os.listdir(small), ['filler'])
        self.assertEqual(self.layers('vda'), [('vda', raw)])
        self.assertEqual([path for _, path in self.layers('vdb')], layers)
        self.assert_guest_data()


class Nth:
    """A point: the message NUMBER, from 1, with LABEL."""
    how = NOT_CUT

    def __init__(self, label, number):
        self._label = label
        self._left = number

    def is_at(self, _, message):
        self._left -= message.is_sent and message.label == self._label
        return self._left == 0


class Changed(TestCase):
    """Another client or process changes a disk or an overlay after the plan was made, and before
    the transaction."""
    inherited = None  # the socket of the relay, if qblk finds QEMU behind it

    def snapshot_while(self, change, *disks):
        """CHANGE is called before the last overlay is opened: all of them are rolled back."""
        nodes = set(self.nodes())
        vm = self.path('relay.sock')
        relay = FaultRelay(vm, self.process.socket, Nth('blockdev-add', 2 * len(disks)), change,
                           self.inherited)
        with relay:
            result = self.snapshot(*disks, '--suffix', 'new', vm=vm, status=qblk.REFUSED)
        self.assertTrue(relay.has_struck)
        self.assertNotIn('transaction', relay.commands())
        self.assertEqual(set(self.nodes()), nodes)
        for disk in disks:
            self.assertIn(f"the chain of '{disk}' is unchanged", result.errors)
        self.assert_guest_data()
        return result.errors

    def test_the_size_of_a_disk(self):
        self.boot_one()
        files = self.files()

        def resize():
            self.process.qmp.execute('block_resize', {'node-name': 'vda', 'size': 2 * SIZE})
            self.disks['vda'].content.extend(bytes(SIZE))

        errors = self.snapshot_while(resize, 'vda')
        self.assertIn(f"vda.new' has a virtual size of {SIZE} bytes, and disk 'vda' of {2 * SIZE}",
                      errors)
        self.assertEqual(self.files(), files)

    def test_the_names_of_two_overlays(self):
        self.boot_two()

        def swap():
            os.rename(self.path('vda.new'), self.path('swap'))
            os.rename(self.path('vdb-2.new'), self.path('vda.new'))
            os.rename(self.path('swap'), self.path('vdb-2.new'))

        errors = self.snapshot_while(swap, 'vda', 'vdb')
        self.assertIn("vda.new' names the backing file 'vdb-2.qcow2' instead of", errors)

    def test_the_format_in_the_header_of_an_overlay(self):
        """QEMU would read the image below it as raw at its next start."""
        self.boot_one()
        files = self.files()

        def record_raw():
            with open(self.path('vda.new'), 'r+b') as file:
                content = file.read(65536)
                at = content.index(struct.pack('>II', BACKING_FORMAT, len('qcow2')) + b'qcow2')
                file.seek(at)
                file.write(struct.pack('>II', BACKING_FORMAT, len('raw')) + b'raw\0\0')

        errors = self.snapshot_while(record_raw, 'vda')
        self.assertIn("vda.new' records the format 'raw' of its backing file instead of 'qcow2'",
                      errors)
        self.assertEqual(self.files(), files)

    def test_the_name_of_an_overlay(self):
        self.boot_one()
        errors = self.snapshot_while(lambda: os.unlink(self.path('vda.new')), 'vda')
        self.assertIn("vda.new' no longer exists", errors)

    def test_the_file_of_an_overlay(self):
        """The kernel shows which file QEMU has open."""
        image = images.create(self.path('vda.qcow2'), str(SIZE))
        self.add('vda', image)
        self.inherited = listener.bound(self.path('relay.sock'))
        number = self.inherited.fileno()
        self.run_qemu(qcow2(image) + virtio('vda', id='vda'), pass_fds=[number],
                      prefix=[sys.executable, '-c', listener.LISTEN, str(number)])

        def replace():
            shutil.copy(self.path('vda.new'), self.path('copy'))
            os.rename(self.path('copy'), self.path('vda.new'))

        errors = self.snapshot_while(replace, 'vda')
        self.assertIn('renamed or replaced', errors)

    def test_the_chain_of_a_disk(self):
        """The guest has another image, and the one of the plan stays open."""
        self.boot_one()
        other = images.create(self.path('other.qcow2'), str(SIZE))
        images.write(other, pattern=3, offset='1M', length='512k')
        qmp_of = self.process.qmp

        def change():
            qmp_of.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'other',
                                            'file': {**local(other), 'node-name': 'other-file'}})
            qmp_of.execute('blockdev-mirror', {'job-id': 'm', 'device': 'vda', 'target': 'other',
                                               'sync': 'none', 'copy-mode': 'write-blocking'})
            while qmp_of.execute('query-jobs')[0]['status'] != 'ready':
                pass
            qmp_of.execute('job-complete', {'id': 'm'})
            while qmp_of.execute('query-jobs'):
                pass

        vm = self.path('relay.sock')
        with FaultRelay(vm, self.process.socket, Nth('blockdev-add', 2), change) as relay:
            result = self.snapshot('vda', '--suffix', 'new', vm=vm, status=qblk.REFUSED)
        self.assertNotIn('transaction', relay.commands())
        self.assertIn('another client has changed the disk since the plan was made', result.errors)
        self.assertFalse(os.path.exists(self.path('vda.new')))


class Exports(TestCase):
    def test_an_export_of_the_disk_follows_and_one_of_the_image_stays(self):
        self.boot_one()
        self.export('disk', 'vda')
        before = bytes(self.disks['vda'].content)
        self.snapshot('vda', '--suffix', 'new')
        self.write('vda', 0, MIB)
        self.assert_same(nbd.read(self.server, 'disk'), bytes(self.disks['vda'].content), 'export')
        self.export('frozen', 'vda')
        self.write('vda', MIB, MIB, pattern=0x15)
        self.assert_same(nbd.read(self.server, 'frozen'), before, 'frozen')
        self.assert_same(nbd.read(self.server, 'disk'), bytes(self.disks['vda'].content), 'export')


SLOTS = 64  # of 512 bytes, written in turn


class Writer(threading.Thread):
    """Writes the numbers 1, 2, 3 ... in turn to both exports, each when the one before it was
    completed, until it is stopped."""

    def __init__(self, server, names):
        super().__init__()
        self._server, self._names = server, names
        self._is_stopped = threading.Event()
        self._progress = threading.Condition()
        self.done = 0

    def run(self):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(nbd.Client(self._server, name)) for name in self._names]
            while not self._is_stopped.is_set():
                number = self.done + 1
                for client in clients:
                    client.write(number % SLOTS * 512, number.to_bytes(8, 'big') * 64)
                with self._progress:
                    self.done = number
                    self._progress.notify_all()

    def write_more(self, count):
        """Wait until COUNT further numbers were written. Returns the last one."""
        with self._progress:
            wanted = self.done + count
            if not self._progress.wait_for(lambda: self.done >= wanted, qmp.TIMEOUT):
                raise RuntimeError('the writer has ended')
            return self.done

    def stop(self):
        self._is_stopped.set()
        self.join()


def last_number(data):
    """The last number of a Writer in DATA; None if DATA is not what it had written until then."""
    numbers = [int.from_bytes(data[slot * 512:slot * 512 + 8], 'big') for slot in range(SLOTS)]
    last = max(numbers)
    expected = [max(number for number in range(last - SLOTS + 1, last + 1)
                    if number % SLOTS == slot) for slot in range(SLOTS)]
    is_whole = all(data[slot * 512:(slot + 1) * 512] == number.to_bytes(8, 'big') * 64
                   for slot, number in enumerate(numbers))
    return last if is_whole and numbers == expected else None


class OneMoment(TestCase):
    def test_of_two_disks_that_are_written_all_the_time(self):
        """The frozen images have the first writes and none of the later ones, of both disks."""
        disks = ('vda', 'vdb')
        arguments = []
        for name in disks:
            path = images.create(self.path(f'{name}.qcow2'), str(SIZE))
            arguments += qcow2(path) + virtio(name, id=name, **{'share-rw': 'on'})
        self.run_qemu(arguments)
        for name in disks:
            self.process.qmp.execute('block-export-add', {
                'type': 'nbd', 'id': f'w-{name}', 'name': f'w-{name}', 'node-name': name,
                'writable': True})

        writer = Writer(self.server, [f'w-{name}' for name in disks])
        writer.start()
        tops = list(disks)
        for suffix in 'abcde':
            at_least = writer.write_more(SLOTS)
            self.snapshot(*disks, '--suffix', suffix)
            at_most = writer.done + 1
            first, second = (last_number(self.read_node(node)) for node in tops)
            self.assertIsNotNone(first)
            self.assertIn(second, (first, first - 1))  # a write of vdb follows that of vda
            self.assertTrue(at_least <= first <= at_most, msg=(at_least, first, at_most))
            tops = [self.layers(name)[0][0] for name in disks]
        writer.stop()
        for node in tops:
            self.assertEqual(last_number(self.read_node(node)), writer.done)


class Bitmaps(TestCase):
    def test_are_continued_and_merged_again(self):
        """An incremental backup from before the snapshot has the data of both images."""
        image = images.create(self.path('vda.qcow2'), str(SIZE))
        images.write(image, pattern=3, offset='1M', length='512k')
        backup = self.path('backup.raw')
        block_jobs.flatten(image, backup)
        images.add_bitmap(image, 'full', 32768)
        images.add_bitmap(image, 'ended')
        self.add('vda', image)
        self.run_qemu(qcow2(image) + virtio('vda', id='vda'))
        qmp_client = self.process.qmp
        bitmaps.add(self.process, 'vda', 'temporary', granularity=4096)
        qmp_client.execute('block-dirty-bitmap-disable', {'node': 'vda', 'name': 'ended'})
        self.write('vda', 0)
        self.snapshot('vda', '--suffix', 'new')
        self.write('vda', 2 * MIB)

        found = {name: (entry['granularity'], entry['persistent'], entry['recording'])
                 for name, entry in bitmaps.of_nodes(self.process)['qblk-vda-1'].items()}
        self.assertEqual(found, {'full': (32768, True, True), 'temporary': (4096, False, True)})
        self.assertEqual(bitmaps.of_nodes(self.process)['qblk-vda-1']['full']['count'], 65536)

        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete')
        entries = bitmaps.of_nodes(self.process)['vda']
        self.assertEqual({name: (entry['count'], entry['recording'])
                          for name, entry in entries.items()},
                         {'full': (2 * 65536, True), 'temporary': (2 * 65536, True),
                          'ended': (0, False)})
        self.write('vda', 3 * MIB)
        bitmaps.back_up(self.process, 'vda', 'full', backup)
        with open(backup, 'rb') as file:
            self.assert_same(file.read(), bytes(self.disks['vda'].content), 'backup')
        self.process.quit()
        self.assertEqual(bitmaps.in_file(image), {'full': ['auto'], 'ended': []})

    def test_are_dropped_only_if_that_is_said(self):
        image = images.create(self.path('vda.qcow2'), str(SIZE))
        images.add_bitmap(image, 'full')
        self.add('vda', image)
        self.run_qemu(qcow2(image) + virtio('vda', id='vda'))
        self.snapshot('vda', '--suffix', 'x', '--bitmaps', 'drop')
        self.assertEqual(bitmaps.of_nodes(self.process)['qblk-vda-1'], {})


if __name__ == '__main__':
    live.main()
