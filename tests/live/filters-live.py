#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Filters above a disk and between its layers: a job that would crash this QEMU is refused, headers
name the layer below the filter, and no filter keeps an image open that has left the chain."""

import os
import signal
import subprocess

import block_jobs
import brief
import fault_relay
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio


COPIES = (('copy', '--pivot'), ('copy', '--finish'), ('copy', '--shallow', '--pivot'))


class Compress(block_jobs.OneDisk):
    """A mirror that starts at a compress filter stops QEMU; a commit and a pull do not."""

    @staticmethod
    def stops():
        """7.2 was seen to start the mirror; 10.0 and 11.1 stop."""
        return qemu.version() >= (8, 0)

    def boot_with_filter(self):
        self.make(3)
        self.remember()
        self.run_qemu(named_chain(self.files)
                      + blockdev(driver='compress', node_name='small', file=stem(self.files[0]))
                      + virtio('small', id='vda'))

    def test_this_qemu_stops_if_it_is_in_the_table(self):
        self.boot_with_filter()
        client = self.process.qmp
        target = images.create(self.copy_path(), size='64M')
        client.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'copy',
                                        'file': local(target)})
        try:
            client.ask('blockdev-mirror', {'job-id': 'j', 'device': 'small', 'target': 'copy',
                                           'sync': 'full', 'replaces': stem(self.files[0])},
                       timeout=5)
            answers = True
        except TimeoutError:
            answers = False
            self.process.kill()
        self.assertEqual(answers, not self.stops())

    def test_a_copy(self):
        for command in COPIES:
            with self.subTest(command=command):
                self.setUp()
                self.boot_with_filter()
                if self.stops():
                    self.refuse_job(*command, message='would stop responding')
                    self.remove_as_told(self.job(*command, status=qblk.REFUSED).errors)
                    self.assertEqual(self.filters(), [])
                self.job(*command)
                self.assert_no_jobs()
                self.assert_same_content(self.copy_path())

    def test_other_jobs(self):
        for command in (('commit', '--pivot'), ('commit', '--top', 'vda[1]'), ('pull',)):
            with self.subTest(command=command):
                self.setUp()
                self.boot_with_filter()
                self.job(*command)
                self.assert_no_jobs()
                self.assertEqual(self.filters(), ['compress'])
                self.assert_same_content(self.open_files()[0])


class CopyBeforeWrite(block_jobs.OneDisk):
    """A filter that makes a QEMU before 9.1 crash is added while a job runs."""

    def setUp(self):
        super().setUp()
        if qemu.version() < (6, 2):
            self.skipTest('copy-before-write needs QEMU 6.2')

    @staticmethod
    def crashes():
        return qemu.version() < (9, 1)

    def filter_over(self, node):
        target = images.create(os.path.join(self.directory, 'scratch.qcow2'), size='64M')
        return ({'driver': 'qcow2', 'node-name': 'scratch', 'file': local(target)},
                {'driver': 'copy-before-write', 'node-name': 'cbw', 'file': node,
                 'target': 'scratch'})

    def add_filter(self, node):
        for options in self.filter_over(node):
            self.process.qmp.execute('blockdev-add', options)
        self.process.qmp.execute('qom-set', {'path': '/machine/peripheral/vda',
                                             'property': 'drive', 'value': 'cbw'})

    def filter_of_job(self):
        node, = [node['node-name'] for node in
                 self.process.qmp.execute('query-named-block-nodes', {'flat': True})
                 if node['drv'] == 'mirror_top']
        return node

    def accelerate(self):
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})

    def assert_pivoted(self, command):
        self.assert_no_jobs()
        top = self.copy_path() if command == 'copy' else self.files[-1]
        self.assertEqual(self.open_files()[0], os.path.realpath(top))
        self.guest_writes('2M')
        self.assert_same_content(top)

    def test_below_the_filter_of_a_job(self):
        """A commit does not allow it there."""
        self.boot(data=block_jobs.MIRROR_DATA)
        running = self.begin(*self.arguments('copy', '--pivot'), *block_jobs.SLOW)
        self.add_filter(stem(self.files[0]))
        self.accelerate()
        if not self.crashes():
            self.finish(running, qblk.DONE)
            self.assert_pivoted('copy')
            return
        text = self.finish(running, qblk.REFUSED)
        self.assertIn("filter 'cbw' (copy-before-write) above node 'disk-3' would crash", text)
        self.assertIn(f"; '{self.copy_path()}' is incomplete", text)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.remove_as_told(text)
        os.remove(self.copy_path())
        self.job('copy', '--pivot')
        self.assert_pivoted('copy')

    def test_above_the_filter_of_a_job(self):
        """Without the filter the job is resumed; it can be neither ended nor cancelled before."""
        for command in ('commit', 'copy'):
            with self.subTest(command=command):
                self.setUp()
                self.boot(data=block_jobs.MIRROR_DATA)
                running = self.begin(*self.arguments(command, '--pivot'), *block_jobs.SLOW)
                self.add_filter(self.filter_of_job())
                self.accelerate()
                if self.crashes():
                    text = self.finish(running, qblk.REFUSED)
                    self.assertIn('would crash QEMU when the job is cancelled', text)
                    self.qblk('recover', self.process.socket, status=qblk.REFUSED)
                    self.remove_as_told(text)
                    self.qblk('recover', self.process.socket)
                else:
                    self.finish(running, qblk.DONE)
                self.assert_pivoted(command)

    def test_after_a_crash_of_qblk(self):
        self.boot(data=block_jobs.MIRROR_DATA)
        running = self.begin(*self.arguments('copy', '--pivot'), *block_jobs.SLOW)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        self.add_filter(stem(self.files[0]))
        self.accelerate()
        if not self.crashes():
            self.qblk('recover', self.process.socket)
            self.assert_pivoted('copy')
            return
        text = self.qblk('recover', self.process.socket, status=qblk.REFUSED).errors
        self.assertIn("filter 'cbw' (copy-before-write) above node 'disk-3' would crash", text)
        self.assert_no_jobs()
        self.assert_files(*self.files)

    def test_an_existing_commit_between_layers(self):
        self.make(4)
        self.remember()
        top, upper, lower, base = self.files
        arguments = (qcow2(base, read_only=True)
                     + qcow2(lower, backing=stem(base), read_only=True)
                     + qcow2(upper, backing=stem(lower), read_only=True))
        for options in self.filter_over(stem(upper)):
            arguments += blockdev(**options)
        self.run_qemu(arguments + qcow2(top, backing='cbw') + virtio(stem(top), id='vda'))
        self.process.qmp.execute('block-commit', {
            'job-id': 'j', 'device': stem(top), 'top-node': stem(upper), 'base-node': stem(lower),
            'backing-file': lower, 'auto-finalize': False, 'auto-dismiss': False})
        if self.crashes():
            text = self.job('job', '--wait', status=qblk.REFUSED).errors
            self.assertIn("filter 'cbw' (copy-before-write) above node 'disk-2' would crash", text)
            self.job('job', '--abort')
            self.assert_files(*self.files)
        else:
            self.job('job', '--wait')
            self.assert_files(top, lower, base)
            self.assertEqual(self.job('check').errors, '')
        self.assert_same_content()


class BusyBitmap(block_jobs.OneDisk):
    """A bitmap that an export uses crashes each QEMU when its node is closed."""

    def boot_with_export(self, number):
        """The export of the active layer has a bitmap of the layer with NUMBER."""
        self.boot(data='4M')
        self.export(number)

    def export(self, number):
        client = self.process.qmp
        client.execute('block-dirty-bitmap-add', {'node': stem(self.files[number]),
                                                  'name': 'changes', 'disabled': True})
        client.execute('nbd-server-start', {'addr': {'type': 'unix', 'data': {
            'path': os.path.join(self.directory, 'nbd.sock')}}})
        client.execute('block-export-add', {'type': 'nbd', 'id': 'backup', 'bitmaps': ['changes'],
                                            'node-name': stem(self.files[0])})

    def end_export(self):
        self.process.qmp.execute('block-export-del', {'id': 'backup', 'mode': 'hard'})
        self.process.qmp.execute('nbd-server-stop')

    def test_this_qemu_crashes(self):
        self.boot_with_export(1)
        client = self.process.qmp
        client.execute('block-stream', {'job-id': 'j', 'device': stem(self.files[0]),
                                        'auto-dismiss': False})
        self.wait_for(lambda: client.execute('query-jobs')[0]['status'] == 'concluded')
        with self.assertRaises(ConnectionError):
            client.execute('job-dismiss', {'id': 'j'})
            client.execute('blockdev-del', {'node-name': stem(self.files[1])})
            client.execute('query-version')
        self.assertIn('bdrv_dirty_bitmap_busy', self.process.printed())
        self.process.kill()

    def test_each_job(self):
        for command, number in ((('pull',), 1), (('commit', '--pivot'), 0),
                                (('commit', '--top', 'vda[1]'), 1), (('copy', '--pivot'), 0),
                                (('pull', '--base', 'vda[2]'), 1), (('commit', '--pivot'), 2)):
            with self.subTest(command=command, number=number):
                self.setUp()
                self.boot_with_export(number)
                self.refuse_job(*command, message="bitmap 'changes' of '")
                self.refuse_job(*command, '--bitmaps=drop',
                                message=f"bitmap 'changes' of node '{stem(self.files[number])}' "
                                'is in use, and would crash QEMU')
                self.end_export()
                self.job(*command)
                self.assert_no_jobs()
                self.guest_writes('2M')
                self.assert_same_content(self.open_files()[0])

    def test_in_mid_job(self):
        for command, number in ((('pull',), 1), (('copy', '--pivot'), 0)):
            with self.subTest(command=command):
                self.setUp()
                self.boot(data=block_jobs.MIRROR_DATA)
                running = self.begin(*self.arguments(*command), *block_jobs.SLOW)
                self.export(number)
                job, = self.process.qmp.execute('query-jobs')
                self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
                text = self.finish(running, qblk.REFUSED)
                self.assertIn("bitmap 'changes' of node 'disk-", text)
                self.assert_untouched()

    def test_after_a_crash_of_qblk_at_the_change(self):
        """It was recorded that the chain may change, and the command was not received."""
        self.boot(data='4M')
        point = fault_relay.Point(None, fault_relay.LOST, 'job-finalize')
        vm = os.path.join(self.directory, 'vm.sock')
        with fault_relay.FaultRelay(vm, self.process.socket, point,
                                    lambda: running.kill()) as relay:
            running = subprocess.Popen(
                qblk.command(('pull', vm, 'vda')), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=qblk.environment())
            running.wait(qblk.TIMEOUT)
            self.assertTrue(relay.settled.wait(qblk.TIMEOUT))
            self.export(1)
            for _ in range(2):
                text = self.qblk('recover', vm, status=qblk.REFUSED).errors
                self.assertIn("bitmap 'changes' of node 'disk-", text)
                self.assertEqual([job['status'] for job in
                                  self.process.qmp.execute('query-jobs')], ['pending'])
            self.end_export()
            self.qblk('recover', vm)
        self.assert_no_jobs()
        self.assert_same_content(self.files[0])


LIMITS = ['-object', 'throttle-group,id=limits,x-bps-total=1073741824']

# A job on the chain 3 > 2 > 1 > base, the layers that stay, and below which of them the filter has
# to be to stay: it is above the layer with that position before.
JOBS = (
    (('commit', '--top', 'vda[1]', '--base', 'vda[2]'), '3 1 base', (1, 3)),
    (('commit', '--top', 'vda[1]'), '3 base', (1,)),
    (('commit', '--top', 'vda[2]', '--delete'), '3 2 base', (1, 2)),
    (('commit', '--pivot', '--base', 'vda[2]', '--delete'), '1 base', (3,)),
    (('commit', '--pivot'), 'base', ()),
    (('commit', '--keep-overlay'), '3 2 1 base', (1, 2, 3)),
    (('pull', '--base', 'vda[2]'), '3 1 base', (3,)),
    (('pull',), '3', ()),
    (('copy', '--pivot'), 'copy', ()),
    (('copy', '--shallow', '--pivot'), 'copy 2 1 base', (1, 2, 3)),
    (('copy', '--finish'), '3 2 1 base', (1, 2, 3)),
)

# The top and the base of commits that are not of all layers.
COMMITTED = {('--top', 'vda[1]', '--base', 'vda[2]'): (1, 2), ('--top', 'vda[1]'): (1, 3),
             ('--top', 'vda[2]', '--delete'): (2, 3),
             ('--pivot', '--base', 'vda[2]', '--delete'): (0, 2)}


class Between(block_jobs.OneDisk):
    """A filter between two layers. Whether it stays, the headers name the layers that are open, and
    no image that has left the chain stays open."""

    drivers = {'throttle': {'throttle_group': 'limits'}, 'compress': {},
               'copy-before-write': {'target': 'scratch'}}

    def boot_with_filter(self, position, driver='throttle', count=1):
        """The filter is above the layer with POSITION; COUNT of them on top of each other."""
        self.make(4)
        self.remember()
        self.run_qemu(self.chain_with_filter(position, driver, count)
                      + virtio(stem(self.files[0]), id='vda'))

    def chain_with_filter(self, position, driver, count=1):
        arguments = list(LIMITS)
        if driver == 'copy-before-write':
            arguments += blockdev(driver='qcow2', node_name='scratch', file=local(images.create(
                os.path.join(self.directory, 'scratch.qcow2'), size='64M')))
        below = None
        for number in range(len(self.files) - 1, -1, -1):
            arguments += qcow2(self.files[number], backing=below, read_only=number > 0)
            below = stem(self.files[number])
            for layer in range(count if number == position else 0):
                name = f'{driver}{layer}'
                arguments += blockdev(driver=driver, node_name=name, file=below,
                                      **self.drivers[driver])
                below = name
        return arguments

    def all_filters(self):
        return [item['node'] for layer in self.chain()['layers'] for item in layer['filters']]

    def path(self, name):
        return self.copy_path() if name == 'copy' else os.path.join(self.directory,
                                                                    f'disk-{name}.qcow2')

    def assert_consistent(self, stays):
        """The layers STAYS are open, and their headers name each other, as `check` finds too."""
        expected = [self.path(name) for name in stays.split()]
        self.assert_no_jobs()
        self.assert_files(*expected)
        self.assertEqual(self.job('check').status, qblk.DONE)
        for upper, lower in zip(expected, expected[1:] + [None]):
            name, fmt = block_jobs.header(upper)
            self.assertEqual(name and os.path.join(self.directory, name), lower)
            self.assertEqual(fmt, lower and 'qcow2')
        for path in set(self.files) - set(expected):
            if os.path.exists(path):
                self.assert_closed(path)
        return expected[0]

    def try_job(self, job, position, driver, count=1):
        command, stays, kept = job
        with self.subTest(command=command, position=position, driver=driver):
            self.setUp()
            self.boot_with_filter(position, driver, count)
            self.guest_writes('40M')
            names = self.all_filters()
            self.assertEqual(len(names), count)
            text = self.job(*command).errors
            remaining = names if position in kept else []
            self.assertEqual(self.all_filters(), remaining)
            self.assertEqual(set(names) & self.nodes(), set(remaining))
            for name in names:
                self.assertEqual(f"filter '{name}' ({driver})" in text, not remaining)
            self.guest_writes('2M')
            top = self.assert_consistent(stays)
            self.assert_same_content(top)

    def test_each_job(self):
        for number, job in enumerate(JOBS):
            for position in (1 + number % 3,) if brief.IS_BRIEF else (1, 2, 3):
                self.try_job(job, position, 'throttle')

    def test_another_filter(self):
        for job in JOBS[:2]:
            self.try_job(job, 1, 'compress')

    def test_copy_before_write(self):
        """QEMU lets no commit write below it, and some crash when its child is replaced."""
        if qemu.version() < (6, 2):
            self.skipTest('copy-before-write needs QEMU 6.2')
        for job in brief.some(JOBS):
            for position in brief.some((1, 2, 3)):
                message = self.reason(job[0], position)
                if message is None:
                    self.try_job(job, position, 'copy-before-write')
                    continue
                self.setUp()
                self.boot_with_filter(position, 'copy-before-write')
                self.refuse_job(*job[0], message=message)

    @staticmethod
    def reason(command, position):
        """Why COMMAND is refused; None: it is not."""
        if command[0] != 'commit':
            return None
        top, base = COMMITTED.get(command[1:], (0, 3))
        if top < position <= base:
            return 'QEMU starts no commit that writes below it'
        return 'would crash' if top == position and qemu.version() < (9, 1) else None

    def test_several_filters_on_top_of_each_other(self):
        for job, position in brief.some(((JOBS[0], 1), (JOBS[3], 1), (JOBS[6], 3), (JOBS[6], 1))):
            self.try_job(job, position, 'throttle', 3)


    def test_an_existing_job(self):
        """It was started by another client, which may let it end by itself."""
        for automatic in (False, True):
            with self.subTest(automatic=automatic):
                self.setUp()
                self.boot_with_filter(1)
                top, upper, lower, _ = self.files
                self.process.qmp.execute('block-commit', {
                    'job-id': 'j', 'device': stem(top), 'top-node': stem(upper),
                    'base-node': stem(lower), 'speed': 65536, 'auto-finalize': automatic,
                    'auto-dismiss': automatic})
                waiting = self.begin('job', self.process.socket, 'vda', '--wait', '--progress')
                os.read(waiting.stderr.fileno(), 1)  # its progress
                self.process.qmp.execute('block-job-set-speed', {'device': 'j', 'speed': 0})
                self.finish(waiting, qblk.DONE)
                self.assertEqual(self.all_filters(), ['throttle0'])
                self.assert_same_content(self.assert_consistent('3 1 base'))

    def test_qblk_is_killed_before_the_header_is_written(self):
        command = JOBS[0][0]
        for how in (fault_relay.LOST, fault_relay.UNANSWERED):
            with self.subTest(how=how):
                self.setUp()
                self.boot_with_filter(1)
                point = fault_relay.Point(None, how, 'change-backing-file')
                vm = os.path.join(self.directory, 'vm.sock')
                with fault_relay.FaultRelay(vm, self.process.socket, point,
                                            lambda: running.kill()) as relay:
                    running = subprocess.Popen(
                        qblk.command((command[0], vm, 'vda', *command[1:])),
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, env=qblk.environment())
                    running.wait(qblk.TIMEOUT)
                    self.assertTrue(relay.settled.wait(qblk.TIMEOUT))
                    name, _ = block_jobs.header(self.files[0])
                    self.assertEqual(os.path.basename(name), 'disk-2.qcow2' if how
                                     == fault_relay.LOST else 'disk-1.qcow2')
                    self.qblk('recover', vm)
                self.assert_same_content(self.assert_consistent('3 1 base'))

    def test_a_base_of_another_format(self):
        """QEMU would record its format wrongly."""
        self.boot_on_raw_with_filter()
        self.refuse_job('commit', '--top', 'vda[1]',
                        message="could not record the format 'raw' of '")
        self.job('commit', '--pivot')
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])

    def boot_on_raw_with_filter(self):
        base = images.raw(self.directory, 'base.raw', 64 << 20)
        images.write(base, pattern=9, fmt='raw')
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=base,
                               backing_format='raw')
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        self.files = [top, middle, base]
        self.remember()
        self.run_qemu(LIMITS + blockdev(driver='raw', node_name='base', file=local(base))
                      + qcow2(middle, backing='base', read_only=True)
                      + blockdev(driver='throttle', node_name='limited', file='middle',
                                 throttle_group='limits')
                      + qcow2(top, backing='limited') + virtio('top', id='vda'))


class Above(block_jobs.OneDisk):
    """QEMU starts no commit or copy on a disk whose topmost node another node uses."""

    def test_a_node_above_the_disk(self):
        self.make(3)
        self.remember()
        probe = images.create(os.path.join(self.directory, 'probe.qcow2'), backing=self.files[0])
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'probe', 'file': local(probe), 'read-only': True,
            'backing': stem(self.files[0])})
        for command in (('commit', '--pivot'), ('commit', '--top', 'vda[1]'), ('copy', '--pivot')):
            self.refuse_job(*command, message="node 'probe' (qcow2)")
        self.process.qmp.execute('blockdev-del', {'node-name': 'probe'})
        self.job('commit', '--pivot')
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])


if __name__ == '__main__':
    live.main()
