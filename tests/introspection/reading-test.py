# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in Python reads chains and layers of a QEMU through GObject-introspection."""

import json

import bindings
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


if __name__ == '__main__':
    bindings.main()
