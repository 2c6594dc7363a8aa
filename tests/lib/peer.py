# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer that speaks QMP as incorrectly as a test requires."""

import json

import listener

GREETING = {'QMP': {'version': {'qemu': {'micro': 22, 'minor': 2, 'major': 7}, 'package': ''},
                    'capabilities': ['oob']}}


def single_bytes(data):
    return [bytes([byte]) for byte in data]


def line(message):
    return json.dumps(message, ensure_ascii=False).encode() + b'\r\n'


class Connection:
    """One client, for the function that plays the peer."""

    def __init__(self, connection):
        self._socket = connection
        self._buffer = b''

    def send(self, data):
        self._socket.sendall(data)

    def flood(self, data):
        """Send DATA repeatedly until the client disconnects."""
        while True:
            self._socket.sendall(data)

    def hear_out(self):
        """Send nothing more, until the client disconnects."""
        while self._socket.recv(1 << 16):
            pass

    def drip(self, pieces, seconds):
        """Send one of PIECES every SECONDS, while the client is connected."""
        self._socket.settimeout(seconds)
        for piece in pieces:
            self._socket.sendall(piece)
            try:
                if not self._socket.recv(1 << 16):
                    return
            except TimeoutError:
                pass

    def command(self):
        """The next command as (id, name, arguments); ConnectionError if the client disconnected."""
        while b'\n' not in self._buffer:
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionResetError
            self._buffer += data
        text, self._buffer = self._buffer.split(b'\n', 1)
        message = json.loads(text)
        name = message['exec-oob'] if 'exec-oob' in message else message['execute']
        return message['id'], name, message.get('arguments')

    def greet(self):
        """The greeting and the end of the handshake."""
        self.send(line(GREETING))
        number, _, _ = self.command()
        self.send(line({'return': {}, 'id': number}))

    def serve(self, answers):
        """Answer commands with ANSWERS, a function of name and arguments: an object with `return`
        or `error`, or the bytes of the reply as a function of its id."""
        while True:
            number, name, arguments = self.command()
            answer = answers(name, arguments)
            self.send(answer(number) if callable(answer) else line({**answer, 'id': number}))


class Peer(listener.Listener):
    """Listens on PATH and calls PLAY, a function of a Connection, for each client."""

    def __init__(self, path, play):
        super().__init__(path)
        self._play = play

    def serve(self, client):
        self._play(Connection(client))


def refusal(text='The command has not been found', kind='CommandNotFound'):
    return {'error': {'class': kind, 'desc': text}}


def recorded(capture):
    """The replies of a capture; for a command without a reply this QEMU refuses it."""
    replies = {}
    for reply in capture['replies']:
        key = reply['execute'], json.dumps(reply.get('arguments') or {}, sort_keys=True)
        replies.setdefault(key, {name: reply[name] for name in ('return', 'error')
                                 if name in reply})

    def answers(name, arguments):
        return replies.get((name, json.dumps(arguments or {}, sort_keys=True)), refusal())

    return answers
