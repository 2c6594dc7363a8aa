#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Filters above a disk and between its layers: a job that would crash this QEMU is refused, headers
name the layer below the filter, and no filter keeps an image open that has left the chain."""

import json
import os
import signal

import block_jobs
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def arguments(self, command, *options):
        """COMMAND for the disk; a copy has the destination self.copy_path()."""
        paths = [self.copy_path()] if command == 'copy' else []
        return (command, self.process.socket, 'vda', *paths, *options)

    def job(self, *command, **options):
        return self.qblk(*self.arguments(*command), **options)

    def refuse_job(self, *command, message):
        self.refuse(*self.arguments(*command), message=message)
        self.assert_no_jobs()
        self.assertFalse(os.path.exists(self.copy_path()))

    def copy_path(self):
        return os.path.join(self.directory, 'copy.qcow2')

    def remove_as_told(self, text):
        """Send the commands in the message TEXT."""
        decoder = json.JSONDecoder()
        at = text.index('{"execute"')
        while text[at:].startswith('{"execute"'):
            command, end = decoder.raw_decode(text[at:])
            self.process.qmp.execute(command['execute'], command['arguments'])
            at += end + 1


COPIES = (('copy', '--pivot'), ('copy', '--finish'), ('copy', '--shallow', '--pivot'))


class Compress(TestCase):
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


class CopyBeforeWrite(TestCase):
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
        self.boot(data='4M')
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
                self.boot(data='4M')
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
        self.boot(data='4M')
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
        self.assert_same_content()


if __name__ == '__main__':
    live.main()
