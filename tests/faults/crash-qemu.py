#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU is killed at each message of each job, and `qblk recover image:` says what to boot from."""

import json
import os
import subprocess

import crash
import live
import qblk
import qemu


class CrashOfQemu(crash.TestCase):
    def test_what_is_said_to_boot_from_has_all_data(self):
        for kind in self.kinds:
            self.each_point(kind, self.judge)

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
            # one that has ended has said which image is the active one
            top = self.path(kind.after[0]) if status == qblk.DONE else self.files[0]
            said = qblk.run('--json', 'recover', 'image:' + top)
            again = qblk.run('--json', 'recover', 'image:' + top)
            self.assertEqual(again.status, said.status, msg=f'{said}\n{again}')
            if said.status != qblk.DONE:
                self.assertEqual(said.status, qblk.FAILED, msg=str(said))
                self.assertIn('not known', said.errors)
                self.assertTrue(writes, msg=str(said))
                return 'not known'
            boot = json.loads(said.stdout)['boot']
            self.assertEqual(json.loads(again.stdout)['boot'], boot, msg=f'{said}\n{again}')
            self.assertEqual(crash.journals(), [])
            done = subprocess.run(
                qemu.program('qemu-img') + ['compare', '-F', 'raw', boot, self.reference],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=f'{said}\n{done.stdout}{done.stderr}')
            if kind.after == crash.KEPT:
                return 'unchanged'
            return 'after' if self.image_chain(boot) == kind.after else 'before'

    @staticmethod
    def image_chain(path):
        done = subprocess.run(
            qemu.program('qemu-img') + ['info', '--backing-chain', '--output=json', path],
            capture_output=True, check=True)
        return tuple(os.path.basename(image['filename']).partition('.')[0]
                     for image in json.loads(done.stdout))

    def assert_not_reached(self):
        """What cannot be reached is not said to be settled."""
        left = crash.journals()
        result = qblk.run('recover')
        if left:
            self.assertEqual(result.status, qblk.NO_CONNECTION, msg=str(result))
            self.assertIn(f'qblk recover image:{self.files[0]}', result.errors)
        else:
            self.assertEqual(result.text, 'nothing was left unfinished\n', msg=str(result))
        self.assertEqual(crash.journals(), left)


if __name__ == '__main__':
    live.main()
