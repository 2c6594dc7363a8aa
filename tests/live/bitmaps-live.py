#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dirty bitmaps of layers that leave the chain or are copied are carried over. An incremental
backup made from them, over the full backup from when they began, has the data of the guest."""

import json
import os
import signal
import subprocess

import bitmaps
import block_jobs
import brief
import images
import live
import qblk
import qemu
from fault_relay import NOT_CUT, FaultRelay, Point
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio

SIZE = '16M'
FULL, INCREMENTAL = 'full', 'inc'


class TestCase(block_jobs.TestCase):
    """Three layers. The bitmap FULL began in the base, INC in the middle layer with a granularity
    of its own; each overlay has both."""

    own_socket = True

    def path(self, name):
        return os.path.join(self.directory, name)

    def make_layers(self, base_format='qcow2', options=()):
        base, middle, top = (self.path(name + '.qcow2') for name in ('base', 'middle', 'top'))
        images.create(base, SIZE, fmt=base_format, options=options)
        images.write(base, pattern=1, offset=0, length='1M', fmt=base_format)
        self.backups = {FULL: self.back_up_in_full(base, FULL, base_format)}
        if base_format == 'qcow2' and not options:
            images.add_bitmap(base, FULL)
            images.write(base, pattern=2, offset='1M', length='64k')
        images.create(middle, None, backing=base, backing_format=base_format)
        self.backups[INCREMENTAL] = self.back_up_in_full(middle, INCREMENTAL)
        images.add_bitmap(middle, FULL)
        images.add_bitmap(middle, INCREMENTAL, 32768)
        images.write(middle, pattern=3, offset='2M', length='64k')
        images.create(top, None, backing=middle)
        images.add_bitmap(top, FULL)
        images.add_bitmap(top, INCREMENTAL, 32768)
        images.write(top, pattern=4, offset='3M', length='128k')
        self.files = [top, middle, base]
        self.remember()

    def back_up_in_full(self, image, name, fmt='qcow2'):
        path = self.path(f'backup-{name}.raw')
        subprocess.run(qemu.program('qemu-img') + ['convert', '-f', fmt, '-O', 'raw', image, path],
                       check=True)
        return path

    def boot_layers(self, **options):
        self.make_layers(**options)
        return self.run_layers()

    def run_layers(self):
        top, middle, base = self.files
        chain = named_chain(self.files)
        if block_jobs.image_info(base)['format'] == 'raw':
            chain = (blockdev(driver='raw', node_name='base', read_only=True, file=local(base))
                     + qcow2(middle, backing='base', read_only=True) + qcow2(top, backing='middle'))
        return self.run_qemu(chain + virtio('top', id='vda'))

    def write_during(self, command, *arguments):
        """Run qblk. The guest writes before the bitmaps are carried over and, in another guest,
        between that and the change of the chain."""
        final = 'job-complete' if '--pivot' in arguments else 'job-finalize'
        labels = ('transaction', final)
        for number, label in enumerate(labels[:1] if brief.IS_BRIEF else labels):
            with self.subTest(label):
                self.setUp()
                self.boot_layers()
                vm = self.path('relay.sock')
                relay = FaultRelay(vm, self.process.socket,
                                   Point(0, NOT_CUT, label),
                                   lambda: self.guest_writes(f'{8 + number}M', '192k', 0x70))
                with relay:
                    self.job((command, *arguments), vm=vm)
                self.assertTrue(relay.has_struck)
                self.guest_writes('12M', '64k')
                yield

    def words(self, job, vm=None):
        """The arguments of JOB on the disk; COPY stands for the path of a copy."""
        command, *rest = [self.path('copy.qcow2') if word == 'COPY' else word for word in job]
        return command, vm or self.process.socket, 'vda', *rest

    def job(self, job, *more, vm=None, **options):
        return self.qblk(*self.words(job, vm), *more, **options)

    def entries(self, node):
        """{bitmap: (granularity, persistent, recording)} of NODE."""
        return {name: (entry['granularity'], entry['persistent'], entry['recording'])
                for name, entry in bitmaps.of_nodes(self.process).get(node, {}).items()}

    BOTH = {FULL: (65536, True, True), INCREMENTAL: (32768, True, True)}

    def assert_backups(self, node):
        """The backups from when the bitmaps began, brought up to date by them, are the data of the
        guest; also after QEMU was restarted, and has written again."""
        self.assertEqual(self.entries(node), self.BOTH)
        self.bring_up_to_date(node)
        self.guest_writes('13M', '64k', 0x71)
        files = self.open_files()
        self.process.quit()
        self.assertEqual(bitmaps.in_file(files[0]), {FULL: ['auto'], INCREMENTAL: ['auto']})
        self.files = files
        self.run_qemu(named_chain(files) + virtio(stem(files[0]), id='vda'))
        self.assertEqual(self.entries(stem(files[0])), self.BOTH)
        self.guest_writes('14M', '64k', 0x72)
        self.bring_up_to_date(stem(files[0]))
        self.assert_same_content()

    def bring_up_to_date(self, node):
        for name, path in self.backups.items():
            bitmaps.back_up(self.process, node, name, path)
            self.assert_same(path)

    def assert_same(self, path):
        with open(path, 'rb') as backup, open(self.reference, 'rb') as reference:
            self.assertEqual(backup.read() == reference.read(), True, msg=path)


class Carried(TestCase):
    def test_by_a_commit_of_the_active_layer(self):
        for _ in self.write_during('commit', '--pivot'):
            self.assert_backups('base')

    @brief.leave_out
    def test_by_a_commit_into_the_middle(self):
        for _ in self.write_during('commit', '--pivot', '--base', 'vda[1]'):
            # those of the base stay below, and belong to it
            self.assertEqual(self.entries('middle'), self.BOTH)
            self.assertEqual(self.entries('base'), {FULL: (65536, True, True)})
            del self.backups[FULL]
            bitmaps.back_up(self.process, 'middle', INCREMENTAL, self.backups[INCREMENTAL])
            self.assert_same(self.backups[INCREMENTAL])

    def test_by_a_commit_of_an_inner_layer(self):
        for _ in self.write_during('commit', '--top', 'vda[1]'):
            self.assertEqual(self.entries('base'), self.BOTH)
            self.assertEqual(self.entries('top'), self.BOTH)
            # a second one, so that all is in one layer again
            self.job(('commit', '--pivot'))
            self.assert_backups('base')

    def test_by_a_pull(self):
        for _ in self.write_during('pull'):
            self.assert_backups('top')

    def test_by_a_copy(self):
        for _ in self.write_during('copy', 'COPY', '--pivot'):
            self.assert_backups('qblk-vda-1')

    def test_by_a_shallow_copy(self):
        for _ in self.write_during('copy', 'COPY', '--pivot', '--shallow'):
            self.assertEqual(self.entries('qblk-vda-1'), self.BOTH)
            self.assertEqual(self.entries('middle'), self.BOTH)
            self.job(('commit', '--pivot'))
            self.assert_backups('base')

    def test_by_the_pivot_of_an_existing_job(self):
        for job, node in ((('commit', '--active'), 'base'), (('copy', 'COPY'), 'qblk-vda-1'),
                          (('copy', 'COPY', '--shallow'), None)):
            with self.subTest(job=job):
                self.setUp()
                self.boot_layers()
                self.job(job)
                self.guest_writes('9M', '64k')
                self.assertEqual(self.job(('job', '--pivot')).errors, '')
                self.guest_writes('10M', '64k')
                if node is None:
                    self.assertEqual(self.entries('qblk-vda-1'), self.BOTH)
                    self.job(('commit', '--pivot'))
                self.assert_backups(node or 'base')

    def test_by_the_end_of_an_existing_job_that_waits(self):
        for command, arguments, node in (
                ('block-stream', {'device': 'top'}, 'top'),
                ('block-commit', {'device': 'top', 'top-node': 'middle', 'base-node': 'base'},
                 'base')):
            with self.subTest(command):
                self.setUp()
                self.boot_layers()
                self.process.qmp.execute(command, {'job-id': 'other', 'auto-finalize': False,
                                                   'auto-dismiss': False, **arguments})
                self.assertEqual(self.job(('job', '--wait')).errors, '')
                if node == 'base':
                    self.job(('commit', '--pivot'))
                self.assert_backups(node)

    def test_as_they_were(self):
        """Transient ones stay transient, and disabled ones disabled."""
        for job, node in ((('commit', '--pivot'), 'base'), (('pull',), 'top'),
                          (('copy', 'COPY', '--pivot'), 'qblk-vda-1')):
            with self.subTest(job=job):
                self.setUp()
                self.boot_layers()
                bitmaps.add(self.process, 'top', 'transient')
                self.guest_writes('9M', '64k')
                bitmaps.add(self.process, 'top', 'closed', persistent=True, granularity=131072)
                self.guest_writes('10M', '64k')
                self.process.qmp.execute('block-dirty-bitmap-disable',
                                         {'node': 'top', 'name': 'closed'})
                self.job(job)
                self.guest_writes('11M', '64k')
                found = self.entries(node)
                self.assertEqual(found['transient'], (65536, False, True))
                self.assertEqual(found['closed'], (131072, True, False))
                counts = bitmaps.of_nodes(self.process)[node]
                self.assertEqual(counts['closed']['count'], 131072)
                self.assertEqual(counts['transient']['count'], 3 * 65536)

    @brief.leave_out
    def test_into_a_base_that_is_enlarged(self):
        base, middle, top = (self.path(name + '.qcow2') for name in ('base', 'middle', 'top'))
        images.create(base, '8M')
        self.backups = {FULL: self.back_up_in_full(base, FULL)}
        images.add_bitmap(base, FULL)
        images.create(middle, SIZE, backing=base)
        images.create(top, SIZE, backing=middle)
        self.backups[INCREMENTAL] = self.back_up_in_full(top, INCREMENTAL)
        os.truncate(self.backups[FULL], os.path.getsize(self.backups[INCREMENTAL]))
        for image in (middle, top):
            images.add_bitmap(image, FULL)
            images.add_bitmap(image, INCREMENTAL, 32768)
            images.write(image, pattern=5, offset='9M')
        self.files = [top, middle, base]
        self.remember()
        self.run_layers()
        self.job(('commit', '--top', 'vda[1]'))
        self.job(('commit', '--pivot'))
        self.assert_backups('base')

    def test_a_disabled_one_of_a_lower_layer(self):
        """It is complete, and needs none above it."""
        self.make_layers()
        subprocess.run(qemu.program('qemu-img') + ['bitmap', '--add', '--disable', self.files[1],
                                                   'closed'], check=True)
        self.run_layers()
        self.job(('pull',))
        self.assertEqual(self.entries('top')['closed'], (65536, True, False))
        self.assert_same_content()


JOBS = (('commit', '--pivot'), ('commit', '--top', 'vda[1]'), ('pull',),
        ('copy', 'COPY', '--pivot'))


class NotCarried(TestCase):
    def refuse_job(self, job, message):
        self.refuse(*self.words(job), message=message)
        self.assert_no_jobs()
        self.assertFalse(os.path.exists(self.path('copy.qcow2')))

    def test_one_that_is_inconsistent(self):
        """QEMU was killed while it recorded."""
        for job in (('pull',), ('copy', 'COPY', '--pivot')):
            with self.subTest(job=job):
                self.setUp()
                self.boot_layers()
                self.process.kill()
                self.run_layers()
                plan = json.loads(self.job(job, '--dry-run', '--json').stdout)['plans'][0]
                reasons = {entry['name']: entry['left-out-because']
                           for entry in plan['planned-bitmaps']}
                self.assertEqual(reasons, {name: f"it is inconsistent in '{self.files[0]}'"
                                           for name in self.backups})
                self.assertIn('is not carried over, because it is inconsistent',
                              self.job(job).errors)
                self.assert_same_content(self.open_files()[0])

    def test_the_base_records_what_a_commit_writes(self):
        """So that its bitmap is good, although that of the overlay is inconsistent."""
        self.boot_layers()
        self.process.kill()
        self.run_layers()
        self.guest_writes('9M', '64k')
        errors = self.job(('commit', '--pivot')).errors
        self.assertIn(f"bitmap '{INCREMENTAL}' of", errors)
        self.assertNotIn(f"bitmap '{FULL}' of", errors)
        self.guest_writes('10M', '64k')
        self.assertEqual(self.entries('base'), {FULL: (65536, True, True)})
        bitmaps.back_up(self.process, 'base', FULL, self.backups[FULL])
        self.assert_same(self.backups[FULL])

    @brief.leave_out
    def test_one_that_the_overlay_lacks(self):
        for job in JOBS[2:]:
            with self.subTest(job=job):
                self.setUp()
                self.boot_layers()
                for name in self.backups:
                    self.process.qmp.execute('block-dirty-bitmap-remove',
                                             {'node': 'top', 'name': name})
                self.assertIn(f"because '{self.files[0]}' does not have it", self.job(job).errors)
                self.assertEqual(self.entries('qblk-vda-1' if job[0] == 'copy' else 'top'), {})
                self.assert_same_content(self.open_files()[0])

    @brief.leave_out
    def test_one_of_another_size(self):
        self.make_layers()
        subprocess.run(qemu.program('qemu-img') + ['resize', '-q', self.files[0], '20M'],
                       check=True, capture_output=True)
        images.raw(self.directory, 'larger.raw')
        self.remember()
        self.run_layers()
        errors = self.job(('pull',)).errors
        self.assertIn(f"because '{self.files[1]}' has another size than '{self.files[0]}'", errors)
        self.assert_same_content(self.open_files()[0])

    @brief.leave_out
    def test_an_image_is_not_deleted_with_one_that_is_left_out(self):
        self.boot_layers()
        self.process.kill()
        self.run_layers()
        self.refuse_job(('commit', '--pivot', '--delete'),
                        f"bitmap '{INCREMENTAL}' of '{self.files[0]}' cannot be carried over, "
                        f"because it is inconsistent in '{self.files[0]}', and would be deleted")
        self.job(('commit', '--pivot', '--delete', '--bitmaps=drop'))
        self.assertFalse(os.path.exists(self.files[0]))

    @brief.leave_out
    def test_images_are_deleted_once_they_are_carried_over(self):
        self.boot_layers()
        self.assertEqual(self.job(('commit', '--pivot', '--delete')).errors, '')
        self.assertFalse(os.path.exists(self.files[0]))
        self.assert_backups('base')

    @brief.leave_out
    def test_one_of_a_job_that_changes_the_chain_by_itself(self):
        self.boot_layers()
        self.process.qmp.execute('block-stream', {'job-id': 'other', 'device': 'top', 'speed': 1})
        result = self.qblk('--json', *self.words(('job', '--wait', '--dry-run')))
        self.assertEqual({entry['left-out-because'] for entry
                          in json.loads(result.stdout)['plans'][0]['planned-bitmaps']},
                         {'the job changes the chain by itself'})
        self.assertIn(f"bitmap '{FULL}' of '{self.files[1]}' is not carried over", result.errors)

    def test_an_image_that_cannot_store_them(self):
        for options in ({'base_format': 'raw'}, {'options': ('compat=0.10',)}):
            with self.subTest(options):
                self.setUp()
                self.boot_layers(**options)
                for job in JOBS[:2]:
                    self.refuse_job(job, f"'{self.files[2]}'")
                self.job(JOBS[0], '--bitmaps=drop')
                self.assertEqual(self.entries('base'), {})
                self.assert_same_content(self.files[2])
        self.setUp()
        self.boot_layers()
        self.refuse_job(('copy', 'COPY', '--pivot', '--format', 'raw'),
                        '(raw) cannot store the persistent bitmap')
        self.job(('copy', 'COPY', '--pivot', '--format', 'raw', '--bitmaps=drop'))
        self.assert_same_content(self.path('copy.qcow2'))

    def test_one_that_is_in_use(self):
        self.boot_layers()
        execute = self.process.qmp.execute
        execute('block-dirty-bitmap-disable', {'node': 'top', 'name': FULL})
        execute('nbd-server-start', {'addr': {'type': 'unix', 'data': {
            'path': self.path('nbd.sock')}}})
        execute('block-export-add', {'type': 'nbd', 'id': 'exported', 'node-name': 'top',
                                     'bitmaps': [FULL]})
        for job in (JOBS[0], JOBS[2], JOBS[3]):
            self.refuse_job(job, f"bitmap '{FULL}' of '{self.files[0]}' is in use")

    def test_without_a_pivot_they_stay(self):
        self.boot_layers()
        before = bitmaps.of_nodes(self.process)
        self.job(('copy', 'COPY', '--finish'))
        self.assertEqual(bitmaps.of_nodes(self.process), before)
        self.assertEqual(bitmaps.in_file(self.path('copy.qcow2')), {})
        self.job(('commit', '--keep-overlay'))
        self.assertEqual(bitmaps.of_nodes(self.process)['top'], before['top'])

    def test_a_job_that_is_cancelled_adds_none(self):
        for job in (('commit', '--pivot'), ('commit', '--top', 'vda[1]'), ('pull',)):
            with self.subTest(job=job):
                self.setUp()
                self.make_layers()
                subprocess.run(qemu.program('qemu-img') + ['bitmap', '--add', '--disable',
                                                           self.files[1], 'closed'], check=True)
                self.run_layers()
                before = {node: self.entries(node) for node in ('top', 'middle', 'base')}
                self.interrupt_after_transaction(job)
                self.assertEqual(
                    {node: self.entries(node) for node in ('top', 'middle', 'base')}, before)
                self.assert_untouched()
                self.assertEqual(list(bitmaps.in_file(self.files[2])), [FULL])

    def interrupt_after_transaction(self, job):
        vm = self.path('relay.sock')
        running = []
        relay = FaultRelay(vm, self.process.socket, Point(0, NOT_CUT, 'answer to transaction'),
                           lambda: running[0].send_signal(signal.SIGINT))
        with relay:
            running.append(subprocess.Popen(  # pylint: disable=consider-using-with
                qblk.command(self.words(job, vm)), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=qblk.environment()))
            self.assertIn(': interrupted', self.finish(running[0], qblk.JOB_FAILED))
        self.assertTrue(relay.has_struck)


if __name__ == '__main__':
    live.main()
