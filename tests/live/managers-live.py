#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that another program manages is recognised by its names or by the arguments of QEMU, and
changed with --force-managed only."""

import hashlib
import json
import os

import block_jobs
import brief
import images
import live
import qblk
from topologies.libvirt import libvirt_layer
from topologies.options import blockdev, drive, local, named_chain, stem, virtio

UUID = '44ab108a-62e6-480e-b44c-aac301227f94'

# as `--json list` has it, and the command that messages name
PVE, INCUS, OVIRT, LIBVIRT = (('proxmox-ve', 'qm'), ('incus', 'incus'),
                              ('ovirt', 'the oVirt engine'), ('libvirt', 'virsh'))


def pve_name(prefix, path):
    """As PVE/QemuServer/Blockdev.pm names the nodes below a throttle filter."""
    return prefix + hashlib.sha256(path.encode()).hexdigest()[:30]


def pve_layers(files):
    layer = {'driver': 'qcow2', 'node-name': pve_name('f', files[0]), 'discard': 'ignore',
             'file': local(files[0], **{'node-name': pve_name('e', files[0])})}
    layer['backing'] = pve_layers(files[1:]) if len(files) > 1 else None
    return layer


def pve_disk(files):
    """Of Proxmox VE 9, a chain of volumes."""
    return (['-object', 'throttle-group,id=throttle-drive-virtio0']
            + blockdev(driver='throttle', node_name='drive-virtio0', file=pve_layers(files),
                       throttle_group='throttle-drive-virtio0')
            + virtio('drive-virtio0', id='virtio0', bootindex=100))


def incus_disk(files):
    return (named_chain(files[1:])
            + blockdev(driver='qcow2', node_name='incus_root', discard='unmap',
                       file=local(files[0]), backing=stem(files[1]))
            + virtio('incus_root', id='dev-incus_root', bootindex=0))


def libvirt_disk(files, alias='virtio-disk0'):
    arguments = []
    for number, path in enumerate(reversed(files), 1):
        arguments += libvirt_layer(path, number, backing=number - 1 or None,
                                   top=number == len(files))
    return arguments + virtio(f'libvirt-{len(files)}-format', id=alias)


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def boot_managed(self, make_disk, *arguments):
        self.make(3)
        self.remember()
        self.run_qemu(list(make_disk(self.files)) + list(arguments))

    def manager(self):
        found = {json.loads(self.qblk('--json', command, self.process.socket).stdout)['manager']
                 for command in ('list', 'chain')}
        self.assertEqual(len(found), 1)
        return found.pop()

    def commands(self):
        socket, copy = self.process.socket, os.path.join(self.directory, 'copy.qcow2')
        return (('commit', socket, 'vda', '--pivot'), ('pull', socket, 'vda'),
                ('copy', socket, 'vda', copy, '--pivot'))

    def assert_needs_force(self, manager):
        """Each job is refused, printed with a warning, and done with the option."""
        name, tool = manager
        self.assertEqual(self.manager(), name)
        for command in brief.some(self.commands()):
            with self.subTest(command=command):
                self.refuse(*command, message=f'use {tool}, or --force-managed')
                before = self.state()
                printed = self.qblk(*command, '--dry-run')
                self.assertIn("warning: disk 'vda' belongs to a guest of", printed.errors)
                self.assertIn(f'without --dry-run, use {tool}, or --force-managed', printed.errors)
                forced = self.qblk(*command, '--dry-run', '--force-managed')
                self.assertEqual(forced.errors, '')
                self.assertEqual(forced.text, printed.text)
                self.assertEqual(self.state(), before)
        self.refuse('job', self.process.socket, 'vda', '--abort', status=qblk.NOT_FOUND)
        self.guest_writes('40M')
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--force-managed')
        self.assert_no_jobs()
        self.guest_writes('42M', pattern=0x55)
        self.assertEqual(self.manager(), name)
        self.assert_same_content(self.files[-1])

    def assert_free(self):
        self.assertIsNone(self.manager())
        self.guest_writes('40M')
        result = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--dry-run')
        self.assertEqual(result.errors, '')
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.assert_same_content(self.files[-1])


class Names(TestCase):
    def test_proxmox_ve(self):
        self.boot_managed(pve_disk)
        self.assert_needs_force(PVE)

    def test_proxmox_ve_before_blockdev(self):
        def disk(files):
            volumes = [os.path.join(self.directory, f'{kind}-100-disk-0.qcow2')
                       for kind in ('vm', 'base')]
            os.rename(files[0], volumes[0])
            os.rename(files[-1], volumes[1])
            block_jobs.set_backing(files[1], volumes[1])
            files[0], files[-1] = volumes
            return (drive(volumes[0], id='drive-virtio0', format='qcow2')
                    + virtio('drive-virtio0', id='virtio0'))
        self.boot_managed(disk)
        self.assert_needs_force(PVE)

    def test_incus(self):
        self.boot_managed(incus_disk)
        self.assert_needs_force(INCUS)

    def test_ovirt(self):
        self.boot_managed(lambda files: libvirt_disk(files, alias=f'ua-{UUID}'))
        self.assert_needs_force(OVIRT)

    def test_libvirt(self):
        self.boot_managed(libvirt_disk)
        self.assert_needs_force(LIBVIRT)

    def test_an_overlay_that_was_attached_later(self):
        """Its nodes do not have the names of the manager."""
        self.boot_managed(incus_disk)
        overlay = images.create(os.path.join(self.directory, 'later.qcow2'),
                                backing=self.files[0])
        client = self.process.qmp
        client.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'later', 'backing': None,
                                        'file': {'driver': 'file', 'filename': overlay}})
        client.execute('blockdev-snapshot', {'node': 'incus_root', 'overlay': 'later'})
        self.files = [overlay, *self.files]
        self.assert_needs_force(INCUS)

    def test_a_job_of_the_manager(self):
        self.boot_managed(pve_disk)
        self.process.qmp.execute('block-stream', {
            'job-id': 'drive-virtio0', 'device': pve_name('f', self.files[0]), 'speed': 1})
        for action in ('--abort', '--pause', '--wait'):
            result = self.qblk('job', self.process.socket, 'vda', action, status=qblk.REFUSED)
            self.assertIn('use qm, or --force-managed', result.errors)
        printed = self.qblk('job', self.process.socket, 'vda', '--abort', '--dry-run')
        self.assertIn('use qm, or --force-managed', printed.errors)
        job, = self.process.qmp.execute('query-jobs')
        self.assertEqual(job['status'], 'running')
        self.qblk('job', self.process.socket, 'vda', '--abort', '--force-managed')
        self.assert_no_jobs()
        self.assert_same_content()


class Arguments(TestCase):
    """The disks have ordinary names."""

    def path(self, *names):
        path = os.path.join(self.directory, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def disk(self, files):
        return named_chain(files) + virtio(stem(files[0]), id='vda')

    def test_proxmox_ve(self):
        socket = self.path('run', 'qemu-server', '100.qmp')
        self.boot_managed(self.disk, '-chardev',
                          f'socket,id=qmp,path={socket},server=on,wait=off',
                          '-mon', 'chardev=qmp,mode=control')
        self.assert_needs_force(PVE)

    def test_incus(self):
        config = self.path('run', 'incus', 'web', 'qemu.conf')
        with open(config, 'w', encoding='ascii') as file:
            file.write('# Incus\n[rtc]\nbase = "utc"\n')
        self.boot_managed(self.disk, '-readconfig', config)
        self.assert_needs_force(INCUS)

    def test_a_guest_that_was_started_by_hand(self):
        self.boot_managed(self.disk, '-pidfile', self.path('qemu-server', '100.pid'))
        self.assert_free()

    def test_names_that_others_use_as_well(self):
        def disk(files):
            return drive(files[0], id='drive-virtio0') + virtio('drive-virtio0', id='virtio0')
        self.boot_managed(disk)
        self.assert_free()

    def test_a_capture_has_no_arguments(self):
        """The manager is known by its names only, then."""
        self.boot_managed(self.disk, '-pidfile', self.path('run', 'qemu-server', '100.pid'))
        self.assertEqual(self.manager(), 'proxmox-ve')
        capture = self.path('capture.json')
        with open(capture, 'wb') as file:
            file.write(self.qblk('capture', self.process.socket).stdout)
        found = json.loads(self.qblk('--json', 'list', f'capture:{capture}').stdout)
        self.assertIsNone(found['manager'])


if __name__ == '__main__':
    live.main()
