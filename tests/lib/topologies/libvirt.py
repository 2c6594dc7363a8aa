# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as libvirt starts them."""

import images
from topologies.model import Topology, topology
from topologies.options import blockdev, device, local, virtio


@topology
def libvirt_aliases(directory):
    """Device ids as libvirt's aliases for vda, vdz, sda (scsi), sdb (sata), sdc (usb), hda, fda,
    and one alias of the user's own."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi0', '-device', 'ahci,id=sata0',
                 '-device', 'piix3-usb-uhci,id=usb']
    chains = {}
    for target, driver, properties in (
            ('vda', 'virtio-blk-pci', {'id': 'virtio-disk0'}),
            ('vdz', 'virtio-blk-pci', {'id': 'virtio-disk25'}),
            ('sda', 'scsi-hd', {'id': 'scsi0-0-0-0', 'bus': 'scsi0.0', 'scsi-id': 0, 'lun': 0}),
            ('sdb', 'ide-hd', {'id': 'sata0-0-1', 'bus': 'sata0.1'}),
            ('sdc', 'usb-storage', {'id': 'usb-disk2', 'bus': 'usb.0'}),
            ('hda', 'ide-hd', {'id': 'ide0-0-0', 'bus': 'ide.0', 'unit': 0}),
            ('fda', 'floppy', {'id': 'fdc0-0-0', 'unit': 0}),
            (None, 'virtio-blk-pci', {'id': 'ua-system'})):
        path = images.raw(directory, f'{properties["id"]}.raw')
        arguments += blockdev(driver='raw', node_name=properties['id'], file=local(path))
        arguments += device(driver, drive=properties['id'], **properties)
        if target:
            chains[target] = [path]
    return Topology(arguments, chains=chains)


@topology
def libvirt_aliases_clash(directory):
    """Two aliases that both mean sda; libvirt would not give these to one guest."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi0', '-device', 'piix3-usb-uhci,id=usb']
    for driver, properties in (('scsi-hd', {'id': 'scsi0-0-0-0', 'bus': 'scsi0.0'}),
                               ('usb-storage', {'id': 'usb-disk0', 'bus': 'usb.0'})):
        path = images.raw(directory, f'{properties["id"]}.raw')
        arguments += blockdev(driver='raw', node_name=properties['id'], file=local(path))
        arguments += device(driver, drive=properties['id'], **properties)
    return Topology(arguments)


def libvirt_layer(path, number, backing=None, top=False):
    """The two -blockdev that libvirt 9 writes for a qcow2 image."""
    return (blockdev(driver='file', filename=path, node_name=f'libvirt-{number}-storage',
                     auto_read_only=True, discard='unmap')
            + blockdev(driver='qcow2', node_name=f'libvirt-{number}-format', read_only=not top,
                       file=f'libvirt-{number}-storage',
                       backing=backing and f'libvirt-{backing}-format'))


@topology
def libvirt_names(directory):
    """Node names as libvirt numbers them: active images first, last disk to first, then the images
    below, also last to first; then images attached later. 5, 6 and 11 were detached again."""
    vda = images.chain(directory, 'vda', 3)
    vdb = images.chain(directory, 'vdb', 2)
    vdc = images.raw(directory, 'vdc.raw')
    sliced = images.raw(directory, 'vdd.raw', 3 << 20)
    limited = images.chain(directory, 'vde', 2)
    arguments = ['-object', 'throttle-group,id=throttle-limit0,x-bps-total=1048576']
    # vdd: a slice of a raw file; vdc: raw without a format node, as newer libvirt has it
    arguments += blockdev(driver='file', filename=sliced, node_name='libvirt-1-storage',
                          auto_read_only=True)
    arguments += blockdev(driver='raw', offset=1 << 20, size=1 << 20, file='libvirt-1-storage',
                          node_name='libvirt-1-slice-sto')
    arguments += blockdev(driver='raw', file='libvirt-1-slice-sto', node_name='libvirt-1-format')
    arguments += blockdev(driver='file', filename=vdc, node_name='libvirt-2-storage')
    # vdb: copy-on-read
    arguments += libvirt_layer(vdb[1], 7)
    arguments += libvirt_layer(vdb[0], 3, backing=7, top=True)
    arguments += blockdev(driver='copy-on-read', file='libvirt-3-format',
                          node_name='libvirt-CoR-vdb', discard='unmap')
    # vda
    arguments += libvirt_layer(vda[2], 9)
    arguments += libvirt_layer(vda[1], 8, backing=9)
    arguments += libvirt_layer(vda[0], 4, backing=8, top=True)
    # vde: attached later, with a throttle filter
    arguments += libvirt_layer(limited[1], 12)
    arguments += libvirt_layer(limited[0], 10, backing=12, top=True)
    arguments += blockdev(driver='throttle', throttle_group='throttle-limit0',
                          file='libvirt-10-format', node_name='libvirt-13-filter')
    for number, node in enumerate(['libvirt-4-format', 'libvirt-CoR-vdb', 'libvirt-2-storage',
                                   'libvirt-1-format', 'libvirt-13-filter']):
        arguments += virtio(node, id=f'virtio-disk{number}', addr=hex(4 + number))
    return Topology(arguments, chains={'vda': vda, 'vdb': vdb, 'vdc': [vdc], 'vdd': [sliced],
                                       'vde': limited})
