# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay before a monitor that counts messages and strikes at one of them."""

import dataclasses
import json
import selectors
import socket
import threading

import listener

LOST = 'lost'            # it never comes to QEMU
UNANSWERED = 'unanswered'  # QEMU has carried it out, and its answer is never heard
HEARD = 'heard'          # it came from QEMU, and was passed on
NOT_CUT = 'not cut'      # it is passed on after the strike, and the connection lives

REPLY_TIME = 30  # seconds for QEMU to answer one command; only a machine that has failed takes them


@dataclasses.dataclass(frozen=True)
class Point:
    """Message NUMBER, from 0, and how the strike cuts it off."""
    number: int
    how: str


@dataclasses.dataclass
class Message:
    is_sent: bool  # to QEMU
    label: str     # what it is, without what differs from run to run

    def cuts(self, number):
        return [Point(number, how) for how in ((LOST, UNANSWERED) if self.is_sent else (HEARD,))]


class FaultRelay(listener.Listener):
    """Listens on PATH and passes all that clients and the monitor at TARGET say to each other, a
    client at a time, writing down each message in `messages`. At POINT it calls STRIKE and ends the
    connection, unless the point does not cut it; who comes afterwards is served again and not
    struck."""

    def __init__(self, path, target, point=None, strike=None):
        super().__init__(path)
        self.messages = []
        self.has_struck = False
        self.settled = threading.Event()  # not set from before the message until after the strike
        self.settled.set()
        self._target = target
        self._point = point
        self._strike = strike

    def commands(self):
        """The commands that were sent."""
        return [message.label for message in self.messages if message.is_sent]

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._target)
            Connection(self, _Lines(client), _Lines(monitor)).run()

    def strikes_at(self, message):
        """Write MESSAGE down; how the strike is to cut it off, or None."""
        number = len(self.messages)
        self.messages.append(message)
        point = self._point
        if self.has_struck or point is None or point.number != number:
            return None
        self.settled.clear()
        if point.how != NOT_CUT:
            return point.how
        self.strike()
        return None

    def strike(self):
        self.has_struck = True
        try:
            self._strike()
        finally:
            self.settled.set()


class Connection:
    """One client, until it or QEMU ends, or until the strike."""

    def __init__(self, relay, client, monitor):
        self._relay = relay
        self._client = client
        self._monitor = monitor
        self._commands = {}  # by id, of those that were not answered

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
    """A socket that gives whole lines."""

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
