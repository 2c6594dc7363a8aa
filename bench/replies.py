# SPDX-License-Identifier: LGPL-2.1-or-later
"""Captures of guests with more layers than a QEMU on this machine could open.

The replies have the form of QEMU 10.1, whose nodes have `children`, and of `query-block` with
`flat`, which does not nest an object for each backing image."""

import json

_FIRST = [
    ('query-version', {'qemu': {'micro': 0, 'minor': 1, 'major': 10}, 'package': ''}),
    ('query-name', {'name': 'bench'}),
    ('query-jobs', []),
    ('query-block-jobs', []),
    ('query-status', {'status': 'prelaunch', 'running': False}),
    ('query-block-exports', []),
    ('query-chardev', []),
]

_NODE = {
    'iops_rd': 0, 'detect_zeroes': 'off', 'active': True, 'image': None, 'iops_wr': 0, 'ro': True,
    'children': None, 'node-name': None, 'backing_file_depth': 0, 'drv': None, 'iops': 0,
    'bps_wr': 0, 'write_threshold': 0, 'encrypted': False, 'bps': 0, 'bps_rd': 0,
    'cache': {'no-flush': False, 'direct': False, 'writeback': True}, 'file': None,
}
_QCOW2 = {'type': 'qcow2', 'data': {
    'compat': '1.1', 'compression-type': 'zlib', 'lazy-refcounts': False, 'refcount-bits': 16,
    'corrupt': False, 'extended-l2': False}}
_BACKEND = '/machine/peripheral/virtio-disk%d/virtio-backend'


def _compact(value):
    return json.dumps(value, separators=(',', ':'))


def _file(disk, layer):
    return f'/var/lib/images/disk{disk}-{layer}.qcow2'


def _nodes(disk, layer):
    """The format node of a layer, numbered from its base, and its protocol node."""
    path = _file(disk, layer)
    image = {'virtual-size': 67108864, 'filename': path, 'cluster-size': 65536, 'format': 'qcow2',
             'actual-size': 331776, 'format-specific': _QCOW2, 'dirty-flag': False}
    file_image = {'virtual-size': 393216, 'filename': path, 'format': 'file',
                  'actual-size': 331776, 'dirty-flag': False}
    children = [{'node-name': f'file-{disk}-{layer}', 'child': 'file'}]
    node = {**_NODE, 'image': image, 'children': children, 'node-name': f'node-{disk}-{layer}',
            'drv': 'qcow2', 'file': path}
    if layer > 0:
        below = _file(disk, layer - 1)
        image |= {'backing-filename': below, 'full-backing-filename': below,
                  'backing-filename-format': 'qcow2'}
        node['backing_file'] = below
        children.append({'node-name': f'node-{disk}-{layer - 1}', 'child': 'backing'})
    return node, {**_NODE, 'image': file_image, 'children': [], 'drv': 'file', 'file': path,
                  'node-name': f'file-{disk}-{layer}'}


def _device(disk, layers):
    return {'io-status': 'ok', 'device': '', 'locked': False, 'removable': False,
            'inserted': {**_nodes(disk, layers - 1)[0], 'ro': False},
            'qdev': _BACKEND % disk, 'type': 'unknown'}


def _reply(command, values, arguments=None):
    """VALUES is an iterable of the elements of an array."""
    head = _compact({'execute': command, **({'arguments': arguments} if arguments else {})})
    yield head[:-1] + ',"return":['
    for number, value in enumerate(values):
        yield (',' if number else '') + _compact(value)
    yield ']}'


def _replies(disks, layers):
    for command, value in _FIRST:
        yield [_compact({'execute': command, 'return': value})]
    yield _reply('query-block', (_device(disk, layers) for disk in range(disks)))
    nodes = (node for disk in range(disks) for layer in range(layers)
             for node in _nodes(disk, layer))
    yield _reply('query-named-block-nodes', nodes, {'flat': True})
    if disks == 0:  # no node has children
        yield [_compact({'execute': 'x-debug-query-block-graph',
                         'return': {'nodes': [], 'edges': []}})]
    for disk in range(disks):
        for name, value in (('type', 'virtio-blk-device'), ('serial', '')):
            yield [_compact({'execute': 'qom-get', 'return': value,
                             'arguments': {'path': _BACKEND % disk, 'property': name}})]


def write_capture(path, disks, layers):
    """Write the capture of a guest with DISKS disks of LAYERS layers each to the file PATH."""
    with open(path, 'w', encoding='ascii') as file:
        file.write('{"qblk-capture":1,"replies":[')
        for number, pieces in enumerate(_replies(disks, layers)):
            file.write(',\n' if number else '\n')
            file.writelines(pieces)
        file.write(']}\n')
    return path
