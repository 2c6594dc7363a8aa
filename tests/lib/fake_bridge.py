# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay that answers `qblk-query-peer` as a bridge does, with what a test wants."""

import json
import socket
import threading

import listener

COMMAND = 'qblk-query-peer'


def start_of(pid):
    """When the process PID has started, in clock ticks since the machine has."""
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        return int(file.read().rpartition(')')[2].split()[19])


def peer_of(pid, **more):
    """What a bridge reports of the QEMU that is the process PID."""
    return {'pid': pid, 'start': start_of(pid), 'address': '/monitor', **more}


class FakeBridge(listener.Listener):
    """Serves the clients of PATH, one after another, with the monitor at TARGET. ANSWER is what
    qblk-query-peer returns; None: QEMU gets the command. `asked` counts how often it was sent."""

    def __init__(self, path, target, answer):
        super().__init__(path)
        self._target = target
        self._answer = answer
        self._ids = set()
        self.asked = 0

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._target)
            downwards = threading.Thread(target=self._pass_replies, args=(monitor, client))
            downwards.start()
            self._pass_commands(client, monitor)
            _shut(monitor)
            downwards.join()

    def _pass_commands(self, client, monitor):
        """In place of a command that is answered here, QEMU gets another one: replies stay in
        order."""
        try:
            for line in client.makefile('rb'):
                command = json.loads(line)
                if command['execute'] == COMMAND:
                    self.asked += 1
                if command['execute'] == COMMAND and self._answer is not None:
                    self._ids.add(command['id'])
                    command['execute'] = 'query-version'
                monitor.sendall(json.dumps(command).encode() + b'\n')
        except OSError:
            pass

    def _pass_replies(self, monitor, client):
        try:
            for line in monitor.makefile('rb'):
                reply = json.loads(line)
                if reply.get('id') in self._ids:
                    self._ids.remove(reply['id'])
                    line = json.dumps({**reply, 'return': self._answer}).encode() + b'\r\n'
                client.sendall(line)
        except OSError:
            pass
        _shut(client)


def _shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
