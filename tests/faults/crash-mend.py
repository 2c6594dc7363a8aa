#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk is killed, interrupted, or loses its connection at each message of a mend. Nothing is left
over, and a second mend puts right what the first one has not."""

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
        return ['mend', vm, 'vda']


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


if __name__ == '__main__':
    live.main()
