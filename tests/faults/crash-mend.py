#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk is killed, interrupted, or loses its connection at each message of a mend. Nothing is left
over, and a second mend puts right what the first one has not."""

import contextlib
import dataclasses
import os
import signal

import block_jobs
import crash
import fault_relay
import live
import qblk
from topologies.options import blockdev, local, qcow2, virtio

WRONG = 'moved-away.qcow2'  # in the header


@dataclasses.dataclass(frozen=True)
class Mend(crash.Kind):
    def arguments(self, vm, directory):
        _, *options = self.name.split()
        return ['mend', vm, 'vda', *options]


MEND = Mend('mend', crash.KEPT)


class TestCase(crash.TestCase):
    """The header of the layer above the base, which is raw, names a file that does not exist: a job
    puts it right."""

    kinds = [MEND]
    shows_process = True

    def copy_disk(self, disk):
        super().copy_disk(disk)
        base, layer = self.path('disk-base'), self.path('disk-1')
        block_jobs.flatten(base, base + '.raw')
        os.rename(base + '.raw', base)
        block_jobs.set_backing(layer, WRONG)

    def arguments(self, kind):
        files = [self.path(name) for name in crash.KEPT]
        return (blockdev(driver='raw', node_name='disk-base', file=local(files[2]))
                + qcow2(files[1], backing='disk-base') + qcow2(files[0], backing='disk-1')
                + virtio('disk-2', id='vda'))

    def each_mend(self, what, judge):
        crash.report(what, self.each_point(MEND, judge))

    def is_wrong(self):
        name, layer_format = block_jobs.header(self.path('disk-1'))
        if name == WRONG:
            return True
        self.assertEqual((os.path.basename(name), layer_format), ('disk-base.qcow2', 'raw'))
        return False

    def judge_rest(self, before, output):
        """Nothing is left over but the wrong header, which can be put right. Returns the state."""
        self.assert_no_jobs()
        self.assertEqual(crash.journals(), [])
        self.assertEqual(self.named_nodes(), before, msg=output)
        self.assertEqual(self.chain_of('vda'), crash.KEPT)
        was_wrong = self.is_wrong()
        self.qblk('mend', self.vm, 'vda')
        self.assertFalse(self.is_wrong())
        self.qblk('check', self.vm, 'vda')
        self.assert_content('vda', self.path('disk-2'))
        return 'still wrong' if was_wrong else 'right'


class CrashOfQblk(TestCase):
    def test_a_second_mend_does_the_rest(self):
        self.each_mend('qblk is killed during a mend', self.judge)

    def test_the_same_with_the_connection(self):
        self.kill_qblk = lambda: None
        self.each_mend('the connection breaks during a mend', self.judge)

    def judge(self, kind, point, before, _after):
        when = (None, 'before', 'after')[point.number % 3]  # the time of the writes

        def strike():
            if when == 'before':
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike):
            _, errors = self.start_qblk(kind)
            if when == 'after':
                self.guest_changes()
            output = self.qblk('recover', self.vm).text
            self.assertEqual(self.qblk('recover', self.vm).text, 'no operation was interrupted\n')
            return self.judge_rest(before, errors + output)


class Interrupted(TestCase):
    """Ctrl-C at each message: qblk exits normally, and nothing remains to recover."""

    def points_of(self, message, number):
        return [fault_relay.Point(number, fault_relay.NOT_CUT)]

    def test_nothing_remains(self):
        self.each_mend('the user interrupts a mend', self.judge)

    def interrupt_qblk(self):
        self.began.wait()
        self.running.send_signal(signal.SIGINT)

    def judge(self, kind, point, before, _after):
        with self.guest(kind, point, self.interrupt_qblk):
            status, output = self.start_qblk(kind)
            self.assertIn(status, (qblk.DONE, qblk.JOB_FAILED, -signal.SIGINT), msg=output)
            return self.judge_rest(before, output)


LEFTOVERS = Mend('mend --leftovers', crash.KEPT)


class Leftovers(TestCase):
    """Two nodes and a job are left: `mend --leftovers` is struck at each command that removes one
    of them."""

    removals = ('job-dismiss', 'blockdev-del', 'blockdev-del')

    @contextlib.contextmanager
    def guest(self, *arguments, **options):
        with super().guest(*arguments, **options) as relay:
            qmp = self.process.qmp
            for name in ('qblk-vda-1', 'qblk-vda-2'):
                qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': name})
            qmp.execute('blockdev-create', {'job-id': 'qblk-copy-vda-create', 'options': {
                'driver': 'file', 'filename': self.path('none/x'), 'size': 65536}})
            qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'qblk-copy-vda-create',
                                                 'status': 'concluded'})
            yield relay

    def copy_disk(self, disk):
        crash.TestCase.copy_disk(self, disk)

    def arguments(self, kind):
        return crash.TestCase.arguments(self, kind)

    def undisturbed(self, kind):
        """In addition: which commands change anything."""
        messages, before, after = super().undisturbed(kind)
        self.assertEqual(before - after, {'qblk-vda-1', 'qblk-vda-2'})
        self.assertEqual([message.label for message in messages
                          if message.is_sent and message.label in self.removals],
                         list(self.removals))
        return messages, before, after

    def points_of(self, message, number):
        is_removal = message.is_sent and message.label in self.removals
        return [fault_relay.Point(number, how) for how in self.cuts] if is_removal else []

    def sort_of(self, kind, message, earlier):
        return message.label, earlier[message.label]

    def judge_second(self, before, *, is_recovered):
        """A second one succeeds. Returns what the first one had not removed."""
        left = {name for name in self.named_nodes() if name.startswith('qblk-')}
        jobs = self.process.qmp.execute('query-jobs')
        if not is_recovered:
            self.qblk('recover', self.vm)
        self.qblk('mend', self.vm, 'vda', '--leftovers')
        self.assert_no_jobs()
        self.assertEqual(crash.journals(), [])
        self.assertEqual(self.named_nodes(), before - {'qblk-vda-1', 'qblk-vda-2'})
        self.qblk('check', self.vm, 'vda')
        self.assert_content('vda', self.path('disk-2'))
        return f'{len(jobs)} job and {len(left)} nodes left'

    def judge_killed(self, kind, point, before, _after):
        with self.guest(kind, point, self.kill_qblk):
            self.start_qblk(kind)
            return self.judge_second(before, is_recovered=False)

    def test_a_second_mend_removes_the_rest(self):
        self.cuts = (fault_relay.LOST, fault_relay.UNANSWERED)
        crash.report('qblk is killed while it removes leftovers',
                     self.each_point(LEFTOVERS, self.judge_killed))

    def take_node(self):
        """Another client uses the node qblk-vda-2 right before the message, if it is there."""
        self.is_taken = 'qblk-vda-2' in self.nodes()
        if self.is_taken:
            self.process.qmp.execute('blockdev-add', {'driver': 'raw', 'node-name': 'user',
                                                      'file': 'qblk-vda-2'})

    def judge_taken(self, kind, point, before, _after):
        with self.guest(kind, point, self.take_node):
            status, errors = self.start_qblk(kind)
            self.assertEqual((status, errors.count('\n')),
                             (qblk.FAILED if self.is_taken else qblk.DONE, 1), msg=errors)
            self.assertIn("warning: job 'qblk-copy-vda-create' had failed: ", errors)
            self.assertEqual('qblk-vda-2' in self.nodes(), self.is_taken)
            self.assertNotIn('qblk-vda-1', self.nodes())
            if self.is_taken:
                self.process.qmp.execute('blockdev-del', {'node-name': 'user'})
            self.judge_second(before, is_recovered=True)
            return 'taken' if self.is_taken else 'removed'

    def test_a_node_that_came_into_use_remains(self):
        """QEMU refuses to delete it, or it is not tried; the rest is removed."""
        self.cuts = (fault_relay.NOT_CUT,)
        crash.report('a client uses a node while it is removed',
                     self.each_point(LEFTOVERS, self.judge_taken))


if __name__ == '__main__':
    live.main()
