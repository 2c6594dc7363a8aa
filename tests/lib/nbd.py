# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of an NBD server, without the start of a program."""

import socket
import struct

_GREETING = b'NBDMAGICIHAVEOPT'
_OPTION = b'IHAVEOPT'
_FIXED_NO_ZEROES = 3  # flags of the client
_EXPORT_NAME = 1
_REQUEST, _REPLY = 0x25609513, 0x67446698
_READ, _WRITE, _DISCONNECT = 0, 1, 2
_MOST = 1 << 20  # bytes of a request


def _receive(connection, length):
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError('the NBD server has ended the connection')
        data += part
    return bytes(data)


class Client:
    """A connection to EXPORT of the server on the unix socket PATH: a context."""

    def __init__(self, path, export):
        name = export.encode()
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(path)
        if _receive(self._connection, 18)[:16] != _GREETING:
            raise ConnectionError('not an NBD server')
        self._connection.sendall(struct.pack('>I', _FIXED_NO_ZEROES) + _OPTION
                                 + struct.pack('>II', _EXPORT_NAME, len(name)) + name)
        self.size, _flags = struct.unpack('>QH', _receive(self._connection, 10))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self._connection:
            self._connection.sendall(_request(_DISCONNECT, 0, 0))

    def read(self, offset, length):
        self._ask(_READ, offset, length)
        return _receive(self._connection, length)

    def write(self, offset, data):
        """Write DATA; returns when the server has completed that."""
        self._ask(_WRITE, offset, len(data), data)

    def _ask(self, command, offset, length, data=b''):
        self._connection.sendall(_request(command, offset, length) + data)
        magic, error, cookie = struct.unpack('>IIQ', _receive(self._connection, 16))
        if (magic, error, cookie) != (_REPLY, 0, offset):
            raise ConnectionError(f'the NBD server refused command {command} at {offset}: '
                                  f'error {error}')


def _request(command, offset, length):
    return struct.pack('>IHHQQI', _REQUEST, 0, command, offset, offset, length)


def read(path, export):
    """The data of EXPORT of the server on the unix socket PATH."""
    with Client(path, export) as client:
        return b''.join(client.read(offset, min(_MOST, client.size - offset))
                        for offset in range(0, client.size, _MOST))
