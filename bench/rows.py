# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts/bench measures: the table ROWS. A row has cases, of which `qblk` is the subject and
the others are its peers; a case is a function that returns one Sample."""

import contextlib
import dataclasses
import functools
import json
import os
import shlex
import sys
from collections.abc import Callable

import bridges
import guests
import images
import jobs
import libvirt
import qemu
import recording
import replies
import samples

SUBJECT = 'qblk'


@dataclasses.dataclass(frozen=True)
class Goal:
    """The median of the subject is at most RATIO times that of PEER. Without a RATIO there is no
    goal, and the ratio is only shown. The MEASURE growth is the memory that the subject takes more
    than the case `empty`, for LAYERS layers."""

    peer: str
    ratio: float | None = None
    measure: str = 'time'
    layers: int = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """OPEN(bench) is a context with the cases by their names; the peers of GOALS are among them."""

    name: str
    open: Callable
    goals: tuple
    rounds: int = 1000  # at most, for a row that takes long
    quick: bool = True  # is measured by --quick, with a small size


@dataclasses.dataclass
class Bench:
    """What the rows share: the programs, and the guests, which run to the end."""

    programs: Callable  # (name) the path of a program
    stack: contextlib.ExitStack
    quick: bool = False
    sockets: int = 500
    missing: dict = dataclasses.field(default_factory=dict)  # reasons by peer, of the open row
    notes: list = dataclasses.field(default_factory=list)  # of the open row

    def __post_init__(self):
        self.guest = functools.cache(self._start_guest)
        self.libvirtd = functools.cache(self._start_libvirtd)

    @property
    def qblk(self):
        return self.programs('qblk')

    def _start_guest(self, disks, layers):
        return self.stack.enter_context(guests.with_chains(disks, layers))

    def _start_libvirtd(self):
        """The libvirtd, or the reason why it is missing. An old one does not run a new QEMU."""
        os.environ.setdefault(libvirt.LIBVIRTD, shlex.join((*guests.PREFIX, '/usr/sbin/libvirtd')))
        try:
            daemon = self.stack.enter_context(libvirt.Daemon())
            with qemu.directory() as home, daemon.guest(home):
                return daemon, None
        except (qemu.Unavailable, libvirt.Refused) as reason:
            return None, str(reason)


# ---- reading commands ----

_NODES = 'query-named-block-nodes {"flat":true}'

# What the output of a command needs from QEMU, in the fewest queries.
_QUERIES = {
    'list': ('query-jobs', 'query-status', 'query-block', _NODES),
    'xml': ('query-jobs', 'query-block', _NODES),
    'chain': ('query-jobs', 'query-block-exports', 'query-block', _NODES),
}

# The same by a client in Python.
_PYTHON_CLIENT = '''
import json, socket, sys
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
file = monitor.makefile("rw")
file.readline()
for text in ["qmp_capabilities"] + sys.argv[2:]:
    name, _, arguments = text.partition(" ")
    file.write(json.dumps({"execute": name, "arguments": json.loads(arguments or "{}")}))
    file.flush()
    reply = json.loads(file.readline())["return"]
    for node in reply if name == "query-named-block-nodes" else []:
        print(node["node-name"])
'''


def _queries(command):
    """Nodes have their children since 10.1."""
    graph = () if qemu.version() >= (10, 1) else ('x-debug-query-block-graph',)
    return (*_QUERIES[command], *graph)


def _as_json(query):
    name, _, arguments = query.partition(' ')
    return json.dumps({'execute': name, 'arguments': json.loads(arguments or '{}')})


def _steps_to_qblk(queries):
    """From the floor to qblk, as steps of bench/by-hand.c: the greeting is awaited; the nodes are
    queried when the jobs are known."""
    known = [query for query in queries if 'nodes' not in query and 'debug' not in query]
    graph = [query for query in queries if query not in known]
    writes = [['qmp_capabilities', *known, *graph]], [['qmp_capabilities', *known], graph]
    return {name: ['greeting', *('\n'.join(map(_as_json, write)) for write in these)]
            for name, these in zip(('greeted', 'guarded'), writes)}


def _by_steps(bench, process, steps):
    return samples.run([bench.programs('by-hand'), process.socket, *steps])


def output_check(command, disks, layers, node):
    """If the output of a reading command is right, as far as its size tells."""
    return {
        'list': lambda output: output.count(b'\n') == disks + 1,
        'xml': lambda output: output.count(b'<source ') == disks * layers,
        'chain': lambda output: output.count(b'.qcow2\n') == disks * layers,
        'resolve': lambda output: output.decode() == node + '\n',
    }[command]


@contextlib.contextmanager
def _reading(command, size, bench, compare_with=''):
    disks, layers = (2, 3) if bench.quick and size[0] > 1 else size
    process = bench.guest(disks, layers)
    queries = _queries(compare_with or command)
    spec = ('vda[2]',) if command == 'resolve' else ()
    node = guests.node_of_layer(process, 0, 2)

    def has_nodes(output):
        return output.count(b'\n') >= 2 * disks * layers

    line = [bench.qblk, command, process.socket, *spec]
    recorded = recording.record(line)
    steps = {**({} if compare_with else _steps_to_qblk(queries)), 'recorded': recorded}
    if not compare_with:
        steps['files'] = list(recording.with_files(recorded))

    cases = {
        SUBJECT: lambda: samples.run(line, output_check(command, disks, layers, node)),
        'floor': lambda: samples.run([bench.programs('floor'), *queries, '--', process.socket],
                                     has_nodes),
    }
    for name, these in steps.items():
        cases[name] = functools.partial(_by_steps, bench, process, these)
    if not compare_with:
        cases['python'] = lambda: samples.run(
            [sys.executable, '-c', _PYTHON_CLIENT, process.socket, *queries], has_nodes)
    yield cases


@contextlib.contextmanager
def _version(bench):
    yield {
        SUBJECT: lambda: samples.run([bench.qblk, '--version'], lambda out: out[:5] == b'qblk '),
        'empty': lambda: samples.run([bench.programs('empty')], lambda output: output == b''),
    }


@contextlib.contextmanager
def _dumpxml(bench):
    """qblk on the second monitor of a guest of libvirt, beside virsh."""
    daemon, reason = bench.libvirtd()
    if daemon is None:
        raise samples.Missing(reason)
    with qemu.directory() as home:
        top = images.chain(home, 'disk', 5)[0]
        command, environment = daemon.command('dumpxml', libvirt.NAME)
        check = output_check('xml', 1, 5, None)
        with daemon.guest(home, libvirt.disk('vda', top)) as guest:
            yield {
                SUBJECT: lambda: samples.run([bench.qblk, 'xml', guest.socket], check),
                'virsh': lambda: samples.run(command, check, environment),
            }


# ---- in one process ----

_LAYERS_OF_WIDE = 5


@contextlib.contextmanager
def _parsing(shape, layers, bench):
    """A capture made into XML; wide is many disks of five layers each."""
    disks = layers // _LAYERS_OF_WIDE if shape == 'wide' else 1
    program = bench.programs('in-process')
    milliseconds = '0' if bench.quick else '300'
    with qemu.directory() as home:
        path = replies.write_capture(os.path.join(home, 'capture'), disks, layers // disks)
        empty = replies.write_capture(os.path.join(home, 'empty'), 0, 0)
        size = os.path.getsize(path)
        bench.notes.append(f'{size / 1e6:.3g} MB of replies')

        def measure(way, path=path):
            done = samples.start([program, way, path, milliseconds])
            if done.status != 0:
                raise samples.Failed(os.fsdecode(done.errors).strip())
            micros, peak, length = map(int, done.output.split())
            if way == 'xml' and length < (0 if path == empty else 50 * layers):
                raise samples.Failed(f'only {length} bytes of XML')
            return samples.Sample(micros / 1000, peak_kib=peak)

        yield {
            SUBJECT: lambda: measure('xml'),
            'json': lambda: measure('json'),
            'text': lambda: samples.Sample(peak_kib=size / 1024),
            'empty': lambda: measure('xml', empty),
        }


# ---- jobs ----

_MIB = 1 << 20


@contextlib.contextmanager
def _job(kind, size, bench):
    size = min(size, _MIB) if bench.quick else size
    by_hand = bench.programs('by-hand')
    with qemu.directory() as home:
        source = jobs.make_data(home, size)
        steps = jobs.record(bench.qblk, kind, source)
        cases = {
            SUBJECT: lambda: jobs.by_qblk(bench.qblk, kind, source),
            'by-hand': lambda: jobs.by_hand(by_hand, kind, source, looks=False),
            'checked': lambda: jobs.by_hand(by_hand, kind, source, looks=True),
            'recorded': lambda: jobs.by_recording(by_hand, kind, source, steps, files=False),
            'files': lambda: jobs.by_recording(by_hand, kind, source, steps, files=True),
        }
        if kind == 'commit':
            daemon, reason = bench.libvirtd()
            if daemon is None:
                bench.missing['virsh'] = reason
            else:
                cases['virsh'] = lambda: jobs.by_virsh(daemon, source)
        yield cases


# ---- many guests ----

@contextlib.contextmanager
def _many(bench):
    count = 3 if bench.quick else bench.sockets
    with guests.many(count) as (sockets, own):
        bench.notes.append(f'{count} guests with {own:.0f} MiB each')
        command = [bench.qblk, 'list', *sockets]
        queries = _queries('list')
        each = 'for vm; do "$0" list "$vm" || exit; done'

        def has_all(output):
            return output.count(b'\nvda ') == count

        yield {
            SUBJECT: lambda: samples.run(command, has_all),
            'floor': lambda: samples.run([bench.programs('floor'), *queries, '--', *sockets],
                                         lambda output: output.count(b'\n') >= 10 * count),
            'each': lambda: samples.run(['sh', '-c', each, bench.qblk, *sockets], has_all),
        }


# ---- the table ----

_SMALL = (1, 5)
_LARGE = (16, 32)
_SIZES = ((_SMALL, '5', 1.5), (_LARGE, '16x32', 1.15))
_JOB_PEERS = ('checked', 'recorded', 'files')
_READING_PEERS = ('greeted', 'guarded', 'recorded', 'files', 'python')


def _reading_rows():
    for size, label, ratio in _SIZES:
        for command in _QUERIES:
            yield Row(f'{command}-{label}', functools.partial(_reading, command, size),
                      (Goal('floor', ratio), *map(Goal, _READING_PEERS)))
        yield Row(f'resolve-{label}', functools.partial(_reading, 'resolve', size,
                                                        compare_with='xml'),
                  (Goal('floor', 1.0), Goal('recorded')))


def _parsing_rows():
    for shape in ('deep', 'wide'):
        for layers in (10, 100, 1000, 10000, 50000):
            # The pages of a process are more than a short reply.
            memory = [Goal('text', 3.0 if layers >= 1000 else None, 'memory')]
            if layers >= 1000:
                memory += [Goal('text', None, 'growth', layers), Goal('json', None, 'memory')]
            yield Row(f'{shape}-{layers}', functools.partial(_parsing, shape, layers),
                      (Goal('json', 2.0), *memory), rounds=7, quick=layers == 10)


def _job_rows():
    for kind in jobs.KINDS:
        for size, label in ((0, '0'), (64 * _MIB, '64M'), (1024 * _MIB, '1G')):
            others = map(Goal, (*_JOB_PEERS, *(('virsh',) if kind == 'commit' else ())))
            yield Row(f'{kind}-{label}', functools.partial(_job, kind, size),
                      (Goal('by-hand', 1.05), *others), rounds=7, quick=size == 0)


ROWS = (
    Row('version', _version, (Goal('empty', 1.6),)),
    *_reading_rows(),
    Row('libvirt-xml', _dumpxml, (Goal('virsh'),)),
    *_parsing_rows(),
    *_job_rows(),
    Row('many', _many, (Goal('floor', 2.0), Goal('each')), rounds=7),
    Row('bridge-trip', functools.partial(bridges.exchange, 'query-status', 500),
        (Goal('allowed', 1.0), Goal('direct')), rounds=7),
    Row('bridge-large', functools.partial(bridges.exchange, 'query-qmp-schema', 10),
        (Goal('direct', 1.25),), rounds=7),
    Row('bridge-200', functools.partial(bridges.clients, 200), (Goal('direct'),), rounds=7),
    Row('bridge-idle', functools.partial(bridges.idle, 200),
        (Goal('allowed', 1.0, 'memory'),), rounds=3),
)
