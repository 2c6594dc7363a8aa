# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare.py SOURCE [TEST...]: run QEMU's own tests as they are, and with the monitor of each QEMU
led through `qblk bridge`. What passes without it must pass with it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# Jobs, graph changes, transactions and bitmaps, by libraries in Python and by shell scripts.
TESTS = ['030', '040', '041', '055', '056', '118', '129', '141', '155', '156', '185', '205', '219',
         '245', '255', '257', '258', '281', '283', '298']

# What ./check is told of a test; 205 needs a raw image behind an NBD server.
OPTIONS = {'205': ['-raw', '-nbd']}

# A test that hangs; the longest takes a minute.
LIMIT = 300  # seconds


def environment(source, images, bridge):
    programs = {'QEMU_IMG_PROG': 'qemu-img', 'QEMU_IO_PROG': 'qemu-io',
                'QEMU_NBD_PROG': 'qemu-nbd', 'QSD_PROG': 'qemu-storage-daemon'}
    return {
        **os.environ,
        **{name: shutil.which(program) for name, program in programs.items()},
        'QEMU_PROG': os.path.join(HERE, 'qemu-through-bridge'),
        'QEMU_MODULE_DIR': os.path.join(source, 'modules'),
        'IOTESTS_QEMU': shutil.which('qemu-system-x86_64'),
        'IOTESTS_BRIDGE': bridge,
        'PYTHON': sys.executable,
        'TEST_DIR': images,
    }


def outcome(test, output):
    """The last line of a test has its result after that of the time at which it began."""
    found = re.findall(rf'\b{test} +(pass|fail|not run)\b', output)
    return found[-1] if found else 'fail'


def check(test, source, variables):
    """Returns what became of the test, and what it printed."""
    os.makedirs(variables['TEST_DIR'], exist_ok=True)
    command = ['./check', *OPTIONS.get(test, ['-qcow2']), test]
    try:
        done = subprocess.run(command, cwd=os.path.join(source, 'tests', 'qemu-iotests'),
                              env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as late:
        return 'fail', (late.output or b'').decode(errors='replace') + f'\nstopped after {LIMIT} s'
    finally:
        shutil.rmtree(variables['TEST_DIR'])
    output = done.stdout.decode(errors='replace')
    return outcome(test, output), output


def main():
    original, *tests = sys.argv[1:]
    bridge = os.environ['QBLK'] + ' bridge'
    bad, printed = [], []
    with tempfile.TemporaryDirectory() as home:
        # The tests write beside themselves.
        source = shutil.copytree(original, os.path.join(home, 'source'), symlinks=True)
        images = os.path.join(home, 'images')
        print('| test | without the bridge | with it |\n| --- | --- | --- |', flush=True)
        for test in tests or TESTS:
            without, plain_output = check(test, source, environment(source, images, ''))
            through, output = check(test, source, environment(source, images, bridge))
            print(f'| {test} | {without} | {through} |', flush=True)
            if through != 'pass':
                printed += [f'{test} without the bridge', plain_output,
                            f'{test} with the bridge', output]
                bad += [test] if without == 'pass' else []
    for text in printed:
        print(f'\n== {text}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
