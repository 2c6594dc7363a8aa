# SPDX-License-Identifier: LGPL-2.1-or-later
"""Block jobs by qblk and by hand. Each run has a QEMU of its own on new images: base, data (which
has the data, on base) and top."""

import contextlib
import json
import os
import shutil

import guests
import images
import libvirt
import qemu
import recording
import samples

_PIECE = 64 << 20  # qemu-io keeps in memory what it writes

_NAMES = ('base', 'data', 'top')
_CLEAN = {'auto-finalize': False, 'auto-dismiss': False}


def _command(name, **arguments):
    return json.dumps({'execute': name, 'arguments': {
        key.replace('_', '-'): value for key, value in arguments.items()}})


# What qblk reads to know the graph: a careful person does that before the job, before it changes
# the graph, and after it.
_LOOK = [_command(name) for name in ('query-jobs', 'query-block', 'x-debug-query-block-graph')] + \
    [_command('query-named-block-nodes', flat=True)]


def _end(look, flushed, deleted):
    """The end of a job that waits for job-finalize."""
    return [*look, _command('human-monitor-command', command_line=f'qemu-io "{flushed}" flush'),
            _command('job-finalize', id='hand'), 'hand concluded',
            *_dismiss('hand'), *_delete(deleted), *look]


def _dismiss(job):
    return [_command('query-jobs'), _command('job-dismiss', id=job)]


def _delete(nodes):
    return [_command('blockdev-del', node_name=name) for node in nodes
            for name in (node, f'{node}-file')]


def _commit(home, look):
    return [*look, _command('block-commit', job_id='hand', device='top', top_node='data',
                            base_node='base', backing_file='base.qcow2', **_CLEAN),
            'hand pending', *_end(look, 'base', ['data'])]


def _pull(home, look):
    return [*look, _command('block-stream', job_id='hand', device='top', **_CLEAN),
            'hand pending', *_end(look, 'top', ['data', 'base'])]


def _create(job, options):
    return [_command('blockdev-create', job_id=job, options=options), f'{job} concluded',
            *_dismiss(job)]


def _copy(home, look):
    path = os.path.join(home, 'copy.qcow2')
    size = os.path.getsize(os.path.join(home, 'size'))
    return [
        *look, *_create('make-file', {'driver': 'file', 'filename': path, 'size': 0}),
        _command('blockdev-add', driver='file', filename=path, discard='unmap',
                 node_name='copy-file'),
        *_create('make-image', {'driver': 'qcow2', 'file': 'copy-file', 'size': size}),
        _command('blockdev-add', driver='qcow2', file='copy-file', discard='unmap', backing=None,
                 node_name='copy'),
        _command('blockdev-mirror', job_id='hand', device='top', target='copy', sync='full',
                 auto_finalize=True, auto_dismiss=False),
        'hand ready', *look, _command('job-complete', id='hand'), 'hand concluded',
        *_dismiss('hand'), *_delete(['top', 'data', 'base']), *look]


# What qblk is called with, the steps by hand, and the files that are left.
KINDS = {
    'commit': (('--top', 'vda[1]', '--base', 'vda[2]'), _commit, ['base.qcow2', 'top.qcow2']),
    'pull': ((), _pull, ['top.qcow2']),
    'copy': (('copy.qcow2', '--pivot'), _copy, ['copy.qcow2']),
}


def make_data(home, size):
    """The image with SIZE bytes of data, which each run gets a copy of, and a sparse file of its
    virtual size. Returns its directory."""
    capacity = max(size, 1 << 20)
    base, data = (os.path.join(home, f'{name}.qcow2') for name in ('base', 'data'))
    images.create(base, str(capacity))
    images.create(data, str(capacity), backing='base.qcow2')
    for offset in range(0, size, _PIECE):
        images.write(data, offset=offset, length=str(min(_PIECE, size - offset)))
    with open(os.path.join(home, 'size'), 'wb') as file:
        file.truncate(capacity)
    return home


def _new_images(source, home):
    """The paths from the base to the top."""
    capacity = os.path.getsize(os.path.join(source, 'size'))
    for name in ('base.qcow2', 'data.qcow2', 'size'):
        shutil.copyfile(os.path.join(source, name), os.path.join(home, name))
    images.create(os.path.join(home, 'top.qcow2'), str(capacity), backing='data.qcow2')
    return [os.path.join(home, f'{name}.qcow2') for name in _NAMES]


@contextlib.contextmanager
def _guest(source):
    """A guest that was asked for something large before: until it frees a large block for the first
    time, it maps and unmaps the buffer of each piece that a stream job copies."""
    with qemu.directory() as home:
        paths = _new_images(source, home)
        with guests.run(home, guests.node_arguments(paths)) as process:
            process.qmp.execute('query-qmp-schema')
            yield home, process


def _check_chain(process, left):
    nodes = process.qmp.execute('query-named-block-nodes', {'flat': True})
    files = sorted(os.path.basename(node['image']['filename']) for node in nodes
                   if node['drv'] == 'file')
    if files != sorted(left) or process.qmp.execute('query-jobs'):
        raise samples.Failed(f'after the job: files {files} instead of {left}')


def _command_line(qblk, kind, home, process):
    words = [os.path.join(home, word) if word == 'copy.qcow2' else word for word in KINDS[kind][0]]
    return [qblk, kind, process.socket, 'vda', *words, '--state-dir', os.path.join(home, 'state')]


def by_qblk(qblk, kind, source):
    with _guest(source) as (home, process):
        sample = samples.run(_command_line(qblk, kind, home, process))
        _check_chain(process, KINDS[kind][2])
        return sample


def _by_steps(program, kind, source, steps):
    """STEPS(home) are those of bench/by-hand.c."""
    with _guest(source) as (home, process):
        sample = samples.run([program, process.socket, *steps(home)])
        _check_chain(process, KINDS[kind][2])
        return sample


def by_hand(program, kind, source, looks):
    """LOOKS: also read the graph as often as qblk does."""
    steps = KINDS[kind][1]
    return _by_steps(program, kind, source, lambda home: [
        _command('qmp_capabilities'), *steps(home, _LOOK if looks else [])])


def record(qblk, kind, source):
    """What qblk sends, as a function of the directory of the images."""
    with _guest(source) as (recorded, process):
        steps = recording.record(_command_line(qblk, kind, recorded, process))
        return lambda home: [step.replace(recorded, home) for step in steps]


def by_recording(program, kind, source, steps, files):
    """STEPS: of record(). FILES: also look at QEMU's open files, and write a journal."""
    def all_steps(home):
        journal = os.path.join(home, 'journal')
        return recording.with_files(steps(home), journal) if files else steps(home)

    return _by_steps(program, kind, source, all_steps)


def by_virsh(daemon, source):
    """virsh can wait for a commit; it asks libvirtd every half second."""
    with qemu.directory() as home:
        base, data, top = _new_images(source, home)
        with daemon.guest(home, libvirt.disk('vda', top)):
            command, environment = daemon.command(
                'blockcommit', libvirt.NAME, 'vda', '--base', base, '--top', data, '--wait')
            return samples.run(command, environment=environment)
