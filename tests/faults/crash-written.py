#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest was started from the old active image after QEMU was killed, when the guest had already
switched to another image. Then neither image has all data."""

import collections
import contextlib
import dataclasses
import json
import os
import subprocess
import uuid
from unittest import mock

import brief
import crash
import live
import qblk
import qemu
from fault_relay import LOST, Point
from topologies.options import named_chain, virtio

# QEMU closes the old image with the pivot, or when its nodes are deleted
IMPLICIT = crash.Kind('commit --pivot', ('disk-base',), disk='drive', leaves_mark=True)
EXPLICIT = crash.Kind('commit --pivot', ('disk-base',), leaves_mark=True)
COPY = crash.Kind('copy --pivot', ('copy',))
CLEANING = Point(None, LOST, 'job-dismiss')


@dataclasses.dataclass
class Closed:
    """The first command after all nodes of the old chain were deleted."""
    deletions: int
    how: str = LOST

    def is_at(self, _number, message):
        self.deletions -= message.label == 'blockdev-del'
        return message.is_sent and self.deletions <= 0 and message.label != 'blockdev-del'


class Written(crash.TestCase):
    shows_process = True

    def setUp(self):
        super().setUp()
        self.states = collections.Counter()

    def closed(self, kind):
        messages, *_ = self.undisturbed(kind)
        return Closed(sum(message.label == 'blockdev-del' for message in messages))

    @contextlib.contextmanager
    def crashed(self, kind, point, end=qemu.Process.kill):
        """The guest of KIND writes, and its QEMU ends, at POINT."""
        def strike():
            self.kill_qblk()
            self.guest_writes(0x9a)
            end(self.process)

        with contextlib.ExitStack() as stack:
            stack.enter_context(self.guest(kind, point, strike))
            self.guest_writes(0x99)
            self.start_qblk(kind)
            self.assertEqual(crash.stages(), ['cleaning'])
            self.top, self.new = self.path('disk-2'), self.path(kind.after[0])
            yield

    def copy_disk(self, disk):
        """QEMU writes the reference counts of the old image when it closes it."""
        super().copy_disk(disk)
        subprocess.run(qemu.program('qemu-img') + ['amend', '-f', 'qcow2', '-o',
                       'lazy_refcounts=on', self.path('disk-2')], check=True)

    def guest_writes(self, pattern):
        """Write where the old image has data of its own afterwards, which hide those below."""
        for command in (f'write -q -P {pattern} 6M 64k', 'flush'):
            self.process.qmp.execute('human-monitor-command', {
                'command-line':
                    f'qemu-io -d /machine/peripheral/vda/virtio-backend "{command}"'})
        with open(self.path_of_reference('vda'), 'r+b') as file:
            file.seek(6 << 20)
            file.write(bytes([pattern]) * (64 << 10))

    def recover(self, *options, path=None):
        result = qblk.run('--json', 'recover', *options, f'image:{path or self.top}')
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        verdict = json.loads(result.stdout)
        self.assertEqual(verdict['boot'], self.new)
        self.assertEqual(verdict['reason'], 'it has all data')
        self.assert_content('vda', self.new)
        return verdict['not-known']

    def write(self):
        """A guest uses the old image, and ends."""
        done = subprocess.run(qemu.program('qemu-io') + ['-c', 'write -q -P 99 64k 64k', self.top],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def assert_both(self, *paths):
        """None of PATHS is chosen, and nothing is changed."""
        files = sorted(os.listdir(self.directory)), crash.journals()
        for path in paths:
            for command in (['recover', '--dry-run'], ['recover'], ['check']):
                result = qblk.run(*command, f'image:{path}')
                self.assertEqual(result.status, qblk.FAILED, msg=str(result))
                self.assertIn(f"'{self.top}' was written after it was", result.errors)
                self.assertIn('both may have data that the other lacks', result.errors)
                self.assertNotIn('all data', result.text + result.errors)
                self.assertEqual(result.errors.count(' UTC'), 2)
        self.assertEqual((sorted(os.listdir(self.directory)), crash.journals()), files)

    def test_an_old_image_that_qemu_had_closed(self):
        """The journal shows that it was written, and the mark that is left of it."""
        cases = ((IMPLICIT, self.judge_by_journal), (EXPLICIT, self.judge_by_mark),
                 (COPY, self.judge_by_journal), (IMPLICIT, self.judge_by_mark),
                 (EXPLICIT, self.judge_by_journal), (COPY, self.judge_by_mark))
        for kind, judge in cases if brief.IS_FULL else cases[:3]:
            point = CLEANING if kind is IMPLICIT else self.closed(kind)
            with self.subTest(kind), self.crashed(kind, point):
                self.states[judge()] += 1
        crash.report('the old image was written, which QEMU had closed', self.states)

    def judge_by_journal(self):
        self.assertEqual(self.recover('--dry-run'), [])
        self.assertEqual(self.recover('--dry-run', path=self.new), [])
        self.write()
        self.assert_both(self.top, self.new)
        self.assertEqual(crash.stages(), ['cleaning'])
        return 'told by the journal'

    def judge_by_mark(self):
        self.assertEqual(self.recover(), [])
        self.assertEqual(crash.journals(), [])
        os.chmod(self.top, 0o600)
        self.assertEqual(self.recover(), [])
        self.write()
        self.assert_both(self.top)
        return 'told by the mark'

    def test_an_old_image_that_was_still_open(self):
        """What QEMU itself has written when it ended is no reason to doubt."""
        cases = (('killed', qemu.Process.kill, False, 0),
                 ('killed, and written', qemu.Process.kill, True, 1),
                 ('quit', qemu.Process.quit, False, 1))
        for state, end, is_written, doubts in cases:
            with self.subTest(state), self.crashed(EXPLICIT, CLEANING, end):
                if is_written:
                    self.write()
                not_known = self.recover()
                self.assertEqual(len(not_known), doubts, msg=not_known)
                self.assertTrue(all('by QEMU when it closed the image' in text
                                    for text in not_known))
                self.assertEqual(crash.journals(), [])
                self.assertEqual(self.recover(), not_known)
                self.states[state] += 1
        crash.report('the old image may have been written, which was still open', self.states)

    def test_a_qemu_that_was_restarted_with_the_new_image(self):
        with mock.patch.object(qemu, 'FIXED_UUID', uuid.uuid4()), \
                self.crashed(IMPLICIT, CLEANING):
            self.write()
            with qemu.Process(self.directory,
                              named_chain([self.new]) + virtio('disk-base', id='vda')):
                for options in (['--dry-run'], []):
                    output = self.qblk('recover', *options, self.vm, status=qblk.FAILED).errors
                    self.assertIn(f"'{self.top}', which its guest had left before, was written "
                                  'since: both may have data', output)
                    self.assertIn(f'qblk recover image:{self.top}', output)
            self.assert_both(self.top)
        crash.report('the old image was written before QEMU was restarted', {'told': 1})

    def test_a_qemu_that_was_restarted_and_an_old_image_that_was_still_open(self):
        """It is not known who has written it, and so not said that the new image has all data."""
        for is_written in (False, True):
            with mock.patch.object(qemu, 'FIXED_UUID', uuid.uuid4()), \
                    self.crashed(EXPLICIT, CLEANING):
                if is_written:
                    self.write()
                with qemu.Process(self.directory,
                                  named_chain([self.new]) + virtio('disk-base', id='vda')):
                    for options in (['--dry-run'], []):
                        text = self.qblk('recover', *options, self.vm).text
                        self.assertEqual('it has all data' in text, not is_written, msg=text)
                        self.assertEqual(f"'{self.top}' was written after its guest had left it: "
                                         'by QEMU' in text, is_written, msg=text)
                self.assertEqual(len(self.recover()), is_written)
        crash.report('QEMU is started again, and the old image was open', {'told': 2})

    def test_a_merge_that_was_not_interrupted(self):
        for kind in (EXPLICIT, IMPLICIT) if brief.IS_FULL else (EXPLICIT,):
            with self.subTest(kind), self.guest(kind):
                self.top, self.new = self.path('disk-2'), self.path('disk-base')
                self.qblk(*kind.arguments(self.process.socket, self.directory))
                self.guest_writes(0x9a)
                self.process.quit()
                self.assertEqual(self.recover(), [])
                self.write()
                self.assert_both(self.top)
                self.states['told'] += 1
        crash.report('a merged image was written', self.states)


if __name__ == '__main__':
    live.main()
