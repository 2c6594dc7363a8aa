# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with odd names: told exactly, or refused with the disk named; never a wrong name."""

import os
import unittest
import xml.etree.ElementTree

import live
import qblk
import rng

EXACT = ('vda', 'vdb', 'vdd', 'vdh', 'vdj')
# no UTF-8; a control byte, and a code point, that XML 1.0 has not
REFUSED = ('vde', 'vdi', 'vdk')
# a line break and relative names, which the schema of libvirt does not take
EITHER = ('vdc', 'vdf', 'vdg', 'vdl')


class OddNames(live.TestCase):
    def setUp(self):
        super().setUp()
        self.topology, self.process = self.start('odd-names')

    def test_what_xml_can_say_is_said_exactly(self):
        for target in EXACT:
            with self.subTest(target):
                disk = self.disk_xml(self.process.socket, target)
                self.assertEqual(live.disk_sources(disk), (self.topology.chains[target], True))

    @unittest.skipUnless(rng.available(), 'no libvirt schema or no xmllint')
    def test_what_is_said_is_valid(self):
        fragments = {}
        for target in EXACT + EITHER:
            result = qblk.run('xml', self.process.socket, target)
            if result.status == qblk.DONE:
                fragments[target] = result.stdout
        self.assertLessEqual(set(EXACT), set(fragments))
        self.assertEqual(rng.check(fragments), {})

    def test_what_xml_cannot_say_is_an_error_that_names_the_disk(self):
        for target in REFUSED:
            with self.subTest(target):
                result = self.qblk('xml', self.process.socket, target, status=qblk.FAILED)
                self.assertIn(target, result.errors)

    def test_the_rest_is_exact_or_refused(self):
        for target in EITHER:
            with self.subTest(target):
                result = qblk.run('xml', self.process.socket, target)
                if result.status != qblk.DONE:
                    self.assertEqual((result.status, result.stdout), (qblk.FAILED, b''))
                    self.assertIn(target, result.errors)
                    continue
                disk = xml.etree.ElementTree.fromstring(result.stdout)
                self.assertEqual([os.path.join(self.process.home, path)
                                  for path in live.disk_sources(disk)[0]],
                                 [os.path.join(self.process.home, path)
                                  for path in self.topology.chains[target]])

    def test_every_disk_resolves_since_a_node_name_is_never_odd(self):
        for target in EXACT + REFUSED + EITHER:
            if target == 'vdl':  # the one that QEMU named
                continue
            with self.subTest(target):
                self.assertEqual(self.resolve(self.process.socket, target), f'node-{target}')

    def test_what_people_read_has_one_line_for_a_disk_and_no_control_bytes(self):
        text = self.qblk('list', self.process.socket).text
        for character in text:
            self.assertTrue(character == '\n' or character.isprintable() or character == '\ufffd',
                            msg=repr(character))
        for target in self.topology.chains:
            lines = [line for line in text.splitlines() if line.split()[:1] == [target]]
            self.assertEqual(len(lines), 1, msg=target)


if __name__ == '__main__':
    live.main()
