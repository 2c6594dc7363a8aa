# SPDX-License-Identifier: LGPL-2.1-or-later
"""The forms of a monitor address, and the errors if a monitor cannot be used."""

import os
import signal
import socket
import subprocess
import time

import block_jobs
import live
import qblk
import qmp
import relay


class Ways(live.TestCase):
    def test_a_path_and_unix_and_tcp_and_an_inherited_socket_are_the_same(self):
        _, process = self.start('drive-5-deep', tcp=True)
        expected = self.qblk('chain', process.socket).stdout
        self.assertEqual(self.qblk('chain', f'unix:{process.socket}').stdout, expected)
        over_tcp = self.qblk('chain', f'tcp:{process.tcp}').text.splitlines()
        self.assertEqual(over_tcp[:-1], expected.decode().splitlines())
        self.assertIn('not known', over_tcp[-1])  # the files that QEMU has open
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(process.socket)
            number = connection.fileno()
            self.assertEqual(self.qblk('chain', f'fd:{number}', pass_fds=[number]).stdout, expected)

    def test_the_monitor_is_free_again_afterwards(self):
        _, process = self.start('drive-5-deep')
        self.qblk('list', process.socket)
        with qmp.Qmp.connect(process.socket) as client:
            client.execute('query-version')

    def test_the_guest_does_not_change(self):
        _, process = self.start('commit-ready')
        before = live.Graph(process.qmp).edges, process.qmp.execute('query-jobs')
        for command in ('list', 'chain', 'xml', 'graph', 'jobs', 'capture'):
            self.qblk(command, process.socket)
        self.assertEqual((live.Graph(process.qmp).edges, process.qmp.execute('query-jobs')), before)


class Failures(live.TestCase):
    def assert_no_connection(self, *arguments, message=None, **options):
        result = self.qblk(*arguments, status=qblk.NO_CONNECTION, **options)
        if message:
            self.assertIn(message, result.errors)

    def test_a_socket_that_does_not_exist(self):
        path = os.path.join(self.directory, 'none.sock')
        self.assert_no_connection('list', path, message=path)

    def test_a_socket_whose_qemu_ended(self):
        _, process = self.start('empty-vm')
        process.kill()
        self.assert_no_connection('list', process.socket, message=process.socket)

    def test_a_file_that_is_not_a_socket(self):
        path = os.path.join(self.directory, 'file')
        with open(path, 'w', encoding='ascii'):
            self.assert_no_connection('list', path, message=path)

    def test_a_path_too_long_for_a_socket(self):
        self.assert_no_connection('list', '/' + 'x' * 200)

    def test_a_port_without_a_listener(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
        self.assert_no_connection('list', f'tcp:127.0.0.1:{port}')

    def test_a_descriptor_that_is_not_open(self):
        result = qblk.run('list', 'fd:99')
        self.assertIn(result.status, (qblk.USAGE, qblk.NO_CONNECTION), msg=str(result))
        self.assertEqual(result.stdout, b'')

    def test_a_busy_monitor_differs_from_a_dead_one_within_the_timeout(self):
        _, process = self.start('drive-5-deep')
        with qmp.Qmp.connect(process.socket):
            begin = time.monotonic()
            self.assert_no_connection('--connect-timeout', '1', 'list', process.socket,
                                      message=f"no greeting from '{process.socket}'")
            self.assertLess(time.monotonic() - begin, 10)
        # the queued client disconnected, so it does not occupy the monitor
        self.qblk('list', process.socket)

    def test_a_qemu_that_hangs_ends_with_the_timeout(self):
        _, process = self.start('drive-5-deep')
        os.kill(process.pid, signal.SIGSTOP)
        try:
            self.assert_no_connection('--connect-timeout', '1', 'list', process.socket)
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def test_a_server_without_qmp(self):
        path = os.path.join(self.directory, 'other.sock')
        with relay.Greeter(path, b'SSH-2.0-OpenSSH_9.2\r\n'):
            result = qblk.run('--connect-timeout', '2', 'list', path)
        self.assertIn(result.status, (qblk.FAILED, qblk.NO_CONNECTION), msg=str(result))
        self.assertEqual(result.stdout, b'')

    def test_a_qemu_that_dies_during_the_conversation(self):
        # 0: before the greeting; 1: before the capabilities are negotiated; then between the
        # replies
        for lines in range(5):
            with self.subTest(lines=lines), self.running('drive-5-deep') as (_, process):
                path = os.path.join(process.home, 'relay.sock')
                with relay.Relay(path, process.socket, lines, process.kill):
                    self.assert_no_connection('chain', path)
                self.assertFalse(process.running)


class InMidJob(block_jobs.TestCase):
    def test_a_job_on_a_qemu_that_does_not_respond_can_be_resumed(self):
        self.boot(data='4M')
        running = self.begin('--connect-timeout', '0.5', 'pull', self.process.socket, 'vda',
                             *block_jobs.SLOW)
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            text = self.finish(running, qblk.NO_CONNECTION)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        self.assertIn("job 'qblk-pull-vda' was not ended, see 'qblk jobs': QEMU does not respond",
                      text)
        self.assertIn(f'to resume the operation: qblk recover {self.process.socket}', text)
        self.process.qmp.execute('block-job-set-speed', {'device': 'qblk-pull-vda', 'speed': 0})
        self.qblk('recover', self.process.socket)
        self.assert_no_jobs()
        self.assert_files(self.files[0])
        self.assert_same_content()

    def test_a_job_that_could_not_be_rolled_back_can_be_resumed(self):
        self.boot(data='4M')
        running = self.begin('--connect-timeout', '0.5', 'pull', self.process.socket, 'vda',
                             *block_jobs.SLOW)
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            text = self.interrupt(running)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        self.assertIn("job 'qblk-pull-vda' could not be rolled back", text)
        self.assertIn(f'to resume the operation: qblk recover {self.process.socket}', text)
        self.process.qmp.execute('block-job-set-speed', {'device': 'qblk-pull-vda', 'speed': 0})
        self.qblk('recover', self.process.socket)
        self.assert_no_jobs()
        self.assert_files(self.files[0])

    def test_watched_jobs_on_a_qemu_that_does_not_respond(self):
        self.boot(data='4M')
        self.qblk('pull', self.process.socket, 'vda', '--detach', *block_jobs.SLOW)
        watching = subprocess.Popen(qblk.command(
            ('-t', '0.5', 'jobs', '--watch', self.process.socket)), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=qblk.environment())
        self.addCleanup(block_jobs.end, watching)
        self.assertIn(b'qblk-pull-vda', watching.stdout.readline())
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            _, errors = watching.communicate(timeout=60)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        self.assertEqual(watching.returncode, qblk.NO_CONNECTION, msg=errors)
        self.assertIn(b'query-jobs', errors)


if __name__ == '__main__':
    live.main()
