#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What qblk says of one graph is the same on every QEMU, but for what VERSION.diff here says.

Each command of COMMANDS is run on each capture of tests/qemu-fixtures. Where a version says another
thing than BASE, whose words the golden cases hold, the difference is in VERSION.diff: whoever reads
that file sees all that a version changes, and what is not in it fails the test.

QBLK is the command under test. QBLK_REGENERATE_OUTPUT=1 writes the files anew: read the difference
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

# What differs from recording to recording of one version: fingerprints are of node names, sizes on
# disk and the progress of jobs are of the moment.
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
    """Without what is chance; nodes that QEMU named are counted as they occur."""
    names = {}
    text = re.sub(r'#block\d+', lambda found: names.setdefault(found[0], f'#block-{len(names)}'),
                  text)
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text, flags=re.M)
    return text


def says(version, topology):
    """What the commands print, as lines; nothing where the version has no such graph."""
    capture = os.path.join(FIXTURES, version, topology, 'capture.json')
    lines = []
    for command in COMMANDS if os.path.exists(capture) else ():
        result = qblk.run(command[0], f'capture:{capture}', *command[1:])
        text = (result.text + result.errors).replace(f'{version}/{topology}/', '')
        lines += [f'{topology}: qblk {" ".join(command)}: exit {result.status}',
                  *normalize(text).splitlines()]
    return lines


def difference(version, before, after):
    """What VERSION changes, topology by topology."""
    lines = []
    for topology in sorted({*before, *after}):
        lines += difflib.unified_diff(before.get(topology, []), after.get(topology, []),
                                      f'{BASE}/{topology}', f'{version}/{topology}', n=2,
                                      lineterm='')
    return ''.join(line + '\n' for line in lines)


def path_of(version):
    return os.path.join(HERE, version + '.diff')


def fault(version, actual):
    """What is wrong with the file of VERSION, or nothing."""
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
    said = {version: {} for version in versions}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (version, topology), lines in zip(graphs, pool.map(lambda graph: says(*graph), graphs)):
            said[version][topology] = lines
    faults = [fault(version, difference(version, said[BASE], said[version]))
              for version in versions if version != BASE]
    print(''.join(faults) or f'{len(graphs)} captures of {", ".join(versions)}')
    return 1 if any(faults) or len(versions) < 2 else 0


if __name__ == '__main__':
    sys.exit(main())
