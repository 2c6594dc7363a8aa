# SPDX-License-Identifier: LGPL-2.1-or-later
"""Validate XML against libvirt's own schema, with xmllint.

SCHEMA is the installed one. NEWEST, which `scripts/qemu-matrix fetch` gets, has what only newer
versions of libvirt have.
"""

import os
import shutil
import subprocess

import qemu

SCHEMA = '/usr/share/libvirt/schemas/domain.rng'

_STORE = os.environ.get('QBLK_QEMU_DIR') or os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), '.qemu')
NEWEST = os.path.join(_STORE, 'libvirt', 'domain.rng')

_BEFORE = b"<domain type='kvm'><name>n</name><memory>1</memory><os><type>hvm</type></os>"
_AFTER = b'</domain>'


def available(schema=SCHEMA):
    return os.path.exists(schema) and shutil.which('xmllint') is not None


def wrap(fragment):
    """A domain around a <devices> or one or more <disk>, with one element in each line."""
    if not fragment.lstrip().startswith(b'<devices'):
        fragment = b'<devices>' + fragment + b'</devices>'
    return _BEFORE + fragment + _AFTER


def check(fragments, schema=SCHEMA):
    """Check all FRAGMENTS (a name: the bytes) in one run. Returns the errors, a name: the text; an
    empty dictionary if all are valid."""
    with qemu.directory() as directory:
        paths = {}
        for number, (name, fragment) in enumerate(fragments.items()):
            paths[name] = os.path.join(directory, f'{number}.xml')
            with open(paths[name], 'wb') as file:
                file.write(wrap(fragment))
        if not paths:
            return {}
        done = subprocess.run(['xmllint', '--noout', '--relaxng', schema, *paths.values()],
                              capture_output=True, check=False)
    lines = os.fsdecode(done.stderr).splitlines()
    return {name: '\n'.join(line for line in lines if line.startswith(path))
            or 'no message from xmllint' for name, path in paths.items()
            if f'{path} validates' not in lines}
