# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk capture`: the format of a capture file. graphs-live compares its content with the guest."""

import json

import live
import qblk


class Capture(live.TestCase):
    def test_it_has_the_documented_format(self):
        _, process = self.share('virtio-5-deep')
        capture = json.loads(self.qblk('capture', process.socket).stdout)
        self.assertEqual(capture['qblk-capture'], 1)
        for reply in capture['replies']:
            self.assertIn('execute', reply)
            self.assertEqual(('return' in reply) + ('error' in reply), 1, msg=reply)

    def test_it_is_the_same_from_standard_input(self):
        _, process = self.share('virtio-5-deep')
        text = self.qblk('capture', process.socket).stdout
        for command in (('list',), ('chain',), ('xml',), ('graph',), ('resolve', 'vda[2]')):
            with self.subTest(command):
                output = self.qblk(command[0], process.socket, *command[1:]).text
                self.assertEqual(
                    self.qblk(command[0], 'capture:-', *command[1:], stdin=text).text,
                    output.replace(process.socket, 'capture:-'))

    def test_it_contains_no_secret(self):
        _, process = self.share('luks')
        self.assertNotIn(b'"data": "secret"', self.qblk('capture', process.socket).stdout)

    def test_an_invalid_capture_is_an_error(self):
        for data in (b'', b'{', b'[]', b'{"qblk-capture": 2, "replies": []}',
                     b'{"qblk-capture": 1}', b'{"qblk-capture": 1, "replies": 5}'):
            with self.subTest(data):
                self.qblk('list', 'capture:-', stdin=data, status=qblk.FAILED)


if __name__ == '__main__':
    live.main()
