#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk capture` of a capture prints that capture, byte for byte: nothing is lost, and redacted
text does not change. All fixtures, from a file and from standard input."""

import concurrent.futures
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

FIXTURES = os.path.join(os.path.dirname(HERE), 'qemu-fixtures')


def fault(path):
    """The fault of the captures of PATH, or an empty text."""
    with open(path, 'rb') as file:
        text = file.read()
    for result in (qblk.run('capture', 'capture:' + path),
                   qblk.run('capture', 'capture:-', stdin=text)):
        if (result.status, result.stdout) != (qblk.DONE, text):
            return f'{path} comes back as something else: {result}'
    return None


def main():
    paths = sorted(glob.glob(os.path.join(FIXTURES, '*', '*', 'capture.json')))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(filter(None, pool.map(fault, paths)))
    print('\n'.join(faults) or f'{len(paths)} captures')
    return 1 if faults or not paths else 0


if __name__ == '__main__':
    sys.exit(main())
