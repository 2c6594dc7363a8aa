# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands of clients of the bridge name layers, such as vda[2], in place of nodes."""

import os
import threading

import block_jobs
import brief
import bridge
import images
import live
import qmp
from topologies.options import local


class TestCase(block_jobs.OneDisk):
    def start_bridge(self):
        """The address that clients connect to."""
        path = os.path.join(self.directory, 'bridge.sock')
        self.enterContext(bridge.Bridge(self.process.socket, listen=path))
        self.process.socket = path  # for qblk as well
        return path

    def connect(self, path):
        return self.enterContext(qmp.Qmp.connect(path))

    def boot_bridged(self, kind='blockdev', **options):
        """One client of a bridge."""
        self.boot(kind, **options)
        return self.connect(self.start_bridge())

    def wait_for_jobs(self, client):
        self.wait_for(lambda: not client.execute('query-jobs'))


class Commands(TestCase):
    def test_a_commit_into_a_layer(self):
        for kind, device in brief.some((('blockdev', 'vda[0]'), ('throttle', 'limited'),
                                        ('drive', 'drive0'))):
            with self.subTest(kind):
                self.setUp()
                client = self.boot_bridged(kind)
                client.execute('block-commit', {
                    'job-id': 'j', 'device': device, 'top-node': 'vda[1]', 'base-node': 'vda[2]',
                    'backing-file': self.files[2]})
                self.wait_for_jobs(client)
                self.assert_files(self.files[0], self.files[2], self.files[3])
                self.assert_same_content()

    def test_a_pull(self):
        client = self.boot_bridged()
        client.execute('block-stream', {'job-id': 'j', 'device': 'vda[0]', 'base-node': 'vda[3]'})
        self.wait_for_jobs(client)
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()

    def test_several_layers_in_a_transaction(self):
        client = self.boot_bridged()
        client.execute('transaction', {'actions': [
            {'type': 'block-dirty-bitmap-add', 'data': {'node': f'vda[{number}]', 'name': 'b',
                                                        'disabled': True}}
            for number in range(4)]})
        named = {node['node-name'] for node in
                 client.execute('query-named-block-nodes', {'flat': True})
                 if node.get('dirty-bitmaps')}
        self.assertEqual(named, {'disk-3', 'disk-2', 'disk-1', 'disk-base'})

    def test_a_snapshot(self):
        client = self.boot_bridged()
        path = images.create(os.path.join(self.directory, 'new.qcow2'), size='64M')
        client.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'new', 'backing': None,
                                        'file': local(path)})
        client.execute('blockdev-snapshot', {'node': 'vda[0]', 'overlay': 'new'})
        self.assertEqual(self.resolve(self.process.socket, 'vda[1]'), 'disk-3')
        self.guest_writes('3M')
        # the header of the new image names no backing file
        block_jobs.set_backing(self.quit_and_return(path), self.files[0])
        self.assert_same_content(path)

    def quit_and_return(self, path):
        self.process.quit()
        return path

    def test_nodes_of_new_nodes(self):
        client = self.boot_bridged()
        client.execute('object-add', {'qom-type': 'throttle-group', 'id': 'limits'})
        client.execute('blockdev-add', {'driver': 'throttle', 'node-name': 'limited',
                                        'throttle-group': 'limits', 'file': 'vda[1]'})
        self.assertIn(('limited', 'file', 'disk-2'), live.Graph(self.process.qmp).edges)

    def test_errors(self):
        client = self.boot_bridged()
        commit = {'job-id': 'j', 'device': 'disk-3', 'base-node': 'disk-base'}
        for layer, error_class, message in (
                ('vda[9]', 'GenericError', "disk 'vda' has no index 9: its chain has indexes 1 "
                                           'to 3'),
                ('vdz[1]', 'DeviceNotFound', "'vdz'")):
            reply = client.ask('block-commit', {**commit, 'top-node': layer})
            self.assertEqual(reply['error']['class'], error_class, msg=str(reply))
            self.assertIn(message, reply['error']['desc'])
        reply = client.ask('transaction', {'actions': [
            {'type': 'block-dirty-bitmap-add', 'data': {'node': layer, 'name': 'b'}}
            for layer in ('vda[1]', 'vda[8]')]})
        self.assertIn('has no index 8', reply['error']['desc'])
        self.assertFalse(any(node.get('dirty-bitmaps') for node in
                             client.execute('query-named-block-nodes', {'flat': True})))
        self.assertEqual(client.execute('query-jobs'), [])

    def test_other_strings_stay_as_they_are(self):
        client = self.boot_bridged()
        # a name, a specification of qblk that is no index, and values that are no names of nodes
        for command, arguments in (
                ('block-commit', {'job-id': 'j', 'device': 'vda'}),
                ('block-commit', {'job-id': 'j', 'device': 'node:disk-3'}),
                ('blockdev-del', {'node-name': 'vda[x]'}),
                ('block-dirty-bitmap-remove', {'node': 'disk-3', 'name': 'vda[1]'})):
            self.assertEqual(client.ask(command, arguments),
                             self.process.qmp.ask(command, arguments))
        client.execute('block-dirty-bitmap-add', {'node': 'vda[1]', 'name': 'vda[1]'})
        bitmaps = {node['node-name']: [bitmap['name'] for bitmap in node['dirty-bitmaps']]
                   for node in client.execute('query-named-block-nodes', {'flat': True})
                   if node.get('dirty-bitmaps')}
        self.assertEqual(bitmaps, {'disk-2': ['vda[1]']})


class Concurrent(TestCase):
    """Another client changes the chain all the time."""

    def test_each_command_hits_the_layer_that_the_index_means_at_that_moment(self):
        """Each snapshot moves the layers. vda[0] is the overlay that was made last, in the order in
        which QEMU has executed the commands, which its bitmaps tell."""
        self.boot(depth=2)
        path = self.start_bridge()
        changing, naming = self.connect(path), self.connect(path)
        rounds = 25
        done = threading.Event()
        failures = []

        def change():
            try:
                for number in range(rounds):
                    changing.execute('blockdev-add', {
                        'driver': 'qcow2', 'node-name': f'new{number}', 'backing': None,
                        'file': local(images.create(os.path.join(
                            self.directory, f'new{number}.qcow2'), size='64M'))})
                    # the top gets a mark in the transaction that makes it the top
                    changing.execute('transaction', {'actions': [
                        {'type': 'blockdev-snapshot',
                         'data': {'node': f'new{number - 1}' if number else 'disk-1',
                                  'overlay': f'new{number}'}},
                        {'type': 'block-dirty-bitmap-add',
                         'data': {'node': f'new{number}', 'name': 'top'}},
                        {'type': 'block-dirty-bitmap-add',
                         'data': {'node': f'new{number - 1}' if number else 'disk-1',
                                  'name': 'below'}}]})
            except Exception as reason:  # pylint: disable=broad-except
                failures.append(reason)
            finally:
                done.set()

        thread = threading.Thread(target=change)
        thread.start()
        hits = refusals = 0
        while not done.is_set():
            # the mark 'below' exists on each layer that has an overlay: not on the top
            reply = naming.ask('transaction', {'actions': [
                {'type': 'block-dirty-bitmap-add', 'data': {'node': 'vda[0]', 'name': 'below'}},
                {'type': 'block-dirty-bitmap-disable', 'data': {'node': 'vda[1]',
                                                                'name': 'below'}},
                {'type': 'abort', 'data': {}}]})
            description = reply['error']['desc']
            if 'Transaction aborted using Abort action' in description:
                hits += 1
            else:
                refusals += 1
                self.assertTrue('graph changed each time' in description
                                or (hits == 0 and 'not found' in description), msg=description)
        thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(hits, 5)
        self.assertEqual(self.resolve(self.process.socket, 'vda[0]'), f'new{rounds - 1}')

    def test_many_clients_name_layers(self):
        self.boot()
        path = self.start_bridge()
        clients = [self.connect(path) for _ in range(8)]
        failures = []

        def work(number, client):
            try:
                for turn in range(10):
                    name = f'{number}-{turn}'
                    client.execute('block-dirty-bitmap-add', {'node': f'vda[{turn % 4}]',
                                                              'name': name})
                    client.execute('block-dirty-bitmap-remove', {
                        'node': ('disk-3', 'disk-2', 'disk-1', 'disk-base')[turn % 4],
                        'name': name})
            except Exception as reason:  # pylint: disable=broad-except
                failures.append(reason)

        threads = [threading.Thread(target=work, args=item) for item in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_a_client_that_goes_away_leaves_no_hold(self):
        client = self.boot_bridged()
        for _ in range(20):
            with bridge.connect(self.process.socket) as leaving:
                leaving.send(b'{"execute": "block-dirty-bitmap-remove", "arguments": '
                             b'{"node": "vda[3]", "name": "b"}}')
            client.execute('block-dirty-bitmap-add', {'node': 'vda[1]', 'name': 'b'})
            client.execute('block-dirty-bitmap-remove', {'node': 'vda[1]', 'name': 'b'})


if __name__ == '__main__':
    live.main()
