# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with unusual names: printed exactly, or refused with the name of the disk."""

import os
import unittest

import live
import qblk
import rng

EXACT = ('vda', 'vdb', 'vdd', 'vdh', 'vdj')
# not UTF-8; a control byte, and a code point that XML 1.0 does not allow; a line break, which
# libvirt's schema does not allow
REFUSED = ('vde', 'vdi', 'vdk', 'vdc')
# relative names, for which the files that QEMU has open are printed
UNUSUAL = ('vdf', 'vdg', 'vdl')


class OddNames(live.TestCase):
    def setUp(self):
        super().setUp()
        self.topology, self.process = self.share('odd-names')

    def test_names_that_xml_allows_are_exact(self):
        for target in EXACT:
            with self.subTest(target):
                disk = self.disk_xml(self.process.socket, target)
                self.assertEqual(live.disk_sources(disk), (self.topology.chains[target], True))

    @unittest.skipUnless(rng.available(), 'no libvirt schema or no xmllint')
    def test_names_that_xml_allows_are_valid(self):
        fragments = {target: self.qblk('xml', self.process.socket, target).stdout
                     for target in EXACT + UNUSUAL}
        self.assertEqual(rng.check(fragments), {})

    def test_a_name_that_xml_does_not_allow_is_an_error_with_the_disk(self):
        for target in REFUSED:
            with self.subTest(target):
                result = self.qblk('xml', self.process.socket, target, status=qblk.FAILED)
                self.assertIn(target, result.errors)

    def test_unusual_names_are_exact_in_json(self):
        for target in UNUSUAL:
            with self.subTest(target):
                disk = self.disk_xml(self.process.socket, target)
                self.assertEqual(self.absolute(live.disk_sources(disk)[0]),
                                 self.absolute(self.topology.chains[target]))

    def absolute(self, paths):
        return [os.path.normpath(os.path.join(self.process.home, path)) for path in paths]

    def test_every_disk_resolves_since_a_node_name_is_never_odd(self):
        for target in EXACT + REFUSED + UNUSUAL:
            if target == 'vdl':  # QEMU chose this node name
                continue
            with self.subTest(target):
                self.assertEqual(self.resolve(self.process.socket, target), f'node-{target}')

    def test_output_for_people_has_one_line_for_a_disk_and_no_control_bytes(self):
        text = self.qblk('list', self.process.socket).text
        for character in text:
            self.assertTrue(character == '\n' or character.isprintable() or character == '\ufffd',
                            msg=repr(character))
        for target in self.topology.chains:
            lines = [line for line in text.splitlines() if line.split()[:1] == [target]]
            self.assertEqual(len(lines), 1, msg=target)


if __name__ == '__main__':
    live.main()
