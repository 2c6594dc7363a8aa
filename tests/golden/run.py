#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run qblk once for each folder here, and compare what it does with what the folder says.

Bytes are compared as they are.

A case is a folder NAME with
    command   the arguments of qblk, one shell-quoted line; {fixtures} stands for
              tests/qemu-fixtures and {case} for the folder, both relative to it, since qblk
              runs there
    stdin     what qblk reads (absent: nothing)
    stdout    what it prints (absent: nothing)
    stderr    its messages (absent: none)
    exit      its exit status (absent: 0)

QBLK is the command under test. QBLK_REGENERATE_OUTPUT=1 writes the last three anew: read the
difference before you commit it. With arguments only those cases run. The output is TAP.
"""

import concurrent.futures
import difflib
import os
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

PLACES = {'{fixtures}': '../../qemu-fixtures', '{case}': '.'}
OUTPUTS = ('stdout', 'stderr', 'exit')


def cases():
    return sorted(entry.name for entry in os.scandir(HERE)
                  if entry.is_dir() and os.path.exists(os.path.join(entry.path, 'command')))


def read(case, name):
    try:
        with open(os.path.join(HERE, case, name), 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return b''


def arguments_of(case):
    words = shlex.split(read(case, 'command').decode())
    for place, path in PLACES.items():
        words = [word.replace(place, path) for word in words]
    return words


def actual_outputs(case):
    result = qblk.run(*arguments_of(case), stdin=read(case, 'stdin'),
                      cwd=os.path.join(HERE, case))
    status = b'%d\n' % result.status if result.status else b''
    return {'stdout': result.stdout, 'stderr': result.stderr, 'exit': status}


def regenerate(case, outputs):
    for name, data in outputs.items():
        path = os.path.join(HERE, case, name)
        if data:
            with open(path, 'wb') as file:
                file.write(data)
        elif os.path.exists(path):
            os.unlink(path)


def difference(case, name, expected, actual):
    """A unified diff; bytes that are no text are shown by their escapes."""
    lines = [data.decode(errors='backslashreplace').splitlines(keepends=True)
             for data in (expected, actual)]
    diff = list(difflib.unified_diff(*lines, f'{case}/{name}', f'{case}/{name} (now)'))
    if not diff:
        return f'{case}/{name}: same text, other bytes\n{expected!r}\n{actual!r}\n'
    return ''.join(line if line.endswith('\n') else line + '\n\\ No newline at end of file\n'
                   for line in diff)


def run_case(case):
    """What differs, as text; empty if nothing does."""
    try:
        outputs = actual_outputs(case)
    except (OSError, ValueError, qblk.subprocess.TimeoutExpired) as error:
        return f'{case}: {error}\n'
    if os.environ.get('QBLK_REGENERATE_OUTPUT') == '1':
        regenerate(case, outputs)
        return ''
    return ''.join(difference(case, name, read(case, name), outputs[name])
                   for name in OUTPUTS if read(case, name) != outputs[name])


def main():
    names = sys.argv[1:] or cases()
    if not names:
        print('1..0 # SKIP no cases')
        return 0
    print(f'1..{len(names)}')
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (name, diff) in enumerate(zip(names, pool.map(run_case, names)), 1):
            print(f'{"not ok" if diff else "ok"} {number} - {name}', flush=True)
            for line in diff.splitlines():
                print('# ' + line, flush=True)
            failed = failed or bool(diff)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
