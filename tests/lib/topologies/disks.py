# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several disks."""

import json
import os

import images
import qemu
from topologies.model import Topology, topology
from topologies.options import blockdev, device, drive, local, qcow2, stem, virtio


@topology
def raw_block_device(directory):
    """vda: raw on a block device; vdb: an overlay whose base is qcow2 on a block device."""
    plain = images.raw(directory, 'plain.raw')
    holder = images.raw(directory, 'holder.raw', 16 << 20)
    images.create(holder, '8M')
    links = [os.path.join(directory, name) for name in ('block-raw', 'block-qcow2')]
    overlay = images.create(os.path.join(directory, 'overlay.qcow2'), '8M', extra=['-u'],
                            backing='block-qcow2')
    return Topology(blockdev(driver='raw', node_name='plain',
                             file={'driver': 'host_device', 'filename': links[0]})
                    + drive(overlay, id='drive0')
                    + virtio('plain', id='vda') + virtio('drive0', id='vdb'),
                    services=[qemu.loop_device(links[0], plain),
                              qemu.loop_device(links[1], holder)],
                    chains={'vda': links[:1], 'vdb': [overlay, links[1]]})


@topology
def shared_base(directory):
    """Two overlays on one node."""
    base = images.create(os.path.join(directory, 'base.qcow2'))
    images.write(base)
    arguments = qcow2(base, read_only=True)
    chains = {}
    for target in ('vda', 'vdb'):
        top = images.create(os.path.join(directory, f'top-{target}.qcow2'), backing='base.qcow2')
        arguments += qcow2(top, backing='base') + virtio(stem(top), id=target)
        chains[target] = [top, base]
    return Topology(arguments, chains=chains)


@topology
def shared_base_file(directory):
    """Two overlays on one file that is opened twice."""
    base = images.create(os.path.join(directory, 'base.qcow2'))
    images.write(base)
    arguments = []
    chains = {}
    for target in ('vda', 'vdb'):
        top = images.create(os.path.join(directory, f'top-{target}.qcow2'), backing='base.qcow2')
        arguments += drive(top, id='drive-' + target) + virtio('drive-' + target, id=target)
        chains[target] = [top, base]
    return Topology(arguments, chains=chains)


@topology
def read_only(directory):
    """vda by -drive, vdb by -blockdev, vdc writable, and a CD."""
    paths = [images.chain(directory, name, 2) for name in ('a', 'b', 'c')]
    medium = images.raw(directory, 'medium.iso')
    return Topology(drive(paths[0][0], id='drive-a', readonly='on')
                    + blockdev(driver='qcow2', node_name='b', read_only=True,
                               file=local(paths[1][0]))
                    + drive(paths[2][0], id='drive-c')
                    + drive(medium, id='drive-cd', format='raw', media='cdrom', readonly='on')
                    + virtio('drive-a', id='vda') + virtio('b', id='vdb')
                    + virtio('drive-c', id='vdc')
                    + device('ide-cd', drive='drive-cd', id='hda', bus='ide.0'),
                    chains={'vda': paths[0], 'vdb': paths[1], 'vdc': paths[2], 'hda': [medium]})


@topology
def serials(directory):
    """Devices with a serial number, by which a guest or a domain XML identifies its disk."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi', '-device', 'piix3-usb-uhci,id=usb']
    for number, (driver, more) in enumerate([
            ('virtio-blk-pci', {}), ('scsi-hd', {'bus': 'scsi.0'}),
            ('ide-hd', {'bus': 'ide.0'}), ('usb-storage', {'bus': 'usb.0'}), ('nvme', {})]):
        path = images.raw(directory, f'disk-{number}.raw')
        arguments += drive(path, id=f'drive{number}', format='raw')
        arguments += device(driver, drive=f'drive{number}', serial=f'SERIAL-{number}', **more)
    return Topology(arguments)


@topology
def many_buses(directory):
    """All buses of a pc machine, with ids and without, on the root bus and behind a bridge."""
    raw = 0

    def new_drive(**options):
        nonlocal raw
        raw += 1
        return f'drive{raw}', drive(images.raw(directory, f'disk-{raw}.raw'), id=f'drive{raw}',
                                    format='raw', **options)

    arguments = []
    for controller in (('pci-bridge', {'id': 'bridge', 'chassis_nr': 1, 'addr': '0x10'}),
                       ('virtio-scsi-pci', {'id': 'hba', 'addr': '0x6'}),
                       ('virtio-scsi-pci', {'addr': '0x5'}),
                       ('ahci', {'id': 'sata'}),
                       ('piix3-usb-uhci', {'id': 'usb'})):
        arguments += device(controller[0], **controller[1])
    for driver, properties in (
            ('virtio-blk-pci', {'id': 'alpha', 'bus': 'bridge', 'addr': '0x3'}),
            ('virtio-blk-pci', {'id': 'beta', 'addr': '0x9'}),
            ('virtio-blk-pci', {'addr': '0x8'}),
            ('scsi-hd', {'id': 'gamma', 'bus': 'hba.0', 'scsi-id': 2, 'lun': 1}),
            ('scsi-hd', {'bus': 'hba.0', 'scsi-id': 2, 'lun': 0}),
            ('scsi-hd', {'bus': 'scsi.0', 'scsi-id': 1}),
            ('scsi-cd', {'id': 'delta', 'bus': 'scsi.0', 'scsi-id': 0}),
            ('ide-hd', {'id': 'epsilon', 'bus': 'sata.0'}),
            ('ide-hd', {'bus': 'sata.3'}),
            ('ide-hd', {'id': 'zeta', 'bus': 'ide.0', 'unit': 1}),
            ('ide-cd', {'bus': 'ide.1', 'unit': 0}),
            ('usb-storage', {'id': 'eta', 'bus': 'usb.0', 'port': 2}),
            ('usb-storage', {'bus': 'usb.0', 'port': 1}),
            ('floppy', {'id': 'theta', 'unit': 1}),
            ('nvme', {'id': 'iota', 'serial': 'nvme-iota'})):
        media = {'media': 'cdrom', 'readonly': 'on'} if driver.endswith('-cd') else {}
        name, option = new_drive(**media)
        arguments += option + device(driver, drive=name, **properties)
    arguments += device('ide-cd', id='empty-cd', bus='sata.1')
    arguments += device('scsi-cd', bus='scsi.0', **{'scsi-id': 5})
    arguments += device('floppy', unit=0)
    arguments += device('nvme', id='kappa', serial='nvme-kappa')
    for number in (2, 1):
        name, option = new_drive()
        arguments += option + device('nvme-ns', drive=name, bus='kappa', nsid=number)
    return Topology(arguments)


@topology
def many_buses_q35(directory):
    """A q35 machine: the built-in SATA ports, and PCI Express root ports."""
    arguments = ['-machine', 'q35']
    arguments += device('pcie-root-port', id='port1', chassis=1, slot=1, addr='0x8')
    arguments += device('pcie-root-port', id='port2', chassis=2, slot=2, addr='0x5')
    arguments += device('pcie-root-port', id='port3', chassis=3, slot=3, addr='0x6')
    arguments += device('virtio-scsi-pci', id='scsi', bus='port2')
    arguments += device('qemu-xhci', id='usb', bus='port3')
    for number, (driver, properties) in enumerate((
            ('virtio-blk-pci', {'id': 'alpha', 'bus': 'port1'}),
            ('virtio-blk-pci', {'addr': '0x7'}),
            ('scsi-hd', {'bus': 'scsi.0', 'scsi-id': 1}),
            ('ide-hd', {'bus': 'ide.0'}),
            ('ide-hd', {'id': 'beta', 'bus': 'ide.2'}),
            ('usb-storage', {'id': 'gamma', 'bus': 'usb.0'}))):
        path = images.raw(directory, f'disk-{number}.raw')
        arguments += blockdev(driver='raw', node_name=f'disk-{number}', file=local(path))
        arguments += device(driver, drive=f'disk-{number}', **properties)
    arguments += device('ide-cd', bus='ide.1')
    return Topology(arguments)


@topology
def odd_names(directory):
    """File names with every kind of byte; QEMU runs in DIRECTORY, so relative names work."""
    arguments = []
    chains = {}

    def disk(target, name, filename=None):
        path = os.path.join(directory, name)
        images.create(path)
        filename = (filename or path).replace(',', ',,')
        arguments.extend(['-blockdev', f'driver=qcow2,node-name=node-{target},'
                          f'file.driver=file,file.filename={filename}'])
        arguments.extend(virtio(f'node-{target}', id=target))
        chains[target] = [filename.replace(',,', ',')]

    disk('vda', 'with space.qcow2')
    disk('vdb', '&<>"\'.qcow2')
    disk('vdc', 'line\nbreak\ttab.qcow2')
    disk('vdd', 'größe-日本語-💾.qcow2')
    disk('vde', os.fsdecode(b'latin1-gr\xf6\xdfe.qcow2'))
    disk('vdf', '-dash.qcow2', '-dash.qcow2')
    disk('vdg', 'co:lon.qcow2', 'co:lon.qcow2')
    disk('vdh', 'a,comma,b.qcow2')
    disk('vdi', 'control-\x01-\x7f.qcow2')
    disk('vdj', '%41?query#fragment.qcow2')
    disk('vdk', '\u200b\ufffe.qcow2')
    images.create(os.path.join(directory, 'base:colon.qcow2'))
    overlay = images.create(os.path.join(directory, 'over:lay.qcow2'), backing='./base:colon.qcow2')
    arguments.extend(drive('file:over:lay.qcow2', id='drive-colon') +
                     virtio('drive-colon', id='vdl'))
    chains['vdl'] = [overlay, os.path.join(directory, 'base:colon.qcow2')]
    return Topology(arguments, chains=chains)


@topology
def json_names(directory):
    """File names that are json:{...} or pseudo-protocols."""
    base = images.create(os.path.join(directory, 'base.qcow2'))
    arguments = []
    for number, backing in enumerate([
            {'driver': 'qcow2', 'file': {'driver': 'file', 'filename': base}},
            {'driver': 'raw', 'offset': 65536, 'size': 65536,
             'file': {'driver': 'file', 'filename': base}}]):
        path = images.create(os.path.join(directory, f'json-{number}.qcow2'), extra=['-u'],
                             backing='json:' + json.dumps(backing),
                             backing_format=backing['driver'])
        arguments += drive(path, id=f'drive-json-{number}')
        arguments += virtio(f'drive-json-{number}', id=f'json{number}')
    top = images.create(os.path.join(directory, 'json-top.qcow2'))
    arguments += drive('json:' + json.dumps(
        {'driver': 'qcow2', 'lazy-refcounts': True, 'file': {'driver': 'file', 'filename': top}}),
        id='drive-top') + virtio('drive-top', id='jsontop')
    debug = images.create(os.path.join(directory, 'blkdebug.qcow2'))
    arguments += drive('blkdebug::' + debug, id='drive-debug', format='qcow2')
    arguments += virtio('drive-debug', id='debug')
    named = images.create(os.path.join(directory, 'blkdebug-node.qcow2'))
    arguments += blockdev(driver='qcow2', node_name='debugged',
                          file={'driver': 'blkdebug', 'image': local(named)})
    arguments += virtio('debugged', id='debugnode')
    return Topology(arguments)
