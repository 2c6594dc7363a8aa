# SPDX-License-Identifier: LGPL-2.1-or-later
"""The monitor of another machine, which ssh forwards."""

import contextlib
import os
import pty
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
import unittest.mock
import urllib.parse

import live
import qblk
import qemu
import qmp
import sshd

TIMEOUT = 60  # seconds

# Run a program with the terminal that is its standard input.
ON_TERMINAL = '''\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
'''


class TestCase(live.TestCase):
    """Each test has a server, and an empty directory for the sockets of ssh."""

    def setUp(self):
        super().setUp()
        self.sockets = self.make_directory('sockets')
        with self.needing():
            self.server = self.serve()
        variables = {'QBLK_SSH': self.server.program, 'XDG_RUNTIME_DIR': self.sockets,
                     'TMPDIR': self.sockets, 'SSH_ASKPASS': ''}
        self.enterContext(unittest.mock.patch.dict(os.environ, variables))
        os.environ.pop('SSH_ASKPASS')

    def make_directory(self, name):
        path = os.path.join(self.directory, name)
        os.mkdir(path, 0o700)
        return path

    def serve(self, *options, name='server'):
        return self.enterContext(sshd.Server(self.make_directory(name), *options))

    def assert_nothing_is_left(self):
        """The sockets are gone, and ssh has ended with the one that started it."""
        self.assertEqual(os.listdir(self.sockets), [])
        self.assertRaises(ProcessLookupError, os.kill, self.server.pid(), 0)

    def refuse(self, *arguments, status=qblk.NO_CONNECTION):
        """The message of a qblk without a terminal."""
        return self.qblk(*arguments, status=status, has_terminal=False).errors

    def begin(self, *arguments, **options):
        running = subprocess.Popen(  # pylint: disable=consider-using-with
            qblk.command(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=qblk.environment(), start_new_session=True, **options)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running


class Reading(TestCase):
    def test_the_output_is_that_of_a_qblk_on_the_host(self):
        _, process = self.share('drive-5-deep')
        address = self.server.address(process.socket)
        for call in (['list'], ['xml'], ['xml', 'vda'], ['resolve', 'vda[2]'], ['graph'], ['jobs'],
                     ['job', 'vda'], ['capture']):
            with self.subTest(call=call):
                here = self.qblk(call[0], process.socket, *call[1:]).stdout
                there = self.qblk(call[0], address, *call[1:], has_terminal=False).stdout
                self.assertEqual(there, here)
        self.assert_nothing_is_left()

    def test_files_are_not_looked_at(self):
        _, process = self.share('drive-5-deep')
        here = self.qblk('chain', process.socket).text.splitlines()
        there = self.qblk('chain', self.server.address(process.socket),
                          has_terminal=False).text.splitlines()
        self.assertEqual(there[:-1], here)
        self.assertIn('not known', there[-1])  # the files that QEMU has open

    def test_a_path_may_have_any_characters(self):
        _, process = self.share('empty-vm')
        expected = self.qblk('list', process.socket).stdout
        path = os.path.join(self.directory, r'''a b%c%%d:e\f$g'h"i#j?k[l]{m}~;&é''')
        os.symlink(process.socket, path)
        address = self.server.address(urllib.parse.quote(path))
        self.assertEqual(self.qblk('list', address, has_terminal=False).stdout, expected)

    def test_a_directory_too_long_for_sockets_is_not_used(self):
        _, process = self.share('empty-vm')
        path = self.make_directory('long' * 25)
        address = self.server.address(process.socket)
        with unittest.mock.patch.dict(os.environ, {'XDG_RUNTIME_DIR': path, 'TMPDIR': path}):
            self.qblk('list', address, has_terminal=False)
        with unittest.mock.patch.dict(os.environ, {'XDG_RUNTIME_DIR': '/none', 'TMPDIR': '/none'}):
            self.qblk('list', address, has_terminal=False)

    def test_the_configuration_of_the_user_may_forward_and_run_commands_itself(self):
        _, process = self.share('empty-vm')
        with socket.create_server(('127.0.0.1', 0)) as taken:
            self.configure(f'LocalForward {taken.getsockname()[1]} localhost:1',
                           'LocalCommand exit 1', 'PermitLocalCommand no', 'ControlMaster auto',
                           f'ControlPath {self.directory}/control', 'LogLevel QUIET')
            self.qblk('list', self.server.address(process.socket), has_terminal=False)
        self.assert_nothing_is_left()

    def configure(self, *lines):
        with open(os.path.join(self.directory, 'server', 'ssh_config'), 'a',
                  encoding='ascii') as file:
            file.write('\n'.join(lines) + '\n')

    def test_a_shell_that_runs_nothing_is_enough(self):
        _, process = self.share('empty-vm')
        with unittest.mock.patch.dict(os.environ, {'SHELL': '/bin/false'}):
            self.qblk('list', self.server.address(process.socket), has_terminal=False)


class Failures(TestCase):
    def assert_refused(self, address, *parts, options=()):
        text = self.refuse(*options, 'list', address)
        for part in parts:
            self.assertIn(part, text)
        self.assert_nothing_is_left()

    def test_a_host_whose_key_is_not_known(self):
        os.truncate(self.server.known_hosts, 0)
        self.assert_refused(self.server.address('/vm.qmp'), 'Host key verification failed',
                            f"does 'ssh -p {self.server.port} {self.server.user}@127.0.0.1' work?")

    def test_a_key_that_is_not_authorized(self):
        other = self.serve(name='other')
        os.replace(other.user_key, self.server.user_key)
        os.replace(other.user_key + '.pub', self.server.user_key + '.pub')
        self.assert_refused(self.server.address('/vm.qmp'), 'Permission denied (publickey)')

    def test_a_socket_that_does_not_exist(self):
        path = os.path.join(self.directory, 'none.qmp')
        self.assert_refused(self.server.address(path),
                            f"no QEMU listens on '{path}' of host '127.0.0.1'")

    def test_a_server_that_forwards_no_sockets(self):
        self.server = self.serve('AllowStreamLocalForwarding no', name='strict')
        os.environ['QBLK_SSH'] = self.server.program
        self.assert_refused(self.server.address('/vm.qmp'), 'AllowStreamLocalForwarding')

    def test_a_port_without_a_listener(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port = listener.getsockname()[1]
        self.assert_refused(f'ssh://127.0.0.1:{port}/vm.qmp', 'Connection refused')

    def test_a_host_that_does_not_answer(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            begin = time.monotonic()
            self.assert_refused(f'ssh://127.0.0.1:{listener.getsockname()[1]}/vm.qmp',
                                'time limit', options=('-t', '0.5'))
            self.assertLess(time.monotonic() - begin, 10)

    def test_a_busy_monitor(self):
        _, process = self.start('empty-vm')
        address = self.server.address(process.socket)
        # If a person could be asked, the time for authentication is not limited.
        os.environ['SSH_ASKPASS'] = '/bin/false'
        with qmp.Qmp.connect(process.socket):
            self.assert_refused(address, f"no greeting from '{address}'",
                                options=('-t', '2'))
        self.qblk('list', address, has_terminal=False)

    def test_an_ssh_that_does_not_exist(self):
        os.environ['QBLK_SSH'] = '/none/ssh'
        text = self.refuse('list', self.server.address('/vm.qmp'))
        self.assertIn("cannot find '/none/ssh'", text)
        self.assertEqual(os.listdir(self.sockets), [])


class Changing(TestCase):
    def test_it_is_refused_before_anything_is_started(self):
        address = self.server.address('/run/a vm.qmp')
        for command, arguments in (('commit', ['vda']), ('pull', ['vda']), ('rebase', ['vda', '1']),
                                   ('copy', ['vda', '/x']), ('snapshot', ['vda']),
                                   ('job', ['vda', '--abort']), ('mend', []), ('recover', []),
                                   ('open-monitor', ['/m.qmp'])):
            with self.subTest(command=command):
                text = self.refuse(command, address, *arguments, status=qblk.USAGE)
                self.assertIn("files of '127.0.0.1': run it there: ssh", text)
                call = shlex.split(text.split('run it there: ')[1])
                self.assertEqual(call[:4], ['ssh', '-p', str(self.server.port),
                                            f'{self.server.user}@127.0.0.1'])
                self.assertEqual(shlex.split(' '.join(call[4:])),
                                 ['qblk', command, '/run/a vm.qmp', '...'])
        self.assertFalse(os.path.exists(self.server.pid_file))


class Ends(TestCase):
    """Of a qblk whose QEMU does not answer, because another client holds its monitor."""

    def setUp(self):
        super().setUp()
        _, self.process = self.start('empty-vm')
        self.address = self.server.address(self.process.socket)

    def wait_for_ssh(self, listener, running):
        """Returns when the RUNNING qblk is connected to LISTENER through ssh: (a descriptor of ssh,
        the connection)"""
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        descriptor = os.pidfd_open(self.server.pid())
        self.addCleanup(os.close, descriptor)
        self.assertIsNone(running.poll())
        return descriptor

    def assert_ended(self, descriptor):
        self.assertTrue(select.select([descriptor], [], [], TIMEOUT)[0])
        self.assertEqual(os.listdir(self.sockets), [])

    def test_ssh_ends_with_a_qblk_that_is_killed(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                path = os.path.join(self.directory, number.name)
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(path)
                    listener.listen()
                    running = self.begin('-t', '100', 'list', self.server.address(path))
                    ssh = self.wait_for_ssh(listener, running)
                    running.send_signal(number)
                    self.assertEqual(running.wait(TIMEOUT), -number)
                    self.assert_ended(ssh)

    def test_qblk_ends_with_an_ssh_that_is_killed(self):
        path = os.path.join(self.directory, 'listener')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            running = self.begin('-t', '100', 'list', self.server.address(path))
            self.wait_for_ssh(listener, running)
            os.kill(self.server.pid(), signal.SIGKILL)
            _, errors = running.communicate(timeout=TIMEOUT)
        self.assertEqual(running.returncode, qblk.NO_CONNECTION)
        self.assertIn(b'closed the connection', errors)

    def test_a_watch_ends_with_ctrl_c(self):
        with self.running('stream-pending') as (_, process):
            running = self.begin('jobs', '--watch', self.server.address(process.socket))
            self.assertIn(b'stream', running.stdout.readline())
            running.send_signal(signal.SIGINT)
            self.assertEqual(running.wait(TIMEOUT), qblk.DONE)
        self.assert_nothing_is_left()


class Asking(TestCase):
    """With a terminal ssh asks there."""

    PASSPHRASE = 'open sesame'

    def setUp(self):
        super().setUp()
        subprocess.run(['ssh-keygen', '-q', '-p', '-a', '1', '-P', '', '-N', self.PASSPHRASE,
                        '-f', self.server.user_key], check=True, stdout=subprocess.DEVNULL)

    def begin_on_terminal(self, *arguments):
        """(the terminal, the running qblk)"""
        terminal, inner = pty.openpty()
        self.addCleanup(os.close, terminal)
        try:
            running = subprocess.Popen(  # pylint: disable=consider-using-with
                [sys.executable, '-c', ON_TERMINAL, *qblk.command(arguments)], stdin=inner,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=qblk.environment())
        finally:
            os.close(inner)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return terminal, running

    def wait_for_question(self, terminal):
        text = b''
        while b'passphrase' not in text or not text.endswith(b': '):
            self.assertTrue(select.select([terminal], [], [], TIMEOUT)[0], msg=text)
            text += os.read(terminal, 1000)

    def test_the_passphrase_is_asked_for_without_a_time_limit(self):
        _, process = self.start('empty-vm')
        expected = self.qblk('list', process.socket).stdout
        terminal, running = self.begin_on_terminal('-t', '1', 'list',
                                                   self.server.address(process.socket))
        self.wait_for_question(terminal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(1.5)
        self.assertIsNone(running.poll())
        os.write(terminal, self.PASSPHRASE.encode() + b'\n')
        output, errors = running.communicate(timeout=TIMEOUT)
        self.assertEqual((running.returncode, output, errors), (qblk.DONE, expected, b''))
        self.assert_nothing_is_left()

    def test_ctrl_c_ends_both_while_they_connect(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            address = f'ssh://127.0.0.1:{listener.getsockname()[1]}/vm.qmp'
            terminal, running = self.begin_on_terminal('-t', '100', 'list', address)
            connection, _ = listener.accept()
            with connection:
                self.assertEqual(connection.recv(4), b'SSH-')
                ssh = os.pidfd_open(self.server.pid())
                self.addCleanup(os.close, ssh)
                os.write(terminal, b'\x03')
                self.assertEqual(running.wait(TIMEOUT), -signal.SIGINT)
                self.assertTrue(select.select([ssh], [], [], TIMEOUT)[0])
        # Nothing of what may be left is in use.
        self.assertEqual([os.listdir(os.path.join(self.sockets, name))
                          for name in os.listdir(self.sockets)], [[]])

    def test_without_a_terminal_nothing_is_asked(self):
        text = self.refuse('list', self.server.address('/vm.qmp'))
        self.assertIn('Permission denied', text)
        self.assert_nothing_is_left()


if __name__ == '__main__':
    live.main()
