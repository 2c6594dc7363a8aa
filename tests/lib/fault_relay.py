# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay in front of a monitor that counts messages and strikes at one of them."""

import dataclasses
import json
import selectors
import socket
import threading

import listener

LOST = 'lost'  # it does not reach QEMU
UNANSWERED = 'unanswered'  # QEMU has run it, and its reply does not reach the client
RECEIVED = 'received'    # it came from QEMU, and was forwarded
NOT_CUT = 'not cut'  # it is forwarded after the strike, and the connection stays open

REPLY_TIME = 30  # seconds for QEMU to answer one command; a working machine needs less


@dataclasses.dataclass(frozen=True)
class Point:
    """Message NUMBER, from 0, or the first with LABEL, and how the strike interrupts it. The number
    of a message differs between runs where events come in another order."""
    number: int | None
    how: str
    label: str | None = None

    def is_at(self, number, message):
        return message.label == self.label if self.label else number == self.number


@dataclasses.dataclass
class Message:
    is_sent: bool  # to QEMU
    label: str  # its name, without what differs between runs

    def cuts(self, number):
        return [Point(number, how) for how in ((LOST, UNANSWERED) if self.is_sent else (RECEIVED,))]


class Faults:
    """Records each message in `messages`, and calls STRIKE at POINT, once."""

    def __init__(self, point=None, strike=None):
        self.messages = []
        self.has_struck = False
        self.settled = threading.Event()  # cleared from before the message until after the strike
        self.settled.set()
        self._point = point
        self._strike = strike

    def commands(self):
        """The commands that were sent."""
        return [message.label for message in self.messages if message.is_sent]

    def forward(self, client, monitor):
        """Forward all messages between these two sockets, until one of them ends."""
        Connection(self, _Lines(client), _Lines(monitor)).run()

    def strikes_at(self, message):
        """Record MESSAGE. Returns how the strike interrupts it, or None."""
        number = len(self.messages)
        self.messages.append(message)
        point = self._point
        if self.has_struck or point is None or not point.is_at(number, message):
            return None
        self.settled.clear()
        if point.how != NOT_CUT:
            return point.how
        self.strike()
        return None

    def disarm(self):
        """No longer strike: this time there may have been fewer messages."""
        self._point = None
        self.settled.wait()

    def strike(self):
        self.has_struck = True
        try:
            self._strike()
        finally:
            self.settled.set()


class FaultRelay(listener.Listener, Faults):
    """Listens on PATH and forwards all messages between a client and the monitor at TARGET, one
    client at a time. At POINT it calls STRIKE and ends the connection, unless the point keeps it
    open. Later clients are served and not struck."""

    def __init__(self, path, target, point=None, strike=None, inherited=None):
        listener.Listener.__init__(self, path, inherited)
        Faults.__init__(self, point, strike)
        self._target = target

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._target)
            self.forward(client, monitor)


class Connection:
    """One client, until it or QEMU ends, or until the strike."""

    def __init__(self, relay, client, monitor):
        self._relay = relay
        self._client = client
        self._monitor = monitor
        self._commands = {}  # by id, of those that are not answered yet

    def run(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self._client.connection, selectors.EVENT_READ, self._upwards)
            selector.register(self._monitor.connection, selectors.EVENT_READ, self._downwards)
            while True:
                for key, _ in selector.select():
                    if not key.data():
                        return

    def _upwards(self):
        lines = self._client.receive()
        for line in lines or ():
            command = json.loads(line)
            self._commands[command.get('id')] = command['execute']
            how = self._relay.strikes_at(Message(True, command['execute']))
            if how != LOST:
                self._monitor.connection.sendall(line)
            if how == UNANSWERED:
                self._wait_reply(command.get('id'))
            if how is not None:
                self._relay.strike()
                return False
        return lines is not None

    def _wait_reply(self, number):
        self._monitor.connection.settimeout(REPLY_TIME)
        while True:
            for line in self._monitor.receive() or [b'{"id": null}']:
                message = json.loads(line)
                if 'event' not in message and message.get('id') in (number, None):
                    return

    def _downwards(self):
        lines = self._monitor.receive()
        for line in lines or ():
            how = self._relay.strikes_at(Message(False, self._label(json.loads(line))))
            self._client.connection.sendall(line)
            if how is not None:
                self._relay.strike()
                return False
        return lines is not None

    def _label(self, message):
        if 'event' in message:
            status = message.get('data', {}).get('status', '')
            return f'{message["event"]} {status}'.strip()
        if 'QMP' in message:
            return 'greeting'
        return f'answer to {self._commands.pop(message.get("id"), "?")}'


class _Lines:
    """A socket that returns complete lines."""

    def __init__(self, connection):
        self.connection = connection
        self._rest = b''

    def receive(self):
        """Lines with their ends; None at the end of the stream."""
        try:
            data = self.connection.recv(1 << 20)
        except OSError:
            data = b''
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b'\n')
        return [line + b'\n' for line in lines]
