# SPDX-License-Identifier: LGPL-2.1-or-later
"""A storage daemon: it has nodes and no devices."""

import live
import qblk


class StorageDaemon(live.TestCase):
    def test_a_node_can_be_made_a_disk(self):
        _, process = self.share('storage-daemon')
        result = self.qblk('resolve', '--target', 'vda=disk-2', process.socket, 'vda[1]')
        self.assertEqual(result.text, 'disk-1\n')

    def test_a_layer_is_found_by_its_node(self):
        _, process = self.share('storage-daemon')
        self.assertEqual(self.resolve(process.socket, 'node:disk-1'), 'disk-1')

    def test_the_whole_graph_is_shown(self):
        topology, process = self.share('storage-daemon')
        del topology
        for form in ('tree', 'dot', 'json'):
            text = self.qblk('graph', process.socket, '--format', form).text
            for node in ('disk-2', 'disk-1', 'disk-base'):
                self.assertIn(node, text)

    def test_commands_that_list_disks_do_not_fail(self):
        _, process = self.share('storage-daemon')
        for command in ('list', 'chain', 'xml', 'jobs'):
            with self.subTest(command):
                self.qblk(command, process.socket)

    def test_a_node_without_parents_is_a_disk(self):
        _, process = self.share('storage-daemon')
        self.assertEqual(self.resolve(process.socket, 'vda[1]'), 'disk-1')

    def test_no_other_disks_exist(self):
        _, process = self.share('storage-daemon')
        self.qblk('resolve', process.socket, 'vdb', status=qblk.NOT_FOUND)


if __name__ == '__main__':
    live.main()
