# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of an NBD server that reads a whole export, without the start of a program."""

import socket
import struct

_GREETING = b'NBDMAGICIHAVEOPT'
_OPTION = b'IHAVEOPT'
_FIXED_NO_ZEROES = 3  # flags of the client
_EXPORT_NAME = 1
_REQUEST, _REPLY = 0x25609513, 0x67446698
_READ, _DISCONNECT = 0, 2
_MOST = 1 << 20  # bytes of a request


def _receive(connection, length):
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError('the NBD server has ended the connection')
        data += part
    return bytes(data)


def read(path, export):
    """The data of EXPORT of the server on the unix socket PATH."""
    name = export.encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        if _receive(connection, 18)[:16] != _GREETING:
            raise ConnectionError('not an NBD server')
        connection.sendall(struct.pack('>I', _FIXED_NO_ZEROES) + _OPTION
                           + struct.pack('>II', _EXPORT_NAME, len(name)) + name)
        size, _flags = struct.unpack('>QH', _receive(connection, 10))

        data = b''.join(_read_part(connection, offset, min(_MOST, size - offset))
                        for offset in range(0, size, _MOST))
        connection.sendall(struct.pack('>IHHQQI', _REQUEST, 0, _DISCONNECT, 0, 0, 0))
        return data


def _read_part(connection, offset, length):
    connection.sendall(struct.pack('>IHHQQI', _REQUEST, 0, _READ, offset, offset, length))
    magic, error, cookie = struct.unpack('>IIQ', _receive(connection, 16))
    if (magic, error, cookie) != (_REPLY, 0, offset):
        raise ConnectionError(f'the NBD server refused to read at {offset}: error {error}')
    return _receive(connection, length)
