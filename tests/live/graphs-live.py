# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every topology, read by every command: all outputs agree with QEMU and with one another."""

import os
import re
import xml.etree.ElementTree

import brief
import live
import qblk
import qemu
import rng
from topologies import TOPOLOGIES

OF_THEIR_OWN_TESTS = ('stream-concluded', 'stream-running-undismissed', 'storage-daemon',
                      'libvirt-aliases-clash')

# A disk is refused or does not exist: chains-live and xml-live test these
NO_TREE = ('quorum',)
NO_XML = ('quorum', 'odd-names', 'empty-vm')

# NVMe disks and data stores are newer than the schema of libvirt 9.0
NOT_IN_SCHEMA = ('many-buses', 'serials', 'data-file')

# docs/architecture.md lists what the statistics do not show.
NOT_IN_STATISTICS = ('data-file', 'commit-middle-running', 'copy-before-write', 'fleecing',
                     'second-overlay')

# An index is the number in libvirt's node names, two nodes have one file, or the graph only repeats
# one pattern.
NO_POSITIONS = ('libvirt-names', 'libvirt-aliases', 'quorum', 'odd-names', 'shared-base-file',
                'deep-200')

# The graphs that differ between versions (golden-versions), and one of each sort; with QBLK_BRIEF
# only these are tested.
BRIEF = ('virtio-5-deep', 'drive-5-deep', 'many-buses', 'throttle-blockdev', 'cor-drive',
         'copy-before-write', 'data-file', 'mirror-ready', 'mirror-running', 'quorum',
         'stream-pending', 'stream-running', 'commit-ready', 'commit-middle-running')

UNSPEAKABLE = '\ufffd'


def without_files(text, directory):
    """TEXT without the files that QEMU has open, and with paths relative to DIRECTORY made
    absolute, as they are if these files are known."""
    text = re.sub(r'"open-file": \{[^{}]*\}', '"open-file": null', text)
    text = re.sub(r'\\n(no file has this name|the name leads to another file)', '', text)
    return re.sub(r'"path": "(\./)*(?!/)', f'"path": "{directory}/', text)


class Graphs(live.TestCase):
    def look_at(self, name):
        topology, process = self.start(name)
        self.assert_has_what_it_promises(topology, process)
        self.assert_listed_and_drawn(name, topology, process)
        self.assert_same_by_all_edges(name, process)
        self.assert_same_from_a_capture(process)
        if name not in NO_XML:
            self.assert_xml(name, topology, process)
        if name not in NO_POSITIONS:
            self.assert_positions(topology, process)

    def assert_has_what_it_promises(self, topology, process):
        """The files of its chains are open, in the expected order; checked without qblk."""
        graph = live.Graph(process.qmp)
        known = {node['file'] for node in graph.nodes.values()}
        for files in topology.chains.values():
            for path in files:
                if path not in known and './' + os.path.basename(path) not in known:
                    # only a name that is not UTF-8 may be missing
                    self.assertTrue(any(UNSPEAKABLE in name for name in known), msg=path)
                elif path in known:
                    self.assertTrue(graph.layers_of(path), msg=path)

    def assert_listed_and_drawn(self, name, topology, process):
        table = self.qblk('list', process.socket).text
        tree = self.qblk('chain', process.socket).text if name not in NO_TREE else ''
        for target, files in topology.chains.items():
            self.assertIn(target, table)
            for path in files if name != 'odd-names' and tree else ():
                self.assertIn(path, tree)

    def assert_same_by_all_edges(self, name, process):
        """Each source of edges that this QEMU supports gives the same chains."""
        nodes = process.qmp.execute('query-named-block-nodes', {'flat': True})
        sources = ['debug-graph']
        if any('children' in node for node in nodes):
            sources.append('children')
        if name not in NOT_IN_STATISTICS:
            sources.append('blockstats')
        self.assertEqual('children' in sources, qemu.version() >= (10, 1) and nodes != [])
        expected = qblk.run('--json', 'chain', process.socket)
        for source in sources:
            with self.subTest(source):
                result = qblk.run('--json', 'chain', '--edges', source, process.socket)
                self.assertEqual((result.status, result.stdout),
                                 (expected.status, expected.stdout), msg=str(result))

    def assert_same_from_a_capture(self, process):
        """A capture does not have the files that QEMU has open."""
        capture = 'capture:' + os.path.join(self.directory, 'capture.json')
        with open(capture.removeprefix('capture:'), 'wb') as file:
            file.write(self.qblk('capture', process.socket).stdout)
        for command, *options in (('list', '--json'), ('chain', '--json'), ('jobs', '--json'),
                                  ('xml',), ('graph',), ('graph', '--format', 'dot'),
                                  ('graph', '--format', 'json')):
            with self.subTest(command, options=options):
                results = [(result.status,
                            without_files(result.text.replace(vm, ''),
                                          os.path.dirname(process.socket)),
                            result.errors.replace(vm, ''))
                           for vm in (process.socket, capture)
                           for result in (qblk.run(command, vm, *options),)]
                self.assertEqual(*results)

    def assert_xml(self, name, topology, process):
        """The sources are the open files, the chains are closed, and the XML matches libvirt's
        schema."""
        text = self.qblk('xml', process.socket).stdout
        disks = {disk.find('target').get('dev'): live.disk_sources(disk)
                 for disk in xml.etree.ElementTree.fromstring(text).iter('disk')}
        for target, files in topology.chains.items():
            self.assertEqual(disks[target], (files, True), msg=target)
        if name not in NOT_IN_SCHEMA:
            self.assertEqual(rng.check({name: text}), {})

    def assert_positions(self, topology, process):
        """QEMU has the node of each index over the file of that index."""
        graph = live.Graph(process.qmp)
        for target, files in topology.chains.items():
            for position, path in enumerate(files):
                spec = f'{target}[{position}]'
                self.assertIn(self.resolve(process.socket, spec), graph.layers_of(path), msg=spec)


def add_graph(name):
    def test(self):
        self.look_at(name)
    setattr(Graphs, f'test_{name.replace("-", "_")}',
            test if name in BRIEF else brief.leave_out(test))


for each in TOPOLOGIES:
    if each not in OF_THEIR_OWN_TESTS:
        add_graph(each)

if __name__ == '__main__':
    live.main()
