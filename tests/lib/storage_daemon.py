# SPDX-License-Identifier: LGPL-2.1-or-later
"""The qemu-storage-daemon of image:PATH, which qblk looks up in PATH."""

import contextlib
import functools
import os
import shlex
import shutil

import qemu


def is_there():
    """FALSE if the version of QEMU under test has no storage daemon."""
    return bool(os.environ.get('QBLK_QEMU_STORAGE_DAEMON', 'qemu-storage-daemon'))


@functools.cache
def command():
    """The daemon under test, as a line of a shell script. It is looked up before one is put into
    PATH."""
    words = qemu.program('qemu-storage-daemon')
    return shlex.join([shutil.which(words[0]) or words[0], *words[1:]])


def put_in_path(test, script=None):
    """Put the daemon under test, or SCRIPT in its place, first into the PATH of qblk until the end
    of TEST."""
    line = script or f'exec {command()} "$@"'
    wrapper = os.path.join(test.directory, 'bin', 'qemu-storage-daemon')
    os.makedirs(os.path.dirname(wrapper), exist_ok=True)
    with open(wrapper, 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\n{line}\n')
    os.chmod(wrapper, 0o755)
    before = os.environ['PATH']
    os.environ['PATH'] = os.path.dirname(wrapper) + os.pathsep + before
    test.addCleanup(os.environ.__setitem__, 'PATH', before)


def running(text):
    """The pids of all storage daemons for plans or changes with TEXT in their arguments."""
    found = []
    for name in os.listdir('/proc'):
        with contextlib.suppress(OSError):
            if name.isdigit():
                with open(f'/proc/{name}/cmdline', 'rb') as line:
                    arguments = line.read()
                if b'qblk-offline-file' in arguments and os.fsencode(text) in arguments:
                    found.append(int(name))
    return found
