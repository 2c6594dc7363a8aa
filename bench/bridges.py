# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a bridge costs: the same commands at a monitor of QEMU, and at a bridge of another one."""

import contextlib
import json
import os
import time

import bridge
import guests
import qemu
import samples

# What a round trip may take longer than directly, and the memory of an idle client.
ALLOWED_MS = 0.15
ALLOWED_KIB = 64


@contextlib.contextmanager
def _running(program):
    """The path of a monitor, the path of a bridge, and its pid."""
    os.environ['QBLK'] = program
    with qemu.directory() as home:
        direct, bridged = (os.path.join(home, name) for name in ('direct.sock', 'bridge.sock'))
        arguments = ['-qmp', f'unix:{direct},server=on,wait=off']
        with guests.run(home, arguments) as process, \
                bridge.Bridge(process.socket, listen=bridged) as running:
            yield direct, bridged, running.process.pid


def _ask(client, text, rounds):
    """The time of one command in milliseconds, of ROUNDS one after the other."""
    begin = time.perf_counter()
    for _ in range(rounds):
        if b'"return"' not in client.ask(text)[:20]:
            raise samples.Failed(f'{text}: an error')
    return (time.perf_counter() - begin) / rounds * 1000


@contextlib.contextmanager
def exchange(command, rounds, bench):
    """One client that waits for each reply."""
    text = json.dumps({'execute': command, 'id': 1}).encode()
    rounds = 2 if bench.quick else rounds
    with _running(bench.qblk) as (direct, bridged, _), bridge.connect(direct) as one, \
            bridge.connect(bridged) as other:
        yield {
            'qblk': lambda: samples.Sample(_ask(other, text, rounds)),
            'direct': lambda: samples.Sample(_ask(one, text, rounds)),
            'allowed': lambda: samples.Sample(_ask(one, text, rounds) + ALLOWED_MS),
        }


def _ask_together(clients, text, rounds):
    """The time until all CLIENTS, which send ROUNDS commands at once, have all replies."""
    begin = time.perf_counter()
    for client in clients:
        client.send(text * rounds)
    for client in clients:
        for _ in range(rounds):
            if not client.reply():
                raise samples.Failed('a client was disconnected')
    return samples.Sample((time.perf_counter() - begin) * 1000)


@contextlib.contextmanager
def clients(count, bench):
    """COUNT clients at once, beside one that sends as many commands."""
    count = 5 if bench.quick else count
    text = b'{"execute": "query-name", "id": 1}'
    with contextlib.ExitStack() as stack:
        direct, bridged, _ = stack.enter_context(_running(bench.qblk))
        one = stack.enter_context(bridge.connect(direct))
        others = [stack.enter_context(bridge.connect(bridged)) for _ in range(count)]
        yield {
            'qblk': lambda: _ask_together(others, text, 4),
            'direct': lambda: _ask_together([one], text, 4 * count),
        }


def _memory_kib(pid):
    """The memory of a process that it shares with no other."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return sum(int(line.split()[1]) for line in file if line.startswith('Private_'))


@contextlib.contextmanager
def idle(count, bench):
    """The memory of one of COUNT clients that have used the bridge, and wait."""
    count = 20 if bench.quick else count

    def measure():
        with contextlib.ExitStack() as stack:
            _, bridged, pid = stack.enter_context(_running(bench.qblk))
            used = []
            for each in (1, count):
                for _ in range(each):
                    client = stack.enter_context(bridge.connect(bridged))
                    _ask(client, b'{"execute": "query-qmp-schema", "id": 1}', 1)
                used.append(_memory_kib(pid))
            return samples.Sample(peak_kib=max(used[1] - used[0], 1) / count)

    yield {
        'qblk': measure,
        'allowed': lambda: samples.Sample(peak_kib=ALLOWED_KIB),
    }
