# SPDX-License-Identifier: LGPL-2.1-or-later
"""The QEMUs that are measured: paused, with real images."""

import contextlib
import json
import os
import resource
import shutil

import images
import qemu

# A command that executes a service. Ctrl-C is for scripts/bench, which then ends its services; they
# end with it in any case.
PREFIX = ('setpriv', '--pdeathsig', 'KILL', 'setsid')


@contextlib.contextmanager
def run(home, arguments):
    with qemu.Process(home, arguments, prefix=PREFIX) as process:
        yield process


@contextlib.contextmanager
def with_chains(disks, layers):
    """A guest with DISKS disks of LAYERS layers each, as of -drive; yields its qemu.Process."""
    with qemu.directory() as home:
        arguments = []
        for number in range(disks):
            top = images.empty_chain(home, f'disk{number}', layers)[0]
            arguments += [
                '-drive', f'if=none,id=drive{number},format=qcow2,file={top}',
                '-device', f'virtio-blk-pci,drive=drive{number},id=vd{chr(ord("a") + number)}']
        with run(home, arguments) as process:
            yield process


def node_of_layer(process, disk, position):
    """The name of the format node of a layer; position 0 is the top."""
    nodes = process.qmp.execute('query-named-block-nodes', {'flat': True})
    tops = [node for node in nodes if node['drv'] == 'qcow2' and not node['ro']
            and os.path.basename(node['file']).startswith(f'disk{disk}-')]
    path = tops[0]['file']
    by_file = {node['file']: node for node in nodes if node['drv'] == 'qcow2'}
    for _ in range(position):
        path = by_file[path]['backing_file']
    return by_file[path]['node-name']


@contextlib.contextmanager
def _one_of_many(pattern):
    """A guest with copies of the images PATTERN, of which the first is the top."""
    with qemu.directory() as home:
        for path in pattern:
            shutil.copy(path, home)
        top = os.path.join(home, os.path.basename(pattern[0]))
        arguments = ['-drive', f'if=none,id=drive0,format=qcow2,file={top}',
                     '-device', 'virtio-blk-pci,drive=drive0,id=vda']
        with run(home, arguments) as process:
            yield process


@contextlib.contextmanager
def many(count):
    """COUNT guests with one disk of five layers; yields (sockets, MiB of each that it has for
    itself). Each has its own images, because the locks of all are searched at each close()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * count + 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    with contextlib.ExitStack() as stack:
        pattern = images.empty_chain(stack.enter_context(qemu.directory()), 'disk', 5)
        started = [stack.enter_context(_one_of_many(pattern)) for _ in range(count)]
        own = sum(_own_memory(process.pid) for process in started) / count
        yield [process.socket for process in started], own


def _own_memory(pid):
    """The MiB that no other process shares."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return sum(int(line.split()[1]) for line in file if line.startswith('Private_')) / 1024


def node_arguments(paths):
    """Options for a disk vda whose images, from the base to the top, have nodes of their own, as
    managers make them: the nodes have the names of the files, and `-file` behind them."""
    arguments = []
    below = None
    for path in paths:
        name = os.path.basename(path).partition('.')[0]
        for node in ({'driver': 'file', 'node-name': f'{name}-file', 'filename': path},
                     {'driver': 'qcow2', 'node-name': name, 'file': f'{name}-file',
                      'backing': below}):
            arguments += ['-blockdev', json.dumps(node)]
        below = name
    return [*arguments, '-device', f'virtio-blk-pci,drive={below},id=vda']
