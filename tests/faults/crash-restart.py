#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU was restarted before the interrupted operation is resumed. Its jobs are gone, and the result
depends on the image that the guest uses now."""

import collections
import contextlib
import os
import shutil
import uuid
from unittest import mock

import block_jobs
import crash
import images
import live
import qblk
import qemu
from block_jobs import SLOW
from fault_relay import UNANSWERED, Point
from topologies.options import named_chain, stem, virtio

SECTOR = 512
RESTARTED = 'QEMU was restarted with the image'


class TestCase(crash.TestCase):
    def setUp(self):
        super().setUp()
        # the same machine, as in the configuration of a manager
        self.enterContext(mock.patch.object(qemu, 'FIXED_UUID', uuid.uuid4()))
        self.states = collections.Counter()

    def recover(self, status=qblk.DONE):
        result = self.qblk('recover', self.vm, status=status)
        return result.text if status == qblk.DONE else result.errors

    def leave(self, kind):
        """Start a slow job on the guest, and kill its qblk."""
        block_jobs.end(self.begin(*kind.arguments(self.vm, self.directory), *SLOW))
        self.assertEqual(len(crash.journals()), 1)

    @contextlib.contextmanager
    def started_with(self, *names):
        """Start QEMU again, with the images of those NAMES."""
        files = [self.path(name) for name in names]
        arguments = named_chain(files) + virtio(stem(files[0]), id='vda')
        with qemu.Process(self.directory, arguments) as self.process:
            yield


class Pivoting(TestCase):
    """QEMU and qblk end together, during the command that changes the chain."""

    @contextlib.contextmanager
    def crashed(self, name, label):
        """The guest of the job NAME, in which both end at the first LABEL."""
        kind = crash.kind_of(name)

        def strike():
            self.kill_qblk()
            self.has_switched = self.has_concluded()
            self.before = self.path_of_reference('vda') + '.before'
            shutil.copy(self.path_of_reference('vda'), self.before)
            self.guest_changes()
            self.process.kill()

        with self.guest(kind, Point(None, UNANSWERED, label), strike):
            self.start_qblk(kind)
            self.assertEqual(len(crash.journals()), 1)
            yield

    def has_concluded(self):
        """The job has switched the guest, which writes to the new image from now on."""
        return all(job['status'] == 'concluded' for job in self.process.qmp.execute('query-jobs'))

    def assert_content_but_last_writes(self, path):
        """PATH has the data of the guest. If it wrote last before it was switched, the job may have
        copied none of that, or a part, when QEMU was killed; all other data have to be there."""
        if self.has_switched:
            self.assert_content('vda', path)
            return
        raw = os.path.join(self.directory, 'found.raw')
        block_jobs.flatten(path, raw)
        with contextlib.ExitStack() as stack:
            found, before, after = (stack.enter_context(open(name, 'rb')) for name in (
                raw, self.before, self.path_of_reference('vda')))
            for offset in range(0, crash.SIZE, SECTOR):
                self.assertIn(found.read(SECTOR), (before.read(SECTOR), after.read(SECTOR)),
                              msg=f'{path}, byte {offset}')

    def test_with_the_old_image(self):
        for name, new in (('commit --pivot', 'disk-base'), ('copy --pivot', 'copy')):
            with self.subTest(name), self.crashed(name, 'job-complete'):
                with self.started_with(*crash.KEPT):
                    output = self.recover(qblk.FAILED)
                    self.assertIn(f"{RESTARTED} '{self.files[0]}' for 'vda'", output)
                    self.assertIn(f"may have been switched to '{self.path(new)}' before", output)
                    self.assertEqual(self.recover(qblk.FAILED), output)
                    before = self.state()
                    self.qblk('commit', self.vm, 'vda', '--pivot', status=qblk.FAILED)
                    self.assertEqual(self.state(), before)
                self.states[self.judge_image(new)] += 1
        crash.report('QEMU is started again with the old image', self.states)

    def judge_image(self, new):
        """The job may have copied the last data of the guest; then both images have them."""
        result = qblk.run('recover', f'image:{self.files[0]}')
        if result.status != qblk.DONE:
            self.assertEqual(result.status, qblk.FAILED, msg=str(result))
            self.assertIn('not known', result.errors)
            return 'old image told, not known'
        self.assertIn(f'boot from: {self.path(new)}\n', result.text)
        self.assert_content('vda', self.path(new))
        return 'old image told, after'

    def test_with_the_new_image(self):
        for name, chain in (('commit --pivot', ['disk-base']), ('copy --pivot', ['copy'])):
            with self.subTest(name), self.crashed(name, 'job-complete'):
                with self.started_with(*chain):
                    output = self.recover()
                    self.assertIn(f"{RESTARTED} '{self.path(chain[0])}'", output)
                    self.assertIn(f"may be only in '{self.files[0]}'", output)
                    self.assertEqual(self.recover(), 'no operation was interrupted\n')
                self.assertEqual(crash.journals(), [])
                self.assert_content_but_last_writes(self.path(chain[0]))
                # from now on the old image is stale
                with self.started_with(*crash.KEPT):
                    output = self.qblk('commit', self.vm, 'vda', '--pivot',
                                     status=qblk.REFUSED).errors
                    self.assertIn(f"'{self.files[0]}' is stale: it was merged into "
                                  f"'{self.path(chain[0])}'", output)
                self.states['new image settled'] += 1
        crash.report('QEMU is started again with the new image', self.states)

    def test_with_another_image(self):
        """For example a rescue system: the guest may use either of the two images later."""
        with self.crashed('copy --pivot', 'job-complete'):
            images.create(self.path('rescue'), str(crash.SIZE))
            left = crash.journals()
            with self.started_with('rescue'):
                output = self.recover(qblk.FAILED)
                self.assertIn('which is neither', output)
                self.assertIn(f"use 'qblk recover image:{self.files[0]}'", output)
                self.assertEqual(crash.journals(), left)
            result = qblk.run('recover', f'image:{self.files[0]}')
            self.assertIn(self.path('copy'), result.text + result.errors)
        crash.report('QEMU is started again with a third image', {'told': 1})

    def test_with_the_same_active_image(self):
        for name, chain, outcome in (('pull', ['disk-2'], 'as planned'),
                                        ('commit --top vda[1]', crash.KEPT, 'unchanged')):
            with self.subTest(name), self.crashed(name, 'job-finalize'):
                with self.started_with(*chain):
                    output = self.recover()
                    self.assertIn(RESTARTED, output)
                    self.assertIn(outcome, output)
                self.assertEqual(crash.journals(), [])
                self.assert_content('vda', self.files[0])
                self.states['told'] += 1
        crash.report('QEMU is started again with the same active image', self.states)


class Started(TestCase):
    """The job had not ended."""

    def test_with_the_old_image(self):
        for name in ('commit --top vda[1]', 'pull', 'commit --pivot'):
            with self.subTest(name), self.guest(crash.kind_of(name)):
                self.leave(crash.kind_of(name))
                self.process.kill()
                with self.started_with(*crash.KEPT):
                    self.assertIn(RESTARTED, self.recover())
                    self.assertEqual(crash.journals(), [])
                    self.assert_untouched()
                self.states['only looked at'] += 1
        crash.report('QEMU is started again while the job was started', self.states)

    def test_with_the_new_image(self):
        with self.guest(crash.kind_of('commit --pivot')):
            self.leave(crash.kind_of('commit --pivot'))
            self.process.kill()
            with self.started_with('disk-base'):
                output = self.recover(qblk.FAILED)
                self.assertIn(f"all data are in '{self.files[0]}'", output)
            text = self.qblk('recover', f'image:{self.files[0]}').text
            self.assertIn(f'boot from: {self.files[0]}\n', text)
            self.assertEqual(crash.journals(), [])
        crash.report('QEMU is started with the new image while the job was started', {'told': 1})


class Stale(TestCase):
    """An overlay whose data were merged into its base."""

    def test_it_is_not_merged_again(self):
        kind = crash.kind_of('commit --pivot')
        with self.guest(kind):
            self.start_qblk(kind)
            self.guest_changes()
            self.process.kill()
            with self.started_with(*crash.KEPT):
                result = self.qblk('commit', self.vm, 'vda', '--pivot', status=qblk.REFUSED)
                self.assertIn('merged into', result.errors)
                self.assertIn(f'qblk recover image:{self.files[0]}', result.errors)
            text = self.qblk('recover', f'image:{self.files[0]}').text
            self.assertIn(f'boot from: {self.files[2]}\n', text)
            self.assert_content('vda', self.files[2])
        crash.report('QEMU is started with an overlay that was merged', {'not merged again': 1})


class OverTheNetwork(TestCase):
    """Over TCP, or behind a relay, qblk cannot see the process; it compares the threads of the
    CPUs."""

    def test_a_restart_is_noticed(self):
        kind = crash.kind_of('commit --top vda[1]')
        with self.guest(kind, tcp=True):
            self.vm = f'tcp:{self.process.tcp}'
            port = int(self.process.tcp.rpartition(':')[2])
            self.leave(kind)
            self.process.kill()
            disk = named_chain(self.files) + virtio('disk-2', id='vda')
            with qemu.Process(self.directory, disk, tcp=port) as self.process:
                self.assertIn(RESTARTED, self.recover())
                self.assertEqual(self.recover(), 'no operation was interrupted\n')
                self.assert_untouched()
        crash.report('QEMU is started again, over the network', {'noticed': 1})

    def test_the_same_QEMU_is_known_again(self):
        kind = crash.kind_of('commit --top vda[1]')
        with self.guest(kind, tcp=True):
            self.vm = f'tcp:{self.process.tcp}'
            self.leave(kind)
            for job in self.process.qmp.execute('query-block-jobs'):
                self.process.qmp.execute('block-job-set-speed', {'device': job['device'],
                                                                 'speed': 0})
            self.assertIn("interrupted in stage 'started': completed", self.recover())
            self.assertEqual(self.chain_of('vda'), kind.after)


if __name__ == '__main__':
    live.main()
