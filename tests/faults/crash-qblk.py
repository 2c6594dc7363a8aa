#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""At each message of each job qblk is killed, or loses its connection, and nothing is lost."""

import os

import crash
import live
import qblk


class CrashOfQblk(crash.TestCase):
    def test_nothing_is_lost(self):
        self.each_kind('qblk is killed', self.judge)

    def test_nothing_is_lost_with_the_connection(self):
        """It breaks at each message, and qblk lives on."""
        self.kill_qblk = lambda: None
        self.each_kind_ends = False
        self.each_kind('the connection breaks', self.judge)

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
            has_begun = was_done or not ('nothing' in said or 'planned: taken back' in said)
            if has_begun or not kind.prelude:
                self.assert_no_jobs()
            else:  # the job was there before, and is unless qblk had come to its end
                jobs = [job['status'] for job in self.process.qmp.execute('query-jobs')]
                self.assertIn(jobs, (['ready'], []) if 'nothing' in said else (['ready'],))
            self.assertTrue(was_done or relay.has_struck)
            nodes = self.named_nodes()
            states = {disk: self.state_of(kind, disk, was_done or 'complete' in said)
                      for disk in kind.disks}
            for disk, state in states.items():
                self.assertEqual(self.nodes_of(disk, nodes),
                                 self.nodes_of(disk, before if state == 'before' else after),
                                 msg=said)
            self.assert_marks(kind, states)
            if kind.holds and when is None and states['vda'] == 'after':
                self.assert_content('vda', self.path(kind.holds))
            for disk, state in states.items():
                top = kind.after[0] if state == 'after' else crash.KEPT[0]
                self.assert_content(disk, self.path(*crash.names_of(disk, [top])))
            return crash.together(list(states.values()))

    def state_of(self, kind, disk, is_said_done):
        chain = self.chain_of(disk)
        before, after = (crash.names_of(disk, names) for names in (crash.KEPT, kind.after))
        self.assertIn(chain, (before, after))
        if before == after:
            return 'after' if is_said_done else 'before'
        return 'after' if chain == after else 'before'

    def assert_marks(self, kind, states):
        marks = {name for name in os.listdir(self.folder) if crash.MARK in name}
        wanted = {f'{crash.DISKS[disk]}-2.qcow2{crash.MARK}' for disk, state in states.items()
                  if kind.buries and state == 'after'}
        self.assertEqual(marks, wanted)


if __name__ == '__main__':
    live.main()
