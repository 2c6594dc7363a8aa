# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a capture says is what the guest it was taken from says."""

import json
import os

import live
import qblk

TOPOLOGIES = ('empty-vm', 'virtio-5-deep', 'drive-5-deep', 'many-buses', 'many-buses-q35',
              'libvirt-names', 'libvirt-aliases', 'copy-before-write', 'commit-ready',
              'mirror-running', 'shared-base', 'luks', 'nbd-base', 'read-only')


class Capture(live.TestCase):
    def assert_same_from_capture(self, name):
        topology, process = self.start(name)
        data = self.qblk('capture', process.socket).stdout
        path = os.path.join(self.folder, 'capture.json')
        with open(path, 'wb') as file:
            file.write(data)
        commands = [('list',), ('chain',), ('xml',), ('jobs',), ('graph', '--format', 'tree'),
                    ('graph', '--format', 'dot'), ('graph', '--format', 'json')]
        for target, files in topology.chains.items():
            commands += [('chain', target), ('xml', target), ('resolve', target)]
            if len(files) > 1 and name != 'libvirt-names':
                commands.append(('resolve', f'{target}[{len(files) - 1}]'))
        for command, *arguments in commands:
            for options in ((), ('--json',)):
                if options and command == 'xml':
                    continue
                with self.subTest(name, command=command, arguments=arguments, options=options):
                    self.assert_same(options, command, arguments, process.socket, path)

    def assert_same(self, options, command, arguments, socket, path):
        live_result = self.qblk(*options, command, socket, *arguments)
        from_file = self.qblk(*options, command, f'capture:{path}', *arguments)
        self.assertEqual(from_file.text, live_result.text.replace(socket, f'capture:{path}'))
        with open(path, 'rb') as file:
            from_stdin = self.qblk(*options, command, 'capture:-', *arguments, stdin=file.read())
        self.assertEqual(from_stdin.text, live_result.text.replace(socket, 'capture:-'))

    def test_it_has_the_documented_format(self):
        _, process = self.start('virtio-5-deep')
        capture = json.loads(self.qblk('capture', process.socket).stdout)
        self.assertEqual(capture['qblk-capture'], 1)
        for reply in capture['replies']:
            self.assertIn('execute', reply)
            self.assertEqual(('return' in reply) + ('error' in reply), 1, msg=reply)

    def test_it_has_no_secret(self):
        _, process = self.start('luks')
        self.assertNotIn(b'"data": "secret"', self.qblk('capture', process.socket).stdout)

    def test_a_broken_one_is_an_error(self):
        for data in (b'', b'{', b'[]', b'{"qblk-capture": 2, "replies": []}',
                     b'{"qblk-capture": 1}', b'{"qblk-capture": 1, "replies": 5}'):
            with self.subTest(data):
                self.qblk('list', 'capture:-', stdin=data, status=qblk.FAILED)


def add_topology(name):
    def test(self):
        self.assert_same_from_capture(name)
    setattr(Capture, f'test_it_says_the_same_of_{name.replace("-", "_")}', test)


for each in TOPOLOGIES:
    add_topology(each)

if __name__ == '__main__':
    live.main()
