#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""At each message of each job qblk is killed, or loses its connection, and nothing is lost."""

import os

import crash
import live
import qblk


class CrashOfQblk(crash.TestCase):
    def test_nothing_is_lost(self):
        for kind in self.kinds:
            self.each_point(kind, self.judge)

    def test_nothing_is_lost_with_the_connection(self):
        """It breaks at each message, and qblk lives on."""
        self.kill_qblk = lambda: None
        for kind in self.kinds:
            self.each_point(kind, self.judge)

    def judge(self, kind, point, before, after):
        when = (None, 'before', 'after')[point.number % 3]  # the guest writes, of the crash

        def strike():
            if when == 'before':
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            was_done = status == qblk.DONE
            if when == 'after':
                self.guest_changes()
            said = self.qblk('recover', self.vm).text
            self.assertEqual(self.qblk('recover', self.vm).text, 'nothing was left unfinished\n')
            self.assertEqual(crash.journals(), [])
            if not kind.prelude or was_done or 'nothing' not in said:
                self.assert_no_jobs()  # else it has not come to what was asked
            self.assertTrue(was_done or relay.has_struck)
            state = self.state_of(kind, was_done or 'complete' in said)
            self.assertEqual(self.named_nodes(), before if state == 'before' else after, msg=said)
            self.assert_marks(kind, state)
            if state == 'after' and kind.holds and when is None:
                self.assert_same_content(self.path(kind.holds))
            top = kind.after[0] if state == 'after' else crash.KEPT[0]
            self.assert_same_content(self.path(top))
            return state

    def state_of(self, kind, is_said_done):
        files = [os.path.basename(path) for path in self.open_files()]
        if kind.after == crash.KEPT:
            self.assertEqual(files, [name + '.qcow2' for name in crash.KEPT])
            return 'after' if is_said_done else 'before'
        states = {tuple(name + '.qcow2' for name in names): state
                  for names, state in ((crash.KEPT, 'before'), (kind.after, 'after'))}
        self.assertIn(tuple(files), states)
        return states[tuple(files)]

    def assert_marks(self, kind, state):
        marks = [name for name in os.listdir(self.folder) if crash.MARK in name]
        wanted = ['disk-2.qcow2' + crash.MARK] if kind.buries and state == 'after' else []
        self.assertEqual(marks, wanted)


if __name__ == '__main__':
    live.main()
