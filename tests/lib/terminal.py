# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in a terminal of its own, whose screen can be read."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import qemu

sys.path.append('/usr/lib/python3/dist-packages')  # Debian has it for its own Python
try:
    import pyte
except ImportError:
    pyte = None

TIMEOUT = 60  # seconds; a working machine needs less


class Terminal:
    """Run COMMAND with ENVIRONMENT in a terminal of COLUMNS and LINES, as its leader, so that it
    gets the signals of its keys. `status` is the exit status after `finish()`."""

    def __init__(self, command, environment, columns=100, lines=30):
        if pyte is None:
            raise qemu.Missing('no python3-pyte')
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, self._slave = pty.openpty()
        self.output = b''
        self._set_size(columns, lines)
        self.modes = termios.tcgetattr(self._slave)  # before it has started
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=self._slave, stdout=self._slave, stderr=self._slave, env=environment,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _set_size(self, columns, lines):
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))

    def resize(self, columns, lines):
        self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    @property
    def lines(self):
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self):
        return '\n'.join(self.lines)

    def current_modes(self):
        return termios.tcgetattr(self._slave)

    def type(self, text):
        os.write(self._master, text.encode())

    def _read(self, timeout):
        ready, _, _ = select.select([self._master], [], [], timeout)
        data = os.read(self._master, 65536) if ready else b''
        self.output += data
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, condition):
        """Read what it prints until CONDITION, a text or a function of the text on the screen, is
        true."""
        wanted = (lambda text: condition in text) if isinstance(condition, str) else condition
        deadline = time.monotonic() + TIMEOUT
        while not wanted(self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f'{condition!r} is not on the screen:\n{self.text}')
            self._read(0.05)
        return self.text

    def finish(self):
        """Wait for its end, and return its exit status."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f'it does not end:\n{self.text}')
            self._read(0.02)
        while self._read(0):
            pass
        return self.process.returncode
