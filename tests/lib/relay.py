# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets that behave as a real QEMU can be made to only with luck."""

import socket
import threading

import listener


class Relay(listener.Listener):
    """Passes everything between the clients of PATH and the monitor at TARGET. When QEMU begins the
    line after LINES lines it calls ON_LINES and passes on no byte more."""

    def __init__(self, path, target, lines, on_lines):
        super().__init__(path)
        self._target = target
        self._left = lines
        self._on_lines = on_lines

    def _heard(self, data):
        """What the client said; nobody wants to know."""

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._target)
            upwards = threading.Thread(target=_pass, args=(client, monitor, self._heard))
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
    """Passes all between its clients and the monitor at TARGET, and keeps what the clients said in
    `sent`, as lines."""

    def __init__(self, path, target):
        super().__init__(path, target, -1, None)
        self._said = b''

    @property
    def sent(self):
        return self._said.splitlines()

    def _heard(self, data):
        self._said += data


class Greeter(listener.Listener):
    """Listens on PATH, sends DATA to each client, hears it out and says no more."""

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
