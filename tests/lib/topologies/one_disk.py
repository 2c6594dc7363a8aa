# SPDX-License-Identifier: LGPL-2.1-or-later
"""One disk, or no disk."""

import os

import images
import qemu
from topologies.model import Topology, topology
from topologies.options import blockdev, drive, local, named_chain, qcow2, stem, virtio


@topology
def empty_vm(_directory):
    return Topology([])


@topology
def virtio_5_deep(directory):
    """Only the format node of the top has a name; QEMU opens and names the others."""
    files = images.chain(directory, 'disk', 5)
    return Topology(blockdev(driver='qcow2', node_name='top', file=local(files[0]))
                    + virtio('top', id='disk0'), chains={'vda': files})


@topology
def drive_5_deep(directory):
    files = images.chain(directory, 'disk', 5)
    return Topology(drive(files[0], id='vda') + virtio('vda'), chains={'vda': files})


@topology
def deep_200(directory):
    files = images.empty_chain(directory, 'disk', 200)
    return Topology(drive(files[0], id='drive0') + virtio('drive0', id='vda'),
                    chains={'vda': files})


@topology
def throttle_blockdev(directory):
    files = images.chain(directory, 'disk', 3)
    return Topology(['-object', 'throttle-group,id=limits,x-bps-total=1048576']
                    + named_chain(files)
                    + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                               file=stem(files[0]))
                    + virtio('limited', id='vda'), chains={'vda': files})


@topology
def throttle_drive(directory):
    """The limits of -drive are in the BlockBackend and create no node."""
    files = images.chain(directory, 'disk', 3)
    return Topology(drive(files[0], id='drive0', **{'throttling.bps-total': 1048576})
                    + virtio('drive0', id='vda'), chains={'vda': files})


@topology
def cor_blockdev(directory):
    files = images.chain(directory, 'disk', 3)
    return Topology(named_chain(files)
                    + blockdev(driver='copy-on-read', node_name='cor', file=stem(files[0]))
                    + virtio('cor', id='vda'), chains={'vda': files})


@topology
def cor_drive(directory):
    files = images.chain(directory, 'disk', 3)
    return Topology(drive(files[0], id='drive0', copy_on_read='on')
                    + virtio('drive0', id='vda'), chains={'vda': files})


@topology
def copy_before_write(directory):
    """Three filters on one disk: throttle over copy-on-read over copy-before-write."""
    files = images.chain(directory, 'disk', 3)
    scratch = images.create(os.path.join(directory, 'scratch.qcow2'))
    return Topology(['-object', 'throttle-group,id=limits,x-iops-total=1000']
                    + named_chain(files) + qcow2(scratch)
                    + blockdev(driver='copy-before-write', node_name='cbw', file=stem(files[0]),
                               target='scratch')
                    + blockdev(driver='copy-on-read', node_name='cor', file='cbw')
                    + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                               file='cor')
                    + virtio('limited', id='vda'), chains={'vda': files}, since=(6, 2))


@topology
def snapshot_on(directory):
    """The top is a nameless temporary file, already removed from its directory."""
    files = images.chain(directory, 'disk', 2)
    return Topology(drive(files[0], id='drive0', snapshot='on') + virtio('drive0', id='vda'))


@topology
def quorum(directory):
    """Three children of equal rank: more than one chain."""
    copies = [images.create(os.path.join(directory, f'copy-{number}.qcow2')) for number in range(3)]
    arguments = []
    for path in copies:
        arguments += qcow2(path)
    return Topology(arguments
                    + blockdev(driver='quorum', node_name='votes', vote_threshold=2,
                               children=[stem(path) for path in copies])
                    + virtio('votes', id='vda'))


@topology
def luks(directory):
    """vda: qcow2 encrypted with LUKS; vdb: a bare LUKS container."""
    secret = ['--object', 'secret,id=key0,data=secret']
    image = images.create_encrypted(os.path.join(directory, 'disk.qcow2'), extra=secret, options=[
        'encrypt.format=luks', 'encrypt.key-secret=key0', 'encrypt.iter-time=10'])
    bare = images.create_encrypted(os.path.join(directory, 'disk.luks'), size='1M', fmt='luks',
                                   extra=secret, options=['key-secret=key0', 'iter-time=10'])
    return Topology(['-object', 'secret,id=key0,data=secret']
                    + qcow2(image, encrypt={'format': 'luks', 'key-secret': 'key0'})
                    + blockdev(driver='luks', node_name='bare', key_secret='key0',
                               file=local(bare))
                    + virtio('disk', id='vda') + virtio('bare', id='vdb'),
                    chains={'vda': [image], 'vdb': [bare]})


@topology
def data_file(directory):
    """qcow2 with its data in a raw file of its own."""
    data = os.path.join(directory, 'disk.raw')
    image = images.create(os.path.join(directory, 'disk.qcow2'),
                          options=[f'data_file={data}', 'data_file_raw=on'])
    overlay = images.create(os.path.join(directory, 'overlay.qcow2'), backing='disk.qcow2')
    return Topology(drive(overlay, id='drive0') + virtio('drive0', id='vda'),
                    chains={'vda': [overlay, image]})


@topology
def nbd_base(directory):
    """An overlay on an export of qemu-nbd, by URI in its header."""
    export = images.create(os.path.join(directory, 'export.qcow2'))
    images.write(export)
    socket = os.path.join(directory, 'nbd.sock')
    overlay = images.create(os.path.join(directory, 'overlay.qcow2'), size='64M', extra=['-u'],
                            backing=f'nbd+unix:///?socket={socket}', backing_format='raw')
    return Topology(drive(overlay, id='drive0') + virtio('drive0', id='vda'),
                    services=[qemu.nbd_server(socket, export)])



@topology
def storage_daemon(directory):
    files = images.chain(directory, 'disk', 3)
    return Topology(named_chain(files), daemon=True)
