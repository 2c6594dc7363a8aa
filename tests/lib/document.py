# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the commands that a document shows, in one shell and in order, and compare what they print
with what the document shows.

A command is a line that begins with `$ ` in a block without a language; more lines belong to it
until the shell has a complete command. What follows is its output, and a line `...` in it stands
for any lines. With QBLK_REGENERATE_OUTPUT=1 other outputs replace those in the document.

In a block that begins with `-> `, each such line is sent to the monitor `vm.qmp` in the directory
of the shell, and QEMU has to send the messages that follow with `<- `; JOB_STATUS_CHANGE is left
out."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading

import qblk
import qemu

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REGENERATE = 'QBLK_REGENERATE_OUTPUT' in os.environ
END_OF_OUTPUT = '== end of output =='
TOOLS = ('qemu-system-x86_64', 'qemu-storage-daemon', 'qemu-img', 'qemu-io', 'qemu-nbd')

# What differs between runs: versions, ids, sizes, and the blanks of tables that depend on them.
VARIABLE = (
    (r'"(micro|minor|major|seconds|microseconds)": \d+', r'"\1": N'),
    (r'"package": "[^"]*"', '"package": ""'),
    (r'^\S*: line \d+: +\d+ Killed .*$', 'Killed'),
    (r'#block\d+', '#block'),
    (r'(fingerprint|inode) [0-9a-f]+', r'\1'),
    (r'[\d.]+ [KM]iB', 'MiB'),
    (r' +', ' '),
)


def read(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        return file.read()


def sessions(text):
    """Each block of TEXT that shows commands: a match, whose group 1 is its content."""
    return list(re.finditer(r'^```\n((?:\$|->) .*?)^```$', text, re.M | re.S))


def is_complete(command):
    """TRUE if a shell needs no more lines, as for a function or the text after `<<`."""
    done = subprocess.run(['bash', '-n'], input=command + '\n', capture_output=True, text=True,
                          check=False)
    return done.returncode == 0 and done.stderr == '' and not command.endswith('\\')


def split_commands(block):
    """Each command of a block, and what it prints as far as it is shown."""
    for part in re.split(r'^\$ ', block, flags=re.M)[1:]:
        command, shown = part.split('\n', 1)
        while not is_complete(command):
            line, shown = shown.split('\n', 1)
            command += f'\n{line}'
        yield command, shown


def normalize(text, variable=()):
    for pattern, replacement in (*variable, *VARIABLE):
        text = re.sub(pattern, replacement, text, flags=re.M)
    return [line.strip() for line in text.splitlines()]


def is_shown(printed, shown):
    """TRUE if the lines PRINTED are those SHOWN, in which '...' is any number of lines."""
    if '...' not in shown:
        return printed == shown
    pattern = '\n'.join(re.escape(line) for line in shown) + '\n'
    pattern = pattern.replace(re.escape('...') + '\n', r'(?:.*\n)*')
    return re.fullmatch(pattern, ''.join(f'{line}\n' for line in printed)) is not None


class Shell:
    """A shell in DIRECTORY that finds the programs under test, and ends with the test."""

    def __init__(self, test, directory):
        programs = os.path.join(directory, 'bin')
        os.mkdir(programs)
        self._add_program(programs, 'qblk', qblk.command(()))
        for tool in TOOLS:
            try:
                self._add_program(programs, tool, qemu.program(tool))
            except qemu.Unavailable:
                pass
        environment = {**qblk.environment(), 'PATH': f'{programs}:{os.environ["PATH"]}',
                       'XDG_STATE_HOME': os.path.join(directory, 'state')}
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            ['bash', '--norc'], cwd=directory, text=True, env=environment,
            start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        test.addCleanup(self._end)
        watchdog = threading.Timer(qblk.TIMEOUT, self._kill)
        watchdog.start()
        test.addCleanup(watchdog.cancel)

    @staticmethod
    def _add_program(directory, name, command):
        path = os.path.join(directory, name)
        first = shutil.which(command[0])  # and not this program again
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nexec {shlex.join([first, *command[1:]])} "$@"\n')
        os.chmod(path, 0o755)

    def _kill(self):
        os.killpg(self._process.pid, signal.SIGKILL)

    def _end(self):
        self._kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def run(self, command, lines):
        """What COMMAND prints; of one that stays in the background the first LINES."""
        background = command.endswith('&')
        self._process.stdin.write(command + '\n')
        if not background:
            self._process.stdin.write(f'status=$?; echo {shlex.quote(END_OF_OUTPUT)}; '
                                      '(exit $status)\n')
        self._process.stdin.flush()
        if background:
            return ''.join(self._process.stdout.readline() for _ in range(lines))
        return ''.join(self._lines_to_the_end(command))

    def _lines_to_the_end(self, command):
        while True:
            line = self._process.stdout.readline()
            if line == f'{END_OF_OUTPUT}\n':
                return
            if line == '':
                raise AssertionError(f'the shell has ended in: {command}')
            yield line


class Monitor:
    """A connection to the QMP monitor PATH."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(qblk.TIMEOUT)
        self._socket.connect(path)
        self._stream = self._socket.makefile('rw', encoding='utf-8')
        self.send('{"execute": "qmp_capabilities"}')
        while 'return' not in json.loads(self.receive()):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._socket.close()

    def send(self, line):
        self._stream.write(line + '\n')
        self._stream.flush()

    def receive(self):
        """The next line, if it is not an event that documents leave out."""
        while True:
            line = self._stream.readline()
            if json.loads(line).get('event') != 'JOB_STATUS_CHANGE':
                return line

    def run(self, block):
        """The lines of BLOCK with what QEMU sends in place of those with '<- '."""
        for line in block.splitlines(keepends=True):
            if line.startswith('-> '):
                self.send(line[len('-> '):].strip())
                yield line
            else:
                yield '<- ' + self.receive().replace('\r', '')


class Document:
    """The sessions of the document NAME. NAMES are (shown, real): what has another name in this
    run, such as a directory. VARIABLE are patterns and replacements, for output that varies."""

    def __init__(self, test, name, names, variable=()):
        self._test = test
        self._name = name
        self._names = names
        self._variable = variable

    def _real(self, text):
        for shown, real in self._names:
            text = text.replace(shown, real)
        return text

    def _as_shown(self, text):
        for shown, real in self._names:
            text = text.replace(real, shown)
        return text

    def run(self, shell):
        """Run all commands, and return their number."""
        text = read(self._name)
        parts, position, count = [], 0, 0
        for block in sessions(text):
            parts.append(text[position:block.start(1)])
            if block[1].startswith('-> '):
                with Monitor(self._real(shell.run('echo $PWD/vm.qmp', 1).strip())) as monitor:
                    printed = ''.join(monitor.run(self._real(block[1])))
                parts.append(self._compare('QMP', self._as_shown(printed), block[1]))
                position = block.end(1)
                continue
            for command, shown in split_commands(block[1]):
                printed = shell.run(self._real(command), len(shown.splitlines()))
                parts += [f'$ {command}\n', self._compare(command, self._as_shown(printed), shown)]
                count += 1
            position = block.end(1)
        if REGENERATE:
            with open(os.path.join(ROOT, self._name), 'w', encoding='utf-8') as file:
                file.write(''.join(parts) + text[position:])
        return count

    def _compare(self, command, printed, shown):
        """The output that the document should show."""
        lines, expected = normalize(printed, self._variable), normalize(shown, self._variable)
        if is_shown(lines, expected):
            return shown
        if not REGENERATE:
            self._test.assertEqual(lines, expected, msg=command)
        return re.sub(r'^\S*: line \d+: +\d+ (Killed) .*$', r'\1', printed, flags=re.M)
