# SPDX-License-Identifier: LGPL-2.1-or-later
"""What qblk sends to QEMU and waits for, as steps of bench/by-hand.c."""

import json

import samples

_PREFIX = 'qblk: '
_AWAITED = ('pending', 'ready', 'concluded')
_CHANGES_NOTHING = ('qmp_capabilities', 'query-', 'qom-', 'x-debug-', 'human-monitor-command')


def _messages(log):
    """The messages of `qblk --verbose`, each with '->' or '<-'."""
    for line in log.splitlines():
        direction, _, text = line.removeprefix(_PREFIX).partition(' ')
        if line.startswith(_PREFIX) and direction in ('->', '<-'):
            yield direction, json.loads(text)


def _step_of_received(message):
    if 'QMP' in message:
        return 'greeting'
    if message.get('event') == 'JOB_STATUS_CHANGE' and message['data']['status'] in _AWAITED:
        return f'{message["data"]["id"]} {message["data"]["status"]}'
    return None


def steps_of(log):
    """The steps that `qblk --verbose` has logged. What is sent without a message received in
    between is one step, as it was one write."""
    steps = []
    last = None
    for direction, message in _messages(log):
        if direction == '->' == last:
            steps[-1] += '\n' + json.dumps(message)
        elif direction == '->':
            steps.append(json.dumps(message))
        elif step := _step_of_received(message):
            steps.append(step)
        last = direction
    return steps


def record(command):
    """Run COMMAND, a qblk, and return its steps."""
    done = samples.start([command[0], '--verbose', *command[1:]])
    if done.status != 0:
        raise samples.Failed(f'{" ".join(command)}: exit status {done.status}')
    return steps_of(done.errors.decode())


def _changes(step):
    return step[0] == '{' and not json.loads(step.partition('\n')[0])['execute'].startswith(
        _CHANGES_NOTHING)


def with_files(steps, journal=None):
    """STEPS, and QEMU's open files are looked at with each query of the nodes. With JOURNAL, a
    record is written to that file before each change."""
    for each in steps:
        if '"query-named-block-nodes"' in each:
            yield 'files'
        if journal is not None and _changes(each):
            yield f'journal {journal}'
        yield each
