#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk is killed around the message that carries bitmaps over. After the recovery an incremental
backup made from them has the data of the guest."""

import collections
import os
import shutil

import bitmaps
import block_jobs
import crash
import images
import live
from fault_relay import Point
import qblk

KINDS = [
    crash.Kind('commit --pivot', ('disk-base',), leaves_mark=True),
    crash.Kind('commit --top vda[1]', ('disk-2', 'disk-base')),
    crash.Kind('pull', ('disk-2',)),
    crash.Kind('copy --pivot', ('copy',)),
    crash.Kind('job --pivot', ('disk-base',), leaves_mark=True, prelude=('commit', '--active')),
]
BACKUP = 'disk-backup.raw'  # in full, from when the bitmaps began
ALL = (65536, True, True)


class Bitmaps(crash.TestCase):
    """All layers have the bitmap "full", and the base lacks "inc"; what they record is the same."""

    kinds = KINDS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reference = os.path.join(cls.template, crash.reference_of('vda'))
        shutil.copy(reference, os.path.join(cls.template, BACKUP))
        for number, name in enumerate(crash.KEPT):
            path = os.path.join(cls.template, name + '.qcow2')
            images.add_bitmap(path, 'full')
            if name != 'disk-base':
                images.add_bitmap(path, 'inc')
                images.write(path, pattern=0x90 + number, offset=(6 << 20) + (number << 18))
        block_jobs.flatten(os.path.join(cls.template, 'disk-2.qcow2'), reference)

    def choose(self, _kind, messages):
        """From the transaction to the answer to the command that changes the chain."""
        seen = [message.label for message in messages]
        final = next(label for label in seen if label in crash.ENDS)
        for label in ('transaction', 'answer to transaction', final, f'answer to {final}'):
            message = messages[seen.index(label)]
            for number, cut in enumerate(message.cuts(seen.index(label))):
                yield message, Point(number, cut.how, label)

    def test_they_are_carried_over(self):
        states = collections.Counter()
        for kind in KINDS:
            states += self.each_point(kind, self.judge)
        crash.report('qblk is killed, and bitmaps are carried over', states)

    def entries(self, node):
        return {name: (entry['granularity'], entry['persistent'], entry['recording'])
                for name, entry in bitmaps.of_nodes(self.process).get(node, {}).items()}

    def judge(self, kind, point, _before, _after):
        is_early = point.number % 2 == 0  # when the guest writes

        def strike():
            if is_early:
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike):
            self.start_qblk(kind)
            if not is_early:
                self.guest_changes()
            self.qblk('recover', self.vm)
            self.assertEqual(crash.journals(), [])
            if self.chain_of('vda') == crash.KEPT:  # the job existed, and nothing was sent for it
                self.qblk(*kind.arguments(self.vm, self.directory))
            self.assertEqual(self.chain_of('vda'), kind.after)
            self.assert_backups('qblk-vda-1' if kind.command == 'copy' else kind.after[0], kind)
            return 'after'

    def assert_backups(self, node, kind):
        found = self.entries(node)
        self.assertEqual(found, {'full': ALL, 'inc': ALL})
        if kind.after[0] == 'disk-2' and len(kind.after) > 1:
            self.assertEqual(self.entries(kind.after[1]), {'full': ALL, 'inc': ALL})
            self.qblk('commit', self.process.socket, 'vda', '--pivot')
            node = kind.after[1]
        for name in found:
            backup = os.path.join(self.directory, f'{name}.raw')
            shutil.copy(os.path.join(self.directory, BACKUP), backup)
            bitmaps.back_up(self.process, node, name, backup)
            with open(backup, 'rb') as copy, open(self.path_of_reference('vda'), 'rb') as wanted:
                self.assertTrue(copy.read() == wanted.read(), msg=name)


if __name__ == '__main__':
    live.main()
