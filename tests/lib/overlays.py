# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers for tests of snapshots: several disks with a model of what each has to contain, and NBD
exports of the images that no longer change."""

import json
import os

import block_jobs
import images
import live
import nbd
from topologies.model import Topology
from topologies.options import blockdev, local, named_chain, stem, virtio

MIB = 1 << 20
SIZE = 4 * MIB


class Disk:
    """A disk whose content is known: `content` is what the guest has to read."""

    def __init__(self, name, qdev, size=SIZE):
        self.name = name
        self.qdev = qdev
        self.content = bytearray(size)

    def write(self, process, offset, length, pattern):
        """Write through the device, as the guest does."""
        line = f'qemu-io -d {self.qdev} "write -P {pattern} {offset} {length}"'
        reply = process.qmp.execute('human-monitor-command', {'command-line': line})
        if 'rror' in reply or 'rong' in reply:
            raise RuntimeError(f'{self.name}: {line}: {reply}')
        self.content[offset:offset + length] = bytes([pattern]) * length


class TestCase(live.TestCase):
    """Guests with several disks: self.disks, by their names."""

    process = None
    server = None  # the socket of the NBD server in QEMU

    def setUp(self):
        super().setUp()
        self.disks = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def raw_image(self, name, size=SIZE):
        return images.raw(self.directory, name, size)

    def make_chain(self, name, depth, size=SIZE):
        """DEPTH qcow2 images with relative backing strings and data of their own, top first."""
        files = []
        for number in range(depth):
            path = self.path(f'{name}-{number or "base"}.qcow2')
            backing = os.path.basename(files[0]) if files else None
            images.create(path, None if files else str(size), backing=backing)
            images.write(path, pattern=number + 1, offset=number << 19, length='256k')
            files.insert(0, path)
        return files

    def add(self, name, image, qdev=None, size=SIZE):
        """Remember a disk whose content is that of IMAGE."""
        disk = Disk(name, qdev or f'/machine/peripheral/{name}/virtio-backend', size)
        disk.content[:] = self.data_of(image)
        self.disks[name] = disk
        return disk

    def data_of(self, image):
        """The content of IMAGE with those below it."""
        flat = self.path('flat.raw')
        block_jobs.flatten(image, flat)
        with open(flat, 'rb') as file:
            return file.read()

    def run_qemu(self, arguments, **options):
        self.process = self.enterContext(Topology(list(arguments)).run(
            self.directory, own_socket=True, **options))
        self.server = self.path('nbd.sock')
        self.process.qmp.execute('nbd-server-start',
                                 {'addr': {'type': 'unix', 'data': {'path': self.server}}})
        return self.process

    def boot_two(self, **options):
        """vda: a raw image below a throttle node; vdb: three layers with relative backing strings
        below a copy-on-read node."""
        raw = self.raw_image('vda.raw')
        images.write(raw, pattern=0x11, offset='64k', length='1M', fmt='raw')
        layers = self.make_chain('vdb', 3)
        top = stem(layers[0])
        self.add('vda', raw)
        self.add('vdb', layers[0])
        self.run_qemu(
            ['-object', 'throttle-group,id=limits,x-bps-total=1073741824']
            + blockdev(driver='raw', node_name='vda', file=local(raw, **{'node-name': 'vda-file'}))
            + blockdev(driver='throttle', node_name='limited', throttle_group='limits', file='vda')
            + virtio('limited', id='vda')
            + named_chain(layers) + blockdev(driver='copy-on-read', node_name='cor', file=top)
            + virtio('cor', id='vdb'), **options)
        return raw, layers

    # ---- what the guest does ----

    def write(self, name, offset, length=65536, pattern=0x77):
        self.disks[name].write(self.process, offset, length, pattern)

    # ---- what QEMU has ----

    def chain(self, name):
        chain, = json.loads(self.qblk('--json', 'chain', self.process.socket,
                                      name).stdout)['chains']
        return chain

    def layers(self, name):
        """(node, file) of each layer, top first."""
        return [(layer['node'], layer['file']) for layer in self.chain(name)['layers']]

    def nodes(self):
        return {node['node-name']: node for node in
                self.process.qmp.execute('query-named-block-nodes', {'flat': True})}

    def export(self, name, node):
        """Export NODE read-only as NAME."""
        self.process.qmp.execute('block-export-add', {'type': 'nbd', 'id': name, 'name': name,
                                                      'node-name': node})

    def unexport(self, name):
        self.process.qmp.execute('block-export-del', {'id': name, 'mode': 'hard'})
        self.process.qmp.wait_event('BLOCK_EXPORT_DELETED', {'id': name})

    def read_node(self, node):
        """The data of NODE, read over NBD."""
        self.export('read', node)
        data = nbd.read(self.server, 'read')
        self.unexport('read')
        return data

    # ---- checks ----

    def assert_same(self, data, expected, what):
        """Compare byte by byte, and report the first difference and not all data."""
        if data == expected:
            return
        first = next((at for at, (one, other) in enumerate(zip(data, expected)) if one != other),
                     min(len(data), len(expected)))
        self.fail(f'{what}: {len(data)} bytes differ from {len(expected)} at {first}: '
                  f'{data[first:first + 4].hex()} instead of {expected[first:first + 4].hex()}')

    def assert_guest_data(self):
        """What the guest reads from its disks is what it has written."""
        for name in self.disks:
            node, _ = self.layers(name)[0]
            self.assert_same(self.read_node(node), bytes(self.disks[name].content), name)

    def assert_nothing_left(self, nodes, files):
        """QEMU has the NODES, and no job, and the directory the FILES, as before."""
        self.assertEqual(self.process.qmp.execute('query-jobs'), [])
        self.assertEqual(set(self.nodes()), set(nodes))
        self.assertEqual(self.files(), set(files))

    def files(self):
        """The names in the directory, without those of the test itself."""
        own = {'flat.raw', 'nbd.sock', 'qmp.sock', 'control.sock', 'relay.sock'}
        return set(os.listdir(self.directory)) - own
