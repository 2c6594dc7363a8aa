# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal whose screen can be read, and a program in a terminal of its own."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import debian_modules  # noqa: F401  pylint: disable=unused-import
import qemu

try:
    import pyte
except ImportError:
    pyte = None

TIMEOUT = 60  # seconds; a working machine needs less


class Screen:
    """A terminal of COLUMNS and ROWS, which shows what programs write to its `slave`."""

    def __init__(self, columns, rows):
        if pyte is None:
            raise qemu.Missing('no python3-pyte')
        self.emulator = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.emulator)
        self.master, self.slave = pty.openpty()
        self.output = b''
        self._set_size(columns, rows)

    def close(self):
        self.close_slave()
        os.close(self.master)

    def close_slave(self):
        """Without programs that have it open, `read()` reaches the end then."""
        if self.slave >= 0:
            os.close(self.slave)
        self.slave = -1

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.emulator.resize(rows, columns)
        self._set_size(columns, rows)

    @property
    def lines(self):
        return [line.rstrip() for line in self.emulator.display]

    @property
    def text(self):
        return '\n'.join(self.lines)

    def feed(self, data):
        self.output += data
        self._stream.feed(data)

    def read_some(self, timeout):
        """Show what was written: False at the end, None if it was nothing."""
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return None
        try:
            data = os.read(self.master, 65536)
        except OSError:  # a closed terminal is reported like this
            data = b''
        self.feed(data)
        return bool(data)

    def styles(self, row):
        """(text, bold, color) of the parts of the line that are not plain."""
        parts = []
        for column in range(self.emulator.columns):
            cell = self.emulator.buffer[row][column]
            style = (cell.bold, cell.fg)
            if parts and parts[-1][1] == style:
                parts[-1][0] += cell.data
            else:
                parts.append([cell.data, style])
        return [(text, *style) for text, style in parts if style != (False, 'default')]


class Terminal(Screen):
    """Run COMMAND with ENVIRONMENT in a terminal of COLUMNS and LINES, as its leader, so that it
    gets the signals of its keys. `status` is the exit status after `finish()`."""

    def __init__(self, command, environment, columns=100, lines=30):
        super().__init__(columns, lines)
        self.modes = termios.tcgetattr(self.slave)  # before it has started
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        self.close()

    def current_modes(self):
        return termios.tcgetattr(self.slave)

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, condition):
        """Read what it prints until CONDITION, a text or a function of the text on the screen, is
        true."""
        wanted = (lambda text: condition in text) if isinstance(condition, str) else condition
        deadline = time.monotonic() + TIMEOUT
        while not wanted(self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f'{condition!r} is not on the screen:\n{self.text}')
            self.read_some(0.05)
        return self.text

    def finish(self):
        """Wait for its end, and return its exit status."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f'it does not end:\n{self.text}')
            self.read_some(0.02)
        while self.read_some(0):
            pass
        return self.process.returncode
