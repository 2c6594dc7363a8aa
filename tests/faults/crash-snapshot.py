#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk or QEMU is killed, interrupted, or loses the connection at each message of a snapshot. All
disks have their overlay afterwards, or none has one, and no data are lost."""

import collections
import contextlib
import dataclasses
import json
import os
import signal
import uuid
from unittest import mock

import crash
import images
import live
import power_loss
import qblk
import qemu
from fault_relay import NOT_CUT, RECEIVED, UNANSWERED, Point
from topologies.options import named_chain, stem, virtio

OVERLAY = 'disk-3'
AFTER = (OVERLAY, *crash.KEPT)


@dataclasses.dataclass(frozen=True)
class Snapshot(crash.Kind):
    def arguments(self, vm, directory):
        command, *options = self.name.split()
        files = [f'{disk}={os.path.join(directory, name)}.qcow2' for disk in self.disks
                 for name in crash.names_of(disk, [OVERLAY])]
        return [command, vm, *([] if '--all-disks' in options else self.disks), *options,
                *[argument for file in files for argument in ('--file', file)]]


ONE = Snapshot('snapshot', AFTER, disk='throttle')
TWO = Snapshot('snapshot --all-disks', AFTER)


class TestCase(crash.TestCase):
    kinds = [TWO, ONE]
    shows_process = True
    each_kind_ends = False

    def sort_of(self, kind, message, earlier):
        """The messages of the second disk differ from those of the first."""
        label = message.label
        if 'transaction' in label:
            return kind.name, label
        if message.is_sent and label.startswith('blockdev'):
            return label, earlier['blockdev-add'] >= 2  # the first disk is prepared
        return super().sort_of(kind, message, earlier)

    def overlay_of(self, disk):
        return self.path(*crash.names_of(disk, [OVERLAY]))

    def judge_vm(self, kind, before, after, output):
        """All disks have one state, and nothing is left over. Returns the state."""
        states = {self.chain_of(disk) == crash.names_of(disk, AFTER) for disk in kind.disks}
        self.assertEqual(len(states), 1, msg=output)
        is_after, = states
        for disk in kind.disks:
            self.assertEqual(self.chain_of(disk),
                             crash.names_of(disk, AFTER if is_after else crash.KEPT))
            self.assertEqual(os.path.exists(self.overlay_of(disk)), is_after, msg=output)
        self.assertEqual(self.named_nodes(), after if is_after else before, msg=output)
        self.assert_no_jobs()
        self.assert_nothing_left()
        return 'after' if is_after else 'before'

    def assert_nothing_left(self):
        self.assertEqual(crash.journals(), [])
        self.assertEqual([name for name in os.listdir(self.directory) if crash.MARK in name], [])

    def assert_contents(self, kind, state):
        for disk in kind.disks:
            top = AFTER[0] if state == 'after' else crash.KEPT[0]
            self.assert_content(disk, self.path(*crash.names_of(disk, [top])))


class CrashOfQblk(TestCase):
    def test_all_disks_have_their_overlay_or_none(self):
        self.each_kind('qblk is killed during a snapshot', self.judge)

    def test_the_same_with_the_connection(self):
        """The connection breaks at each message, and qblk keeps running."""
        self.kill_qblk = lambda: None
        self.each_kind('the connection breaks during a snapshot', self.judge)

    def judge(self, kind, point, before, after):
        when = (None, 'before', 'after')[point.number % 3]  # the time of the writes

        def strike():
            if when == 'before':
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            if when == 'after':
                self.guest_changes()
            output = self.qblk('recover', self.vm).text
            self.assertEqual(self.qblk('recover', self.vm).text, 'no operation was interrupted\n')
            state = self.judge_vm(kind, before, after, output)
            self.assertTrue(status != qblk.DONE or state == 'after')
            self.assertTrue(status == qblk.DONE or relay.has_struck)
            self.assert_contents(kind, state)
            return state


class Interrupted(TestCase):
    """Ctrl-C at each message: qblk exits normally, and nothing remains to recover."""

    def points_of(self, message, number):
        return [Point(number, NOT_CUT)]

    def test_nothing_remains(self):
        self.each_kind('the user interrupts a snapshot', self.judge)

    def interrupt_qblk(self):
        self.began.wait()
        self.running.send_signal(signal.SIGINT)

    def judge(self, kind, point, before, after):
        with self.guest(kind, point, self.interrupt_qblk) as relay:
            status, output = self.start_qblk(kind)
            self.assertTrue(relay.has_struck)
            state = self.judge_vm(kind, before, after, output)
            # before there is anything to cancel, the signal ends qblk like any program
            wanted = [qblk.DONE] if state == 'after' else [qblk.JOB_FAILED, -signal.SIGINT]
            self.assertIn(status, wanted, msg=output)
            self.assertEqual('interrupted' in output, status == qblk.JOB_FAILED, msg=output)
            self.assert_contents(kind, state)
            return state


class CrashOfQemu(TestCase):
    promise = 'QEMU is killed during a snapshot'

    def test_the_image_to_boot_has_all_data(self):
        self.each_kind(self.promise, self.judge)

    def crash_all(self):
        self.process.kill()

    def after_crash(self):
        pass

    def judge(self, kind, point, *_):
        writes = point.number % 2 == 1

        def strike():
            if writes:
                self.guest_changes()
            self.crash_all()

        with self.guest(kind, point, strike):
            status, errors = self.start_qblk(kind)
            self.assertNotIn('to show the job', errors)
            if self.process.running:  # this time there were fewer messages
                self.process.kill()
            self.after_crash()
            left = crash.journals()
            result = qblk.run('recover')
            self.assertEqual(result.status, qblk.NO_CONNECTION if left else qblk.DONE,
                             msg=str(result))
            self.assertEqual(crash.journals(), left)
            states = [self.judge_disk(disk, status == qblk.DONE) for disk in kind.disks]
            self.assert_nothing_left()
            return crash.together(states)

    def judge_disk(self, disk, is_done):
        """`recover image:` of both images names the one with all data; the other one is gone, or
        is below it."""
        below, = crash.names_of(disk, crash.KEPT[:1])
        overlay = self.overlay_of(disk)
        if is_done:
            self.assert_content(disk, overlay)
            return 'after'
        has_journal = any(disk in name for name in crash.journals())
        checked = qblk.run('--json', 'check', f'image:{self.path(below)}')
        recovered = qblk.run('--json', 'recover', f'image:{self.path(below)}')
        self.assertEqual(recovered.status, qblk.DONE, msg=str(recovered))
        found = json.loads(recovered.stdout)
        boot = found['boot'] or self.path(below)
        self.assertEqual(found['boot'] is not None, has_journal)
        self.assertEqual(json.loads(checked.stdout).get('boot', boot), boot, msg=str(checked))
        self.assertEqual(found['unused'], [])
        self.assert_content(disk, boot)
        self.assertIn(boot, (overlay, self.path(below)))
        self.assertEqual(os.path.exists(overlay), boot == overlay)
        if boot == overlay:
            self.assertEqual(self.image_chain(boot), crash.names_of(disk, AFTER))
        return 'after' if boot == overlay else 'before'


class PowerLoss(CrashOfQemu, power_loss.TestCase):
    """The machine loses its power: QEMU, qblk and all data that qblk wrote without a sync are
    lost."""

    promise = 'the power is lost during a snapshot'

    def crash_all(self):
        self.kill_qblk()
        self.process.kill()

    def after_crash(self):
        self.lose_what_is_not_synced()


class Restarted(TestCase):
    """QEMU and qblk end during the transaction, and QEMU is started again."""

    def setUp(self):
        super().setUp()
        # the same machine, as in the configuration of a manager
        self.enterContext(mock.patch.object(qemu, 'FIXED_UUID', uuid.uuid4()))
        self.states = collections.Counter()

    @contextlib.contextmanager
    def crashed(self, how, writes, label='transaction'):
        def strike():
            self.kill_qblk()
            if writes:
                self.guest_changes()
            self.process.kill()

        with self.guest(ONE, Point(None, how, label), strike):
            self.start_qblk(ONE)
            self.assertEqual(len(crash.journals()), 1)
            yield

    @contextlib.contextmanager
    def started_with(self, *names):
        files = [self.path(name) for name in names]
        arguments = named_chain(files) + virtio(stem(files[0]), id='vda')
        with qemu.Process(self.directory, arguments) as self.process:
            yield

    def test_with_the_old_image_and_nothing_written(self):
        """Each message from the first one that creates something."""
        for label, how in (('blockdev-create', UNANSWERED), ('blockdev-add', UNANSWERED),
                           ('transaction', 'lost'), ('transaction', UNANSWERED)):
            with self.subTest(label=label, how=how), self.crashed(how, False, label):
                with self.started_with(*crash.KEPT):
                    output = self.qblk('recover', self.vm).text
                    self.assertIn(f"QEMU was restarted with the image '{self.path('disk-2')}': it "
                                  'has all data', output)
                    self.assertFalse(os.path.exists(self.overlay_of('vda')))
                    self.assert_nothing_left()
                self.assert_content('vda', self.path('disk-2'))
                self.states['rolled back'] += 1
        crash.report('QEMU is started again without the overlay', self.states)

    def test_with_the_old_image_and_data_in_the_overlay(self):
        with self.crashed(UNANSWERED, True):
            overlay = self.overlay_of('vda')
            with self.started_with(*crash.KEPT):
                output = self.qblk('recover', self.vm, status=qblk.FAILED).errors
                self.assertIn(f"may have been switched to '{overlay}' before", output)
                self.assertEqual(len(crash.journals()), 1)
                self.qblk('snapshot', self.vm, 'vda', '--recover', status=qblk.FAILED)
            self.assertIn(f'boot from: {overlay}\n',
                          qblk.run('recover', f'image:{self.path("disk-2")}').text)
            self.assert_content('vda', overlay)
            self.assert_nothing_left()
        crash.report('QEMU is started again without the overlay, which has data', {'told': 1})

    def test_with_the_old_image_and_a_lost_overlay(self):
        """Both commands name the overlay, and what is lost with it."""
        with self.crashed(UNANSWERED, True):
            overlay, below = self.overlay_of('vda'), self.path('disk-2')
            os.rename(overlay, overlay + '.away')
            with self.started_with(*crash.KEPT):
                output = self.qblk('recover', self.vm, status=qblk.FAILED).errors
                self.assertIn(f"'{overlay}', to which its guest may have been switched before, "
                              f"does not exist: if it is lost, '{below}' lacks", output)
                self.assertEqual(output.count(f'qblk recover image:{below}'), 1)
            journal, = crash.journals()
            result = qblk.run('recover', f'image:{below}')
            for text in (output, result.errors):
                self.assertIn(f"remove the journal '{crash.journal_directory()}/{journal}'", text)
                self.assertIn(overlay, text)
            os.rename(overlay + '.away', overlay)
            self.assertIn(f'boot from: {overlay}\n', qblk.run('recover', f'image:{below}').text)
        crash.report('QEMU is started again, and the overlay is lost', {'told': 1})

    def test_with_the_overlay(self):
        for writes in (False, True):
            with self.subTest(writes=writes), self.crashed(UNANSWERED, writes):
                with self.started_with(*AFTER):
                    output = self.qblk('recover', self.vm).text
                    self.assertIn(f"with the image '{self.overlay_of('vda')}': it has all data",
                                  output)
                    self.assert_nothing_left()
                self.assert_content('vda', self.overlay_of('vda'))
                self.states['completed'] += 1
        crash.report('QEMU is started again with the overlay', self.states)


class Refused(TestCase):
    def test_a_transaction_that_qemu_refuses_for_the_second_disk_changes_none(self):
        """A client puts its own overlay over the image of vdb while the overlays are created."""
        top, = crash.names_of('vdb', crash.KEPT[:1])
        own = {'driver': 'qcow2', 'node-name': 'own', 'backing': top}

        def strike():
            path = self.path('own')
            images.create(path, str(crash.SIZE))
            own['file'] = {'driver': 'file', 'filename': path}
            self.process.qmp.execute('blockdev-add', own)

        _, before, after = self.undisturbed(TWO)
        with self.guest(TWO, Point(None, NOT_CUT, 'blockdev-create'), strike) as relay:
            status, output = self.start_qblk(TWO)
            self.assertEqual(status, qblk.JOB_FAILED, msg=output)
            self.assertEqual(relay.commands().count('transaction'), 1)
            self.assertIn("in one transaction with 'vdb': QEMU refused: ", output)
            for disk in crash.DISKS:
                self.assertIn(f"the chain of '{disk}' is unchanged", output)
            self.process.qmp.execute('blockdev-del', {'node-name': 'own'})
            self.assertEqual(self.judge_vm(TWO, before, after, output), 'before')
            self.assert_contents(TWO, 'before')
        crash.report('QEMU refuses the transaction for one of two disks', {'before': 1})


if __name__ == '__main__':
    live.main()
