# SPDX-License-Identifier: LGPL-2.1-or-later
"""What hangs on a chain: exports, bitmaps, other nodes that read its layers."""

import os

import images
from topologies.model import Command, Topology, topology
from topologies.options import blockdev, named_chain, qcow2, stem, virtio


def bitmap(node, name, **options):
    return Command('block-dirty-bitmap-add', {'node': node, 'name': name, **options})


def nbd_server(directory):
    socket = os.path.join(directory, 'nbd.sock')
    return Command('nbd-server-start', {'addr': {'type': 'unix', 'data': {'path': socket}}})


def export(identifier, node, **options):
    return Command('block-export-add', {'type': 'nbd', 'id': identifier, 'node-name': node,
                                        **options})


@topology
def exports(directory):
    """A backup reads the frozen base of vda, and another QEMU may write to a disk of no guest."""
    files = images.chain(directory, 'disk', 3)
    other = images.create(os.path.join(directory, 'other.qcow2'))
    return Topology(named_chain(files) + qcow2(other) + virtio(stem(files[0]), id='vda'),
                    steps=[nbd_server(directory), export('backup', stem(files[2]), name='frozen'),
                           export('shared', 'other', writable=True)],
                    chains={'vda': files})


@topology
def bitmaps(directory):
    """Bitmaps of each sort on two layers."""
    files = images.chain(directory, 'disk', 2)
    images.add_bitmap(files[1], 'backup-0', granularity=131072)
    top = stem(files[0])
    return Topology(named_chain(files) + virtio(top, id='vda'),
                    steps=[bitmap(top, 'backup-1', persistent=True),
                           bitmap(top, 'stopped', persistent=True, disabled=True),
                           bitmap(top, 'transient', granularity=32768)],
                    chains={'vda': files})


@topology
def second_overlay(directory):
    """The base of vda is read by an overlay that no device uses, as a backup program opens it."""
    files = images.chain(directory, 'disk', 2)
    fleece = images.create(os.path.join(directory, 'fleece.qcow2'), backing=files[1])
    return Topology(named_chain(files) + qcow2(fleece, backing=stem(files[1]))
                    + virtio(stem(files[0]), id='vda'), chains={'vda': files})


@topology
def fleecing(directory):
    """A backup reads the state of vda at one moment through a copy-before-write filter."""
    files = images.chain(directory, 'disk', 2)
    scratch = images.create(os.path.join(directory, 'scratch.qcow2'))
    top = stem(files[0])
    return Topology(named_chain(files) + qcow2(scratch)
                    + blockdev(driver='copy-before-write', node_name='cbw', file=top,
                               target='scratch')
                    + blockdev(driver='snapshot-access', node_name='frozen', file='cbw')
                    + virtio('cbw', id='vda'),
                    steps=[nbd_server(directory), export('backup', 'frozen')],
                    chains={'vda': files}, since=(7, 0))


@topology
def write_threshold(directory):
    files = images.chain(directory, 'disk', 2)
    top = stem(files[0])
    return Topology(named_chain(files) + virtio(top, id='vda'),
                    steps=[Command('block-set-write-threshold',
                                   {'node-name': f'{top}-file', 'write-threshold': 1048576})],
                    chains={'vda': files})
