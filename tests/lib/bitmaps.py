# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dirty bitmaps: what QEMU reports of them, and incremental backups made from them."""

import subprocess

import qemu
from topologies.options import local


def of_nodes(process):
    """{node: {bitmap: entry}} of all bitmaps that have a name."""
    return {node['node-name']: {bitmap['name']: bitmap for bitmap in node.get('dirty-bitmaps', [])
                                if 'name' in bitmap}
            for node in process.qmp.execute('query-named-block-nodes', {'flat': True})}


def in_file(path):
    """{bitmap: flags} in the header of the image PATH, which is closed."""
    done = subprocess.run(qemu.program('qemu-img') + ['info', path], check=True,
                          capture_output=True, text=True)
    flags, found = [], {}
    for line in done.stdout.partition('bitmaps:')[2].splitlines():
        key, _, value = line.strip().partition(': ')
        if key.startswith('[') and value:
            flags.append(value)
        elif key == 'name':
            found[value] = flags
            flags = []
    return found


def add(process, node, name, **options):
    process.qmp.execute('block-dirty-bitmap-add', {'node': node, 'name': name, **options})


def back_up(process, node, name, backup):
    """Copy what the bitmap NAME of NODE has as changed over the raw image BACKUP, and clear it."""
    qmp = process.qmp
    qmp.execute('blockdev-add', {'driver': 'raw', 'node-name': 'backup', 'file': local(backup)})
    qmp.execute('blockdev-backup', {'job-id': 'backup', 'device': node, 'target': 'backup',
                                    'sync': 'bitmap', 'bitmap': name, 'bitmap-mode': 'on-success',
                                    'auto-dismiss': False})
    qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'backup', 'status': 'concluded'})
    job, = [job for job in qmp.execute('query-jobs') if job['id'] == 'backup']
    qmp.execute('job-dismiss', {'id': 'backup'})
    qmp.execute('blockdev-del', {'node-name': 'backup'})
    if 'error' in job:
        raise RuntimeError(f'the backup failed: {job["error"]}')
