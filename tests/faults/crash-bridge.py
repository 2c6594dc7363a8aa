#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""At each message of a job through a bridge, the bridge, its client or QEMU is killed. No data are
lost, and another bridge can be started at the same socket."""

import collections
import contextlib
import os

import brief
import bridge
import crash
import live
import qblk
import qmp

HANDSHAKE = 'greeting', 'qmp_capabilities'
KINDS = ['commit --pivot --shallow', 'commit --top vda[1]'][:2 if brief.IS_FULL else 1]
FEW = ('block-commit', 'JOB_STATUS_CHANGE ready', 'job-complete', 'answer to job-complete',
       'job-dismiss')  # the messages that are tried without --full


class TestCase(crash.TestCase):
    kinds = [crash.kind_of(name) for name in KINDS]
    each_kind_ends = False

    def each_kind(self, what, judge):
        total = sum((self.each_point(kind, judge) for kind in self.kinds), collections.Counter())
        self.assertNotEqual(sum(total.values()), 0)
        crash.report(what, total)

    def socket(self):
        return os.path.join(self.directory, 'bridge.sock')

    def reading_vm(self):
        return self.socket()

    def new_bridge(self, vm, *arguments):
        return bridge.Bridge(vm, *arguments, listen=self.socket())

    def assert_recovered(self, kind, before, after, was_done):
        """Recover through the bridge. Returns the resulting state."""
        output = self.qblk('recover', self.socket()).text
        again = self.qblk('recover', self.socket()).text
        self.assertEqual(again, 'no operation was interrupted\n')
        self.assertEqual(crash.journals(), [])
        self.assert_no_jobs()
        states = self.judge_disks(kind, before, after, was_done or 'complete' in output, output)
        self.assert_contents(kind, states)
        return crash.together(list(states.values()))


    def choose(self, kind, messages):
        return ((message, point) for message, point in super().choose(kind, messages)
                if brief.IS_FULL or message.label in FEW)

    def sort_of(self, kind, message, earlier):
        label = message.label
        return label if label in FEW else super().sort_of(kind, message, earlier)


class InFront(TestCase):
    """The messages between the bridge and QEMU are counted."""

    @contextlib.contextmanager
    def guest(self, *arguments, **options):
        with super().guest(*arguments, **options) as relay:
            with self.new_bridge(self.vm) as self.bridge:
                self.vm = self.socket()
                yield relay

    def choose(self, kind, messages):
        """The handshake is that of the bridge, before the job."""
        return ((message, point) for message, point in super().choose(kind, messages)
                if not message.label.endswith(HANDSHAKE))


class CrashOfBridge(InFront):
    what = 'the bridge is killed'

    def test_nothing_is_lost(self):
        self.each_kind(self.what, self.judge)

    def judge(self, kind, point, before, after):
        when = point.number % 2

        def strike():
            if when == 0:
                self.guest_changes()
            self.bridge.kill()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            relay.disarm()
            self.assertTrue(status == qblk.DONE or relay.has_struck)
            if when == 1:
                self.guest_changes()
            with contextlib.ExitStack() as stack:
                if self.bridge.process.poll() is not None:
                    self.assertTrue(os.path.exists(self.socket()))
                    stack.enter_context(self.new_bridge(relay.path))
                return self.assert_recovered(kind, before, after, status == qblk.DONE)


class CrashOfQemu(InFront):
    what = 'QEMU behind a bridge is killed'

    def test_the_image_to_boot_has_all_data(self):
        self.each_kind(self.what, self.judge)

    def judge(self, kind, point, *_):
        def strike():
            self.process.kill()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            relay.disarm()
            if self.process.running:  # this time there were fewer messages
                self.process.kill()
            self.check_end_of_bridge(self.bridge.wait())
            self.assertFalse(os.path.exists(self.socket()))
            state = self.judge_image(kind, 'vda', status == qblk.DONE, False)
            self.assertEqual(crash.journals(), [])
            with self.new_bridge(relay.path, '--reconnect'):
                return state


    def check_end_of_bridge(self, status):
        self.assertIn(status, (qblk.DONE, qblk.NO_CONNECTION))


class Command:
    """The bridge does the job itself, for a client that has asked for it."""

    def start_qblk(self, kind):
        _, *words = kind.name.split()
        options = {'pivot': True, 'shallow': True} if '--pivot' in words else {'top': words[-1]}
        state = None
        with contextlib.suppress(ConnectionError), qmp.Qmp.connect(self.socket()) as client:
            operation = client.execute('qblk-commit', {'disk': 'vda', **options})['operation']
            while state is None:
                data = client.wait_event('QBLK_OPERATION', {'operation': operation})['data']
                state = data['state'] if 'result' in data else None
        self.assertTrue(self.relay.settled.wait(qblk.TIMEOUT))
        return qblk.DONE if state == 'completed' else qblk.JOB_FAILED, str(state)


class CrashOfBridgeWithCommand(Command, CrashOfBridge):
    what = 'a bridge that does the job is killed'


class CrashOfQemuWithCommand(Command, CrashOfQemu):
    what = 'QEMU behind a bridge that does the job is killed'

    def check_end_of_bridge(self, status):
        """A bridge that leaves a journal names the command that recovers it."""
        if not crash.journals():
            super().check_end_of_bridge(status)
            return
        self.assertEqual(status, qblk.JOB_FAILED)
        self.assertIn(f"use 'qblk recover {self.relay.path}'", self.bridge.lines[-1])


class CrashOfClient(TestCase):
    """The messages between qblk and the bridge are counted."""

    @contextlib.contextmanager
    def monitor(self):
        with self.new_bridge(self.process.socket) as self.bridge:
            yield self.socket()

    def test_nothing_is_lost(self):
        self.each_kind('a client of a bridge is killed', self.judge)

    def judge(self, kind, point, before, after):
        def strike():
            if point.number % 2 == 0:
                self.guest_changes()
            self.kill_qblk()

        with self.guest(kind, point, strike) as relay:
            status, _ = self.start_qblk(kind)
            relay.disarm()
            self.assertTrue(status == qblk.DONE or relay.has_struck)
            if point.number % 2 == 1:
                self.guest_changes()
            self.assertIsNone(self.bridge.process.poll())
            return self.assert_recovered(kind, before, after, status == qblk.DONE)


if __name__ == '__main__':
    live.main()
