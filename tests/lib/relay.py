# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets that behave as a real QEMU can be made to only with luck."""

import socket
import threading


class Relay:
    """Passes everything between PATH, where it listens for one client, and the monitor at TARGET.
    When QEMU begins the line after LINES lines it calls ON_LINES and passes on no byte more."""

    def __init__(self, path, target, lines, on_lines):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._target = target
        self._left = lines
        self._on_lines = on_lines
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self._relay(client)

    def _heard(self, data):
        """What the client said; nobody wants to know."""

    def _relay(self, client):
        with client, socket.socket(socket.AF_UNIX) as monitor:
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
    """Passes all between any number of clients, one after the other, and the monitor at TARGET, and
    keeps what the clients said in `sent`, as lines."""

    def __init__(self, path, target):
        super().__init__(path, target, -1, None)
        self._said = b''

    @property
    def sent(self):
        return self._said.splitlines()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._relay(client)

    def _heard(self, data):
        self._said += data


class Greeter:
    """Listens on PATH, sends DATA to the first client, hears it out and says no more."""

    def __init__(self, path, data):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._data = data
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        try:
            client, _ = self._listener.accept()
            with client:
                client.sendall(self._data)
                while client.recv(1 << 16):
                    pass
        except OSError:
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
