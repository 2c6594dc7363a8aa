#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A job does not change what the clients of an export or other nodes read, unless the user allows
it; a client reads before, while and after plans are refused."""

import os
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio


def crashes():
    """TRUE if this QEMU crashes when a node below copy-before-write is replaced and closed."""
    return (6, 2) <= qemu.version() < (9, 1)


class Client:
    """A client that stays connected to an NBD export."""

    def __init__(self, test, url):
        self.url = url
        self.test = test
        self.process = subprocess.Popen(
            qemu.program('qemu-io') + ['-r', '-f', 'raw', url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        test.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.communicate('quit\n')

    def byte(self, offset):
        """The byte at OFFSET, as this connection reads it."""
        self.process.stdin.write(f'read -v {offset} 1\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline().replace('qemu-io> ', '')
        self.test.assertIn(':  ', line)
        self.process.stdout.readline()  # the summary, in two lines
        self.process.stdout.readline()
        return int(line.split()[1], 16)

    def copy(self, path):
        """All data, through a second connection."""
        subprocess.run(qemu.program('qemu-img') + ['convert', '-f', 'raw', '-O', 'raw', self.url,
                                                   path], check=True)
        return path


class TestCase(block_jobs.TestCase):
    def serve(self):
        self.process.qmp.execute('nbd-server-start', {
            'addr': {'type': 'unix', 'data': {'path': self.nbd()}}})

    def nbd(self):
        return os.path.join(self.directory, 'nbd.sock')

    def export(self, node, name='backup', **options):
        """Returns a client of the new export."""
        self.process.qmp.execute('block-export-add', {
            'type': 'nbd', 'id': name, 'node-name': node, 'name': f'{name}-data', **options})
        return Client(self, f'nbd+unix:///{name}-data?socket={self.nbd()}')

    def exported_nodes(self):
        return {export['id']: export['node-name']
                for export in self.process.qmp.execute('query-block-exports')}

    def boot_and_serve(self, depth=4):
        self.boot(depth=depth)
        self.serve()

    def keep(self, client):
        """Keep what CLIENT reads, for assert_kept(); returns some of it."""
        self.kept = client.copy(os.path.join(self.directory, 'kept.raw'))
        return self.probe(client)

    def probe(self, client):
        return [client.byte(offset) for offset in ('0', '1M', '2M', '3M', '32M', '48M')]

    def assert_kept(self, client, probed):
        self.assertEqual(self.probe(client), probed)
        now = client.copy(os.path.join(self.directory, 'now.raw'))
        self.assertTrue(self.is_equal(now, self.kept))

    def is_equal(self, path, other):
        return subprocess.run(['cmp', '--quiet', path, other], check=False).returncode == 0

    def arguments(self, command, *options):
        """COMMAND for the disk; a copy has the destination self.copy_path()."""
        paths = [self.copy_path()] if command == 'copy' else []
        return (command, self.process.socket, 'vda', *paths, *options)

    def copy_path(self):
        return os.path.join(self.directory, 'copy.qcow2')

    def job(self, *command, **options):
        return self.qblk(*self.arguments(*command), **options)

    def refuse_job(self, *command, message):
        """A dry run is refused as well."""
        dry_run = self.job(*command, '--dry-run', status=qblk.REFUSED)
        self.assertIn(message, dry_run.errors)
        self.refuse(*self.arguments(*command), message=message)
        self.assert_no_jobs()
        self.assertFalse(os.path.exists(self.copy_path()))


INNER = ('commit', '--top', 'vda[1]', '--base', 'vda[3]')
COMMITS = (('commit', '--pivot'), ('commit', '--keep-overlay'), ('commit', '--active'), INNER)


class Export(TestCase):
    def test_the_base(self):
        self.boot_and_serve()
        client = self.export('disk-base')
        probed = self.keep(client)
        for command in COMMITS:
            with self.subTest(command=command):
                self.refuse_job(*command, message="export 'backup' (nbd, read-only) reads "
                                f"'{self.files[3]}', whose data would change")
                self.assert_kept(client, probed)
        self.refuse_job('commit', '--pivot', '--ignore-user', 'other', message="are 'backup'")
        self.assert_kept(client, probed)

        self.job('commit', '--pivot', '--ignore-user', 'backup')
        self.assertNotEqual(self.probe(client), probed)
        self.assert_no_jobs()
        self.assert_files(self.files[3])
        client.end()
        self.assert_same_content(self.files[3])

    def test_all_users_have_to_be_ignored(self):
        self.boot_and_serve()
        self.export('disk-base')
        self.export('disk-base', 'second')
        self.refuse_job('commit', '--pivot', '--ignore-user', 'backup',
                        message="export 'second' (nbd, read-only) reads")
        self.job('commit', '--pivot', '--ignore-user', 'backup', '--ignore-user', 'second')
        self.assert_files(self.files[3])

    def test_a_layer_between_top_and_base(self):
        self.boot_and_serve()
        client = self.export('disk-1')
        probed = self.keep(client)
        for command in brief.some(COMMITS):
            for ignored in ((), ('--ignore-user', 'backup')):
                with self.subTest(command=command, ignored=ignored):
                    self.refuse_job(*command, *ignored,
                                    message='is between the top and the base')
                    self.assert_kept(client, probed)

    def test_this_qemu_starts_no_commit_around_it(self):
        self.boot_and_serve()
        self.export('disk-1')
        reply = self.process.qmp.ask('block-commit', {
            'job-id': 'j', 'device': 'disk-3', 'top-node': 'disk-3', 'base-node': 'disk-base'})
        self.assertIn('onsistent read', reply['error']['desc'])

    def test_the_top_of_an_inner_commit(self):
        self.boot_and_serve()
        client = self.export('disk-2')
        probed = self.keep(client)
        self.refuse_job(*INNER, message='which would leave the chain')
        self.assert_kept(client, probed)

        self.job(*INNER, '--ignore-user', 'backup', '--delete')
        self.assert_files(self.files[0], self.files[3])
        self.assertEqual(self.exported_nodes(), {'backup': 'disk-base'})
        self.assert_kept(client, probed)
        self.assertFalse(os.path.exists(self.files[1]))
        client.end()
        self.assert_same_content()

    def test_layers_that_leave_the_chain_stay_open(self):
        for command, top in ((('pull',), 0), (('copy', '--pivot'), None)):
            with self.subTest(command=command):
                self.setUp()
                self.boot_and_serve()
                client = self.export('disk-1')
                probed = self.keep(client)
                result = self.job(*command)
                self.assertIn("leaves the chain and stays open: export 'backup' (nbd, read-only)",
                              result.errors)
                self.assertIn('disk-2.qcow2', result.text)
                self.assertNotIn('disk-1.qcow2', result.text)
                self.assertNotIn('disk-base.qcow2', result.text)
                self.assert_no_jobs()
                self.assert_files(self.copy_path() if top is None else self.files[top])
                self.assertNotIn('disk-2', self.nodes())
                self.assertIn('disk-1', self.nodes())
                self.guest_writes('2M')
                self.assert_kept(client, probed)
                client.end()
                self.assert_same_content(self.copy_path() if top is None else None)

    def test_a_copy_reads_what_a_client_reads(self):
        self.boot_and_serve()
        clients = [self.export(node, node) for node in ('disk-3', 'disk-2', 'disk-base')]
        probed = [self.probe(client) for client in clients]
        self.job('copy', '--finish')
        self.assertEqual([self.probe(client) for client in clients], probed)
        for client in clients:
            client.end()
        self.assert_same_content(self.copy_path())

    def test_the_disk_of_the_guest(self):
        """Its clients see what the guest sees."""
        for command in (('commit', '--pivot'), ('copy', '--pivot'), ('pull',)):
            with self.subTest(command=command):
                self.setUp()
                self.boot_and_serve()
                client = self.export('disk-3')
                probed = self.keep(client)
                self.job(*command)
                self.assert_kept(client, probed)
                self.guest_writes('48M')
                self.assertEqual(client.byte('48M'), 0x77)
                self.assertTrue(self.is_equal(self.keep_again(client), self.reference))

    def keep_again(self, client):
        return client.copy(os.path.join(self.directory, 'again.raw'))

    def test_the_bytes_of_a_file(self):
        """QEMU starts no commit then."""
        for layer, command in brief.some((('disk-base', ('commit', '--pivot')),
                                          ('disk-1', INNER), ('disk-2', INNER))):
            with self.subTest(layer):
                self.setUp()
                self.boot_and_serve()
                client = self.export(f'{layer}-file')
                self.refuse_job(*command, '--ignore-user', 'backup',
                                message=f"reads the file of '{self.directory}/{layer}.qcow2'")
                self.assertEqual(client.byte('0'), ord('Q'))
                top = 'disk-3' if '--pivot' in command else 'disk-2'
                reply = self.process.qmp.ask('block-commit', {
                    'job-id': 'j', 'device': 'disk-3', 'top-node': top, 'base-node': 'disk-base'})
                self.assertIn('onflict', reply['error']['desc'])

    def test_an_existing_job(self):
        """Its base has changed already: nothing is gained if it is not ended."""
        self.boot_and_serve()
        client = self.export('disk-base')
        probed = self.keep(client)
        self.refuse_job('commit', '--active', message='whose data would change')
        self.assert_kept(client, probed)
        self.job('commit', '--active', '--ignore-user', 'backup')
        self.assertNotEqual(self.probe(client), probed)
        result = self.job('job', '--pivot')
        self.assertIn("disk-base.qcow2', which export 'backup' (nbd) reads", result.errors)
        self.assert_files(self.files[3])
        client.end()
        self.assert_same_content(self.files[3])

    def test_one_that_was_added_in_the_old_way(self):
        self.boot_and_serve()
        self.process.qmp.execute('nbd-server-add', {'device': 'disk-base', 'name': 'old'})
        self.refuse_job('commit', '--pivot', message="export 'old' (nbd, read-only) reads")
        self.process.qmp.execute('nbd-server-remove', {'name': 'old'})
        self.job('commit', '--pivot')
        self.assert_files(self.files[3])


class Node(TestCase):
    def overlay(self, backing):
        path = images.create(os.path.join(self.directory, 'overlay.qcow2'))
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'overlay', 'file': local(path), 'backing': backing})

    def test_an_overlay_of_the_base(self):
        for name in ('overlay', 'backup'):
            with self.subTest(ignored=name):
                self.setUp()
                self.boot_and_serve()
                self.overlay('disk-base')
                self.refuse_job('commit', '--pivot', message="node 'overlay' (qcow2) reads")
                client = self.export('overlay')
                probed = self.keep(client)
                self.refuse_job(
                    'commit', '--pivot',
                    message="export 'backup' (nbd, read-only) of node 'overlay' reads")
                self.assert_kept(client, probed)
                self.job('commit', '--pivot', '--ignore-user', name)
                self.assert_files(self.files[3])
                self.assertNotEqual(self.probe(client), probed)

    def test_an_unused_overlay_between_top_and_base(self):
        self.boot_and_serve()
        self.overlay('disk-1')
        self.refuse_job('commit', '--pivot', message="node 'overlay' (qcow2) reads")
        result = self.job('commit', '--pivot', '--ignore-user', 'overlay')
        self.assertIn("stays open: node 'overlay' (qcow2) uses it", result.errors)
        self.assert_files(self.files[3])
        self.assertIn('disk-1', self.nodes())
        self.assert_same_content(self.files[3])

    def test_a_node_above_the_disk(self):
        self.boot_and_serve()
        self.overlay('disk-3')
        client = self.export('overlay')
        probed = self.keep(client)
        for command in brief.some((*COMMITS, ('copy', '--pivot'))):
            with self.subTest(command=command):
                self.refuse_job(*command, message="node 'overlay' (qcow2) uses node 'disk-3'")
        self.job('pull')
        self.assert_files(self.files[0])
        self.assert_kept(client, probed)

    def test_this_qemu_starts_no_job_below_it(self):
        self.boot_and_serve()
        self.overlay('disk-3')
        reply = self.process.qmp.ask('block-commit', {
            'job-id': 'j', 'device': 'disk-3', 'top-node': 'disk-3', 'base-node': 'disk-base'})
        self.assertIn('root', reply['error']['desc'])


class Fleecing(TestCase):
    """A backup reads the state of the disk at one moment while the guest writes."""

    def scratch(self, **options):
        return blockdev(driver='qcow2', node_name='scratch', file=local(images.create(
            os.path.join(self.directory, 'scratch.qcow2'), size='64M')), **options)

    def boot_with_filter(self, **scratch):
        if qemu.version() < (7, 0):
            self.skipTest('this graph needs QEMU 7.0')
        self.make(4)
        self.remember()
        self.run_qemu(named_chain(self.files) + self.scratch(**scratch)
                      + blockdev(driver='copy-before-write', node_name='cbw',
                                 file=stem(self.files[0]), target='scratch')
                      + virtio('cbw', id='vda'))
        self.serve()

    def test_the_target_of_a_filter(self):
        self.boot_with_filter(backing='disk-3')
        client = self.export('scratch')
        probed = self.keep(client)
        self.guest_writes('1M')
        self.assert_kept(client, probed)
        message = 'would crash' if crashes() else "of node 'scratch' reads"
        self.refuse_job('commit', '--pivot', message=message)
        self.refuse_job('copy', '--finish', message="node 'scratch' (qcow2) has '")
        self.job(*INNER)
        self.guest_writes('2M')
        self.assert_kept(client, probed)
        if not crashes():
            self.job('commit', '--pivot', '--ignore-user', 'backup')
            self.assert_files(self.files[3])
            self.guest_writes('3M')
            self.assert_kept(client, probed)
        client.end()
        self.assert_same_content(self.files[0 if crashes() else 3])

    def test_a_reader_of_the_filter(self):
        self.boot_with_filter()
        self.process.qmp.execute('blockdev-add', {
            'driver': 'snapshot-access', 'node-name': 'frozen', 'file': 'cbw'})
        client = self.export('frozen')
        probed = self.keep(client)
        self.guest_writes('1M')
        for command in (('commit', '--keep-overlay'), INNER, ('copy', '--finish')):
            with self.subTest(command=command):
                self.refuse_job(*command, message="node 'frozen' (snapshot-access) uses node 'cbw'")
                self.assert_kept(client, probed)
        self.job('pull')
        self.guest_writes('2M')
        self.assert_kept(client, probed)
        client.end()
        self.assert_files(self.files[0])
        self.assert_same_content()

    def test_the_target_of_a_backup_job(self):
        """QEMU 5.2 has only this."""
        self.boot_and_serve()
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'scratch', 'backing': 'disk-3',
            'file': local(images.create(os.path.join(self.directory, 'scratch.qcow2'),
                                        size='64M'))})
        self.process.qmp.execute('blockdev-backup', {
            'job-id': 'fleecing', 'device': 'disk-3', 'target': 'scratch', 'sync': 'none'})
        client = self.export('scratch')
        probed = self.keep(client)
        self.guest_writes('1M')
        for command in (*COMMITS, ('copy', '--pivot'), ('pull',)):
            with self.subTest(command=command):
                result = self.job(*command, status=qblk.REFUSED)
                self.assertIn("'fleecing' (backup", result.errors)
                self.assert_kept(client, probed)


class StorageDaemon(TestCase):
    """The export of the top is the disk of a guest elsewhere, and the base is a golden image."""

    def boot_daemon(self):
        self.make(3)
        self.remember()
        self.process = self.enterContext(qemu.Process(
            self.directory, named_chain(self.files), daemon=True))
        self.serve()

    def test_only_the_golden_image_has_a_reader(self):
        self.boot_daemon()
        guest = self.export('disk-2', 'vm', writable=True)
        golden = self.export('disk-base', 'golden')
        probed, of_guest = self.keep(golden), self.probe(guest)
        for command in (('commit', '--pivot'), ('commit', '--shallow', '--top', 'vda[1]')):
            self.refuse_job(*command, message="export 'golden' (nbd, read-only) reads "
                            f"'{self.files[2]}', whose data would change")
            self.assert_kept(golden, probed)

        if qemu.version() < (6, 1):
            self.refuse_job('pull', '--base', 'vda[2]', message="it lacks 'blockdev-reopen'")
        else:
            self.job('pull', '--base', 'vda[2]')
        self.assert_kept(golden, probed)
        self.assertEqual(self.probe(guest), of_guest)

        golden.end()
        self.process.qmp.execute('block-export-del', {'id': 'golden', 'mode': 'hard'})
        self.wait_for(lambda: self.exported_nodes() == {'vm': 'disk-2'})
        self.job('commit', '--pivot')
        self.assertEqual(self.exported_nodes(), {'vm': 'disk-base'})
        self.assertEqual(self.probe(guest), of_guest)
        guest.end()
        self.assert_same_content(self.files[2])


if __name__ == '__main__':
    live.main()
