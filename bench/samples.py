# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of a program: its time from exec to exit, and what it has printed."""

import dataclasses
import os
import signal
import tempfile
import time


class Failed(Exception):
    """A program failed, or its output is wrong."""


class Missing(Exception):
    """This machine, or this version of qblk, does not have what is to be measured."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Times in milliseconds; `user` and `system` are processor times. None: not measured."""

    wall: float | None = None
    user: float | None = None
    system: float | None = None
    peak_kib: float | None = None


@dataclasses.dataclass(frozen=True)
class Done:
    sample: Sample
    status: int
    output: bytes
    errors: bytes


def start(command, environment=None):
    """Run COMMAND to its end. Its output goes to files, which never make it wait."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        actions = [(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                   (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)]
        begin = time.perf_counter()
        pid = os.posix_spawnp(command[0], command, environment or os.environ, file_actions=actions)
        try:
            _, status, usage = os.wait4(pid, 0)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        wall = time.perf_counter() - begin
        sample = Sample(wall * 1000, usage.ru_utime * 1000, usage.ru_stime * 1000)
        return Done(sample, os.waitstatus_to_exitcode(status), _content(output), _content(errors))


def _content(file):
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def run(command, check=None, environment=None):
    """The sample of COMMAND, which must succeed; CHECK(output) is true if its output is right."""
    done = start(command, environment)
    shown = ' '.join(command)[:200]
    if done.status != 0:
        raise Failed(f'{shown}: exit status {done.status}: {os.fsdecode(done.errors)[:300]}')
    if check is not None and not check(done.output):
        raise Failed(f'{shown}: wrong output: {os.fsdecode(done.output)[:300]}')
    return done.sample
