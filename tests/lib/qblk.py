# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the command under test: QBLK, a command prefix (for example to use valgrind)."""

import atexit
import dataclasses
import functools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 120  # seconds; a qblk that takes longer hangs

# The exit codes, which are part of the interface
DONE, FAILED, USAGE, NOT_FOUND, REFUSED, NO_CONNECTION, JOB_FAILED = range(7)


@dataclasses.dataclass
class Result:
    arguments: tuple
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self):
        return self.stdout.decode()

    @property
    def errors(self):
        return self.stderr.decode(errors='backslashreplace')

    @property
    def json_lines(self):
        """The objects on standard error, of which each line is one."""
        return [json.loads(line) for line in self.errors.splitlines()]

    def __str__(self):
        return (f'qblk {shlex.join(self.arguments)}: exit {self.status}\n'
                f'stdout: {self.stdout[:2000]!r}\nstderr: {self.errors[:2000]}')


@functools.cache
def state_home():
    """The directory of the journals that qblk writes in this test."""
    directory = tempfile.mkdtemp(prefix='qblk-state-')
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def environment():
    """The environment of qblk: messages of the C locale in UTF-8, and nothing that changes them."""
    return {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': '', 'G_MESSAGES_DEBUG': '',
            'NO_COLOR': '1', 'XDG_STATE_HOME': state_home(), 'QMP_SOCKET': ''}


def command(arguments):
    """QBLK with ARGUMENTS; its relative paths start at the directory of the test, not at that of
    qblk."""
    words = [os.path.abspath(word) if os.sep in word and os.path.exists(word) else word
             for word in shlex.split(os.environ['QBLK'])]
    return words + list(map(str, arguments))


def copy(directory):
    """Copy qblk and its library to DIRECTORY, for a user who cannot read the directory of the
    build: (a command prefix, variables of its environment)."""
    *prefix, program = command(())
    shutil.copy(program, directory)
    for path in os.environ.get('LD_LIBRARY_PATH', '').split(os.pathsep):
        library = os.path.join(path, 'libqblk.so.0')
        if path and os.path.exists(library):
            shutil.copy(library, directory)
    return ([*prefix, os.path.join(directory, os.path.basename(program))],
            {'LD_LIBRARY_PATH': directory})


def status_with_stdout(*arguments, stdout):
    """The exit status of qblk when it writes its result to the file STDOUT."""
    return subprocess.run(command(arguments), stdin=subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.DEVNULL, timeout=TIMEOUT, env=environment(),
                          check=False).returncode


@dataclasses.dataclass
class Usage:
    """The resources that a run used."""
    seconds: float
    cpu: float  # seconds
    peak: int  # bytes of memory


# The peak memory of a process starts with the memory of the process that forked it: a small process
# is put between.
_METER = """
import os, resource, sys, time
begin = time.monotonic()
child = os.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
with open(sys.argv[1], 'w') as file:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(status, time.monotonic() - begin, usage.ru_utime + usage.ru_stime,
          usage.ru_maxrss * 1024, file=file)
"""


def measure(*arguments, stdin=b''):
    """Run qblk: (Result, Usage)."""
    arguments = tuple(map(str, arguments))
    with tempfile.NamedTemporaryFile('r', encoding='ascii') as report:
        meter = [sys.executable, '-I', '-S', '-c', _METER, report.name]
        done = subprocess.run(meter + command(arguments), input=stdin, capture_output=True,
                              timeout=TIMEOUT, env=environment(), check=True)
        status, seconds, cpu, peak = report.read().split()
    return (Result(arguments, int(status), done.stdout, done.stderr),
            Usage(float(seconds), float(cpu), int(peak)))


def run(*arguments, stdin=b'', pass_fds=(), cwd=None, variables=None, has_terminal=True):
    """With HAS_TERMINAL qblk has that of the test, if there is one."""
    arguments = tuple(map(str, arguments))
    done = subprocess.run(command(arguments), input=stdin, cwd=cwd, capture_output=True,
                          timeout=TIMEOUT, pass_fds=pass_fds, check=False,
                          env={**environment(), **(variables or {})},
                          start_new_session=not has_terminal)
    return Result(arguments, done.returncode, done.stdout, done.stderr)
