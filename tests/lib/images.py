# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disk images for tests, created by the tools of the QEMU under test."""

import hashlib
import os
import shutil
import subprocess
import tempfile

import qemu

SIZE = '64M'


def _run(tool, *arguments):
    done = subprocess.run(qemu.program(tool) + list(arguments), stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{tool} {arguments}: {os.fsdecode(done.stderr or done.stdout)}')


def create(path, size=SIZE, fmt='qcow2', backing=None, backing_format='qcow2', options=(),
           extra=()):
    """Create one image. A relative BACKING is relative to the directory of PATH."""
    arguments = ['create', '-q', '-f', fmt, *extra]
    if backing is not None:
        arguments += ['-b', backing, '-F', backing_format]
    for option in options:
        arguments += ['-o', option]
    arguments.append(path)
    if size is not None:
        arguments.append(size)
    _run('qemu-img', *arguments)
    return path


def create_encrypted(path, **options):
    """create() with a passphrase. QEMU measures for seconds how long the passphrase takes to
    check, so such an image is created once, in the directory QBLK_TEST_CACHE if that is set, and
    copied from there."""
    cache = os.environ.get('QBLK_TEST_CACHE')
    if not cache:
        return _create_encrypted(path, **options)
    os.makedirs(cache, exist_ok=True)
    name = hashlib.sha256(repr(sorted(options.items())).encode()).hexdigest()[:16]
    cached = os.path.join(cache, f'encrypted-{name}')
    if not os.path.exists(cached):
        with tempfile.TemporaryDirectory(dir=cache) as directory:
            os.rename(_create_encrypted(os.path.join(directory, 'image'), **options), cached)
    return shutil.copy(cached, path)


def _create_encrypted(path, **options):
    """create(), repeated if QEMU finds the machine too fast: it measures the time to check a
    passphrase with a clock that may tick every 10 ms, and fails if that is 0 (7.2)."""
    for _ in range(50):
        try:
            return create(path, **options)
        except RuntimeError as error:
            if 'accurate CPU usage' not in str(error):
                raise
    raise RuntimeError(f'{path}: QEMU could not time its key derivation in 50 attempts')


def write(path, pattern=1, offset=0, length='64k', fmt='qcow2', compressed=False):
    """Write LENGTH bytes of PATTERN at OFFSET. No FMT if PATH is a `json:` name. A job needs much
    more space for COMPRESSED data than anything shows."""
    _run('qemu-io', *(['-f', fmt] if fmt else []), '-c',
         f'write -q {"-c " if compressed else ""}-P {pattern} {offset} {length}', path)


def rebase(path, backing, backing_format='qcow2'):
    """Change only the backing file in the header of the qcow2 image PATH, without informing a QEMU
    that has it open; '' removes it."""
    arguments = ['-F', backing_format] if backing else []
    _run('qemu-img', 'rebase', '-u', '--image-opts', '-b', backing, *arguments,
         f'driver=qcow2,file.driver=file,file.locking=off,file.filename={path}')


def add_bitmap(path, name, granularity=65536):
    """Add a persistent dirty bitmap, which records from now on."""
    _run('qemu-img', 'bitmap', '--add', '-g', str(granularity), '-f', 'qcow2', path, name)


def raw(directory, name, size=1 << 20):
    path = os.path.join(directory, name)
    with open(path, 'wb') as image:
        image.truncate(size)
    return path


def chain(directory, stem, depth, data='64k'):
    """Create DEPTH qcow2 images, each with data of its own and a relative backing name; returns the
    files from top to base: STEM-N.qcow2 ... STEM-1.qcow2, STEM-base.qcow2."""
    files = []
    backing = None
    for number in range(depth):
        name = f'{stem}-{number or "base"}.qcow2'
        path = create(os.path.join(directory, name), backing=backing)
        write(path, pattern=number + 1, offset=number << 20, length=data)
        files.insert(0, path)
        backing = name
    return files


def empty_chain(directory, stem, depth):
    """Like chain(), for hundreds of images, without data and checks: images that differ only by the
    name in their header are copied."""
    files = []
    backing = None
    made = {}  # an image whose header has a name of that length
    for number in range(depth):
        path = os.path.join(directory, f'{stem}-{number or "base"}.qcow2')
        length = len(backing or '')
        if length not in made:
            create(path, '1M', backing=backing, extra=['-u'] if backing else [])
            with open(path, 'rb') as file:
                made[length] = (backing or '', file.read())
        else:
            name, data = made[length]
            with open(path, 'wb') as file:
                file.write(data.replace(name.encode(), backing.encode()))
        files.insert(0, path)
        backing = os.path.basename(path)
    return files
