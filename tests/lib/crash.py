# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crashes at each message between qblk and QEMU: the jobs, the points, and the promises."""

import collections
import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
import traceback

import block_jobs
import brief
import images
import listener
import qblk
import qemu
from fault_relay import FaultRelay
from topologies.model import Topology
from topologies.options import named_chain, stem, virtio

SIZE = 8 << 20
STARTS = ('block-commit', 'block-stream')
ENDS = ('job-complete', 'job-finalize', 'block-job-cancel')  # separate for each kind
QUERIES = ('query', 'qom', 'qmp')
WAITING = ('pending', 'ready', 'concluded')  # states in which a job waits for qblk
MARK = '.qblk-merged'
DISKS = {'vda': 'disk', 'vdb': 'other'}  # target: the prefix of the names of its images


@dataclasses.dataclass(frozen=True)
class Kind:
    """A job, and the layers of disk-2, disk-1, disk-base and copy that form the chain after it; for
    two disks, of each disk."""
    name: str
    after: tuple
    disk: str = 'blockdev'
    leaves_mark: bool = False  # on the old active layer
    holds: str = None  # another image that holds all data afterwards
    prelude: tuple = ()  # the command that starts the job, if NAME only ends it

    @property
    def command(self):
        return self.name.split()[0]

    @property
    def disks(self):
        return list(DISKS) if '--all-disks' in self.name else ['vda']

    def arguments(self, vm, directory):
        command, *options = self.name.split()
        disk = self.disks if len(self.disks) == 1 else []
        place = [os.path.join(directory, 'copy.qcow2')] if command == 'copy' else []
        return [command, vm, *disk, *place, *options]


KEPT = ('disk-2', 'disk-1', 'disk-base')
KINDS = [
    Kind('commit --top vda[1]', ('disk-2', 'disk-base')),
    Kind('commit --pivot --shallow', ('disk-1', 'disk-base'), leaves_mark=True),
    Kind('commit --pivot', ('disk-base',), disk='throttle', leaves_mark=True),
    Kind('commit --keep-overlay', KEPT, holds='disk-base'),
    Kind('pull', ('disk-2',)),
    Kind('pull --base vda[2]', ('disk-2', 'disk-base'), disk='throttle'),
    Kind('copy --pivot', ('copy',), disk='throttle'),
    Kind('copy --finish', KEPT, holds='copy'),
    Kind('copy --pivot --shallow', ('copy', 'disk-1', 'disk-base')),
    Kind('job --pivot', ('disk-base',), leaves_mark=True, prelude=('commit', '--active')),
    Kind('job --wait --pivot', ('disk-base',), leaves_mark=True, prelude=('commit', '--active')),
    Kind('job --finish', KEPT, holds='disk-base', prelude=('commit', '--active')),
    Kind('commit --all-disks --pivot', ('disk-base',), leaves_mark=True),
    Kind('pull --all-disks', ('disk-2',)),
]


def kind_of(name):
    return next(kind for kind in KINDS if kind.name == name)


def names_of(disk, names):
    """NAMES, which are those of vda, for DISK."""
    return tuple(name.replace(DISKS['vda'], DISKS[disk]) for name in names)


def reference_of(disk):
    return f'{DISKS[disk]}-reference.raw'


def journal_directory():
    return os.path.join(qblk.state_home(), 'qblk')


def journals():
    directory = journal_directory()
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return [name for name in names if name.endswith('.journal')]


def stages():
    """The last stage in each remaining journal."""
    last = []
    for name in journals():
        with open(os.path.join(journal_directory(), name), encoding='utf-8') as file:
            *_, line = file
        last.append(json.loads(line).get('stage', 'planned'))
    return last


def make_disk(directory, disk):
    """Create three images, top first, each with data of its own and data that hide those below, and
    a copy of the data that a guest reads."""
    files = []
    own = 0x10 * list(DISKS).index(disk)
    for number, name in enumerate(reversed(names_of(disk, KEPT))):
        path = os.path.join(directory, name + '.qcow2')
        backing = os.path.basename(files[0]) if files else None
        files.insert(0, images.create(path, str(SIZE), backing=backing))
        images.write(path, pattern=own + number + 1, offset=number << 20, length='256k')
        images.write(path, pattern=0x40 + own + number, offset='4M')
    block_jobs.flatten(files[0], os.path.join(directory, reference_of(disk)))


def report(promise, states):
    """Print one line on the tests of PROMISE: how often each of STATES was reached."""
    reached = ', '.join(f'{number} {state}' for state, number in sorted(states.items()))
    count = sum(states.values())
    line = f'{promise}: {count} {"point" if count == 1 else "points"}, {reached or "no state"}'
    print(line, flush=True)
    if os.environ.get('QBLK_PROMISES'):
        with open(os.environ['QBLK_PROMISES'], 'a', encoding='utf-8') as file:
            file.write(line + '\n')


class TestCase(block_jobs.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.enterClassContext(qemu.directory())
        for disk in DISKS:
            make_disk(cls.template, disk)
        cls.runs = {}

    if sys.version_info < (3, 11):
        @classmethod
        def enterClassContext(cls, context):  # pylint: disable=invalid-name
            value = context.__enter__()
            cls.addClassCleanup(context.__exit__, None, None, None)
            return value

    kinds = KINDS
    shows_process = False  # qblk finds QEMU behind the relay, and the files that it has open
    each_kind_ends = True  # in brief runs too, each kind is tried with each of its ends

    def setUp(self):
        super().setUp()
        self.seen = set()  # sorts of points that were tried, of all kinds of jobs

    @contextlib.contextmanager
    def guest(self, kind, point=None, strike=None, more=(), **options):
        """A new guest, started with OPTIONS, and the relay in front of its monitor."""
        with contextlib.ExitStack() as stack:
            self.directory = stack.enter_context(qemu.directory())
            for disk in kind.disks:
                self.copy_disk(disk)
            self.disks = kind.disks
            self.files = [self.path(name) for name in KEPT]
            self.reference = self.path_of_reference('vda')
            stack.callback(shutil.rmtree, journal_directory(), ignore_errors=True)
            self.vm = os.path.join(self.directory, 'vm.sock')
            inherited = None
            if self.shows_process:
                inherited = listener.bound(self.vm)
                number = inherited.fileno()
                options['prefix'] = [sys.executable, '-c', listener.LISTEN, str(number)]
                options['pass_fds'] = [number]
            disks = Topology(self.arguments(kind) + list(more))
            self.process = stack.enter_context(disks.run(self.directory, **options))
            if kind.prelude:
                command, *options = kind.prelude
                self.qblk(command, self.process.socket, 'vda', *options)
            target = stack.enter_context(self.monitor())
            self.relay = FaultRelay(self.vm, target, point, strike, inherited)
            yield stack.enter_context(self.relay)

    def monitor(self):
        """What the relay forwards to: a path, as a context."""
        return contextlib.nullcontext(self.process.socket)

    def reading_vm(self):
        """A monitor of QEMU that serves qblk when the job has ended."""
        return self.process.socket

    def copy_disk(self, disk):
        for name in os.listdir(self.template):
            if name.startswith(DISKS[disk]):
                shutil.copy(os.path.join(self.template, name), self.directory)

    def arguments(self, kind):
        """The QEMU arguments for the disks of KIND."""
        arguments = self.disk(kind.disk)
        for disk in kind.disks[1:]:
            files = [self.path(name) for name in names_of(disk, KEPT)]
            arguments += named_chain(files) + virtio(stem(files[0]), id=disk)
        return arguments

    def path(self, name):
        return os.path.join(self.directory, name + '.qcow2')

    def path_of_reference(self, disk):
        return os.path.join(self.directory, reference_of(disk))

    def start_qblk(self, kind):
        """Run the job of KIND to any end: (status, stderr)."""
        self.began = threading.Event()
        self.running = subprocess.Popen(  # pylint: disable=consider-using-with
            qblk.command(kind.arguments(self.vm, self.directory)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=qblk.environment())
        self.began.set()
        try:
            _, errors = self.running.communicate(timeout=qblk.TIMEOUT)
        except subprocess.TimeoutExpired:
            self.running.kill()  # the relay ends with it
            raise
        # qblk may have ended before the strike
        self.assertTrue(self.relay.settled.wait(qblk.TIMEOUT))
        return self.running.returncode, errors.decode(errors='backslashreplace')

    def kill_qblk(self):
        self.began.wait()
        self.running.kill()
        self.running.wait()

    def guest_changes(self):
        """Write new data during the job, once over data of the base and once elsewhere; they are on
        disk when this returns."""
        for number, disk in enumerate(self.disks):
            writes = ((0x77 + number, 0, 64 << 10), (0x87 + number, 5 << 20, 128 << 10))
            for command in [f'write -q -P {pattern} {offset} {length}'
                            for pattern, offset, length in writes] + ['flush']:
                recovered = self.process.qmp.execute('human-monitor-command', {
                    'command-line':
                        f'qemu-io -d /machine/peripheral/{disk}/virtio-backend "{command}"'})
                self.assertNotIn('rror', recovered)
            with open(self.path_of_reference(disk), 'r+b') as file:
                for pattern, offset, length in writes:
                    file.seek(offset)
                    file.write(bytes([pattern]) * length)

    def assert_content(self, disk, path):
        """PATH has the data that the guest wrote to DISK."""
        self.reference = self.path_of_reference(disk)
        self.assert_same_content(path)

    def judge_disks(self, kind, nodes_before, nodes_after, is_done, output):
        """Each disk has its chain from before or after the job. Returns the states, by target."""
        nodes = self.named_nodes()
        states = {disk: self.state_of(kind, disk, is_done) for disk in kind.disks}
        for disk, state in states.items():
            wanted = nodes_before if state == 'before' else nodes_after
            self.assertEqual(self.nodes_of(disk, nodes), self.nodes_of(disk, wanted), msg=output)
        self.assert_marks(kind, states)
        return states

    def state_of(self, kind, disk, is_done):
        chain = self.chain_of(disk)
        before, after = (names_of(disk, names) for names in (KEPT, kind.after))
        self.assertIn(chain, (before, after))
        if before == after:
            return 'after' if is_done else 'before'
        return 'after' if chain == after else 'before'

    def assert_marks(self, kind, states):
        marks = {name for name in os.listdir(self.directory) if MARK in name}
        marks -= self.incomplete_copies(marks, states)
        wanted = {f'{DISKS[disk]}-2.qcow2{MARK}' for disk, state in states.items()
                  if kind.leaves_mark and state == 'after'}
        self.assertEqual(marks, wanted)

    def incomplete_copies(self, marks, states):
        """The marks of copies that were begun and rolled back; they name the source."""
        names = marks & {f'copy.qcow2{MARK}'}
        for name in names:
            self.assertEqual(set(states.values()), {'before'})
            with open(os.path.join(self.directory, name), encoding='utf-8') as file:
                mark = json.load(file)
            self.assertEqual(mark['state'], 'incomplete')
            self.assertEqual(os.path.basename(mark['copy-of']), 'disk-2.qcow2')
        return names

    def assert_contents(self, kind, states):
        for disk, state in states.items():
            top = kind.after[0] if state == 'after' else KEPT[0]
            self.assert_content(disk, self.path(*names_of(disk, [top])))

    def judge_image(self, kind, disk, has_ended, writes):
        """`recover image:` and `check image:` are right about DISK after its guest ended; returns
        its state. The active image may be unknown only if the guest WRITES while the chain
        changes."""
        # after its end the job has reported the active image
        top, *_ = names_of(disk, kind.after if has_ended else KEPT)
        checked = qblk.run('--json', 'check', f'image:{self.path(top)}')
        recovered = qblk.run('--json', 'recover', f'image:{self.path(top)}')
        again = qblk.run('--json', 'recover', f'image:{self.path(top)}')
        self.assertEqual(again.status, recovered.status, msg=f'{recovered}\n{again}')
        if recovered.status != qblk.DONE:
            self.assertEqual(recovered.status, qblk.FAILED, msg=str(recovered))
            self.assertIn('not known', recovered.errors)
            self.assertEqual([line['error'] for line in checked.json_lines],
                             [line['error'] for line in recovered.json_lines])
            self.assertTrue(writes, msg=str(recovered))
            self.assertIn('pivoting', stages())
            return 'not known'
        # without a journal or a mark there is nothing to report, and the image has all data
        boot = json.loads(recovered.stdout)['boot'] or self.path(top)
        self.assertEqual(json.loads(again.stdout)['boot'] or self.path(top), boot,
                         msg=f'{recovered}\n{again}')
        check = json.loads(checked.stdout)
        self.assertEqual(check.get('boot', self.path(top)), boot, msg=f'{checked}\n{recovered}')
        self.assertEqual(checked.status, qblk.FAILED if 'boot' in check else qblk.DONE)
        self.assert_content(disk, boot)
        if kind.after == KEPT:
            return 'unchanged'
        is_after = self.image_chain(boot) == names_of(disk, kind.after)
        return 'after' if is_after else 'before'

    @staticmethod
    def image_chain(path):
        done = subprocess.run(
            qemu.program('qemu-img') + ['info', '--backing-chain', '--output=json', path],
            capture_output=True, check=True)
        return tuple(os.path.basename(image['filename']).partition('.')[0]
                     for image in json.loads(done.stdout))

    def named_nodes(self):
        return {name for name in self.nodes() if not name.startswith('#')}

    @staticmethod
    def nodes_of(disk, nodes):
        """Those of NODES that belong to DISK; a node without the name of a disk belongs to vda."""
        other = DISKS['vdb']
        return {name for name in nodes if name.startswith(other) == (DISKS[disk] == other)}

    def chain_of(self, disk):
        """The images of DISK, without the common part of their names."""
        chain, = json.loads(self.qblk('--json', 'chain', self.reading_vm(), disk).stdout)['chains']
        return tuple(os.path.basename(layer['file']).partition('.')[0]
                     for layer in chain['layers'])

    # ---- points ----

    def undisturbed(self, kind):
        """The messages of a complete job, and the nodes before and after it."""
        if kind in self.runs:
            return self.runs[kind]
        with self.guest(kind) as relay:
            before = self.named_nodes()
            status, errors = self.start_qblk(kind)
            self.assertEqual(status, qblk.DONE, msg=errors)
            messages = list(relay.messages)  # those of the checks below may follow
            after = self.named_nodes()
            for disk in kind.disks:
                self.assertEqual(self.chain_of(disk), names_of(disk, kind.after))
            for disk in kind.disks:
                self.assert_content(disk, self.path(names_of(disk, kind.after)[0]))
            self.runs[kind] = messages, before, after
        return self.runs[kind]

    def points_of(self, message, number):
        return message.cuts(number)

    def choose(self, kind, messages):
        """The points to try: all, or one of each sort that was not tried with another kind."""
        earlier = collections.Counter()
        for number, message in enumerate(messages):
            sort = self.sort_of(kind, message, earlier)
            earlier[message.label] += message.is_sent
            for point in self.points_of(message, number):
                if brief.IS_FULL or (sort, point.how) not in self.seen:
                    self.seen.add((sort, point.how))
                    yield message, point

    def sort_of(self, kind, message, earlier):
        """The sort of MESSAGE; EARLIER counts the messages that were sent before it."""
        label = message.label
        has_begun = any(earlier[start] for start in STARTS)
        is_twice = message.is_sent and label in STARTS + ENDS and len(kind.disks) > 1
        if is_twice and (earlier[label] > 0 or (label in ENDS and self.each_kind_ends)):
            return kind.name, label, earlier[label]
        if message.is_sent and label in ENDS and self.each_kind_ends:
            return kind.name, label
        if any(word in label for word in QUERIES):
            return 'query', has_begun
        if label.startswith('answer'):
            return 'answer'
        if 'JOB' in label:
            state = next((state for state in WAITING if label.lower().endswith(state)), None)
            return 'event', state
        return label

    def each_point(self, kind, judge):
        """Call JUDGE for each point; it returns the resulting state. Returns how often each state
        was reached."""
        messages, before, after = self.undisturbed(kind)
        states = collections.Counter()
        for message, point in self.choose(kind, messages):
            with self.subTest(kind=kind.name, label=message.label, number=point.number,
                              how=point.how):
                state = 'LOST'
                try:
                    state = judge(kind, point, before, after)
                except Exception:
                    print(f'{kind.name}, {message.label}, {point}:', flush=True)
                    traceback.print_exc()  # unittest prints it only at its end
                    raise
                finally:
                    states[state] += 1
        reached = ', '.join(f'{number} {state}' for state, number in sorted(states.items()))
        print(f'{kind.name}: {reached or "no points"}', flush=True)
        return states

    def each_kind(self, what, judge):
        """Try each kind of job, and report on one disk and on two."""
        total = {False: collections.Counter(), True: collections.Counter()}
        for kind in self.kinds:
            total[len(kind.disks) > 1] += self.each_point(kind, judge)
        for of_two, states in total.items():
            self.assertNotEqual(sum(states.values()), 0)
            report(what + (', with two disks' if of_two else ''), states)


def together(states):
    """The state of an operation on disks that are in STATES."""
    return states[0] if len(states) == 1 else ' and '.join(states)
