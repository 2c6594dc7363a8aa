# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets with a behaviour that a real QEMU shows only by chance."""

import socket
import threading

import listener


class Relay(listener.Listener):
    """Forwards everything between the clients of PATH and the monitor at TARGET. When QEMU starts
    the line after LINES lines, it calls ON_LINES and forwards no more bytes."""

    def __init__(self, path, target, lines, on_lines):
        super().__init__(path)
        self._target = target
        self._left = lines
        self._on_lines = on_lines

    def _received(self, data):
        """Called with the data that the client sent; ignores them."""

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._target)
            upwards = threading.Thread(target=_pass, args=(client, monitor, self._received))
            upwards.start()
            self._downwards(monitor, client)
            for connection in (client, monitor):
                _shut(connection)
            upwards.join()

    def _downwards(self, monitor, client):
        while data := _receive(monitor):
            for line in data.splitlines(keepends=True):
                if self._left == 0:
                    self._on_lines()
                    return
                try:
                    client.sendall(line)
                except OSError:
                    return
                self._left -= line.endswith(b'\n')


class Recorder(Relay):
    """Forwards all between its clients and the monitor at TARGET, and keeps the lines that the
    clients sent in `sent`."""

    def __init__(self, path, target):
        super().__init__(path, target, -1, None)
        self._sent = b''

    @property
    def sent(self):
        return self._sent.splitlines()

    def _received(self, data):
        self._sent += data


class Greeter(listener.Listener):
    """Listens on PATH, sends DATA to each client, reads until it disconnects and sends nothing
    more."""

    def __init__(self, path, data):
        super().__init__(path)
        self._data = data

    def serve(self, client):
        client.sendall(self._data)
        while client.recv(1 << 16):
            pass


def _receive(connection):
    try:
        return connection.recv(1 << 16)
    except OSError:
        return b''


def _pass(source, sink, heard):
    try:
        while data := _receive(source):
            heard(data)
            sink.sendall(data)
    except OSError:
        pass
    _shut(sink)


def _shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
