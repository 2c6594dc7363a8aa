#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every recorded capture is valid, has the version of its directory, and has a topology."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

from topologies import TOPOLOGIES  # noqa: E402  pylint: disable=wrong-import-position


def reply_faults(reply):
    if not isinstance(reply, dict) or not isinstance(reply.get('execute'), str):
        yield f'a reply without a command: {str(reply)[:80]}'
        return
    name = reply['execute']
    if ('return' in reply) == ('error' in reply):
        yield f'{name}: needs either "return" or "error"'
    if 'error' in reply and not {'class', 'desc'} <= set(reply['error']):
        yield f'{name}: an error has "class" and "desc"'
    if not isinstance(reply.get('arguments', {}), dict):
        yield f'{name}: "arguments" is no object'


def capture_faults(capture, version):
    if not isinstance(capture, dict) or capture.get('qblk-capture') != 1:
        yield 'not a capture of format 1'
        return
    replies = capture.get('replies')
    if not isinstance(replies, list):
        yield '"replies" is no array'
        return
    asked = set()
    versions = []
    for reply in replies:
        faults = list(reply_faults(reply))
        yield from faults
        if faults:
            continue
        question = json.dumps([reply['execute'], reply.get('arguments', {})], sort_keys=True)
        if question in asked:
            yield f'asked twice, and only the first is read: {question}'
        asked.add(question)
        if reply['execute'] == 'query-version' and 'return' in reply:
            found = reply['return']['qemu']
            versions.append(f'{found["major"]}.{found["minor"]}')
    if versions != [version]:
        yield f'query-version does not say {version}'


def file_faults(version, topology):
    if topology not in TOPOLOGIES:
        yield f'tests/lib/topologies has no topology {topology}'
    try:
        with open(os.path.join(HERE, version, topology, 'capture.json'), encoding='utf-8') as file:
            capture = json.load(file)
    except (OSError, ValueError) as error:
        yield str(error)
        return
    yield from capture_faults(capture, version)


def directories(path):
    return sorted(entry.name for entry in os.scandir(path) if entry.is_dir())


def main():
    faults = [f'{version}/{topology}: {fault}' for version in directories(HERE)
              for topology in directories(os.path.join(HERE, version))
              for fault in file_faults(version, topology)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
