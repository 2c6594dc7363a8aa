# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks with a block job in each of its states."""

import os

import images
from topologies.model import Command, Event, Progress, Topology, topology
from topologies.options import drive, named_chain, qcow2, stem, virtio


def status(job, value):
    return Event('JOB_STATUS_CHANGE', {'id': job, 'status': value})


def commit_steps(top, base, **options):
    return [Command('block-commit', {'job-id': 'commit0', 'device': stem(top),
                                     'top-node': stem(options.pop('upper', top)),
                                     'base-node': stem(base), 'auto-dismiss': False, **options})]


def mirror_steps(top, target, sync, **options):
    return [Command('blockdev-mirror', {'job-id': 'mirror0', 'device': stem(top),
                                        'target': stem(target), 'sync': sync,
                                        'auto-dismiss': False, **options})]


READY_COMMIT = Event('BLOCK_JOB_READY', {'device': 'commit0'})
READY_MIRROR = Event('BLOCK_JOB_READY', {'device': 'mirror0'})
SLOW = 1  # bytes a second: never complete during a test
MORE_THAN_A_CHUNK = '4M'  # so that a job with a speed limit stops half way


@topology
def commit_running(directory):
    """The active layer into the base, not ready yet."""
    files = images.chain(directory, 'disk', 3, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[2], speed=SLOW)
                    + [Progress('commit0')], chains={'vda': files})


@topology
def commit_ready(directory):
    files = images.chain(directory, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[2]) + [READY_COMMIT],
                    chains={'vda': files})


@topology
def commit_ready_drive(directory):
    """The same if QEMU opened and named the nodes: query-block does not show an implicit filter."""
    files = images.chain(directory, 'disk', 2)
    return Topology(drive(files[0], id='drive0') + virtio('drive0', id='vda'),
                    steps=[Command('block-commit', {'job-id': 'commit0', 'device': 'drive0'}),
                           READY_COMMIT], chains={'vda': files})


@topology
def commit_middle_running(directory):
    """Inner layers, below the active one; the job has no READY."""
    files = images.chain(directory, 'disk', 4, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[3], upper=files[1], speed=SLOW)
                    + [Progress('commit0')], chains={'vda': files})


@topology
def mirror_running(directory):
    files = images.chain(directory, 'disk', 2, data=MORE_THAN_A_CHUNK)
    copy = images.create(os.path.join(directory, 'copy.qcow2'))
    return Topology(named_chain(files) + qcow2(copy) + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'full', speed=SLOW)
                    + [Progress('mirror0')], chains={'vda': files})


@topology
def mirror_ready(directory):
    files = images.chain(directory, 'disk', 3)
    copy = images.create(os.path.join(directory, 'copy.qcow2'))
    return Topology(named_chain(files) + qcow2(copy) + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'full') + [READY_MIRROR],
                    chains={'vda': files})


@topology
def mirror_ready_top(directory):
    """A shallow copy: the target has the same backing node."""
    files = images.chain(directory, 'disk', 3)
    copy = images.create(os.path.join(directory, 'copy.qcow2'), backing=os.path.basename(files[1]))
    return Topology(named_chain(files) + qcow2(copy, backing=stem(files[1]))
                    + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'top') + [READY_MIRROR],
                    chains={'vda': files})


def stream_steps(files, *statuses, **options):
    arguments = {'job-id': 'stream0', 'device': stem(files[0]), 'base-node': stem(files[-1]),
                 'auto-dismiss': False}
    return [Command('block-stream', {**arguments, **options})] + [status('stream0', value)
                                                                  for value in statuses]


@topology
def stream_running(directory):
    files = images.chain(directory, 'disk', 3, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, speed=SLOW, **{'auto-dismiss': True})
                    + [Progress('stream0')], chains={'vda': files})


@topology
def stream_running_undismissed(directory):
    """It finalizes by itself and waits for its dismissal: it can conclude at any moment."""
    files = images.chain(directory, 'disk', 3, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, speed=SLOW) + [Progress('stream0')],
                    node_query_is_safe=False)


@topology
def stream_pending(directory):
    """Before the graph changes, when it can still be queried."""
    files = images.chain(directory, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, 'pending', **{'auto-finalize': False}),
                    chains={'vda': files})


@topology
def stream_concluded(directory):
    """The graph has changed and the job is not dismissed: query-named-block-nodes crashes 7.2."""
    files = images.chain(directory, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, 'concluded'), node_query_is_safe=False)
