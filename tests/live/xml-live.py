# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk xml`. graphs-live compares each graph with the open files and with libvirt's schema."""

import xml.etree.ElementTree

import live
import qblk


class Xml(live.TestCase):
    def test_all_disks_are_printed_as_each_of_them_alone(self):
        topology, process = self.share('shared-base')
        devices = xml.etree.ElementTree.fromstring(self.qblk('xml', process.socket).stdout)
        self.assertEqual(devices.tag, 'devices')
        self.assertEqual([live.disk_sources(disk)[0] for disk in devices.findall('disk')],
                         list(topology.chains.values()))

    def test_indexes_increase_from_the_layer_below_the_top(self):
        _, process = self.share('virtio-5-deep')
        disk = self.disk_xml(process.socket, 'vda')
        self.assertIsNone(disk.find('source').get('index'))
        self.assertEqual([layer.get('index') for layer in disk.iter('backingStore')],
                         ['1', '2', '3', '4', None])

    def test_a_guest_without_disks_has_devices_without_disks(self):
        _, process = self.share('empty-vm')
        devices = xml.etree.ElementTree.fromstring(self.qblk('xml', process.socket).stdout)
        self.assertEqual((devices.tag, list(devices)), ('devices', []))

    def test_a_read_only_disk_has_readonly(self):
        _, process = self.share('read-only')
        found = {target: self.disk_xml(process.socket, target).find('readonly') is not None
                 for target in ('vda', 'vdb', 'vdc', 'hda')}
        self.assertEqual(found, {'vda': True, 'vdb': True, 'vdc': False, 'hda': True})

    def test_a_block_device_is_a_dev(self):
        topology, process = self.share('raw-block-device')
        disk = self.disk_xml(process.socket, 'vda')
        self.assertEqual(disk.get('type'), 'block')
        self.assertEqual(disk.find('source').get('dev'), topology.chains['vda'][0])

    def test_a_quorum_is_refused_because_xml_has_one_chain(self):
        _, process = self.share('quorum')
        result = self.qblk('xml', process.socket, 'vda', status=qblk.FAILED)
        self.assertIn('quorum', result.errors)


class Mirror(live.TestCase):
    def mirror(self, name):
        _, process = self.share(name)
        return self.disk_xml(process.socket, 'vda').find('mirror'), process

    def test_a_ready_active_commit(self):
        mirror, process = self.mirror('commit-ready')
        self.assertEqual((mirror.get('job'), mirror.get('ready')), ('active-commit', 'yes'))
        self.assertEqual(mirror.find('source').get('file'), process.home + '/disk-base.qcow2')

    def test_a_ready_active_commit_of_a_drive(self):
        mirror, _ = self.mirror('commit-ready-drive')
        self.assertEqual((mirror.get('job'), mirror.get('ready')), ('active-commit', 'yes'))

    def test_a_running_active_commit_is_not_ready(self):
        mirror, _ = self.mirror('commit-running')
        self.assertEqual((mirror.get('job'), mirror.get('ready')), ('active-commit', None))

    def test_a_ready_copy(self):
        for name in ('mirror-ready', 'mirror-ready-top'):
            with self.subTest(name):
                mirror, process = self.mirror(name)
                self.assertEqual((mirror.get('job'), mirror.get('ready')), ('copy', 'yes'))
                self.assertEqual(mirror.find('source').get('file'), process.home + '/copy.qcow2')

    def test_a_running_copy_is_not_ready(self):
        mirror, _ = self.mirror('mirror-running')
        self.assertEqual((mirror.get('job'), mirror.get('ready')), ('copy', None))

    def test_a_commit_of_inner_layers_and_a_stream_have_no_mirror(self):
        for name in ('commit-middle-running', 'stream-running', 'stream-pending'):
            with self.subTest(name):
                self.assertIsNone(self.mirror(name)[0])


if __name__ == '__main__':
    live.main()
