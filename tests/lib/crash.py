# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crashes at each message between qblk and QEMU: the jobs, the points, and what was promised."""

import collections
import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import threading

import block_jobs
import images
import qblk
import qemu
from fault_relay import FaultRelay
from topologies.model import Topology

FULL = bool(os.environ.get('QBLK_FULL'))  # every point, and not one of each sort
SIZE = 8 << 20
ENDS = ('job-complete', 'job-finalize', 'block-job-cancel')  # sorts of their own for each kind
MARK = '.qblk-merged'


@dataclasses.dataclass(frozen=True)
class Kind:
    """A job, and the layers of disk-2, disk-1, disk-base and copy that are the chain afterwards."""
    name: str
    after: tuple
    options: tuple = ()
    disk: str = 'blockdev'
    buries: bool = False  # the old active layer gets a mark
    holds: str = None     # an image that holds all data as well afterwards
    prelude: tuple = ()   # the command that starts the job, where NAME only ends it

    @property
    def command(self):
        return self.name.split()[0]

    def arguments(self, vm, folder):
        command, *options = self.name.split()
        place = [os.path.join(folder, 'copy.qcow2')] if command == 'copy' else []
        return [command, vm, 'vda', *place, *options, *self.options]


KEPT = ('disk-2', 'disk-1', 'disk-base')
KINDS = [
    Kind('commit --top vda[1]', ('disk-2', 'disk-base')),
    Kind('commit --pivot --shallow', ('disk-1', 'disk-base'), buries=True),
    Kind('commit --pivot', ('disk-base',), disk='throttle', buries=True),
    Kind('commit --keep-overlay', KEPT, holds='disk-base'),
    Kind('pull', ('disk-2',)),
    Kind('pull --base vda[2]', ('disk-2', 'disk-base'), disk='throttle'),
    Kind('copy --pivot', ('copy',), disk='throttle'),
    Kind('copy --finish', KEPT, holds='copy'),
    Kind('copy --pivot --shallow', ('copy', 'disk-1', 'disk-base')),
    Kind('job --pivot', ('disk-base',), buries=True, prelude=('commit', '--active')),
    Kind('job --finish', KEPT, holds='disk-base', prelude=('commit', '--active')),
]


def journal_folder():
    return os.path.join(qblk.state_home(), 'qblk')


def journals():
    folder = journal_folder()
    return os.listdir(folder) if os.path.isdir(folder) else []


def make_disk(folder):
    """Three images, top first, each with data of its own and data that hide what is below, and what
    a guest sees of them."""
    files = []
    for number, name in enumerate(reversed(KEPT)):
        path = os.path.join(folder, name + '.qcow2')
        backing = os.path.basename(files[0]) if files else None
        files.insert(0, images.create(path, str(SIZE), backing=backing))
        images.write(path, pattern=number + 1, offset=number << 20, length='256k')
        images.write(path, pattern=0x40 + number, offset='4M')
    subprocess.run(qemu.program('qemu-img') + ['convert', '-O', 'raw', files[0],
                                               os.path.join(folder, 'reference.raw')], check=True)


class TestCase(block_jobs.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.enterClassContext(qemu.folder())
        make_disk(cls.template)

    if sys.version_info < (3, 11):
        @classmethod
        def enterClassContext(cls, context):  # pylint: disable=invalid-name
            value = context.__enter__()
            cls.addClassCleanup(context.__exit__, None, None, None)
            return value

    kinds = KINDS

    def setUp(self):
        super().setUp()
        self.seen = set()  # sorts of points that were tried, of all kinds of jobs

    @contextlib.contextmanager
    def guest(self, kind, point=None, strike=None, more=()):
        """A fresh guest, and the relay before its monitor."""
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(qemu.folder())
            for name in os.listdir(self.template):
                shutil.copy(os.path.join(self.template, name), self.folder)
            self.files = [self.path(name) for name in KEPT]
            self.reference = os.path.join(self.folder, 'reference.raw')
            disk = Topology(self.disk(kind.disk) + list(more))
            self.process = stack.enter_context(disk.run(self.folder))
            if kind.prelude:
                command, *options = kind.prelude
                self.qblk(command, self.process.socket, 'vda', *options)
            self.vm = os.path.join(self.folder, 'vm.sock')
            self.relay = FaultRelay(self.vm, self.process.socket, point, strike)
            yield stack.enter_context(self.relay)

    def path(self, name):
        return os.path.join(self.folder, name + '.qcow2')

    def start_qblk(self, kind):
        """Run the job of KIND to its end, whatever that is: (status, stderr)."""
        self.began = threading.Event()
        self.running = subprocess.Popen(  # pylint: disable=consider-using-with
            qblk.command(kind.arguments(self.vm, self.folder)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=qblk.environment())
        self.began.set()
        try:
            _, errors = self.running.communicate(timeout=qblk.TIMEOUT)
        except subprocess.TimeoutExpired:
            self.running.kill()  # the relay ends with it
            raise
        # qblk may have come to its end before it could be struck
        self.assertTrue(self.relay.settled.wait(qblk.TIMEOUT))
        return self.running.returncode, errors.decode(errors='backslashreplace')

    def kill_qblk(self):
        self.began.wait()
        self.running.kill()
        self.running.wait()

    def guest_changes(self):
        """New data in the middle of the job, once over what is in the base and once elsewhere; on
        disk when this returns."""
        for command in ('write -q -P 0x77 0 64k', 'write -q -P 0x78 5M 128k', 'flush'):
            said = self.process.qmp.execute('human-monitor-command', {
                'command-line': f'qemu-io -d /machine/peripheral/vda/virtio-backend "{command}"'})
            self.assertNotIn('rror', said)
        with open(self.reference, 'r+b') as file:
            for pattern, offset, length in ((0x77, 0, 64 << 10), (0x78, 5 << 20, 128 << 10)):
                file.seek(offset)
                file.write(bytes([pattern]) * length)

    def named_nodes(self):
        return {name for name in self.nodes() if not name.startswith('#')}

    # ---- points ----

    def undisturbed(self, kind):
        """The messages of the whole job, and the nodes before and after it."""
        with self.guest(kind) as relay:
            before = self.named_nodes()
            status, errors = self.start_qblk(kind)
            self.assertEqual(status, qblk.DONE, msg=errors)
            after = self.named_nodes()
            self.assert_files(*map(self.path, kind.after))
            self.assert_same_content(self.path(kind.after[0]))
            return relay.messages, before, after

    def choose(self, kind, messages):
        """Points to try: all of them, or one of each sort that was not tried with another kind."""
        for number, message in enumerate(messages):
            for point in message.points(number):
                query = any(word in message.label for word in ('query', 'qom', 'qmp'))
                ends = message.is_sent and message.label in ENDS
                sort = (kind.name if ends else None, 'query' if query else message.label,
                        point.how)
                if FULL or sort not in self.seen:
                    self.seen.add(sort)
                    yield message, point

    def each_point(self, kind, judge):
        """JUDGE returns the state that each point leads to."""
        messages, before, after = self.undisturbed(kind)
        states = collections.Counter()
        count = 0
        for message, point in self.choose(kind, messages):
            count += 1
            with self.subTest(kind=kind.name, label=message.label, number=point.number,
                              how=point.how):
                try:
                    states[judge(kind, point, before, after)] += 1
                finally:
                    shutil.rmtree(journal_folder(), ignore_errors=True)
        reached = ', '.join(f'{number} {state}' for state, number in sorted(states.items()))
        lost = count - sum(states.values())
        print(f'{kind.name}: {count} points, {reached or "none reached"}, {lost} lost', flush=True)
