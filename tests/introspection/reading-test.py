# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in Python reads chains and layers of a QEMU through GObject-introspection."""

import json

import bindings
import qemu
from bindings import Qblk


class Version(bindings.TestCase):
    def test_the_version_is_that_of_the_headers(self):
        self.assertEqual(Qblk.version(), '.'.join(str(number) for number in (
            Qblk.MAJOR_VERSION, Qblk.MINOR_VERSION, Qblk.MICRO_VERSION)))


class Chains(bindings.TestCase):
    def test_a_chain_has_its_layers(self):
        topology, process = self.share('virtio-5-deep')
        snapshot = self.fetch(process)
        self.assertEqual(snapshot.get_targets(), ['vda'])
        chain = snapshot.chain('vda')
        self.assertEqual(chain.get_target(), 'vda')
        layers = [chain.get_layer(position) for position in range(chain.get_depth())]
        self.assertEqual([layer.get_filename() for layer in layers], topology.chains['vda'])
        self.assertEqual([layer.get_position() for layer in layers], [0, 1, 2, 3, 4])
        self.assertEqual({layer.get_virtual_size() for layer in layers}, {64 << 20})
        self.assertIsNone(chain.get_layer(5))

    def test_a_layer_is_resolved(self):
        topology, process = self.share('virtio-5-deep')
        chain = self.fetch(process).chain('vda')
        layer = chain.resolve('vda[2]')
        self.assertEqual(layer.get_filename(), topology.chains['vda'][2])
        self.assertEqual(chain.resolve('node:' + layer.get_node_name()).get_position(), 2)

    def test_an_error_has_domain_code_and_message(self):
        _, process = self.share('virtio-5-deep')
        snapshot = self.fetch(process)
        domain, codes = Qblk.graph_error_quark(), Qblk.GraphError
        message = self.fails(domain, codes.NO_DISK, snapshot.chain, 'vdz')
        self.assertIn("'vdz'", message)
        message = self.fails(domain, codes.NO_LAYER, snapshot.chain('vda').resolve,
                             'vda[9]')
        self.assertIn('no index 9', message)
        self.assertNotEqual(domain, Qblk.qmp_error_quark())

    def test_a_wrong_address_is_an_error(self):
        self.fails(Qblk.qmp_error_quark(), Qblk.QmpError.CONNECT, Qblk.Client.connect,
                   self.own_file('missing'), bindings.TIMEOUT_MS)

    def test_a_command_is_executed(self):
        _, process = self.share('virtio-5-deep')
        client = self.connect(process)
        self.assertIn('qemu', json.loads(client.execute('query-version', None, 0)))
        self.fails(Qblk.qmp_error_quark(), Qblk.QmpError.NOT_FOUND, client.execute,
                   'no-such-command', None, 0)

class Snapshots(bindings.TestCase):
    def test_a_snapshot_tells_of_the_vm(self):
        _, process = self.share('virtio-5-deep')
        snapshot = self.fetch(process)
        self.assertEqual(tuple(snapshot.get_qemu_version())[1:3], qemu.version())
        self.assertEqual((snapshot.get_vm_name(), snapshot.get_run_state()),
                         ('qblk-test', 'prelaunch'))
        self.assertIsNone(snapshot.get_manager())

    def test_a_device_has_enumerations_with_names(self):
        _, process = self.share('virtio-5-deep')
        device = self.fetch(process).find_device('vda')
        self.assertEqual(device.get_bus(), Qblk.Bus.VIRTIO)
        self.assertEqual(Qblk.bus_name(device.get_bus()), 'virtio')
        self.assertEqual(device.get_kind(), Qblk.DeviceKind.DISK)
        self.assertEqual(device.get_name_source(), Qblk.NameSource.ENUMERATION)

    def test_nodes_lead_to_their_children(self):
        topology, process = self.share('virtio-5-deep')
        snapshot = self.fetch(process)
        self.assertEqual(snapshot.get_n_nodes(), 2 * len(topology.chains['vda']))
        node, files = snapshot.find_device('vda').get_node(), []
        while node is not None:
            self.assertEqual((node.get_driver(), node.get_kind()), ('qcow2', Qblk.NodeKind.FORMAT))
            files.append(node.find_child('file').get_filename())
            node = node.find_child('backing')
        self.assertEqual(files, topology.chains['vda'])

    def test_a_job_is_listed(self):
        _, process = self.share('mirror-ready')
        snapshot = self.fetch(process)
        job = snapshot.get_job(0)
        self.assertEqual((snapshot.get_n_jobs(), job.get_kind(), job.is_ready()),
                         (1, Qblk.JobKind.COPY, True))
        self.assertEqual(json.loads(job.to_json())['id'], job.get_id())
        self.assertEqual(snapshot.find_job(job.get_id()).get_target(), job.get_target())

    def test_names_of_disks_can_be_given(self):
        _, process = self.share('virtio-5-deep')
        options = Qblk.SnapshotOptions.new()
        options.add_target('vdq=/machine/peripheral/disk0/virtio-backend')
        snapshot = Qblk.Snapshot.fetch(self.connect(process), options)
        self.assertEqual(snapshot.get_targets(), ['vdq'])
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.SPEC, options.add_target, 'vdq')

    def test_json_is_that_of_the_command(self):
        _, process = self.share('virtio-5-deep')
        printed = json.loads(self.qblk('chain', process.socket, '--json').stdout)
        chain = self.fetch(process).chain('vda')
        self.assertEqual(json.loads(chain.to_json()), printed['chains'][0])

    def test_a_capture_has_the_same_chains(self):
        topology, process = self.share('virtio-5-deep')
        text = Qblk.Capture.fetch(self.connect(process), None).to_text()
        with open(self.own_file('vm.capture'), 'w', encoding='utf-8') as file:
            file.write(text)
        snapshot = Qblk.Snapshot.read_capture(self.own_file('vm.capture'), None)
        self.assertEqual(snapshot.chain('vda').get_depth(), len(topology.chains['vda']))
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.FILE, Qblk.Snapshot.read_capture,
                   self.own_file('missing'), None)

    def test_an_image_is_opened_without_its_vm(self):
        topology, _ = self.share('virtio-5-deep')
        sent = []
        options = Qblk.SnapshotOptions.new()
        options.set_logger(lambda is_sent, message: sent.append((is_sent, message)))
        snapshot = Qblk.Snapshot.open_image(topology.chains['vda'][0], None, options)
        self.assertEqual(snapshot.chain('vda').get_depth(), len(topology.chains['vda']))
        self.assertIn(True, [is_sent for is_sent, _ in sent])

    def test_a_source_is_parsed(self):
        source, image_format = Qblk.Source.parse('nbd://host:10809/export')
        self.assertIsNone(image_format)
        self.assertEqual((source.get_host_name(0), source.get_host_port(0)), ('host', '10809'))
        self.assertIn('protocol="nbd"', source.to_xml().replace("'", '"'))


if __name__ == '__main__':
    bindings.main()
