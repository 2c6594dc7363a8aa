#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk bridge` between hostile clients and a hostile QEMU: its memory and its descriptors are
bounded, and other clients are served."""

import contextlib
import json
import os
import socket
import threading
import unittest

import bridge
import hostile
import peer
import qblk

MIB = 1 << 20
NAME = b'{"execute": "query-name", "id": 1}'
EMPTY = {'return': {}}


def obliging(connection):
    """A QEMU that answers each command with an empty object."""
    connection.greet()
    connection.serve(lambda *_: EMPTY)


class Bridges(hostile.TestCase):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def start(self, play=obliging, *arguments, **options):
        """A bridge of a peer that does PLAY."""
        vm = os.path.join(self.directory, 'peer.sock')
        self.stack.enter_context(peer.Peer(vm, play))
        self.bridge = self.stack.enter_context(
            bridge.Bridge(vm, *arguments, listen=self.path, **options))
        return self.bridge

    def client(self):
        return self.stack.enter_context(bridge.connect(self.path))

    def attacker(self):
        """A client whose test never waits for it, neither to send nor to receive."""
        client = self.client()
        client.socket.setblocking(False)
        return client

    def assert_served(self, client=None, count=1):
        """CLIENT, or a new one, gets replies."""
        with contextlib.ExitStack() as stack:
            client = client or stack.enter_context(bridge.connect(self.path))
            for number in range(count):
                self.assertEqual(client.execute('query-name', id=number),
                                 {'return': {}, 'id': number})

    def peak(self):
        """The most memory that the bridge has used so far, in bytes."""
        with open(f'/proc/{self.bridge.process.pid}/status', encoding='ascii') as file:
            sizes = dict(line.split(':', 1) for line in file)
        return int(sizes['VmHWM'].split()[0]) << 10

    def assert_peak(self, limit):
        if hostile.IS_MEASURED:
            self.assertLess(self.peak(), limit)

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.bridge.process.pid}/fd'))

    def flood(self, client, data, total):
        """Send DATA again and again, up to TOTAL bytes, until the bridge reads no more or ends the
        connection. Others are served all the time. Returns the number of bytes sent."""
        other = self.client()
        sent = blocked = 0
        view = memoryview(data * max(1, MIB // len(data)))
        at = 0
        while sent < total and blocked < 20:
            try:
                count = client.socket.send(view[at:])
                at = (at + count) % len(view)
                sent += count
                blocked = 0
            except BlockingIOError:
                blocked += 1
                self.assert_served(other)  # the bridge has had a turn
            except (BrokenPipeError, ConnectionResetError):
                break
        self.assert_served(other)
        return sent


class Clients(Bridges):
    def test_a_command_without_end(self):
        self.start()
        self.assertLess(self.flood(self.attacker(), b'{"execute": "' + b'x' * MIB, 100 * MIB),
                        20 * MIB)
        self.bridge.wait_line('QBLK_LIMIT_COMMAND_BYTES')
        self.assert_peak(64 * MIB)

    def test_a_string_without_end(self):
        self.start()
        client = self.attacker()
        client.send(b'{"execute": "')
        self.assertLess(self.flood(client, b'x' * MIB, 100 * MIB), 20 * MIB)
        self.bridge.wait_line('QBLK_LIMIT_COMMAND_BYTES')
        self.assert_peak(64 * MIB)

    def test_white_space_without_end(self):
        self.start()
        for data in (b' ' * 65536, b'\r\n' * 32768):
            self.assertGreaterEqual(self.flood(self.attacker(), data, 50 * MIB), 50 * MIB)
        self.assert_peak(32 * MIB)

    def test_garbage_without_end(self):
        """Each line has its error, and after so many that are not read no more is read."""
        self.start()
        for data in (b'}\n', b'\xff\n', b'[' * 65536, b'{"a":' * 20000 + b'\n', b"'\n", b'null\n'):
            with self.subTest(data[:10]):
                self.flood(self.attacker(), data, 8 * MIB)
                self.assert_peak(64 * MIB)

    def test_commands_without_end(self):
        self.start()
        for data in (NAME, b'{"execute": "qmp_capabilities"}', b'{}', b'{"execute": "' + b'x' * 9000
                     + b'"}'):
            with self.subTest(data[:30]):
                self.flood(self.attacker(), data, 8 * MIB)
                self.assert_peak(64 * MIB)

    def test_ids_as_long_as_a_command(self):
        self.start()
        client = self.client()
        for value in ('x' * (15 * MIB),  ['y'] * 1000000, {'a' * MIB: 'b' * MIB}):
            self.assertEqual(client.execute('query-name', id=value), {'return': {}, 'id': value})
            self.assert_served(client)
        self.assert_peak(200 * MIB)

    def test_descriptors_without_end(self):
        self.start()
        before = self.descriptors()
        client = self.client()
        with open(os.devnull, 'rb') as file:
            for _ in range(100):
                client.send(b' ', [file.fileno()] * 200)
        self.assert_served(client)
        self.assertLess(self.descriptors(), before + 300)
        client.close()
        self.assert_served()
        self.assertLessEqual(self.descriptors(), before + 1)

    def test_clients_that_come_and_go(self):
        self.start()
        other = self.client()
        before = self.descriptors()
        for number in range(1000):
            with bridge.Client(self.path) as client:
                client.send((b'', b'{"execute": "qmp_capabilities"}' + NAME * 20, b'{"exec')[
                    number % 3])
        self.assert_served(other)
        with self.client() as last:
            self.assert_served(last)
        self.assert_served(other)
        self.assertLessEqual(self.descriptors(), before + 1)
        self.assert_peak(32 * MIB)


class Frozen(Bridges):
    """A QEMU that reads no more after the negotiation."""

    def setUp(self):
        super().setUp()
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)

        def play(connection):
            connection.greet()
            self.go_on.wait()
            connection.serve(lambda *_: EMPTY)
        self.start(play)

    def assert_served_later(self, client):
        client.send(NAME)
        self.go_on.set()
        self.assertEqual(json.loads(client.reply()), {'return': {}, 'id': 1})

    def flood_frozen(self, client, data, total):
        """Send DATA again and again until the bridge reads no more for a second. Returns the number
        of bytes that it has read."""
        client.socket.settimeout(1)
        view = memoryview(data)
        sent = 0
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            while sent < total:
                sent += client.socket.send(view[sent % len(data):])
        return sent

    def test_commands_wait_with_their_client(self):
        other = self.client()
        self.assertLess(self.flood_frozen(self.client(), NAME * 1000, 100 * MIB), 2 * MIB)
        self.assert_peak(32 * MIB)
        self.assert_served_later(other)

    def test_long_commands(self):
        command = json.dumps({'execute': 'query-name', 'arguments': {'a': 'x' * (15 * MIB)}})
        other = self.client()
        self.flood_frozen(self.client(), command.encode(), 500 * MIB)
        self.assert_peak(80 * MIB)
        self.assert_served_later(other)

    def test_commands_out_of_band(self):
        client, other = bridge.Client(self.path), self.client()
        self.stack.enter_context(client)
        client.line()
        client.ask(b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}')
        self.flood_frozen(client, b'{"exec-oob": "migrate-pause"}' * 1000, 100 * MIB)
        self.assert_peak(32 * MIB)
        self.assert_served_later(other)

    def test_clients_come_and_go(self):
        other = self.client()
        for _ in range(300):
            with self.client() as client:
                client.send(NAME * 4)
        self.assert_peak(32 * MIB)
        self.assert_served_later(other)

    def test_a_signal_ends_the_bridge(self):
        client = self.client()
        client.send(NAME * 20)
        self.assertEqual(self.bridge.stop(), 0)
        self.assertEqual(client.rest(), b'')
        self.assertFalse(os.path.exists(self.path))


class Qemus(Bridges):
    """A QEMU that sends what QEMU would not send."""

    def test_replies_that_nobody_asked_for(self):
        def play(connection):
            connection.greet()
            for number in (0, 1, -1, 99, 'x', None, [], {}, 1.5, 1 << 64):
                connection.send(peer.line({'return': {'a': 1}, 'id': number}))
                connection.send(peer.line({**peer.refusal(), 'id': number}))
            connection.send(peer.line(EMPTY) + peer.line(peer.refusal()))
            connection.serve(lambda *_: EMPTY)
        self.start(play)
        self.assert_served(count=3)

    def test_replies_that_nobody_asked_for_without_end(self):
        def play(connection):
            connection.greet()
            for _ in range(100):
                connection.send(peer.line({'return': 'x' * MIB, 'id': 99}))
            connection.serve(lambda *_: EMPTY)
        self.start(play)
        self.assert_served()
        self.assert_peak(32 * MIB)

    def test_a_reply_with_another_id_and_a_second_reply(self):
        def answer(*_):
            def texts(number):
                return (peer.line({'return': 1, 'id': number + 1000}) +
                        2 * peer.line({'return': {}, 'id': number}))
            return texts

        def play(connection):
            connection.greet()
            connection.serve(answer)
        self.start(play)
        client = self.client()
        self.assert_served(client, count=10)
        self.assert_served(count=10)

    def test_replies_in_another_order(self):
        """They are those of their commands."""
        def play(connection):
            connection.greet()
            while True:
                numbers = [connection.command()[0] for _ in range(2)]
                for number in reversed(numbers):
                    connection.send(peer.line({'return': number - min(numbers), 'id': number}))
        self.start(play)
        first, second = self.client(), self.client()
        for client, number in ((first, 1), (second, 2)) * 5:
            client.send(json.dumps({'execute': 'query-name', 'id': number}).encode())
            if client is second:
                replies = [json.loads(each.reply()) for each in (first, second)]
                self.assertEqual([reply['id'] for reply in replies], [1, 2])
                self.assertEqual({reply['return'] for reply in replies}, {0, 1})

    def test_an_error_without_id_is_that_of_the_oldest_command(self):
        def play(connection):
            connection.greet()
            connection.command()
            connection.send(peer.line(peer.refusal()))
            connection.serve(lambda *_: EMPTY)
        self.start(play)
        client = self.client()
        self.assertEqual(client.execute('query-name', id=7), peer.refusal())
        self.assert_served(client)

    def test_byte_by_byte(self):
        reply = {'return': {'a': ['x' * 100, 1.5, {'b': None}]}}

        def play(connection):
            connection.greet()
            while True:
                number, *_ = connection.command()
                for byte in peer.single_bytes(
                        peer.line({'event': 'A'}) + peer.line({**reply, 'id': number})):
                    connection.send(byte)
        self.start(play)
        for number in range(3):
            client = self.client()
            self.assertEqual(client.execute('query-name', id=number), {**reply, 'id': number})
            self.assertEqual(client.event('A'), {'event': 'A'})

    def each_time(self, events, size):
        """A QEMU that sends EVENTS, each with SIZE bytes of data, before each reply; how many such
        replies all clients get."""
        event = peer.line({'event': 'A', 'data': {'b': 'x' * size}})

        def play(connection):
            connection.greet()
            while True:
                number, *_ = connection.command()
                connection.send(event * events)
                connection.send(peer.line({'return': {}, 'id': number}))
        self.start(play)
        return event

    def deafens(self, event, count, rounds):
        """One client reads all COUNT events of each of these rounds, and one reads nothing."""
        deaf, silent = self.client(), self.stack.enter_context(bridge.Client(self.path))
        silent.line()
        reader = self.client()
        for _ in range(rounds):
            reader.send(NAME)
            for _ in range(count):
                self.assertEqual(reader.line(), event)
            self.assertEqual(json.loads(reader.line()), {'return': {}, 'id': 1})
        self.bridge.wait_line('QBLK_LIMIT_UNREAD_BYTES')
        self.assertLess(len(deaf.rest()), 20 * MIB + len(event))
        # what came before the negotiation is not sent
        self.assertEqual(json.loads(silent.ask(b'{"execute": "qmp_capabilities"}')), EMPTY)
        self.assertEqual(silent.events, [])

    def test_large_events_for_a_client_that_does_not_read(self):
        self.deafens(self.each_time(1, 10 * MIB), 1, 10)
        self.assert_peak(128 * MIB)

    def test_small_events_for_a_client_that_does_not_read(self):
        self.deafens(self.each_time(4000, 50), 4000, 80)
        self.assert_peak(64 * MIB)

    def test_a_long_reply_for_a_client_that_has_gone(self):
        start = threading.Event()

        def play(connection):
            connection.greet()
            number, *_ = connection.command()
            connection.send(b'{"return": "')
            start.wait()
            for _ in range(50):
                connection.send(b'x' * MIB)
            connection.send(b'", "id": %d}\r\n' % number)
            connection.serve(lambda *_: EMPTY)
        self.start(play)
        other = self.client()
        with self.client() as client:
            client.send(NAME)
        start.set()
        self.assert_served(other)
        self.assert_peak(96 * MIB)

    def test_capabilities_that_do_not_exist(self):
        """A greeting of another form is passed on."""
        greeting = peer.line({'QMP': {'version': 7, 'capabilities': [1, None, {'oob': 1}]}})

        def play(connection):
            connection.send(greeting)
            number, *_ = connection.command()
            connection.send(peer.line({'return': {}, 'id': number}))
            connection.serve(lambda *_: EMPTY)
        self.start(play)
        with bridge.Client(self.path) as client:
            self.assertEqual(client.line(), greeting)


class Ends(Bridges):
    """The bridge ends because of what QEMU does, and its clients get the end."""

    def ends(self, text, message, status=qblk.FAILED):
        """QEMU sends TEXT, bytes or a function of the connection, while a client waits."""
        start = threading.Event()

        def play(connection):
            connection.greet()
            start.wait()
            connection.command()
            if callable(text):
                text(connection)
            else:
                connection.send(text)
                connection.hear_out()
        self.start(play)
        client = self.client()
        client.send(NAME)
        start.set()
        client.rest()
        self.assertEqual(self.bridge.wait(), status, msg=self.bridge.lines)
        self.assertIn(message, '\n'.join(self.bridge.lines))
        self.assertFalse(os.path.exists(self.path))
        self.stack.close()

    def fails(self, play, message):
        """The same before the negotiation."""
        vm = os.path.join(self.directory, 'peer.sock')
        self.stack.enter_context(peer.Peer(vm, play))
        result, usage = qblk.measure('--connect-timeout', 0.5, 'bridge', vm, '--listen', self.path)
        self.assert_failure(result, qblk.NO_CONNECTION)
        self.assertIn(message, result.errors)
        self.assert_usage(usage, 5, 100 * MIB)
        self.assertFalse(os.path.exists(self.path))

    def test_a_greeting_that_never_comes(self):
        self.fails(lambda connection: connection.hear_out(), 'no greeting from')

    def test_a_greeting_byte_by_byte_takes_no_longer_than_the_timeout(self):
        slow = peer.single_bytes(peer.line(peer.GREETING))
        self.fails(lambda connection: connection.drip(slow, 0.3), 'no greeting from')

    def test_a_negotiation_that_is_not_answered(self):
        def play(connection):
            connection.send(peer.line(peer.GREETING))
            connection.hear_out()
        self.fails(play, "'qmp_capabilities': no reply")

    def test_white_space_without_end_is_not_a_greeting(self):
        self.fails(lambda connection: connection.flood(b'\r\n' * 32768), 'no greeting from')

    def test_events_without_end_are_not_a_greeting(self):
        self.fails(lambda connection: connection.flood(peer.line({'event': 'A'}) * 1000),
                   'no greeting from')

    def test_bytes_that_are_not_a_message(self):
        for data in (b'\0' * 100, b'\xff\xfe', b'HTTP/1.1 400\r\n\r\n', b'[1]\r\n', b'}\r\n'):
            with self.subTest(data):
                self.ends(data, 'not QMP')

    def test_a_message_of_no_kind(self):
        for message in ({}, {'id': 2}, {'no': {}}):
            with self.subTest(message):
                self.ends(peer.line(message), 'no greeting, reply or event')

    def test_a_second_greeting(self):
        self.ends(peer.line(peer.GREETING), 'second greeting')

    def test_nesting_without_end(self):
        for brackets in (b'[' * 1000000, b'{"a":' * 1000000):
            with self.subTest(brackets[:5]):
                self.ends(b'{"return": ' + brackets, 'QBLK_LIMIT_JSON_DEPTH')

    def test_a_reply_without_end(self):
        def play(connection):
            connection.send(b'{"return": "')
            connection.flood(b'x' * 65536)
        self.ends(play, 'QBLK_LIMIT_REPLY_BYTES')

    def test_the_end_within_a_reply(self):
        self.ends(lambda connection: connection.send(b'{"return": {"a'), 'inside a message',
                  status=qblk.NO_CONNECTION)


if __name__ == '__main__':
    unittest.main()
