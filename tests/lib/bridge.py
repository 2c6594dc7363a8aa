# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run `qblk bridge`, and talk to it as to a QEMU: in bytes."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

import qblk
import qmp


class Client:
    """A connection to a monitor, of QEMU or of a bridge, before its negotiation."""

    def __init__(self, path=None, connection=None):
        self.socket = connection
        self._buffer = b''
        self.events = []
        if connection is None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        self.socket.settimeout(qmp.TIMEOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data, fds=()):
        if not fds:
            self.socket.sendall(data)
        else:
            socket.send_fds(self.socket, [data], fds)

    def line(self):
        """The next message as bytes, or b'' at the end."""
        while b'\n' not in self._buffer:
            data = self.socket.recv(1 << 20)
            if not data:
                return b''
            self._buffer += data
        line, self._buffer = self._buffer.split(b'\n', 1)
        return line + b'\n'

    def reply(self):
        """The next message that is no event, as bytes; events are kept."""
        while line := self.line():
            message = json.loads(line)
            if 'event' not in message:
                return line
            self.events.append(message)
        return b''

    def ask(self, data, fds=()):
        self.send(data, fds)
        return self.reply()

    def execute(self, command, arguments=None, **members):
        message = {'execute': command, **members}
        if arguments is not None:
            message['arguments'] = arguments
        return json.loads(self.ask(json.dumps(message).encode()))

    def event(self, name):
        """The next event called NAME; all before it are dropped."""
        while True:
            event = self.events.pop(0) if self.events else json.loads(self.line())
            if event.get('event') == name:
                return event

    def negotiate(self):
        """Returns the greeting."""
        greeting = self.line()
        assert json.loads(self.ask(b'{"execute": "qmp_capabilities"}')) == {'return': {}}
        return greeting

    def rest(self):
        """All bytes up to the end of the connection."""
        data = self._buffer
        try:
            while received := self.socket.recv(1 << 20):
                data += received
        except ConnectionResetError:
            pass
        return data


def connect(path):
    """A client that has negotiated."""
    client = Client(path)
    client.negotiate()
    return client


class Bridge:
    """A bridge of VM, which runs until the block ends. LISTEN and READ_ONLY are paths; the block
    starts when it has printed UNTIL, by default that clients can connect."""

    def __init__(self, vm, *arguments, listen=None, read_only=None, until='listening at',
                 **options):
        self.socket = listen
        words = ['bridge', vm, *arguments]
        words += ['--listen', listen] if listen else []
        words += ['--listen-read-only', read_only] if read_only else []
        self._command = qblk.command(words)
        self._until = until
        self._variables = options.pop('variables', {})
        self._options = options
        self._lines = []
        self._condition = threading.Condition()
        self._has_ended = False
        self.process = None
        self._reader = None

    def __enter__(self):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            self._command, stderr=subprocess.PIPE,
            **{'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE,
               'env': {**qblk.environment(), **self._variables}, **self._options})
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            if self._until:
                self.wait_line(self._until)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self):
        for line in self.process.stderr:
            with self._condition:
                self._lines.append(line.decode(errors='backslashreplace').rstrip('\n'))
                self._condition.notify_all()
        with self._condition:
            self._has_ended = True
            self._condition.notify_all()

    def wait_line(self, text, count=1):
        """Wait until COUNT lines with TEXT were printed on standard error."""
        deadline = time.monotonic() + qmp.TIMEOUT
        with self._condition:
            while sum(text in line for line in self._lines) < count:
                if self._has_ended or time.monotonic() > deadline:
                    raise RuntimeError(f'no {text!r} from the bridge: {self._lines}')
                self._condition.wait(1)

    @property
    def lines(self):
        """What it has printed on standard error."""
        with self._condition:
            return list(self._lines)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, number=signal.SIGTERM):
        """End it by a signal. Returns the exit status."""
        os.kill(self.process.pid, number)
        return self.wait()

    def wait(self):
        """Wait for its end. Returns the exit status."""
        status = self.process.wait(qmp.TIMEOUT)
        self._reader.join()
        return status
