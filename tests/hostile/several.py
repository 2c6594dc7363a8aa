#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists of VMs that are no such lists, and VMs of which one is hostile: the others are read."""

import contextlib
import json
import os
import unittest

import hostile
import peer
import qblk

MIB = 1 << 20
CAPTURE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                       'qemu-fixtures', '7.2', 'virtio-5-deep', 'capture.json')
NAMES = (b'\x1b[31m/a', b'/b\x07', '/\u202ec'.encode(), b'/d\xff\xfe', b'capture:\x9b2J',
         b'/' + b'e' * 4000, b"/f'g\"h", b'--json', b'-')


class Lists(hostile.TestCase):
    def test_names_that_would_control_a_terminal(self):
        result, usage = qblk.measure('list', '--vms', '-', stdin=b'\n'.join(NAMES) + b'\n')
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assert_shown(result)
        self.assertEqual(len(result.text.splitlines()), 2 * len(NAMES) - 1)  # and empty lines
        self.assert_usage(usage, cpu=5, memory=64 * MIB)
        result = qblk.run('--json', 'list', '--vms', '-', stdin=b'\n'.join(NAMES))
        self.assert_shown(result)
        self.assertEqual([vm['vm'] for vm in json.loads(result.stdout)],
                         [name.decode(errors='replace') for name in NAMES])

    def test_names_in_comments_of_xml(self):
        names = (b'/--><a/>', b'/---', b'/-', b'/\x01', b'/a--b--')
        result = qblk.run('xml', '--vms', '-', stdin=b'\n'.join(names))
        lines = result.text.splitlines()
        self.assertEqual(len(lines), len(names))
        for line in lines:
            self.assertTrue(line.startswith('<!-- ') and line.endswith(' -->'), msg=line)
            self.assertNotIn('--', line[4:-3])

    def test_lists_without_end(self):
        for content, message in ((b'x' * (17 * MIB), 'larger than 16 MiB'),
                                 (b'a\n' * (9 * MIB), 'larger than 16 MiB'),
                                 (b'/a\n' + b'x' * 8193, 'line 2 '), (b'/a\n\0', 'line 2 ')):
            result, usage = qblk.measure('list', '--vms', '-', stdin=content)
            self.assert_failure(result, qblk.FAILED)
            self.assertIn(message, result.errors)
            self.assert_usage(usage, cpu=5, memory=100 * MIB)
        self.assert_failure(qblk.run('list', '--vms', '/dev/zero'), qblk.FAILED)
        self.assert_failure(qblk.run('list', '--vms', self.directory), qblk.FAILED)

    def test_a_long_list(self):
        lines = '\n'.join(f'/nonexistent/{number}' for number in range(5000)).encode()
        result, usage = qblk.measure('--json', 'list', '--vms', '-', stdin=lines)
        self.assertEqual(len(json.loads(result.stdout)), 5000)
        self.assert_usage(usage, cpu=20, memory=150 * MIB)


class Peers(hostile.TestCase):
    def test_the_others_are_read_while_one_is_hostile(self):
        """An endless reply, bytes that come one after the other, and one that disconnects."""
        with open(CAPTURE, encoding='utf-8') as file:
            answers = peer.recorded(json.load(file))

        def flood(connection):
            connection.greet()
            connection.send(b'{"return": "')
            connection.flood(b'x' * 65536)

        def drip(connection):
            connection.drip(peer.single_bytes(peer.line(peer.GREETING)), 0.05)

        def answer(connection):
            connection.greet()
            connection.serve(answers)

        plays = (drip, answer, flood, answer, lambda connection: None, answer)
        paths = [os.path.join(self.directory, f'{number}.sock') for number in range(len(plays))]
        with contextlib.ExitStack() as stack:
            for path, play in zip(paths, plays):
                stack.enter_context(peer.Peer(path, play))
            result, usage = qblk.measure('-t', 1, '--max-reply', 16, '--json', 'list',
                                         *paths)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assert_shown(result)
        array = json.loads(result.stdout)
        self.assertEqual([vm['vm'] for vm in array], paths)
        self.assertEqual([number for number, vm in enumerate(array) if 'error' in vm], [0, 2, 4])
        self.assert_usage(usage, cpu=20, memory=150 * MIB)

    def test_warnings_are_kept_until_the_turn_of_their_vm(self):
        """The first one is silent, and the second one has so many nodes that there is a warning."""
        with open(CAPTURE, encoding='utf-8') as file:
            capture = json.load(file)
        for reply in capture['replies']:
            if reply['execute'] == 'query-block':
                reply['return'][0]['inserted']['backing_file_depth'] = 1999

        def warn(connection):
            connection.greet()
            connection.serve(peer.recorded(capture))

        silent, many = (os.path.join(self.directory, f'{name}.sock') for name in 'ab')
        with peer.Peer(silent, peer.Connection.hear_out), peer.Peer(many, warn):
            result = qblk.run('-t', 1, 'list', silent, many)
        of_silent, of_many = result.errors.splitlines()
        self.assertTrue(of_silent.startswith(f'qblk: {silent}: no greeting'), msg=str(result))
        self.assertTrue(of_many.startswith(f'qblk: warning: {many}: this VM has about 4000 block '),
                        msg=str(result))


if __name__ == '__main__':
    unittest.main()
