# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QMP client that is simple enough to test a more complex one."""

import json
import socket
import time

TIMEOUT = 60  # seconds; a working machine needs less


class QmpError(Exception):
    """The error that QEMU returned for a command."""

    def __init__(self, command, error):
        super().__init__(f"{command}: {error['class']}: {error['desc']}")
        self.error = error


class Qmp:
    """One connection, after its greeting and in command mode. Replies come in the order of the
    commands; events are kept until they are waited for."""

    def __init__(self, connection, timeout=TIMEOUT):
        self._socket = connection
        self._buffer = b''
        self._events = []
        self._deadline = time.monotonic() + timeout
        self.greeting = self._receive()
        self.execute('qmp_capabilities')

    @classmethod
    def connect(cls, path, timeout=TIMEOUT):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return cls(connection, timeout)
        except BaseException:
            connection.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def _receive(self):
        """The next message; ConnectionError at the end of the stream, TimeoutError after the
        timeout."""
        while b'\n' not in self._buffer:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError('QEMU did not answer in time')
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionResetError('QEMU closed the monitor')
            self._buffer += data
        line, self._buffer = self._buffer.split(b'\n', 1)
        return json.loads(line)

    def ask(self, command, arguments=None, timeout=TIMEOUT):
        """The reply as it is: an object with "return" or "error"."""
        self._deadline = time.monotonic() + timeout
        message = {'execute': command}
        if arguments:
            message['arguments'] = arguments
        self._socket.settimeout(timeout)
        self._socket.sendall(json.dumps(message).encode() + b'\n')
        while True:
            reply = self._receive()
            if 'event' not in reply:
                return reply
            self._events.append(reply)

    def execute(self, command, arguments=None, timeout=TIMEOUT):
        reply = self.ask(command, arguments, timeout)
        if 'error' in reply:
            raise QmpError(command, reply['error'])
        return reply['return']

    @property
    def events(self):
        """Those that came with the replies so far and were not waited for."""
        return list(self._events)

    def wait_event(self, name, data=None, timeout=TIMEOUT):
        """Remove and return the first event called NAME whose data has all members of DATA, past or
        future."""
        self._deadline = time.monotonic() + timeout
        wanted = (data or {}).items()
        seen = 0
        while True:
            for event in self._events[seen:]:
                if event['event'] == name and wanted <= _plain(event.get('data', {})).items():
                    self._events.remove(event)
                    return event
            seen = len(self._events)
            message = self._receive()
            if 'event' in message:
                self._events.append(message)


def _plain(data):
    """Only what can be compared as items of a set: numbers, strings, booleans."""
    return {key: value for key, value in data.items() if not isinstance(value, (dict, list))}
