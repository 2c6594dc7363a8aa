# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk resolve`. graphs-live compares the node of each position with that of QEMU."""

import json
import os

import images
import live
import qblk
import qemu


class Resolve(live.TestCase):
    def test_a_target_without_index_is_its_top(self):
        _, process = self.share('virtio-5-deep')
        self.assertEqual(self.resolve(process.socket, 'vda'), 'top')
        self.assertEqual(self.resolve(process.socket, 'vda[0]'), 'top')

    def test_a_layer_is_named_by_its_path(self):
        topology, process = self.share('virtio-5-deep')
        graph = live.Graph(process.qmp)
        path = topology.chains['vda'][3]
        self.assertEqual({self.resolve(process.socket, path)}, graph.layers_of(path))

    def test_a_layer_is_named_by_a_link_to_its_path(self):
        topology, process = self.share('virtio-5-deep')
        graph = live.Graph(process.qmp)
        path = topology.chains['vda'][3]
        link = os.path.join(self.directory, 'link')
        os.symlink(path, link)
        self.assertEqual({self.resolve(process.socket, link)}, graph.layers_of(path))

    def test_a_layer_is_named_by_its_node(self):
        _, process = self.share('throttle-blockdev')
        self.assertEqual(self.resolve(process.socket, 'node:disk-1'), 'disk-1')

    def test_two_disks_on_one_node_both_reach_it(self):
        _, process = self.share('shared-base')
        self.assertEqual(self.resolve(process.socket, 'vda[1]'), 'base')
        self.assertEqual(self.resolve(process.socket, 'vdb[1]'), 'base')

    def test_a_file_opened_twice_is_two_nodes_each_below_its_own_top(self):
        topology, process = self.share('shared-base-file')
        graph = live.Graph(process.qmp)
        bases = set()
        for target, files in topology.chains.items():
            top, base = (self.resolve(process.socket, f'{target}[{position}]')
                         for position in (0, 1))
            self.assertIn(top, graph.layers_of(files[0]))
            self.assertIn((top, 'backing', base), graph.edges)
            bases.add(base)
        self.assertEqual(bases, graph.layers_of(topology.chains['vda'][1]))
        self.assertEqual(len(bases), 2)

    def test_the_bottom_of_a_deep_chain_is_found(self):
        topology, process = self.share('deep-200')
        graph = live.Graph(process.qmp)
        self.assertEqual({self.resolve(process.socket, 'vda[199]')},
                         graph.layers_of(topology.chains['vda'][199]))

    def test_an_index_of_libvirt_below_filters_is_no_position(self):
        """An index has the same node with all replies, and with names and edges only."""
        base, middle, top = (os.path.join(self.directory, name)
                             for name in ('base.qcow2', 'middle.qcow2', 'top.qcow2'))
        images.create(base)
        images.create(middle, backing=base)
        images.create(top, backing=middle)
        process = self.enterContext(qemu.Process(self.directory, [
            '-object', 'throttle-group,id=limits',
            '-blockdev', f'file,node-name=base-file,filename={base}',
            '-blockdev', 'qcow2,node-name=libvirt-1-format,file=base-file',
            '-blockdev', 'throttle,node-name=low,throttle-group=limits,file=libvirt-1-format',
            '-blockdev', 'throttle,node-name=high,throttle-group=limits,file=low',
            '-blockdev', f'qcow2,node-name=middle,file.driver=file,file.filename={middle},'
                         'backing=high',
            '-blockdev', f'qcow2,node-name=top,file.driver=file,file.filename={top},'
                         'backing=middle',
            '-device', 'virtio-blk-pci,drive=top,id=vda']))
        self.assertEqual(self.resolve(process.socket, 'vda[1]'), 'libvirt-1-format')

    def test_a_path_with_brackets_is_no_index(self):
        """The chain of the other disk cannot be read, which is warned of for each path."""
        paths = [os.path.join(self.directory, name) for name in ('image', 'image[1]')]
        arguments = ['-blockdev', 'null-co,node-name=child,size=1048576',
                     '-blockdev', 'quorum,node-name=quorum,vote-threshold=1,children.0=child',
                     '-device', 'virtio-blk-pci,drive=quorum,id=vda']
        for name, path in zip(('vdb', 'vdc'), paths):
            images.create(path)
            arguments += ['-blockdev', f'qcow2,node-name={name},file.driver=file,'
                                       f'file.filename={path}',
                          '-device', f'virtio-blk-pci,drive={name},id={name}']
        process = self.enterContext(qemu.Process(self.directory, arguments))
        for name, path in zip(('vdb', 'vdc'), paths):
            result = self.qblk('resolve', process.socket, path)
            self.assertEqual(result.text, name + '\n')
            self.assertIn('quorum', result.errors)

    def test_json_has_all_fields_of_the_layer(self):
        _, process = self.share('throttle-blockdev')
        result = json.loads(self.qblk('--json', 'resolve', process.socket, 'vda[1]').stdout)
        self.assertEqual(result['schema'], 'qblk/1')
        self.assertIn('disk-1', json.dumps(result))

    def test_an_index_that_does_not_exist_is_exit_3_with_the_existing_ones(self):
        _, process = self.share('virtio-5-deep')
        result = self.qblk('resolve', process.socket, 'vda[99]', status=qblk.NOT_FOUND)
        self.assertIn("'vda'", result.errors)
        self.assertIn('1 to 4', result.errors)

    def test_a_disk_that_does_not_exist_is_exit_3(self):
        _, process = self.share('virtio-5-deep')
        for arguments in (('resolve', process.socket, 'vdz'), ('resolve', process.socket, 'vdz[1]'),
                          ('chain', process.socket, 'vdz'), ('xml', process.socket, 'vdz'),
                          ('resolve', process.socket, 'node:nowhere'),
                          ('resolve', process.socket, '/no/such/image')):
            with self.subTest(arguments):
                self.qblk(*arguments, status=qblk.NOT_FOUND)

    def test_an_invalid_index_is_refused(self):
        _, process = self.share('virtio-5-deep')
        for spec in ('vda[', 'vda[2', 'vda[]', 'vda[x]', 'vda[-1]', 'vda[ 2]', 'vda[+2]', 'vda[02]',
                     'vda[2]x', 'vda[18446744073709551618]', ''):
            with self.subTest(spec):
                result = qblk.run('resolve', process.socket, spec)
                self.assertIn(result.status, (qblk.USAGE, qblk.NOT_FOUND), msg=str(result))
                self.assertEqual(result.stdout, b'')


if __name__ == '__main__':
    live.main()
