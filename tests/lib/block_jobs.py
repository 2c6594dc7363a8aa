# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of commands that change a chain have in common: disks whose layers all have data
of their own, and what has to be true after each job, however it ended."""

import atexit
import contextlib
import functools
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import brief
import images
import live
import qblk
import qemu
from topologies.model import Topology
from topologies.options import blockdev, drive, local, named_chain, qcow2, stem, virtio

SLOW = ('--bandwidth', '65536', '--bytes')  # a job of some MiB does not end while a test looks


REFERENCE = 'reference.raw'  # what the guest sees, flattened

KINDS = brief.some(('blockdev', 'drive', 'anonymous', 'throttle', 'drive-throttle', 'cor', 'both'))
FILTERS = {'throttle': ['throttle'], 'cor': ['copy-on-read'],
           'both': ['throttle', 'copy-on-read']}  # that `chain` shows


def image_info(path):
    done = subprocess.run(qemu.program('qemu-img') + ['info', '-U', '--output=json', path],
                          check=True, capture_output=True)
    return json.loads(done.stdout)


def header(path):
    """(backing string, backing format) as the image says them."""
    info = image_info(path)
    return info.get('backing-filename'), info.get('backing-filename-format')


@functools.cache
def _template_directory(depth, data):
    """A chain whose backing strings are relative, to be copied, since it is made by many programs;
    and what is to be seen of it."""
    home = tempfile.mkdtemp(prefix='qblk-')
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    files = images.chain(home, 'disk', depth, data=data)
    for number, path in enumerate(reversed(files)):
        images.write(path, pattern=0x40 + number, offset=32 << 20, length='64k')
    flatten(files[0], os.path.join(home, REFERENCE))
    return home, [os.path.basename(path) for path in files]


def _copy_template(depth, data, names, directory):
    home, _ = _template_directory(depth, data)
    subprocess.run(['cp', '--sparse=always', '-t', directory,
                    *[os.path.join(home, name) for name in names]], check=True)


def flatten(image, path):
    subprocess.run(qemu.program('qemu-img') + ['convert', '-O', 'raw', image, path], check=True)


def mount(test, directory, kind, options):
    """A file system in DIRECTORY for as long as TEST runs."""
    done = subprocess.run(['mount', '-t', kind, '-o', options, 'none', directory],
                          capture_output=True, check=False)
    if done.returncode != 0:
        test.skipTest(f'{kind} cannot be mounted here')
    test.addCleanup(subprocess.run, ['umount', '-l', directory], check=False)


def small_file_system(test, size):
    """The directory of a file system of that SIZE, for as long as TEST runs."""
    directory = os.path.join(test.directory, 'small')
    os.mkdir(directory)
    mount(test, directory, 'tmpfs', f'size={size}')
    return directory


def layered_file_system(test):
    """The directory of a file system whose stat() says another device than /proc/locks, as that of
    btrfs does, for as long as TEST runs."""
    upper, *others = (os.path.join(test.directory, 'upper', name)
                      for name in ('', 'changes', 'work'))
    lower, directory = (os.path.join(test.directory, name) for name in ('lower', 'layered'))
    for path in (upper, lower, directory):
        os.mkdir(path)
    mount(test, upper, 'tmpfs', 'size=256m')
    for path in others:
        os.mkdir(path)
    mount(test, directory, 'overlay',
          f'lowerdir={lower},upperdir={others[0]},workdir={others[1]},xino=off')
    return directory


@contextlib.contextmanager
def lock_holder(path, *arguments):
    """A process that has PATH open, and so locked."""
    command = qemu.program('qemu-io') + [*arguments, path]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    try:
        holder.stdin.write(b'read 0 512\n')
        holder.stdin.flush()
        holder.stdout.readline()  # it has opened it
        yield holder
    finally:
        holder.communicate(b'quit\n')


class TestCase(live.TestCase):
    """A guest with the disk vda: self.files, top first."""

    process = None
    own_socket = False  # whether QEMU makes it: up to 5.2 its peer is whoever made it
    files = ()
    reference = None

    def make(self, depth=4, data='256k', directory=None):
        """Images, each with a piece only it has and a piece that hides what is below."""
        directory = directory or self.directory
        _, names = _template_directory(depth, data)
        self.files = [os.path.join(directory, name) for name in names]
        _copy_template(depth, data, names, directory)
        return self.files

    def remember(self):
        """Flatten what the guest sees."""
        self.reference = os.path.join(self.directory, REFERENCE)
        flatten(self.files[0], self.reference)

    def run_qemu(self, arguments, **options):
        self.process = self.enterContext(Topology(list(arguments)).run(
            self.directory, own_socket=self.own_socket, **options))
        return self.process

    def boot_on_raw(self, raw_node=True):
        """A disk of two overlays on a raw image, as -blockdev; the image with a raw node or not."""
        base = images.raw(self.directory, 'base.raw', 64 << 20)
        images.write(base, pattern=9, fmt='raw')
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=base,
                               backing_format='raw')
        images.write(middle, pattern=8, offset='1M')
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        self.files = [top, middle, base]
        self.remember()
        self.run_qemu((blockdev(driver='raw', node_name='base', file=local(base)) if raw_node
                       else blockdev(**local(base), node_name='base'))
                      + qcow2(middle, backing='base') + qcow2(top, backing='middle')
                      + virtio('top', id='vda'))

    def boot_unreadable(self):
        """A disk of three layers; the data of the one in the middle cannot be read."""
        self.make(3)
        self.remember()
        top, middle, base = self.files
        unreadable = {'driver': 'blkdebug', 'image': local(middle), 'node-name': 'faulty',
                      'inject-error': [{'event': 'read_aio', 'errno': 5}]}
        self.run_qemu(qcow2(base)
                      + blockdev(driver='qcow2', node_name='middle', file=unreadable,
                                 backing=stem(base))
                      + qcow2(top, backing='middle') + virtio(stem(top), id='vda'))

    def boot(self, kind='blockdev', depth=4, data='256k', **options):
        """A disk of each kind over a fresh chain."""
        self.make(depth, data)
        self.reference = os.path.join(self.directory, REFERENCE)
        _copy_template(depth, data, [REFERENCE], self.directory)
        return self.run_qemu(self.disk(kind), **options)

    def disk(self, kind):
        """The arguments for a disk of that kind over self.files."""
        limits = ['-object', 'throttle-group,id=limits,x-bps-total=1073741824']
        top = stem(self.files[0])
        above = {
            'blockdev': named_chain(self.files) + virtio(top, id='vda'),
            'drive': drive(self.files[0], id='drive0') + virtio('drive0', id='vda'),
            'anonymous': drive(self.files[0], id='drive0') + virtio('drive0'),
            'throttle': limits + named_chain(self.files)
            + blockdev(driver='throttle', node_name='limited', throttle_group='limits', file=top)
            + virtio('limited', id='vda'),
            'drive-throttle': drive(self.files[0], id='drive0',
                                    **{'throttling.bps-total': 1073741824})
            + virtio('drive0', id='vda'),
            'cor': named_chain(self.files)
            + blockdev(driver='copy-on-read', node_name='cor', file=top)
            + virtio('cor', id='vda'),
            'both': limits + named_chain(self.files)
            + blockdev(driver='copy-on-read', node_name='cor', file=top)
            + blockdev(driver='throttle', node_name='limited', throttle_group='limits', file='cor')
            + virtio('limited', id='vda'),
        }
        return above[kind]

    # ---- looking ----

    def chain(self):
        return json.loads(self.qblk('--json', 'chain', self.process.socket, 'vda').stdout)[
            'chains'][0]

    def open_files(self):
        return [os.path.realpath(layer['file']) for layer in self.chain()['layers']]

    def filters(self):
        return [item['driver'] for item in self.chain()['layers'][0]['filters']]

    def nodes(self):
        return {node['node-name'] for node in
                self.process.qmp.execute('query-named-block-nodes', {'flat': True})}

    def state(self):
        """All that must not change where nothing was done: jobs, chain, images."""
        chain = self.chain()
        for layer in chain['layers']:
            del layer['actual-size']  # it grows when the file system writes at last
        return (self.process.qmp.execute('query-jobs'), chain, self.nodes(),
                [(header(path), os.path.getsize(path), _bytes(path)) for path in self.files])

    def guest_writes(self, offset, length='1M', pattern=0x77):
        """Through the device, as the guest would."""
        device, = [device['qdev'] for device in self.process.qmp.execute('query-block')
                   if device.get('qdev', '').endswith('/virtio-backend')]
        line = f'qemu-io -d {device} "write -P {pattern} {offset} {length}"'
        said = self.process.qmp.execute('human-monitor-command', {'command-line': line})
        self.assertNotIn('rror', said)
        images.write(self.reference, pattern=pattern, offset=offset, length=length, fmt='raw')

    # ---- what has to be true ----

    def assert_files(self, *files):
        self.assertEqual(self.open_files(), [os.path.realpath(path) for path in files])

    def assert_no_jobs(self):
        self.assertEqual(self.process.qmp.execute('query-jobs'), [])

    def assert_closed(self, *files):
        """No node has FILES open, and nobody holds a lock on them."""
        opened = {os.path.realpath(node['file']) for node in
                  self.process.qmp.execute('query-named-block-nodes', {'flat': True})
                  if not node['file'].startswith('json:')}
        for path in files:
            self.assertNotIn(os.path.realpath(path), opened)
            # as raw bytes, since what is below it may be in use; writable, which no lock allows
            done = subprocess.run(
                qemu.program('qemu-io') + ['-f', 'raw', '-c', 'read 0 512', path],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def assert_same_content(self, path=None):
        """What the guest sees, from the images as QEMU has left them, is the reference."""
        if self.process.running:
            self.process.quit()
        done = subprocess.run(
            qemu.program('qemu-img') + ['compare', '-F', 'raw', path or self.files[0],
                                        self.reference],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def refuse(self, *arguments, status=qblk.REFUSED, says=None):
        """It is refused, and QEMU and the images are as they were."""
        before = self.state()
        result = self.qblk(*arguments, status=status)
        if says:
            self.assertIn(says, result.errors)
        self.assertEqual(self.state(), before)

    # ---- in mid-job ----

    def begin(self, *arguments, **options):
        """qblk with a slow job; returns once the job moves data. The making of the file of a copy
        is a job too, with a progress of its own."""
        running = subprocess.Popen(qblk.command(arguments), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=qblk.environment(), **options)
        self.addCleanup(end, running)
        self.wait_for(lambda: any(job['status'] in ('running', 'paused', 'ready')
                                  and job['type'] != 'create' and job['current-progress'] > 0
                                  for job in self.process.qmp.execute('query-jobs')))
        return running

    def finish(self, running, status):
        stdout, stderr = running.communicate(timeout=60)
        text = stderr.decode(errors='backslashreplace')
        self.assertEqual(running.returncode, status, msg=text)
        if status != qblk.DONE:
            self.assertEqual(stdout, b'')
        return text

    def interrupt(self, running, number=signal.SIGINT):
        running.send_signal(number)
        return self.finish(running, qblk.JOB_FAILED)

    def interrupt_each(self, command, ends):
        """COMMAND with each of its ENDS gives up its job at a signal, and all is as it was."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        for number, end in brief.some(tuple(itertools.product(numbers, ends))):
            with self.subTest(end=end, number=number):
                self.setUp()
                self.boot(data='4M')
                running = self.begin(command, self.process.socket, 'vda', *end, *SLOW)
                text = self.interrupt(running, number)
                self.assertIn(': interrupted', text)
                self.assertIn("the chain of 'vda' is unchanged", text)
                self.assert_untouched()

    def assert_untouched(self):
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assert_same_content()

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


def _bytes(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).digest()


def end(process):
    if process.poll() is None:
        process.kill()
    process.communicate()
