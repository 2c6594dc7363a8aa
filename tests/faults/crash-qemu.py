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
            states = [self.judge_disk(kind, disk, status == qblk.DONE, writes)
                      for disk in kind.disks]
            if 'not known' not in states:
                self.assertEqual(crash.journals(), [])
            return crash.together(states)

    def judge_disk(self, kind, disk, has_ended, writes):
        # one that has ended has said which image is the active one
        top, *_ = crash.names_of(disk, kind.after if has_ended else crash.KEPT)
        checked = qblk.run('--json', 'check', f'image:{self.path(top)}')
        said = qblk.run('--json', 'recover', f'image:{self.path(top)}')
        again = qblk.run('--json', 'recover', f'image:{self.path(top)}')
        self.assertEqual(again.status, said.status, msg=f'{said}\n{again}')
        if said.status != qblk.DONE:
            self.assertEqual(said.status, qblk.FAILED, msg=str(said))
            self.assertIn('not known', said.errors)
            self.assertEqual(checked.errors, said.errors)
            self.assertTrue(writes, msg=str(said))
            return 'not known'
        boot = json.loads(said.stdout)['boot']
        self.assertEqual(json.loads(again.stdout)['boot'], boot, msg=f'{said}\n{again}')
        told = json.loads(checked.stdout)
        self.assertEqual(told.get('boot', self.path(top)), boot, msg=f'{checked}\n{said}')
        self.assertEqual(checked.status, qblk.FAILED if 'boot' in told else qblk.DONE)
        self.assert_content(disk, boot)
        if kind.after == crash.KEPT:
            return 'unchanged'
        is_after = self.image_chain(boot) == crash.names_of(disk, kind.after)
        return 'after' if is_after else 'before'

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
            tops = [self.path(*crash.names_of(disk, crash.KEPT[:1])) for disk in self.disks]
            self.assertTrue(any(f'qblk recover image:{top}' in result.errors for top in tops),
                            msg=str(result))
        else:
            self.assertEqual(result.text, 'nothing was left unfinished\n', msg=str(result))
        self.assertEqual(crash.journals(), left)


if __name__ == '__main__':
    live.main()
