#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""At each message of each job qblk is killed, interrupted, or loses its connection. No data are
lost."""

import os
import signal

import crash
import fault_relay
import live
import qblk


class CrashOfQblk(crash.TestCase):
    def test_nothing_is_lost(self):
        self.each_kind('qblk is killed', self.judge)

    def test_nothing_is_lost_with_the_connection(self):
        """The connection breaks at each message, and qblk keeps running."""
        self.kill_qblk = lambda: None
        self.each_kind_ends = False
        self.each_kind('the connection breaks', self.judge)

    def judge(self, kind, point, before, after):
        when = (None, 'before', 'after')[point.number % 3]  # the time of the writes

        def strike():
            if when == 'before':
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            was_done = status == qblk.DONE
            if when == 'after':
                self.guest_changes()
            output = self.qblk('recover', self.vm).text
            self.assertEqual(self.qblk('recover', self.vm).text, 'no operation was interrupted\n')
            self.assertEqual(crash.journals(), [])
            has_begun = was_done or not ('no operation' in output
                                         or "'planned': rolled back" in output)
            if has_begun or not kind.prelude:
                self.assert_no_jobs()
            else:  # the job existed before, and remains unless qblk had completed it
                jobs = [job['status'] for job in self.process.qmp.execute('query-jobs')]
                self.assertIn(jobs, (['ready'], []) if 'no operation' in output else (['ready'],))
            self.assertTrue(was_done or relay.has_struck)
            states = self.judge_disks(kind, before, after, was_done or 'complete' in output, output)
            if kind.holds and when is None and states['vda'] == 'after':
                self.assert_content('vda', self.path(kind.holds))
            self.assert_contents(kind, states)
            return crash.together(list(states.values()))


class Interrupted(crash.TestCase):
    """Ctrl-C at each message: qblk exits normally, and nothing remains to recover."""

    def points_of(self, message, number):
        return [fault_relay.Point(number, fault_relay.NOT_CUT)]

    def test_no_data_are_lost_and_no_journal_remains(self):
        self.each_kind('the user interrupts', self.judge)

    def interrupt_qblk(self):
        self.began.wait()
        self.running.send_signal(signal.SIGINT)

    def judge(self, kind, point, before, after):
        with self.guest(kind, point, self.interrupt_qblk) as relay:
            status, output = self.start_qblk(kind)
            self.assertTrue(relay.has_struck)
            self.assertEqual(crash.journals(), [])
            jobs = [job['status'] for job in self.process.qmp.execute('query-jobs')]
            # before there is anything to cancel, the signal ends qblk like any program
            has_begun = status != -signal.SIGINT
            self.assertEqual(jobs, [] if has_begun or not kind.prelude else ['ready'])
            states = self.judge_disks(kind, before, after, status == qblk.DONE, output)
            is_cancelled = 'before' in states.values() and has_begun
            self.assertEqual(status, qblk.JOB_FAILED if is_cancelled else
                             qblk.DONE if has_begun else -signal.SIGINT, msg=output)
            self.assertEqual(': interrupted' in output, is_cancelled, msg=output)
            if kind.command == 'copy' and states['vda'] == 'before':
                self.assertEqual('is incomplete' in output, os.path.exists(self.path('copy')))
            self.assert_contents(kind, states)
            return crash.together(list(states.values()))


if __name__ == '__main__':
    live.main()
