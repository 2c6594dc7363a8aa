#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare the output of qblk for one graph on all versions of QEMU.

Each command of COMMANDS runs on each capture of tests/qemu-fixtures. VERSION.diff contains all
differences between the output for VERSION and for BASE; the golden cases contain the output for
BASE. A difference that is not in VERSION.diff fails the test.

QBLK is the command under test. QBLK_REGENERATE_OUTPUT=1 writes the files: read the difference
before you commit it.
"""

import concurrent.futures
import difflib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), 'qemu-fixtures')
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

BASE = '7.2'
COMMANDS = (('list',), ('chain',), ('xml',), ('jobs',), ('graph',))

# What differs between recordings of one version: fingerprints depend on node names; sizes on disk
# and the progress of jobs depend on the time.
VARIABLE = (
    (r'fingerprint [0-9a-f]{16}', 'fingerprint'),
    (r'\bvl\.\w{6}', 'vl.XXXXXX'),
    (r'\b\d\d? %', 'N %'),
    (r'(B +)\d+(\.\d+)? ([KMG]i)?B(?= +\S+ +\S+$)', r'\1USED'),
    (r'(?<=\S) +', ' '),
)


def directories(path):
    return sorted(entry.name for entry in os.scandir(path) if entry.is_dir())


def normalize(text):
    """TEXT without random parts; nodes that QEMU named are numbered in order of appearance."""
    names = {}
    text = re.sub(r'#block\d+', lambda found: names.setdefault(found[0], f'#block-{len(names)}'),
                  text)
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text, flags=re.M)
    return text


def output_of(version, topology):
    """The output of the commands, as lines; empty if the version has no such graph."""
    capture = os.path.join(FIXTURES, version, topology, 'capture.json')
    lines = []
    for command in COMMANDS if os.path.exists(capture) else ():
        result = qblk.run(command[0], f'capture:{capture}', *command[1:])
        text = (result.text + result.errors).replace(f'{version}/{topology}/', '')
        lines += [f'{topology}: qblk {" ".join(command)}: exit {result.status}',
                  *normalize(text).splitlines()]
    return lines


def difference(version, before, after):
    """The changes of VERSION, topology by topology."""
    lines = []
    for topology in sorted({*before, *after}):
        lines += difflib.unified_diff(before.get(topology, []), after.get(topology, []),
                                      f'{BASE}/{topology}', f'{version}/{topology}', n=2,
                                      lineterm='')
    return ''.join(line + '\n' for line in lines)


def path_of(version):
    return os.path.join(HERE, version + '.diff')


def fault(version, actual):
    """The fault of the file of VERSION, or an empty text."""
    if os.environ.get('QBLK_REGENERATE_OUTPUT') == '1':
        with open(path_of(version), 'w', encoding='utf-8') as file:
            file.write(actual)
        return ''
    with open(path_of(version), encoding='utf-8') as file:
        expected = file.read()
    return ''.join(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True),
                                        f'{version}.diff', f'{version}.diff (now)'))


def main():
    versions = directories(FIXTURES)
    graphs = [(version, topology) for version in versions
              for topology in directories(os.path.join(FIXTURES, version))]
    printed = {version: {} for version in versions}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = pool.map(lambda graph: output_of(*graph), graphs)
        for (version, topology), lines in zip(graphs, outputs):
            printed[version][topology] = lines
    faults = [fault(version, difference(version, printed[BASE], printed[version]))
              for version in versions if version != BASE]
    print(''.join(faults) or f'{len(graphs)} captures of {", ".join(versions)}')
    return 1 if any(faults) or len(versions) < 2 else 0


if __name__ == '__main__':
    sys.exit(main())
