# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers for tests of images whose names do not lead to the files that QEMU has open."""

import atexit
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile

import block_jobs
import images
import qblk
import qemu
from topologies.options import blockdev, drive, local, named_chain, stem, virtio

COPY = 'copy.qcow2'  # the destination of copies

# The arguments of each job on a chain of four images, and the positions of those that stay
JOBS = {
    'commit': (('commit', '--top', 'vda[1]', '--base', 'vda[2]'), (0, 2, 3)),
    'commit --pivot': (('commit', '--pivot'), (3,)),
    'pull': (('pull',), (0,)),
    'pull --base': (('pull', '--base', 'vda[2]'), (0, 2, 3)),
    'copy': (('copy', COPY, '--pivot'), (COPY,)),
    'copy --shallow': (('copy', COPY, '--pivot', '--shallow'), (COPY, 1, 2, 3)),
}


# ---- what can happen to the name of an image that QEMU has open ----

@functools.cache
def other_image():
    """A valid image of the same size with other data in other places, and no backing file."""
    home = tempfile.mkdtemp(prefix='qblk-')
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    path = images.create(os.path.join(home, 'other.qcow2'))
    for number in range(4):
        images.write(path, pattern=0xa0 + number, offset=(9 - number) << 20, length='256k')
    return path


def replace(path):
    """Another image gets the name, as by `qemu-img convert` and `mv`; the file has no name now."""
    shutil.copy(other_image(), path + '.new')
    os.rename(path + '.new', path)


def rename(path):
    os.rename(path, path + '.moved')


def displace(path):
    """As replace(), but the image has a name."""
    rename(path)
    shutil.copy(other_image(), path)


def link(path):
    """The image is moved to another directory, with a symbolic link in its place."""
    store = os.path.join(os.path.dirname(path), 'store')
    os.makedirs(store, exist_ok=True)
    os.symlink(shutil.move(path, store), path)


def swap(one, other):
    os.rename(one, one + '.moved')
    os.rename(other, one)
    os.rename(one + '.moved', other)


def take(one, other):
    """The image OTHER gets the name of ONE."""
    rename(one)
    os.rename(other, one)


LOSSES = {'replaced': replace, 'renamed': rename, 'deleted': os.unlink, 'displaced': displace}


def write_alone(path, **options):
    """images.write() without the images below, which a QEMU may have locked."""
    images.write('json:' + json.dumps({'driver': 'qcow2', 'backing': None, 'file': local(path)}),
                 **options, fmt=None)


# ---- disks ----

def _unlocked_chain(files):
    """named_chain() with locking off, as on NFS without locks."""
    arguments = []
    for number in range(len(files) - 1, -1, -1):
        below = stem(files[number + 1]) if number + 1 < len(files) else None
        arguments += blockdev(driver='qcow2', node_name=stem(files[number]), backing=below,
                              read_only=number > 0,
                              file=local(files[number], locking='off'))
    return arguments


KINDS = {
    'blockdev': lambda files: named_chain(files) + virtio(stem(files[0]), id='vda'),
    'drive': lambda files: drive(files[0], id='drive0') + virtio('drive0', id='vda'),
    'filtered': lambda files: (
        ['-object', 'throttle-group,id=limits,x-bps-total=1073741824'] + named_chain(files)
        + blockdev(driver='copy-on-read', node_name='cor', file=stem(files[0]))
        + blockdev(driver='throttle', node_name='limited', throttle_group='limits', file='cor')
        + virtio('limited', id='vda')),
    'unlocked': lambda files: _unlocked_chain(files) + virtio(stem(files[0]), id='vda'),
}


def content(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def tree(directory):
    """All files below DIRECTORY: inode and content, or the target of a link. The reference is
    large, and not known to QEMU."""
    found = {}
    for home, _, names in os.walk(directory):
        for name in set(names) - {block_jobs.REFERENCE}:
            path = os.path.join(home, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif os.path.isfile(path):
                found[path] = (os.stat(path).st_ino, content(path))
    return found


class TestCase(block_jobs.TestCase):
    """A guest with the disk vda over self.files, which are held open by the test as well, so that
    those without a name can be read."""

    own_socket = True
    names = ()  # of self.files, as QEMU reports them
    held = ()

    def boot_on(self, kind, depth=4):
        """Like boot(), with KINDS of this module."""
        self.make(depth)
        self.names = self.files
        self.reference = block_jobs.copy_reference(depth, self.directory)
        self.run_qemu(KINDS[kind](self.files))
        self.hold()

    def boot_of_one_name(self, make_current, depth=4):
        """A guest whose images all had the name cur.qcow2 when QEMU opened them: each was renamed
        before the next one got the name. MAKE_CURRENT(number) makes QEMU open it. self.files are
        the names that they have now."""
        current = os.path.join(self.directory, 'cur.qcow2')
        self.run_qemu(())
        names = []
        for number in range(depth):
            if number > 0:
                names.insert(0, os.path.join(self.directory, f'snap-{number}.qcow2'))
                os.rename(current, names[0])
            images.create(current, backing=os.path.basename(names[0]) if names else None)
            write_alone(current, pattern=1 + number, offset=number << 20, length='256k')
            make_current(number, current)
        self.files = [current, *names]
        self.names = [current] * depth
        self.reference = os.path.join(self.directory, block_jobs.REFERENCE)
        block_jobs.flatten(current, self.reference)
        self.hold()

    def add_disk(self, node):
        self.process.qmp.execute('device_add', {'driver': 'virtio-blk-pci', 'drive': node,
                                                'id': 'vda'})

    def loop_device(self, name, size=16 << 20):
        """A path of a block device, a symbolic link with that NAME."""
        link = os.path.join(self.directory, name)
        image = images.raw(self.directory, name + '.img', size)
        self.enterContext(qemu.loop_device(link, image))
        return link

    def hold(self):
        self.held = [open(path, 'rb') for path in self.files]
        for file in self.held:
            self.addCleanup(file.close)

    def inode(self, position):
        """The inode of the image that QEMU has open."""
        return os.fstat(self.held[position].fileno()).st_ino

    def arguments(self, job, *more):
        command, *rest = [os.path.join(self.directory, COPY) if word == COPY else word
                          for word in JOBS[job][0]]
        return command, self.process.socket, 'vda', *rest, *more

    def run_job(self, job, *more, **options):
        """qblk with the arguments of a job of JOBS, and MORE."""
        return qblk.run(*self.arguments(job, *more), **options)

    # ---- what must not change ----

    def everything(self):
        """All that a refused command must not change: jobs, graph, files with a name or without,
        journals and marks."""
        nodes = self.process.qmp.execute('query-named-block-nodes', {'flat': True})
        for node in nodes:
            node['image'].pop('actual-size', None)
        return (self.process.qmp.execute('query-jobs'), nodes, self.chain()['fingerprint'],
                tree(self.directory), [content(f'/proc/self/fd/{file.fileno()}')
                                       for file in self.held], tree(qblk.state_home()))

    # ---- what must hold afterwards ----

    def assert_guest_reads(self, reference=None):
        """The guest reads the reference: compared byte by byte through QEMU."""
        device, = [device for device in self.process.qmp.execute('query-block')
                   if device.get('qdev', '').endswith('/virtio-backend')]
        socket = os.path.join(self.directory, 'look.sock')
        execute = self.process.qmp.execute
        execute('nbd-server-start', {'addr': {'type': 'unix', 'data': {'path': socket}}})
        execute('block-export-add', {'type': 'nbd', 'id': 'look', 'name': 'look',
                                     'node-name': device['inserted']['node-name']})
        try:
            done = subprocess.run(
                qemu.program('qemu-img') + ['compare', '-f', 'raw', '-F', 'raw',
                                            f'nbd+unix:///look?socket={socket}',
                                            reference or self.reference],
                capture_output=True, text=True, check=False)
        finally:
            execute('nbd-server-stop')
        self.assertEqual(done.returncode, 0, msg='the guest reads: ' + done.stdout + done.stderr)

    def assert_guest_reads_each_layer(self):
        """The guest reads data of each image. This is possible also while an active commit keeps
        other readers out."""
        before = len(self.process.printed())
        for number in range(len(self.files)):
            reply = self.process.qmp.execute('human-monitor-command', {
                'command-line': 'qemu-io -d /machine/peripheral/vda/virtio-backend '
                                f'"read -P {number + 1} {number}M 256k"'})
            self.assertEqual(reply, '')
        printed = self.process.printed()[before:]
        self.assertEqual(printed.count('read 262144/262144 bytes'), len(self.files), msg=printed)
        self.assertNotIn('failed', printed)

    def assert_sound(self, *paths):
        """`qemu-img check` finds nothing."""
        for path in paths:
            done = subprocess.run(qemu.program('qemu-img') + ['check', '-q', path],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=path + done.stdout + done.stderr)

    def assert_headers(self, *files):
        """The headers lead through FILES, as QEMU follows them."""
        done = subprocess.run(
            qemu.program('qemu-img') + ['info', '--backing-chain', '--output=json', files[0]],
            check=True, capture_output=True)
        found = [image['filename'] for image in json.loads(done.stdout)]
        self.assertEqual(list(map(os.path.realpath, found)), list(map(os.path.realpath, files)))

    # ---- the end of a job ----

    def assert_refused(self, job, *positions):
        """Exit 4, a message that names one of the images with both inodes, and no change."""
        before = self.everything()
        result = self.run_job(job)
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertEqual(result.stdout, b'')
        if positions:
            self.assertTrue(any(self.is_named(position, result.errors) for position in positions),
                            msg=str(result))
        self.assertEqual(self.everything(), before)

    def is_named(self, position, text):
        """TRUE if TEXT has the name of the image, its inode, and that of the file with its name."""
        path = self.names[position]
        words = [f"'{path}'", str(self.inode(position))]
        if os.path.exists(path):
            words.append(str(os.stat(path).st_ino))
        return all(word in text for word in words)

    def assert_warned(self, job, *positions):
        """The job succeeds, a warning names the images at POSITIONS, which have lost their names,
        and all data are there."""
        own = {self.inode(position) for position in range(len(self.files))}
        others = {path: content(path) for path in map(self.names.__getitem__, positions)
                  if os.path.exists(path) and os.stat(path).st_ino not in own}
        self.assert_warns(job, *positions)
        self.assert_result(job, positions)
        self.assertEqual({path: content(path) for path in others}, others)

    def assert_warns(self, job, *positions):
        result = self.run_job(job)
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        for position in positions:
            self.assertIn(f"'{self.names[position]}'", result.errors)

    def assert_result(self, job, lost=()):
        """The guest reads the same data and, if none of the LOST images is in its chain, the chain
        has them when it is opened again."""
        self.assert_no_jobs()
        self.assert_guest_reads()
        left = [os.path.join(self.directory, image) if isinstance(image, str)
                else self.files[image] for image in JOBS[job][1]]
        self.assertEqual(len(self.chain()['layers']), len(left))
        self.process.quit()
        if not set(lost) & set(JOBS[job][1]):
            self.assert_sound(*left)
            self.assert_headers(*left)
            self.assert_same_content(left[0])
