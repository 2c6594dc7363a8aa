# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in the place of qemu-storage-daemon: it runs the real one, forwards the messages
between it and the qblk that has started it, and kills one of the two at one of them."""

import contextlib
import dataclasses
import json
import os
import shlex
import signal
import socket
import sys
import time

import qemu
from fault_relay import Faults, Message, Point

PID = '.pid'  # the end of the name of the file with the id of the daemon
QBLK, DAEMON = 'qblk', 'daemon'  # which of them is killed

_SETTINGS = 'QBLK_TEST_DAEMON_RELAY'
_NAME = 'qemu-storage-daemon'


@dataclasses.dataclass
class Settings:
    """All messages are recorded in the file LOG, one a line. VICTIM is killed at POINT, if any."""
    log: str
    victim: str | None = None
    point: Point | None = None

    def environment(self, command, directory):
        """The variables for a qblk that finds this program in DIRECTORY in its PATH, and that
        program COMMAND, the real daemon."""
        settings = {'command': command, 'log': self.log, 'victim': self.victim,
                    'point': dataclasses.asdict(self.point) if self.point else None}
        return {_SETTINGS: json.dumps(settings),
                'PATH': directory + os.pathsep + os.environ['PATH']}

    def wait_for_end(self):
        """Wait until the daemon that was started last has ended. It ends by itself with qblk."""
        with open(self.log + PID, encoding='utf-8') as file:
            pid = file.read()
        deadline = time.monotonic() + 10
        while _is_running(pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f'the daemon {pid} has not ended')
            time.sleep(0.01)

    def messages(self):
        """What was recorded so far, of one daemon after another."""
        with open(self.log, encoding='utf-8') as file:
            return [Message(**json.loads(line)) for line in file]


def install(directory):
    """Put this program into DIRECTORY. Returns the command of the real daemon."""
    path = os.path.join(directory, _NAME)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\nexec {shlex.join([sys.executable, os.path.abspath(__file__)])} '
                   '"$@"\n')
    os.chmod(path, 0o755)
    command = qemu.program(_NAME)
    return [qemu.shutil.which(command[0]), *command[1:]]


class _Relay(Faults):
    def __init__(self, settings, monitor, victims):
        point = settings['point']
        super().__init__(Point(**point) if point else None, self._kill)
        self._victim = victims.get(settings['victim'])
        self._monitor = monitor
        self._log = settings['log']

    def strikes_at(self, message):
        with open(self._log, 'a', encoding='utf-8') as file:
            print(json.dumps(dataclasses.asdict(message)), file=file)
        return super().strikes_at(message)

    def _kill(self):
        """The kernel closes the sockets of the victim. Either of them ends the daemon."""
        os.kill(self._victim, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._monitor.shutdown(socket.SHUT_WR)
            while self._monitor.recv(1 << 16):
                pass


def _is_running(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def main():
    """The daemon has to be the process that qblk has started; this program is a child of it."""
    settings = json.loads(os.environ[_SETTINGS])
    own, other = socket.socketpair()
    victims = {QBLK: os.getppid(), DAEMON: os.getpid()}
    with open(settings['log'] + PID, 'w', encoding='utf-8') as file:
        file.write(str(os.getpid()))
    if os.fork() != 0:
        os.dup2(other.fileno(), 0)
        os.execv(settings['command'][0], [*settings['command'], *sys.argv[1:]])
    other.close()
    with socket.socket(fileno=0) as client, own:
        _Relay(settings, own, victims).forward(client, own)


if __name__ == '__main__':
    main()
