# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with odd names: told exactly, or refused with the disk named; never a wrong name."""

import os
import unittest

import live
import qblk
import rng

EXACT = ('vda', 'vdb', 'vdd', 'vdh', 'vdj')
# no UTF-8; a control byte, and a code point, that XML 1.0 has not
REFUSED = ('vde', 'vdi', 'vdk')
# a line break and relative names, which XML can say and the schema of libvirt does not take
UNUSUAL = ('vdc', 'vdf', 'vdg', 'vdl')


class OddNames(live.TestCase):
    def setUp(self):
        super().setUp()
        self.topology, self.process = self.share('odd-names')

    def test_what_xml_can_say_is_said_exactly(self):
        for target in EXACT:
            with self.subTest(target):
                disk = self.disk_xml(self.process.socket, target)
                self.assertEqual(live.disk_sources(disk), (self.topology.chains[target], True))

    @unittest.skipUnless(rng.available(), 'no libvirt schema or no xmllint')
    def test_what_is_said_is_valid(self):
        fragments = {target: self.qblk('xml', self.process.socket, target).stdout
                     for target in EXACT}
        self.assertEqual(rng.check(fragments), {})

    def test_what_xml_cannot_say_is_an_error_that_names_the_disk(self):
        for target in REFUSED:
            with self.subTest(target):
                result = self.qblk('xml', self.process.socket, target, status=qblk.FAILED)
                self.assertIn(target, result.errors)

    def test_the_unusual_is_said_exactly_too(self):
        for target in UNUSUAL:
            with self.subTest(target):
                disk = self.disk_xml(self.process.socket, target)
                self.assertEqual(self.absolute(live.disk_sources(disk)[0]),
                                 self.absolute(self.topology.chains[target]))

    def absolute(self, paths):
        return [os.path.normpath(os.path.join(self.process.home, path)) for path in paths]

    def test_every_disk_resolves_since_a_node_name_is_never_odd(self):
        for target in EXACT + REFUSED + UNUSUAL:
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
