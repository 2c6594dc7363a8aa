# SPDX-License-Identifier: LGPL-2.1-or-later
"""`list`, `chain` and `graph`."""

import json

import live


class Graphs(live.TestCase):
    def test_json_is_one_object_with_the_schema(self):
        for name in ('many-buses', 'libvirt-names', 'throttle-blockdev', 'commit-ready'):
            _, process = self.share(name)
            for command in ('list', 'chain', 'graph', 'jobs'):
                with self.subTest(name, command=command):
                    result = json.loads(self.qblk('--json', command, process.socket).stdout)
                    self.assertEqual(result['schema'], 'qblk/1')

    def test_the_picture_has_every_open_node(self):
        for name in ('virtio-5-deep', 'quorum', 'mirror-ready', 'copy-before-write'):
            with self.subTest(name):
                _, process = self.share(name)
                for form in ('tree', 'dot', 'json'):
                    text = self.qblk('graph', process.socket, '--format', form).text
                    for node in live.Graph(process.qmp).nodes:
                        self.assertIn(node, text)


class Targets(live.TestCase):
    def targets(self, name):
        _, process = self.share(name)
        return [line.split()[0] for line in self.qblk('list', process.socket).text.splitlines()
                if line.strip()]

    def test_no_two_disks_have_one_target(self):
        for name in ('many-buses', 'many-buses-q35', 'serials', 'libvirt-aliases', 'odd-names'):
            with self.subTest(name):
                found = self.targets(name)
                self.assertEqual(len(found), len(set(found)), msg=found)

    def test_each_bus_has_a_target(self):
        found = self.targets('many-buses')
        for target in ('vda', 'vdb', 'vdc', 'sda', 'hda', 'hdb', 'fda', 'fdb', 'nvme0n1'):
            self.assertTrue(any(name.startswith(target) for name in found), msg=(target, found))

    def test_a_target_given_by_the_user_comes_first(self):
        _, process = self.share('virtio-5-deep')
        for target in ('system', 'vdq'):
            text = self.qblk('list', '--target', f'{target}=top', process.socket).text
            self.assertIn(target, text)
            self.assertNotIn('vda', text)


if __name__ == '__main__':
    live.main()
