#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken and hostile peers: qblk ends in time and within bounds of memory, with one error message
and nothing on stdout."""

import os
import unittest

import brief
import hostile
import peer
import qblk

TIMEOUT = 0.5  # seconds, of qblk
SLACK = 20.0  # more seconds, for a busy machine; slow bytes take longer
MIB = 1 << 20
SLOW_GREETING = peer.single_bytes(peer.line(peer.GREETING))


class Peers(hostile.TestCase):
    def fails(self, play, message, *, status=qblk.FAILED, command=('list',), memory=64 * MIB,
              cpu=2.0):
        path = os.path.join(self.directory, 'peer.sock')
        timeout = TIMEOUT if status == qblk.NO_CONNECTION else 60
        with peer.Peer(path, play):
            result, usage = qblk.measure('-t', timeout, command[0], path, *command[1:])
        self.assert_failure(result, status)
        self.assertIn(message, result.errors, msg=str(result))
        self.assert_usage(usage, cpu, memory)
        if status == qblk.NO_CONNECTION:
            self.assertLess(usage.seconds, TIMEOUT + SLACK)

    def passes(self, play, command, *, memory=64 * MIB, cpu=10):
        path = os.path.join(self.directory, 'peer.sock')
        with peer.Peer(path, play):
            result, usage = qblk.measure('--connect-timeout', 20, command, path)
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        self.assert_shown(result)
        self.assert_usage(usage, cpu, memory)
        return result

    def reply(self, text):
        """A peer that answers the first command after the handshake with the bytes TEXT."""
        def play(connection):
            connection.greet()
            connection.command()
            connection.send(text)
            connection.hear_out()
        return play


class Bytes(Peers):
    """Bytes that are not a message, or a message without end."""

    def test_a_line_without_end(self):
        def play(connection):
            connection.greet()
            connection.send(b'{"return": "')
            connection.flood(b'x' * 65536)
        self.fails(play, 'QBLK_LIMIT_REPLY_BYTES', memory=300 * MIB, cpu=20)

    def test_a_greeting_without_end(self):
        def play(connection):
            connection.send(b'{"QMP": "')
            connection.flood(b'x' * 65536)
        self.fails(play, 'QBLK_LIMIT_REPLY_BYTES', memory=300 * MIB, cpu=20)

    def test_white_space_without_end_is_not_a_greeting(self):
        self.fails(lambda connection: connection.flood(b'\r\n' * 32768), 'no greeting from',
                   status=qblk.NO_CONNECTION)

    def test_white_space_without_end_is_not_a_reply(self):
        def play(connection):
            connection.greet()
            connection.flood(b'\r\n' * 32768)
        self.fails(play, 'no reply within', status=qblk.NO_CONNECTION)

    def test_bytes_that_are_not_a_message(self):
        for data in (b'\0' * 100, b'\xff\xfe\xfd', b'HTTP/1.1 400\r\n\r\n', b'[1]\r\n', b'}\r\n'):
            with self.subTest(data):
                self.fails(lambda connection, data=data: connection.send(data), 'not a QMP')

    def test_nesting_without_end(self):
        for brackets in (b'[' * 1000000, b'{"a":' * 1000000):
            with self.subTest(brackets[:5]):
                self.fails(self.reply(b'{"return": ' + brackets), 'QBLK_LIMIT_JSON_DEPTH')

    def test_half_a_reply_and_then_silence(self):
        self.fails(self.reply(b'{"return": {"a": '), 'no reply within',
                   status=qblk.NO_CONNECTION)

    def test_half_a_reply_and_then_the_end(self):
        def play(connection):
            connection.greet()
            connection.command()
            connection.send(b'{"return": {"a": ')
        self.fails(play, 'inside a message')

    def test_silence(self):
        with open('/proc/self/comm', encoding='utf-8') as file:
            name = file.read().rstrip('\n')
        self.fails(lambda connection: connection.hear_out(),
                   f"/peer.sock': its server is '{name}' (pid {os.getpid()}), not QEMU",
                   status=qblk.NO_CONNECTION)

    def test_a_greeting_byte_by_byte_takes_no_longer_than_the_timeout(self):
        self.fails(lambda connection: connection.drip(SLOW_GREETING, 0.3),
                   'no greeting from', status=qblk.NO_CONNECTION)

    def test_a_reply_byte_by_byte_takes_no_longer_than_the_timeout(self):
        def play(connection):
            connection.greet()
            connection.command()
            connection.drip(peer.single_bytes(b'{"return": [' + b'0,' * 1000), 0.3)
        self.fails(play, 'no reply within', status=qblk.NO_CONNECTION)

    def test_few_bytes_that_would_be_many_in_memory(self):
        for item in (b'[],', b'{},', b'0,', b'"",'):
            text = b'{"return": [' + item * (63 * MIB // len(item)) + b'0], "id": 2}'
            with self.subTest(item):
                self.fails(self.reply(text), '(QBLK_LIMIT_JSON_', memory=300 * MIB, cpu=20)

    def test_as_many_values_as_are_allowed(self):
        objects = b'{"return": [' + b'{},' * 999990 + b'0], "id": 99}'
        numbers = b'{"return": [' + b'0,' * 3999990 + b'0], "id": 99}'
        for text in (objects, numbers):
            with self.subTest(text[:20]):
                self.fails(self.reply(text), 'no command in flight', memory=400 * MIB,
                           cpu=20)


# Names of which each part could be the name of a secret, or the end of a password. The strstr() of
# a sanitizer reads up to the end of the whole text each time.
PLACES = 200000 if hostile.IS_MEASURED else 5000
SECRETS = ('rbd:' + 'a=' * 2 * PLACES, 'x' + '://' * 4 * PLACES,
           'http://h/?' + 'key=x&' * 3 * PLACES)


class Messages(Peers):
    """Messages that QEMU would not send at this time."""

    def test_a_second_greeting(self):
        def play(connection):
            connection.greet()
            connection.send(peer.line(peer.GREETING))
            connection.hear_out()
        self.fails(play, 'second greeting')

    def test_two_greetings_at_once(self):
        def play(connection):
            connection.send(2 * peer.line(peer.GREETING))
            connection.hear_out()
        self.fails(play, 'second greeting')

    def test_something_else_than_a_greeting(self):
        def play(connection):
            connection.send(peer.line({'error': {'class': 'GenericError', 'desc': 'no'}}))
            connection.hear_out()
        self.fails(play, 'before its greeting')

    def test_a_reply_to_nothing(self):
        for number in (0, 99, 9223372036854775807):
            with self.subTest(number):
                self.fails(self.reply(peer.line({'return': {}, 'id': number})),
                           'no command in flight')

    def test_a_second_reply_to_one_command(self):
        def play(connection):
            connection.greet()
            number, _, _ = connection.command()
            connection.send(2 * peer.line({'return': {'qemu': {'major': 7, 'minor': 2, 'micro': 0},
                                                      'package': ''}, 'id': number}))
            connection.hear_out()
        self.fails(play, 'no command in flight')

    def test_an_invalid_id(self):
        for number in ('1', None, [], {}, -1, 1.5, True):
            with self.subTest(number):
                self.fails(self.reply(peer.line({'return': {}, 'id': number})), 'id')
        self.fails(self.reply(peer.line({'return': {}})), 'without id')
        self.fails(self.reply(b'{"return": {}, "id": 18446744073709551616}\r\n'), 'too big integer')

    def test_a_message_of_no_kind_or_of_two(self):
        for message in ({}, {'id': 2}, {'return': {}, 'error': {}, 'id': 2},
                        {'return': {}, 'event': 'RESUME', 'id': 2}, {'error': 'no', 'id': 2},
                        {'error': {}, 'id': 2}, {'error': {'class': 1, 'desc': 2}, 'id': 2},
                        {'event': 5}, {'QMP': {}}, {'QMP': {'version': 7}}):
            with self.subTest(message):
                self.fails(self.reply(peer.line(message)), 'qblk: ')

    def test_text_that_is_not_json(self):
        for text in (b'{"return": nul, "id": 2}', b'{"return": "\xff", "id": 2}',
                     b'{"return": "\\ud800", "id": 2}', b'{"return": "\\u0000", "id": 2}',
                     b'{"return": 1, "return": 2, "id": 2}', b'{"return": 1e999, "id": 2}',
                     b'{"return": 9223372036854775808, "id": 2}'):
            with self.subTest(text):
                self.fails(self.reply(text), 'not JSON')

    def test_an_error_without_end(self):
        text = peer.line({'error': {'class': 'GenericError', 'desc': 'x' * 40000000}})
        self.fails(self.reply(text), 'could not parse', memory=800 * MIB, cpu=20)

    def test_an_error_with_many_places_for_a_secret(self):
        for text in SECRETS:
            error = {'error': {'class': 'GenericError', 'desc': text}}
            with self.subTest(text[:20]):
                self.fails(self.reply(peer.line(error)), 'could not parse', cpu=10)


class Floods(Peers):
    def test_small_events_without_end(self):
        def play(connection):
            connection.greet()
            connection.flood(peer.line({'event': 'A'}) * 1000)
        self.fails(play, 'QBLK_LIMIT_EVENTS', memory=300 * MIB, cpu=20)

    def test_large_events_without_end(self):
        def play(connection):
            connection.greet()
            connection.flood(peer.line({'event': 'A', 'data': [{}] * 100000}))
        self.fails(play, 'QBLK_LIMIT_EVENT_BYTES', memory=900 * MIB, cpu=20)

    def test_events_do_not_put_off_the_deadline(self):
        def play(connection):
            connection.greet()
            connection.drip([peer.line({'event': 'A'})] * 1000, 0.2)
        self.fails(play, 'no reply within', status=qblk.NO_CONNECTION)


class Graphs(Peers):
    """Replies that are valid QMP, but not a valid graph."""

    def vm(self, **replies):
        """A peer with these replies, with dashes for underscores in their names, and one disk on
        node a. A reply may be a function of the arguments."""
        node = {'node-name': 'a', 'drv': 'file', 'file': '/a', 'ro': False,
                'image': {'virtual-size': 1}}
        answers = {
            'query-version': {'qemu': {'major': 10, 'minor': 1, 'micro': 0}, 'package': ''},
            'query-name': {}, 'query-jobs': [], 'query-block-jobs': [],
            'query-block': [{'device': 'd', 'qdev': 'vda', 'removable': False,
                             'inserted': {'node-name': 'a', 'ro': False}}],
            'query-named-block-nodes': [{**node, 'children': []}],
            **{name.replace('_', '-'): reply for name, reply in replies.items()},
        }

        def play(connection):
            connection.greet()
            connection.serve(answer)

        def answer(name, arguments):
            reply = answers.get(name)
            reply = reply(arguments) if callable(reply) else reply
            return peer.refusal() if reply is None else {'return': reply}
        return play

    def node(self, name, *children, driver='raw'):
        return {'node-name': name, 'drv': driver, 'file': '/' + name, 'ro': False,
                'image': {'virtual-size': 1},
                'children': [{'child': edge, 'node-name': child} for edge, child in children]}

    def test_the_unchanged_vm_is_valid(self):
        self.assertEqual(self.passes(self.vm(), 'list').stderr, b'')

    def test_a_million_nodes(self):
        nodes = [{'node-name': str(number)} for number in range(1000000)]
        self.fails(self.vm(query_named_block_nodes=nodes), '(QBLK_LIMIT_JSON_CONTAINERS)',
                   cpu=30, memory=300 * MIB)

    def test_one_node_more_than_are_allowed(self):
        nodes = [self.node(f'n{number}') for number in range(100001)]
        self.fails(self.vm(query_named_block_nodes=nodes), 'limit of 100000', cpu=30,
                   memory=500 * MIB)

    def test_as_many_nodes_as_are_allowed(self):
        nodes = [self.node(f'n{number}') for number in range(99999)] + [self.node('a')]
        self.passes(self.vm(query_named_block_nodes=nodes), 'list', memory=600 * MIB)

    def test_names_with_many_places_for_a_secret(self):
        for name in SECRETS:
            nodes = [{**self.node('a'), 'file': name}]
            with self.subTest(name[:20]):
                self.passes(self.vm(query_named_block_nodes=nodes), 'list')

    def deep(self, depth):
        """query-block of a disk with DEPTH images."""
        return [{'device': 'd', 'qdev': 'vda', 'removable': False,
                 'inserted': {'node-name': 'a', 'ro': False, 'backing_file_depth': depth}}]

    def test_nodes_that_keep_the_guest_waiting_are_warned_of(self):
        result = self.passes(self.vm(query_block=self.deep(1999)), 'list')
        self.assertEqual(result.stderr, b'qblk: warning: this VM has about 4000 block nodes: each '
                         b'query of them blocks its monitor and its disks for about 320 ms\n')

    def test_nodes_are_not_queried_if_that_would_stop_the_guest_for_long(self):
        self.fails(self.vm(query_block=self.deep(50000)), 'more than the limit of 100000')

    def test_a_chain_longer_than_is_allowed(self):
        nodes = [self.node(f'n{number}', ('backing', f'n{number + 1}'), driver='qcow2')
                 for number in range(50001)] + [self.node('n50001', driver='qcow2')]
        nodes.append(self.node('a', ('backing', 'n0'), driver='qcow2'))
        self.fails(self.vm(query_named_block_nodes=nodes), 'limit of 50000', cpu=30,
                   command=('chain', 'vda'), memory=200 * MIB)

    def test_more_devices_than_are_allowed(self):
        blocks = [{'device': f'd{number}', 'qdev': f'q{number}', 'removable': False}
                  for number in range(50001)]
        self.fails(self.vm(query_block=blocks), 'limit of 50000', cpu=60, memory=200 * MIB)

    def test_namespaces_of_many_controllers(self):
        buses, devices, properties = '/machine/unattached/device', '/machine/peripheral/', {}
        for number in range(2500):
            subsystem = f'{buses}[{number}]'
            properties.update({
                (f'{devices}n{number}', 'type'): 'nvme-ns',
                (f'{devices}n{number}', 'nsid'): 1,
                (f'{devices}n{number}', 'parent_bus'): f'{subsystem}/nvme-bus.0',
                (subsystem, 'type'): 'nvme-subsys',
                (f'{devices}c{number}', 'subsys'): subsystem})
        controllers = [{'qdev_id': f'c{number}', 'class_info': {'class': 0x108}}
                       for number in range(2500)]
        blocks = [{'device': f'd{number}', 'qdev': f'n{number}', 'removable': False}
                  for number in range(2500)]
        self.passes(self.vm(
            query_block=blocks, query_pci=[{'devices': controllers}],
            qom_get=lambda arguments: properties.get((arguments['path'], arguments['property']))),
                    'list')

    def test_more_jobs_than_are_allowed(self):
        jobs = [{'id': f'j{number}', 'type': 'commit', 'status': 'running', 'current-progress': 0,
                 'total-progress': 1} for number in range(4097)]
        self.fails(self.vm(query_jobs=jobs), 'limit of 4096', command=('jobs',))

    def test_more_block_jobs_than_are_allowed(self):
        block_jobs = [{'device': f'j{number}', 'speed': 0, 'ready': False, 'paused': False,
                       'auto-finalize': True, 'auto-dismiss': True} for number in range(200000)]
        jobs = [{'id': f'j{number + 200000}', 'type': 'commit', 'status': 'running',
                 'current-progress': 0, 'total-progress': 1} for number in range(4096)]
        self.fails(self.vm(query_jobs=jobs, query_block_jobs=block_jobs), 'limit of 4096',
                   command=('jobs',), memory=500 * MIB, cpu=10)

    def test_layers_of_one_file(self):
        tops = ['n' * 300 + str(disk) for disk in range(3)]
        nodes = [self.node(f'{top}-{number}', ('backing', f'{top}-{number + 1}'), driver='qcow2')
                 for top in tops for number in range(9999)]
        nodes += [self.node(f'{top}-9999', driver='qcow2') for top in tops]
        blocks = [{'device': top, 'qdev': top, 'removable': False,
                   'inserted': {'node-name': f'{top}-0', 'ro': False}} for top in tops]
        vm = self.vm(query_named_block_nodes=[{**node, 'file': '/same'} for node in nodes],
                     query_block=blocks)
        self.fails(vm, ', and 29990 more', status=qblk.NOT_FOUND, command=('resolve', '/same'),
                   memory=200 * MIB, cpu=5)

    def test_a_path_of_nodes_deeper_than_a_page(self):
        nodes = [self.node(f'n{number}', ('file', f'n{number + 1}')) for number in range(20000)]
        nodes += [self.node('n20000'), self.node('a', ('file', 'n0'))]
        result = self.passes(self.vm(query_named_block_nodes=nodes), 'graph', memory=100 * MIB)
        self.assertLess(len(result.stdout), 4 * MIB)
        self.assertIn('n20000 (raw)', result.text)

    def crowd(self, disks, layers, jobs):
        """All disks on one chain, and all jobs on its top."""
        nodes = [self.node(f'n{number}', ('backing', f'n{number + 1}'), driver='qcow2')
                 for number in range(layers - 1)] + [self.node(f'n{layers - 1}', driver='qcow2')]
        graph = {'nodes': [{'id': number, 'type': 'block-driver', 'name': f'n{number}'}
                           for number in range(layers)], 'edges': []}
        for number in range(jobs):
            graph['nodes'].append({'id': layers + number, 'type': 'block-job',
                                   'name': f'j{number}'})
            graph['edges'].append({'parent': layers + number, 'child': 0, 'name': 'main node',
                                   'perm': [], 'shared-perm': []})
        return self.vm(
            query_named_block_nodes=nodes, x_debug_query_block_graph=graph,
            query_jobs=[{'id': f'j{number}', 'type': 'commit', 'status': 'running',
                         'current-progress': 0, 'total-progress': 1} for number in range(jobs)],
            query_block=[{'device': f'd{number}', 'qdev': f'q{number}', 'removable': False,
                          'inserted': {'node-name': 'n0', 'ro': False}} for number in
                         range(disks)])

    def test_disks_that_share_a_long_chain(self):
        self.fails(self.crowd(10000, 9000, 1), 'limit of 200000', cpu=60, memory=200 * MIB)

    def test_as_many_of_all_as_are_allowed(self):
        vm = self.crowd(9999, 20, 4096)
        # the first makes the most chains, and the last prints the most
        for command in ('list', 'chain', 'jobs', 'graph') if brief.IS_FULL else ('list', 'graph'):
            with self.subTest(command):
                self.passes(vm, command, cpu=60, memory=400 * MIB)

    def test_cycles(self):
        circles = {
            'of itself': [self.node('a', ('backing', 'a'), driver='qcow2')],
            'of two': [self.node('a', ('backing', 'b'), driver='qcow2'),
                       self.node('b', ('backing', 'a'), driver='qcow2')],
            'of filters': [self.node('a', ('file', 'b'), driver='throttle'),
                           self.node('b', ('file', 'a'), driver='throttle')],
            'of storage': [self.node('a', ('file', 'b')), self.node('b', ('file', 'b'))],
        }
        for what, nodes in circles.items():
            vm = self.vm(query_named_block_nodes=nodes)
            for command in (('chain',), ('xml',), ('resolve', 'vda')):
                with self.subTest(what, command=command):
                    self.fails(vm, 'cycle', command=command)
            with self.subTest(what):
                self.assertIn(b'cycle', self.passes(vm, 'list').stderr)
                self.assertRegex(self.passes(vm, 'graph').text, '  see (vda|above)\n')

    def test_cycles_of_the_debug_graph(self):
        nodes = [{**self.node('a', driver='qcow2')}, {**self.node('b', driver='qcow2')}]
        for node in nodes:
            del node['children']
        edges = [{'parent': 1, 'child': 2, 'name': 'backing', 'perm': [], 'shared-perm': []},
                 {'parent': 2, 'child': 1, 'name': 'backing', 'perm': [], 'shared-perm': []}]
        graph = {'nodes': [{'id': 1, 'type': 'block-driver', 'name': 'a'},
                           {'id': 2, 'type': 'block-driver', 'name': 'b'}], 'edges': edges}
        self.fails(self.vm(query_named_block_nodes=nodes, x_debug_query_block_graph=graph),
                   'cycle', command=('chain',))

    def test_two_nodes_of_one_name(self):
        self.fails(self.vm(query_named_block_nodes=[self.node('a'), self.node('a')]), "'a'")

    def test_a_missing_child(self):
        self.fails(self.vm(query_named_block_nodes=[self.node('a', ('file', 'gone'))]), "'gone'",
                   status=qblk.REFUSED)

    def test_two_children_in_one_place(self):
        nodes = [self.node('a', ('backing', 'b'), ('backing', 'c'), driver='qcow2'),
                 self.node('b'), self.node('c')]
        self.fails(self.vm(query_named_block_nodes=nodes), "'backing'", command=('chain', 'vda'))

    def test_two_jobs_of_one_id(self):
        job = {'id': 'j', 'type': 'commit', 'status': 'running', 'current-progress': 0,
               'total-progress': 1}
        self.fails(self.vm(query_jobs=[job, job]), "'j'", command=('jobs',))


if __name__ == '__main__':
    unittest.main(verbosity=2)
