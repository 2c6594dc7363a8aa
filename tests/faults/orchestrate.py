#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/orchestrate.py is killed at ten moments of its work on two guests, and started again.
Each chain is the one from before or from after its commit, in the end the latter, with all data."""

import collections
import contextlib
import dataclasses
import glob
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading

import block_jobs
import crash
import fault_relay
import live
import qblk
from fault_relay import LOST, RECEIVED, UNANSWERED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = [sys.executable, os.path.join(ROOT, 'examples', 'orchestrate.py')]

OF_RELAYS = 'it may be a relay'  # the end of a warning

BEFORE = crash.KEPT
AFTER = ('disk-2', 'disk-base')
TWO_DISKS = crash.Kind('orchestrate --all-disks', AFTER)
ONE_DISK = crash.Kind('orchestrate', AFTER)


@dataclasses.dataclass(frozen=True)
class Moment:
    """The first message with LABEL between the program and the guest with two disks, and the stage
    that the journal of the disk vda has then."""
    name: str
    label: str
    how: str
    stage: str | None


MOMENTS = [
    Moment('before the first command', 'greeting', RECEIVED, None),
    Moment('while it plans', 'query-named-block-nodes', LOST, None),
    Moment('the journal was begun', 'block-commit', LOST, 'started'),
    Moment('the job was started', 'block-commit', UNANSWERED, 'started'),
    Moment('the job runs', 'JOB_STATUS_CHANGE running', RECEIVED, 'started'),
    Moment('the job is pending', 'JOB_STATUS_CHANGE pending', RECEIVED, 'started'),
    Moment('job-finalize is lost', 'job-finalize', LOST, 'pivoting'),
    Moment('job-finalize is not answered', 'job-finalize', UNANSWERED, 'pivoting'),
    Moment('the job is dismissed', 'job-dismiss', UNANSWERED, 'cleaning'),
    Moment('an unused node is deleted', 'blockdev-del', UNANSWERED, 'cleaning'),
]


@dataclasses.dataclass
class Guest:
    directory: str
    process: object  # qemu.Process
    address: str  # of the monitor that the program uses
    disks: list

    def __post_init__(self):
        self.nodes_before = self.nodes()

    def nodes(self):
        return {node['node-name'] for node in
                self.process.qmp.execute('query-named-block-nodes', {'flat': True})}

    def nodes_after(self):
        """Those from before without those of the images that are no longer in use."""
        unused = [name for disk in self.disks for name in crash.names_of(disk, ('disk-1',))]
        return self.nodes_before - {*unused, *[name + '-file' for name in unused]}

    def chain_of(self, disk):
        """The images that QEMU has open for DISK, top first."""
        device, = [device for device in self.process.qmp.execute('query-block')
                   if device.get('qdev') == f'/machine/peripheral/{disk}/virtio-backend']
        image = device['inserted']['image']
        names = []
        while image is not None:
            names.append(os.path.basename(image['filename']).partition('.')[0])
            image = image.get('backing-image')
        return tuple(names)

    def is_changed(self, disk):
        """TRUE if DISK has the chain after its commit, FALSE if it has the one before it."""
        chains = [crash.names_of(disk, names) for names in (BEFORE, AFTER)]
        return bool(chains.index(self.chain_of(disk)))


class Killed(crash.TestCase):
    def test_a_second_start_completes_each_commit(self):
        reached = collections.Counter()
        for number, moment in enumerate(MOMENTS):
            with self.subTest(moment=moment.name):
                reached[self.try_moment(moment, guest_writes=number % 2 == 1)] += 1
        crash.report('orchestrate.py is killed and started again', reached)

    def try_moment(self, moment, guest_writes):
        """Returns the state between the two starts."""
        point = fault_relay.Point(None, moment.how, moment.label)
        with self.started(ONE_DISK) as other, self.started(TWO_DISKS, point) as first:
            guests = [first, other]
            self.state = os.path.join(first.directory, 'state')
            self.assertEqual(self.orchestrate(guests)[0], -signal.SIGKILL)
            self.assertTrue(self.relay.has_struck)
            self.assertEqual(stage_of(self.state, first, 'vda'), moment.stage)
            changed = [guest.is_changed(disk) for guest in guests for disk in guest.disks]

            if guest_writes:
                for guest in guests:
                    self.use(guest)
                    self.guest_changes()

            self.complete(guests)
            self.complete(guests)  # nothing is left to do
            for guest in guests:
                self.assert_data(guest)
            return 'after' if all(changed) else 'partly after' if any(changed) else 'before'

    @contextlib.contextmanager
    def started(self, kind, point=None):
        """A new guest, with a relay in front of its monitor that kills the program at POINT."""
        with self.guest(kind, point, self.kill):
            yield Guest(self.directory, self.process, self.vm, kind.disks)

    def use(self, guest):
        """Let the helpers of the base class work on GUEST."""
        self.directory, self.process, self.disks = guest.directory, guest.process, guest.disks

    def kill(self):
        self.began.wait()
        self.running.kill()
        self.running.wait()

    def orchestrate(self, guests):
        """Run the program until its end: (exit status, stdout, stderr)."""
        self.began = threading.Event()
        self.running = subprocess.Popen(  # pylint: disable=consider-using-with
            [*PROGRAM, '--state-dir', self.state, *[guest.address for guest in guests]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=qblk.environment())
        self.began.set()
        try:
            stdout, stderr = self.running.communicate(timeout=qblk.TIMEOUT)
        except subprocess.TimeoutExpired:
            self.running.kill()  # the relay ends with it
            raise
        self.assertTrue(self.relay.settled.wait(qblk.TIMEOUT))
        return self.running.returncode, stdout, stderr

    def complete(self, guests):
        """Run the program, which must complete each commit and leave nothing behind."""
        status, stdout, stderr = self.orchestrate(guests)
        unexpected = [line for line in stderr.splitlines() if not line.endswith(OF_RELAYS)]
        self.assertEqual((status, unexpected), (0, []), msg=stdout)
        self.assertEqual(os.listdir(self.state), [])
        for guest in guests:
            self.assertEqual(guest.process.qmp.execute('query-jobs'), [])
            self.assertEqual(guest.nodes(), guest.nodes_after())
            self.assertEqual([name for name in os.listdir(guest.directory)
                              if crash.MARK in name], [])
            for disk in guest.disks:
                self.assertTrue(guest.is_changed(disk))
            self.assertIn(f'{guest.address}: done\n', stdout)

    def assert_data(self, guest):
        """The images in the headers are the chain, with all data that the guest wrote."""
        self.use(guest)
        for disk in guest.disks:
            names = crash.names_of(disk, AFTER)
            self.assert_content(disk, self.path(names[0]))
            self.assertEqual(self.image_chain(self.path(names[0])), names)


class Ordinary(block_jobs.TestCase):
    """Without a crash."""

    def orchestrate(self, *arguments):
        return subprocess.run([*PROGRAM, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=qblk.TIMEOUT, check=False,
                              env=qblk.environment())

    def test_a_chain_gets_as_short_as_wanted(self):
        self.boot(depth=5)
        done = self.orchestrate('--layers', '3', self.process.socket)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        chains = [line for line in done.stdout.splitlines() if ' -> ' in line]
        self.assertEqual([line.count(' -> ') + 1 for line in chains], [5, 4, 3])
        self.assert_files(*self.files[:2], self.files[-1])
        self.assert_no_jobs()
        self.assertEqual(crash.journals(), [])
        self.assert_same_content()

    def test_a_vm_that_fails_does_not_stop_the_others(self):
        self.boot(depth=3)
        none = os.path.join(self.directory, 'none.qmp')
        done = self.orchestrate(none, self.process.socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'{none}: cannot connect', done.stderr)
        self.assertIn(f'{self.process.socket}: done\n', done.stdout)
        self.assert_files(self.files[0], self.files[-1])
        self.assert_same_content()

    def test_the_active_layer_is_not_committed(self):
        done = self.orchestrate('--layers', '1', '/none.qmp')
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('--layers', done.stderr)


def stage_of(state, guest, disk):
    """The stage in the journal for DISK of GUEST in the directory STATE; None without a journal.

    The program works on all disks at once: the journal of another one may be empty, because the
    program was killed after it had created it."""
    for path in glob.glob(os.path.join(state, '*.journal')):
        with open(path, encoding='utf-8') as file:
            lines = list(map(json.loads, file))
        if not lines:
            continue
        head, *stages = lines
        if (head['vm']['address'], head['plan']['target']) == (guest.address, disk):
            return stages[-1]['stage'] if stages else 'planned'
    return None


if __name__ == '__main__':
    if importlib.util.find_spec('gi') is None:
        print('no PyGObject', file=sys.stderr)
        sys.exit(1 if live.IN_CI else live.SKIPPED)
    live.main()
