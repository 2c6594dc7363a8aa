#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU is killed at each message of each job. `qblk recover image:` names the image to boot
from."""

import crash
import live
import qblk


class CrashOfQemu(crash.TestCase):
    def test_the_image_to_boot_has_all_data(self):
        self.each_kind('QEMU is killed', self.judge)

    def judge(self, kind, point, *_):
        writes = point.number % 2 == 1

        def strike():
            if writes:
                self.guest_changes()
            self.process.kill()

        with self.guest(kind, point, strike):
            status, _ = self.start_qblk(kind)
            if self.process.running:  # this time there were fewer messages
                self.process.kill()
            self.assert_not_reached()
            states = [self.judge_image(kind, disk, status == qblk.DONE, writes)
                      for disk in kind.disks]
            if 'not known' not in states:
                self.assertEqual(crash.journals(), [])
            return crash.together(states)

    def assert_not_reached(self):
        """An operation whose VM cannot be reached is not reported as resolved."""
        left = crash.journals()
        result = qblk.run('recover')
        if left:
            self.assertEqual(result.status, qblk.NO_CONNECTION, msg=str(result))
            tops = [self.path(*crash.names_of(disk, crash.KEPT[:1])) for disk in self.disks]
            self.assertTrue(any(f'qblk recover image:{top}' in result.errors for top in tops),
                            msg=str(result))
        else:
            self.assertEqual(result.text, 'no operation was interrupted\n', msg=str(result))
        self.assertEqual(crash.journals(), left)


if __name__ == '__main__':
    live.main()
