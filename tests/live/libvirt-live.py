# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as libvirt starts them: its target names and its indexes."""

import live
import qblk


class Names(live.TestCase):
    def test_an_index_is_the_number_in_the_node_name(self):
        _, process = self.share('libvirt-names')
        for spec, node in {'vda': 'libvirt-4-format', 'vda[4]': 'libvirt-4-format',
                           'vda[8]': 'libvirt-8-format', 'vda[9]': 'libvirt-9-format',
                           'vdb[3]': 'libvirt-3-format', 'vdb[7]': 'libvirt-7-format',
                           'vdc': 'libvirt-2-storage', 'vdc[2]': 'libvirt-2-storage',
                           'vdd[1]': 'libvirt-1-format', 'vde[10]': 'libvirt-10-format',
                           'vde[12]': 'libvirt-12-format'}.items():
            with self.subTest(spec):
                self.assertEqual(self.resolve(process.socket, spec), node)

    def test_a_position_is_not_an_index_here(self):
        _, process = self.share('libvirt-names')
        for spec in ('vda[1]', 'vda[2]', 'vdb[1]', 'vde[13]'):
            with self.subTest(spec):
                self.qblk('resolve', process.socket, spec, status=qblk.NOT_FOUND)

    def test_the_xml_has_indexes_in_the_same_places_as_libvirt(self):
        _, process = self.share('libvirt-names')
        disk = self.disk_xml(process.socket, 'vda')
        self.assertEqual(disk.find('source').get('index'), '4')
        self.assertEqual([layer.get('index') for layer in disk.iter('backingStore')],
                         ['8', '9', None])
        self.assertEqual(disk.find('alias').get('name'), 'virtio-disk0')

    def test_a_slice_is_in_the_source(self):
        _, process = self.share('libvirt-names')
        part = self.disk_xml(process.socket, 'vdd').find('source/slices/slice')
        self.assertEqual((part.get('type'), part.get('offset'), part.get('size')),
                         ('storage', '1048576', '1048576'))


class Aliases(live.TestCase):
    def test_a_target_is_derived_from_the_alias(self):
        topology, process = self.share('libvirt-aliases')
        for target, files in topology.chains.items():
            with self.subTest(target):
                self.assertEqual(self.disk_xml(process.socket, target).find('source').get('file'),
                                 files[0])

    def test_a_user_alias_gets_a_target_that_no_other_disk_has(self):
        _, process = self.share('libvirt-aliases')
        found = [line.split()[0] for line in self.qblk('list', process.socket).text.splitlines()
                 if 'ua-system' in line]
        self.assertEqual(found, ['vdb'])

    def test_two_disks_never_get_one_name(self):
        _, process = self.share('libvirt-aliases-clash')
        result = qblk.run('resolve', process.socket, 'sda')
        self.assertNotEqual(result.status, qblk.DONE, msg=str(result))
        self.assertEqual(result.stdout, b'')
        for candidate in ('scsi0-0-0-0', 'usb-disk0'):
            self.assertIn(candidate, result.errors)


if __name__ == '__main__':
    live.main()
