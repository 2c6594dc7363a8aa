# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk bridge`: each client sees a monitor of its own, as QEMU shows it to one client."""

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading

import brief
import bridge
import live
import qblk
import qemu

ACTIVATE = 'systemd-socket-activate'

# One client sends these on QEMU's monitor, and one through the bridge.
NEGOTIATION = [
    b'{"execute": "query-status"}',
    b'{"execute": "qmp_capabilities", "arguments": {"enable": ["none"]}, "id": 1}',
    b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": 2}',
    b'{"execute": "qmp_capabilities", "id": "again"}',
]
COMMANDS = [
    b'{"execute": "query-status"}',
    b'{"execute": "query-name", "id": 1}',
    b"{'execute': 'query-kvm', 'id': 'one'}\n",
    b'{"id": null, "execute": "query-version"}\r\n',
    b'{"execute": "query-uuid", "id": {"a": [1, "b", true]}}',
    b'{"execute": "query-block", "id": -7}',
    b'{"execute": "query-chardev", "id": 18446744073709551615}',
    b'{"execute": "no-such-command", "id": 3}',
    b'{"execute": "query-status", "arguments": {"what": 1}, "id": 4}',
    b'{"execute": "human-monitor-command", "arguments": {"command-line": "info name"}, "id": 5}',
    b'{"exec-oob": "migrate-pause", "id": 6}',
    b'{"exec-oob": "query-status", "id": 7}',
    b'{"execute": "qom-list", "arguments": {"path": "/machine"}, "id": 8}',
    b'{"execute": "query-qmp-schema", "id": "a large reply"}',
    b'{"execute": 1}',
    b'{"no": "command"}',
    b'{"execute": "query-status", "else": 1, "id": 9}',
    b'[1, 2]\n',
    b'{"execute": "query-status", "id": "\\u00E4\\n\\"", "arguments": {}}',
]


def replies(path, commands):
    """The greeting, and the bytes of each reply."""
    with bridge.Client(path) as client:
        return [client.line(), *(client.ask(command) for command in commands)]


class TestCase(live.TestCase):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.read_only = os.path.join(self.directory, 'read-only.sock')

    def boot(self):
        _, process = self.start('drive-5-deep')
        return process

    def guest(self):
        """A guest that the test leaves as it is."""
        _, process = self.share('drive-5-deep')
        return process

    def bridge(self, vm, *arguments, **options):
        return self.enterContext(bridge.Bridge(vm, *arguments, **{'listen': self.path, **options}))

    def client(self, path=None):
        client = bridge.connect(path or self.path)
        self.addCleanup(client.close)
        return client


class Transparent(TestCase):
    def test_each_byte_is_that_of_qemu(self):
        process = self.guest()
        expected = replies(process.socket, NEGOTIATION + COMMANDS)
        self.bridge(process.socket)
        seen = replies(self.path, NEGOTIATION + COMMANDS)
        for command, there, here in zip([b'greeting'] + NEGOTIATION + COMMANDS, expected, seen):
            with self.subTest(command=command):
                self.assertEqual(here, there)

    def test_garbage_is_answered_and_harms_nobody(self):
        process = self.guest()
        self.bridge(process.socket)
        other = self.client()
        for text in (b'}\n', b'{"execute": }\n', b'\xff\xfe\n', b'{"execute": "stop"\n}}\n',
                     b'{"a": 1, "a": 2}\n', b'\0\n', b'[[[[[[[\n' + b']' * 7):
            with self.subTest(text=text), bridge.connect(self.path) as client:
                client.send(text)
                client.send(b'\n{"execute": "query-name", "id": "after"}\n')
                while json.loads(client.reply()).get('id') != 'after':
                    pass
                self.assertEqual(other.execute('query-name', id=1)['id'], 1)

    def test_clients_have_their_own_ids_and_order(self):
        process = self.guest()
        self.bridge(process.socket)
        clients = [self.client() for _ in range(3)]
        for number in range(40):
            for client in clients:
                client.send(json.dumps({'execute': 'query-name', 'id': number}).encode())
        for client in clients:
            self.assertEqual([json.loads(client.reply())['id'] for _ in range(40)],
                             list(range(40)))

    def test_events_go_to_all_that_have_negotiated_in_order(self):
        process = self.boot()
        self.bridge(process.socket)
        first, second = self.client(), self.client()
        with bridge.Client(self.path) as silent:
            silent.line()
            names = []
            for number in range(10):
                command, event = (('cont', 'RESUME'), ('stop', 'STOP'))[number % 2]
                process.qmp.execute(command)
                names.append(event)
            for client in (first, second):
                seen = []
                while len(seen) < len(names):
                    event = json.loads(client.line())
                    self.assertLessEqual({'timestamp', 'event'}, event.keys())
                    seen += [event['event']] if event['event'] in names else []
                self.assertEqual(seen, names)
            self.assertEqual(json.loads(silent.ask(b'{"execute": "qmp_capabilities"}')),
                             {'return': {}})
            self.assertEqual(silent.events, [])

    def test_a_bridge_is_bridged(self):
        process = self.guest()
        expected = replies(process.socket, COMMANDS[1:5])
        self.bridge(process.socket)
        outer = os.path.join(self.directory, 'outer.sock')
        self.bridge(self.path, listen=outer)
        self.assertEqual(replies(outer, COMMANDS[1:5]), expected)
        self.assertEqual(self.client(outer).execute('query-status', id=1)['id'], 1)

    def test_a_large_reply_passes_while_others_are_served(self):
        process = self.guest()
        self.bridge(process.socket)
        slow, quick = self.client(), self.client()
        slow.send(b'{"execute": "query-qmp-schema"}' * 30)
        for number in range(20):
            self.assertEqual(quick.execute('query-name', id=number)['id'], number)
        texts = {slow.reply() for _ in range(30)}
        self.assertEqual(len(texts), 1)

    def test_two_hundred_clients(self):
        process = self.boot()
        self.bridge(process.socket)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(bridge.connect(self.path)) for _ in range(200)]
            for number, client in enumerate(clients):
                client.send(json.dumps({'execute': 'query-name', 'id': number}).encode())
            for number, client in enumerate(clients):
                self.assertEqual(json.loads(client.reply())['id'], number)
            process.qmp.execute('cont')
            for client in clients:
                client.event('RESUME')


class Descriptors(TestCase):
    def file(self):
        file = tempfile.TemporaryFile(dir=self.directory)
        self.addCleanup(file.close)
        return file.fileno()

    def setUp(self):
        super().setUp()
        self.process = self.boot()
        self.bridge(self.process.socket)

    def test_a_descriptor_comes_with_its_command(self):
        client = self.client()
        command = b'{"execute": "getfd", "arguments": {"fdname": "one"}, "id": 1}'
        self.assertEqual(json.loads(client.ask(command, [self.file()])), {'return': {}, 'id': 1})
        self.assertEqual(client.execute('closefd', {'fdname': 'one'}), {'return': {}})

    def test_a_descriptor_comes_with_a_blank_before_its_command(self):
        client = self.client()
        client.send(b' ', [self.file()])
        self.assertEqual(client.execute('getfd', {'fdname': 'two'}), {'return': {}})
        self.assertEqual(client.execute('closefd', {'fdname': 'two'}), {'return': {}})

    def test_sets_of_descriptors_of_two_clients(self):
        first, second = self.client(), self.client()
        for client, opaque in ((first, 'a'), (second, 'b')):
            command = {'execute': 'add-fd', 'arguments': {'opaque': opaque}, 'id': opaque}
            client.send(json.dumps(command).encode(), [self.file()])
        numbers = {json.loads(client.reply())['return']['fdset-id'] for client in (first, second)}
        sets = self.process.qmp.execute('query-fdsets')
        self.assertEqual({entry['fdset-id'] for entry in sets}, numbers)
        self.assertEqual({entry['fds'][0]['opaque'] for entry in sets}, {'a', 'b'})

    def test_without_a_descriptor_it_is_an_error(self):
        client = self.client()
        self.assertEqual(client.execute('getfd', {'fdname': 'three'})['error'],
                         self.process.qmp.ask('getfd', {'fdname': 'three'})['error'])

    def test_a_command_without_a_descriptor_takes_none_of_another_client(self):
        poor, rich, file = self.client(), self.client(), self.file()
        command = b'{"execute": "add-fd", "arguments": {"fdset-id": 1}}'
        for _ in range(100):
            poor.send(command)
            rich.send(command, [file])
        for _ in range(100):
            self.assertIn(b'"return"', rich.reply())
            self.assertIn(b'No file descriptor supplied', poor.reply())


class Hostile(TestCase):
    def test_a_client_that_does_not_read_harms_no_other(self):
        process = self.guest()
        self.bridge(process.socket)
        with self.client() as slow:
            slow.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    slow.socket.send(b'{"execute": "query-qmp-schema"}' * 1000)
            other = self.client()
            for number in range(20):
                self.assertEqual(other.execute('query-name', id=number)['id'], number)

    def test_a_client_ends_within_a_command(self):
        process = self.guest()
        self.bridge(process.socket)
        other = self.client()
        for text in (b'{"execute": "qu', b'{', b'{"execute": "query-status", "arguments": {"a": "'):
            with self.client() as client:
                client.send(text)
            self.assertEqual(other.execute('query-name', id=1)['id'], 1)

    def test_a_client_is_killed_while_its_command_runs(self):
        process = self.guest()
        self.bridge(process.socket)
        other = self.client()
        os.kill(process.pid, signal.SIGSTOP)
        code = ('import socket, os, sys; s = socket.socket(socket.AF_UNIX); '
                's.connect(sys.argv[1]); s.recv(65536); '
                's.sendall(b\'{"execute": "qmp_capabilities"}\'); s.recv(65536); '
                's.sendall(b\'{"execute": "query-version", "id": 1}\' * 4); '
                'os.kill(os.getpid(), 9)')
        subprocess.run(['python3', '-c', code, self.path], check=False)
        other.send(b'{"execute": "query-name", "id": 1}')
        os.kill(process.pid, signal.SIGCONT)
        reply = json.loads(other.reply())
        self.assertEqual((reply['id'], 'name' in reply['return']), (1, True))


class Access(TestCase):
    def test_a_read_only_client_only_reads(self):
        process = self.boot()
        self.bridge(process.socket, '--allow', 'st?p', '--deny', 'query-v*', '--deny', 'eject',
                    read_only=self.read_only)
        client, full = self.client(self.read_only), self.client()
        for command in ('quit', 'system_reset', 'human-monitor-command', 'blockdev-del', 'cont'):
            error = client.execute(command, id=1)['error']
            self.assertEqual(error, {
                'class': 'GenericError',
                'desc': f"command '{command}' is not allowed on this socket: it is read-only"})
        self.assertEqual(client.execute('stop'), {'return': {}})
        self.assertIn('return', client.execute('query-name'))
        self.assertIn('return', client.execute('qom-list', {'path': '/'}))
        for each in (client, full):
            self.assertEqual(each.execute('query-version')['error']['class'], 'GenericError')
        self.assertEqual(full.execute('eject')['error']['class'], 'GenericError')
        self.assertEqual(full.execute('cont'), {'return': {}})
        self.assertTrue(process.running)

    def test_reading_commands_work_through_a_read_only_socket(self):
        process = self.guest()
        expected = self.qblk('xml', process.socket).stdout
        self.bridge(process.socket, read_only=self.read_only)
        self.assertEqual(self.qblk('xml', self.read_only).stdout, expected)

    def test_sockets_have_their_permissions(self):
        process = self.guest()
        mask = os.umask(0)
        self.addCleanup(os.umask, mask)
        self.bridge(process.socket, '--mode', '660', '--group', str(os.getgid()),
                    read_only=self.read_only)
        for path in (self.path, self.read_only):
            info = os.stat(path)
            self.assertEqual((stat.S_IMODE(info.st_mode), info.st_gid), (0o660, os.getgid()))
        other = os.path.join(self.directory, 'other.sock')
        self.bridge(self.path, listen=other)
        self.assertEqual(stat.S_IMODE(os.stat(other).st_mode), 0o600)

    def test_secrets_are_not_logged(self):
        process = self.boot()
        with bridge.Bridge(process.socket, '-v', listen=self.path) as running:
            client = self.client()
            client.execute('object-add', {'qom-type': 'secret', 'id': 's0', 'data': 'hunter2'})
            client.ask(b"{'execute': 'human-monitor-command', 'arguments': "
                       b"{'command-line': 'set_password vnc hunter2'}}")
            data = {'path': '/objects/s0', 'property': 'data'}
            self.assertEqual(client.execute('qom-get', data), {'return': 'hunter2'})
            line = {'command-line': 'qom-get /objects/s0 data'}
            self.assertIn('hunter2', client.execute('human-monitor-command', line)['return'])
            with bridge.Client(self.path) as other:
                other.line()
                other.ask(NEGOTIATION[2])
                other.ask(b'{"exec-oob": "object-add", "arguments": {"qom-type": "secret", '
                          b'"id": "s1", "data": "hunter2"}}')
            client.execute('query-name')
            self.assertEqual(running.stop(), 0)
            self.assertIn('query-name', '\n'.join(running.lines))
            self.assertIn('object-add', '\n'.join(running.lines))
            self.assertNotIn('hunter2', '\n'.join(running.lines))


class Sockets(TestCase):
    def test_a_socket_in_use_is_not_replaced(self):
        process = self.guest()
        self.bridge(process.socket)
        result = self.qblk('bridge', process.socket, '--listen', self.path, status=qblk.FAILED)
        self.assertIn(f"'{self.path}': another process already listens there", result.errors)
        result = self.qblk('bridge', self.path, '--listen', process.socket, status=qblk.FAILED)
        self.assertIn('another process already listens there', result.errors)
        self.assertIn('return', self.client().execute('query-name'))

    def test_a_stale_socket_is_replaced_and_all_are_removed(self):
        process = self.guest()
        with bridge.Bridge(process.socket, listen=self.path) as first:
            first.kill()
        self.assertTrue(os.path.exists(self.path))
        with bridge.Bridge(process.socket, listen=self.path) as second:
            self.assertIn('return', self.client().execute('query-name'))
            self.assertEqual(second.stop(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_of_bridges_that_start_together_one_has_the_socket(self):
        process = self.guest()
        with bridge.Bridge(process.socket, listen=self.path) as first:
            first.kill()  # a stale socket is there
        words = ['-t', '60', 'bridge', process.socket, '--listen', self.path]
        running = [subprocess.Popen(qblk.command(words), stderr=subprocess.PIPE,
                                    stdin=subprocess.DEVNULL, env=qblk.environment())
                   for _ in range(8)]
        lost = threading.Semaphore(0)
        for each in running:
            threading.Thread(target=lambda each=each: (each.wait(), lost.release())).start()
        for _ in running[1:]:
            self.assertTrue(lost.acquire(timeout=qblk.TIMEOUT))
        winners = [each for each in running if each.poll() is None]
        self.assertEqual(len(winners), 1)
        self.assertIn('return', self.client().execute('query-name'))
        winners[0].terminate()
        errors = [each.communicate()[1] for each in running]
        self.assertEqual(sum(b'already listens' in error for error in errors), len(running) - 1)
        self.assertEqual(winners[0].returncode, 0)

    def test_sockets_of_a_service_manager_and_its_notifications(self):
        process = self.boot()
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        notify = os.path.join(self.directory, 'notify')
        manager.bind(notify)
        manager.settimeout(qblk.TIMEOUT)
        with contextlib.ExitStack() as stack:
            listeners = []
            for path in (self.read_only, self.path):
                listeners.append(stack.enter_context(socket.socket(socket.AF_UNIX)))
                listeners[-1].bind(path)
                listeners[-1].listen()
            fds = [listener.fileno() for listener in listeners]
            # As a service manager does it: from descriptor 3 on, with the pid of the process.
            code = ('import os, sys\n'
                    f'for number, fd in enumerate({fds}): os.dup2(fd, 100 + number)\n'
                    f'for number in range({len(fds)}): os.dup2(100 + number, 3 + number)\n'
                    'os.environ["LISTEN_PID"] = str(os.getpid())\n'
                    'os.execvp(sys.argv[1], sys.argv[1:])')
            command = ['python3', '-c', code, *qblk.command(['bridge', process.socket])]
            variables = {'LISTEN_FDS': '2', 'LISTEN_FDNAMES': 'read-only:qmp',
                         'NOTIFY_SOCKET': notify}
            service = stack.enter_context(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=fds,
                env={**qblk.environment(), **variables}))
            stack.callback(service.kill)
            received = b''
            while b'READY=1' not in received:
                received = manager.recv(4096)
            self.assertIn('error', self.client(self.read_only).execute('cont'))
            self.assertIn('return', self.client().execute('cont'))
            service.terminate()
            while b'STOPPING=1' not in received:
                received = manager.recv(4096)
            self.assertEqual(service.wait(qblk.TIMEOUT), 0)
        self.assertTrue(os.path.exists(self.path))  # it is the service manager's

    def test_sockets_of_systemd(self):
        if shutil.which(ACTIVATE) is None:
            if live.IN_CI:
                self.fail(f'no {ACTIVATE}')
            self.skipTest(f'no {ACTIVATE}')
        process = self.guest()
        # It listens, and becomes the bridge with the first client.
        words = [ACTIVATE, '--listen', self.read_only, '--listen', self.path,
                 '--fdname', 'read-only:qmp', *(f'--setenv={name}' for name in qblk.environment())]
        with contextlib.ExitStack() as stack:
            service = stack.enter_context(subprocess.Popen(
                words + qblk.command(['bridge', process.socket]), stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE, env=qblk.environment()))
            stack.callback(service.kill)
            lines = iter(service.stderr.readline, b'')
            for path in (self.read_only, self.path):  # "Listening on PATH as 3."
                self.assertIn(path.encode(), next(lines))
            refused = self.client(self.read_only).execute('getfd', {'fdname': 'one'})
            self.assertIn('it is read-only', refused['error']['desc'])
            self.assertIn('return', self.client().execute('query-name'))
            peer = self.client(self.read_only).execute('qblk-query-peer')['return']
            self.assertEqual((peer['pid'], peer['full']), (process.pid, self.path))
            service.terminate()
            self.assertIn(f"listening at '{self.path}'", b''.join(lines).decode())
            self.assertEqual(service.wait(qblk.TIMEOUT), 0)
        self.assertTrue(os.path.exists(self.path))  # it is that of systemd

    def test_standard_input_and_output(self):
        process = self.guest()
        greeting = replies(process.socket, [])[0]
        commands = (b'{"execute": "qmp_capabilities"}\n{"execute": "query-name", "id": 1}\n'
                    b'{"execute": "query-qmp-schema", "id": 2}\n')
        result = qblk.run('bridge', process.socket, '--stdio', stdin=commands)
        lines = result.stdout.splitlines(keepends=True)
        self.assertEqual(lines[0], greeting)
        self.assertEqual([json.loads(line).get('id') for line in lines[1:]], [None, 1, 2])
        self.assertEqual(result.status, 0)
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as output:
            file.write(b'skipped\n' + commands)
            file.flush()
            file.seek(len(b'skipped\n'))
            output.write(b'before\n')
            output.flush()
            done = subprocess.run(qblk.command(['bridge', process.socket, '--stdio']), stdin=file,
                                  stdout=output, stderr=subprocess.DEVNULL, check=False,
                                  timeout=qblk.TIMEOUT, env=qblk.environment())
            output.seek(0)
            self.assertEqual((done.returncode, output.read()), (0, b'before\n' + result.stdout))

    def test_a_client_that_listens(self):
        process = self.guest()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen()
            with bridge.Bridge(process.socket, '--connect', self.path,
                               until='connected to') as running:
                client = bridge.Client(connection=listener.accept()[0])
                client.negotiate()
                self.assertIn('return', client.execute('query-name'))
                client.close()
                self.assertEqual(running.wait(), 0)


class Ends(TestCase):
    def test_the_end_of_qemu_is_the_end_of_all(self):
        process = self.boot()
        running = self.bridge(process.socket)
        first, second = self.client(), self.client()
        first.send(b'{"execute": "quit", "id": 1}')
        process._killed = True  # pylint: disable=protected-access
        self.assertEqual(json.loads(first.reply()), {'return': {}, 'id': 1})
        for client in (first, second):
            client.event('SHUTDOWN')
            self.assertEqual(client.rest(), b'')
        self.assertEqual(running.wait(), 0)
        self.assertIn(f"qblk: QEMU has closed '{process.socket}'", running.lines)
        self.assertFalse(os.path.exists(self.path))

    def test_a_killed_qemu(self):
        process = self.boot()
        running = self.bridge(process.socket)
        client = self.client()
        process.kill()
        self.assertEqual(client.rest(), b'')
        self.assertIn(running.wait(), (qblk.DONE, qblk.NO_CONNECTION))
        self.assertFalse(os.path.exists(self.path))

    def test_signals(self):
        process = self.guest()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with bridge.Bridge(process.socket, listen=self.path) as running:
                client = self.client()
                self.assertEqual(running.stop(number), 0)
                self.assertEqual(client.rest(), b'')
                self.assertFalse(os.path.exists(self.path))

    def test_clients_get_the_next_qemu(self):
        home = self.enterContext(qemu.directory())
        monitor = os.path.join(home, 'qmp.sock')
        running = self.bridge(monitor, '--reconnect')
        waiting = bridge.Client(self.path)
        greetings = []
        for number in range(2):
            with qemu.Process(home, []) as process:
                greetings.append(waiting.negotiate())
                self.assertEqual(waiting.execute('query-status', id=number)['id'], number)
                process.quit()
                waiting.event('SHUTDOWN')
                self.assertEqual(waiting.rest(), b'')
                waiting.close()
                running.wait_line('waiting for the next QEMU', number + 1)
                waiting = bridge.Client(self.path)
        waiting.close()
        self.assertEqual(greetings[0], greetings[1])
        self.assertEqual(running.stop(), 0)

    def test_without_reconnect_a_missing_qemu_is_an_error(self):
        missing = os.path.join(self.directory, 'missing.sock')
        result = self.qblk('bridge', missing, '--listen', self.path, status=qblk.NO_CONNECTION)
        self.assertIn(missing, result.errors)
        self.assertFalse(os.path.exists(self.path))

    @brief.leave_out
    def test_a_monitor_in_use_is_an_error(self):
        process = self.guest()
        with bridge.Client(process.socket) as client:
            client.line()
            result = self.qblk('-t', '0.5', 'bridge', process.socket, '--listen', self.path,
                               status=qblk.NO_CONNECTION)
            self.assertIn('another client probably holds this monitor', result.errors)


if __name__ == '__main__':
    live.main()
