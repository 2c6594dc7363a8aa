#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vhost-user-blk disk, whose data are in another process, is listed, and neither read nor
changed."""

import json
import os
import shutil
import signal
import subprocess

import block_jobs
import images
import live
import qblk
from topologies.options import device, named_chain, stem, virtio

SERVER = 'qemu-storage-daemon'  # the installed one: it needs 6.0, and serves any QEMU
MACHINE = ['-machine', 'pc,memory-backend=shared',
           '-object', 'memory-backend-memfd,id=shared,size=32M,share=on']
MESSAGE = 'has no block node in QEMU: its data are in another process'


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    servers = set()  # pids

    def setUp(self):
        super().setUp()
        if shutil.which(SERVER) is None:
            self.skipTest(f'no {SERVER}')

    def serve(self, name):
        """Serve an image on the socket NAME.sock, which is returned. The daemon goes to the
        background when it listens."""
        image = images.raw(self.directory, f'{name}.raw', 16 << 20)
        socket = os.path.join(self.directory, f'{name}.sock')
        pid_file = os.path.join(self.directory, f'{name}.pid')
        subprocess.run([SERVER, '--daemonize', '--pidfile', pid_file,
                        '--blockdev', f'driver=file,node-name=file,filename={image}',
                        '--export', 'type=vhost-user-blk,id=export,node-name=file,writable=on,'
                        f'addr.type=unix,addr.path={socket}'], check=True)
        with open(pid_file, encoding='ascii') as file:
            pid = int(file.read())
        self.servers.add(pid)
        self.addCleanup(self.end_server, pid)
        return socket

    def end_server(self, pid):
        if pid in self.servers:
            self.servers.remove(pid)
            os.kill(pid, signal.SIGTERM)

    def vhost_user(self, name, **properties):
        socket = self.serve(name)
        return (['-chardev', f'socket,id=chr-{name},path={socket}']
                + device('vhost-user-blk-pci', chardev=f'chr-{name}', **properties))

    def boot_beside(self, first, second=()):
        """FIRST, a disk with a chain, and SECOND."""
        self.make(3)
        self.remember()
        self.run_qemu([*MACHINE, *first, *named_chain(self.files), *second])

    def disk(self, **properties):
        return virtio(stem(self.files[0]), **properties)

    def boot_two(self):
        """As libvirt names them; the disk of the other process has the lower address."""
        self.boot_beside(self.vhost_user('other', id='virtio-disk1', addr='0x5'),
                         virtio('disk-2', id='virtio-disk0', addr='0x6'))

    def listed(self):
        return {disk['target']: disk for disk in
                json.loads(self.qblk('--json', 'list', self.process.socket).stdout)['disks']}


class Reading(TestCase):
    def test_it_is_listed(self):
        self.boot_two()
        rows = [line.split() for line in self.qblk('list', self.process.socket).text.splitlines()]
        self.assertEqual(rows[2], ['vdb', 'virtio-disk1', 'virtio', 'disk', '-', 'vhost-user',
                                   '-', '-', '-', '-'])
        self.assertEqual(rows[1][:5], ['vda', 'virtio-disk0', 'virtio', 'disk', '3'])
        disk = self.listed()['vdb']
        self.assertIs(disk['vhost-user'], True)
        self.assertIsNone(disk['node'])
        self.assertIn(MESSAGE, disk['problem'])
        graph = json.loads(self.qblk('--json', 'graph', self.process.socket).stdout)
        self.assertEqual([found['vhost-user'] for found in graph['devices']], [False, True])
        self.assertIn('vdb (virtio-disk1): virtio disk, vhost-user',
                      self.qblk('graph', self.process.socket).text)

    def test_other_disks_are_read(self):
        self.boot_two()
        for command in ('chain', 'xml', 'check'):
            result = self.qblk(command, self.process.socket)
            self.assertIn(f"disk 'vdb' (vhost-user) {MESSAGE}", result.errors)
            self.assertNotIn('vdb', result.text)
        for command in ('chain', 'xml'):
            result = self.qblk(command, self.process.socket, 'vda')
            self.assertEqual(result.errors, '')
        self.assertEqual(self.resolve(self.process.socket, self.files[1]), 'disk-1')
        self.assertEqual(len(self.chain()['layers']), 3)

    def test_it_has_no_chain(self):
        self.boot_two()
        for command in (('chain', 'vdb'), ('xml', 'vdb'), ('resolve', 'vdb[1]'), ('check', 'vdb')):
            result = self.qblk(command[0], self.process.socket, *command[1:], status=qblk.REFUSED)
            self.assertIn(MESSAGE, result.errors)

    def test_a_capture_has_it(self):
        self.boot_two()
        capture = os.path.join(self.directory, 'capture.json')
        with open(capture, 'wb') as file:
            file.write(self.qblk('capture', self.process.socket).stdout)
        self.assertEqual(self.qblk('list', f'capture:{capture}').text,
                         self.qblk('list', self.process.socket).text)

    def test_it_is_counted_with_the_disks_beside_it(self):
        """As the guest does: the name of a disk does not depend on where its data are."""
        for address, targets in (('0x3', ['vhost-user', 'node', 'node']),
                                 ('0x5', ['node', 'vhost-user', 'node']),
                                 ('0x7', ['node', 'node', 'vhost-user'])):
            for names in ({}, {'id': 'other'}):
                with self.subTest(address=address, names=names):
                    self.setUp()
                    path = images.raw(self.directory, 'second.raw')
                    self.boot_beside(
                        self.vhost_user('other', addr=address, **names),
                        virtio('disk-2', addr='0x4')
                        + ['-blockdev', f'driver=file,node-name=second,filename={path}']
                        + virtio('second', addr='0x6'))
                    found = ['vhost-user' if disk.get('vhost-user') else 'node'
                             for _, disk in sorted(self.listed().items())]
                    self.assertEqual(found, targets)

    def test_drives_without_a_device_are_not_taken_for_it(self):
        """QEMU makes devices without an id for them."""
        paths = [images.raw(self.directory, f'{name}.raw') for name in 'ab']
        self.boot_beside(self.vhost_user('other'), [
            word for path in paths for word in ('-drive', f'file={path},format=raw,if=virtio')])
        self.assertEqual([disk.get('vhost-user') for _, disk in sorted(self.listed().items())],
                         [True, None, None])

    def test_behind_a_bridge(self):
        """The firmware has set it up, as in a guest that runs."""
        ports = [word for number in (1, 2) for word in
                 device('pcie-root-port', id=f'port{number}', chassis=number, addr=number + 4)]
        self.make(2)
        self.run_qemu(['-machine', 'q35,memory-backend=shared', *MACHINE[2:], *ports,
                       *self.vhost_user('other', bus='port2'), *named_chain(self.files),
                       *virtio('disk-1', bus='port1')])
        client = self.process.qmp
        client.execute('cont')
        self.wait_for(lambda: all(found['pci_bridge'].get('devices')
                                  for found in client.execute('query-pci')[0]['devices']
                                  if found['qdev_id'].startswith('port')))
        client.execute('stop')
        disks = self.listed()
        self.assertEqual(disks['vda']['layers'][0]['node'], 'disk-1')
        self.assertIs(disks['vdb']['vhost-user'], True)

    def test_a_disk_that_lost_its_process(self):
        """QEMU reports the chardev as disconnected, and keeps the device."""
        self.boot_two()
        for pid in list(self.servers):
            self.end_server(pid)
        self.wait_for(lambda: any(chardev['filename'].startswith('disconnected:')
                                  and chardev['label'] == 'chr-other'
                                  for chardev in self.process.qmp.execute('query-chardev')))
        self.assertIs(self.listed()['vdb']['vhost-user'], True)


DISK = '''<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{}'/>
<target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>'''
OTHER = '''<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/>
<source type='unix' path='{}/other.sock'/><target dev='vdb' bus='virtio'/>
<alias name='virtio-disk1'/></disk>'''


class Domain(TestCase):
    def check(self, *disks, status=qblk.DONE):
        domain = os.path.join(self.directory, 'domain.xml')
        with open(domain, 'w', encoding='utf-8') as file:
            file.write(f"<domain type='qemu'><devices>{''.join(disks)}</devices></domain>")
        result = qblk.run('check', self.process.socket, '--domain', domain)
        self.assertEqual(result.status, status, msg=str(result))
        return result.text

    def chain_of(self):
        return self.qblk('xml', self.process.socket, 'vda').text.replace(
            '</disk>', "<alias name='virtio-disk0'/></disk>")

    def test_it_is_not_missing(self):
        self.boot_two()
        text = self.check(self.chain_of(), OTHER.format(self.directory))
        self.assertNotIn('vdb', text)

    def test_a_disk_with_another_kind_of_source_is_missing(self):
        self.boot_two()
        other = DISK.format('/d/b').replace('vda', 'vdb').replace('disk0', 'disk1')
        text = self.check(self.chain_of(), other, status=qblk.FAILED)
        self.assertIn('vdb', text)

    def test_one_that_the_domain_does_not_have_is_reported(self):
        self.boot_two()
        text = self.check(self.chain_of(), status=qblk.FAILED)
        self.assertIn('vdb', text)

    def test_one_that_the_guest_does_not_have_is_missing(self):
        self.boot_beside((), virtio('disk-2', id='virtio-disk0'))
        text = self.check(self.chain_of(), OTHER.format(self.directory), status=qblk.FAILED)
        self.assertIn('vdb', text)


class Changing(TestCase):
    def test_it_is_not_changed(self):
        self.boot_two()
        copy = os.path.join(self.directory, 'copy.qcow2')
        for command in (('commit', 'vdb', '--pivot'), ('pull', 'vdb'), ('copy', 'vdb', copy),
                        ('rebase', 'vdb', 'vdb[1]'), ('commit', 'vdb', '--pivot', '--dry-run')):
            self.refuse(command[0], self.process.socket, *command[1:], message=MESSAGE)
        self.assertFalse(os.path.exists(copy))

    def test_all_other_disks_are_changed(self):
        self.boot_two()
        self.guest_writes('40M')
        result = self.qblk('--json', 'commit', self.process.socket, '--all-disks', '--pivot',
                           '--force-managed')
        report = json.loads(result.stdout)
        self.assertEqual([plan['target'] for plan in report['plans']], ['vda'])
        self.assertEqual([disk['target'] for disk in report['skipped']], ['vdb'])
        self.assertIn(MESSAGE, report['skipped'][0]['reason'])
        self.assert_no_jobs()
        self.assert_same_content(self.files[-1])


if __name__ == '__main__':
    live.main()
