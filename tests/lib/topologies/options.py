# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of QEMU, as lists of arguments."""

import json
import os


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def blockdev(**options):
    """--blockdev with a JSON argument; `_` stands for `-` in the names of options. The storage
    daemon needs the two dashes."""
    return ['--blockdev', json.dumps({key.replace('_', '-'): value
                                      for key, value in options.items()})]


def local(path, **more):
    return {'driver': 'file', 'filename': path, **more}


def qcow2(path, **more):
    """A qcow2 layer with two named nodes: the stem of the file, and the stem with -file."""
    return blockdev(driver='qcow2', node_name=stem(path),
                    file=local(path, **{'node-name': stem(path) + '-file'}), **more)


def named_chain(files):
    """Every layer with its own -blockdev, as management programs do it; base first."""
    arguments = qcow2(files[-1], backing=None, read_only=len(files) > 1)
    for number in range(len(files) - 2, -1, -1):
        arguments += qcow2(files[number], backing=stem(files[number + 1]), read_only=number > 0)
    return arguments


def virtio(drive, **properties):
    return device('virtio-blk-pci', drive=drive, **properties)


def device(driver, **properties):
    return ['-device', ','.join([driver] + [f'{key}={value}'
                                            for key, value in properties.items()])]


def drive(path, **options):
    """-drive if=none; commas in PATH are doubled, which is how QEMU escapes them."""
    options = {key.replace('_', '-'): value for key, value in options.items()}
    pairs = {'if': 'none', 'file': path.replace(',', ',,'), **options}
    return ['-drive', ','.join(f'{key}={value}' for key, value in pairs.items())]
