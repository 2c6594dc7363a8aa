# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers for tests of commands that change a chain: disks whose layers all have data of their own,
and checks that hold after each job, however it ended."""

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

SLOW = ('--bandwidth', '65536', '--bytes')  # a job of some MiB does not end during a test
# A mirror copies 16 MiB before its speed limit counts.
MIRROR_DATA = '24M'


REFERENCE = 'reference.raw'  # the data that the guest reads, flattened

KINDS = brief.some(('blockdev', 'drive', 'anonymous', 'throttle', 'drive-throttle', 'cor', 'both'))
FILTERS = {'throttle': ['throttle'], 'cor': ['copy-on-read'],
           'both': ['throttle', 'copy-on-read']}  # as `chain` shows them


def image_info(path):
    done = subprocess.run(qemu.program('qemu-img') + ['info', '-U', '--output=json', path],
                          check=True, capture_output=True)
    return json.loads(done.stdout)


def header(path):
    """(backing string, backing format) in the header of the image."""
    info = image_info(path)
    return info.get('backing-filename'), info.get('backing-filename-format')


def set_backing(path, backing):
    """Set the backing string in the header of a qcow2 image."""
    subprocess.run(qemu.program('qemu-img') + ['rebase', '-u', '-F', 'qcow2', '-b', backing, path],
                   check=True)


@functools.cache
def _template_directory(depth, data):
    """A chain whose backing strings are relative. It is made once and copied, since that takes many
    programs."""
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


def copy_reference(depth, directory, data='256k'):
    """The data of a chain of make(), flattened."""
    _copy_template(depth, data, [REFERENCE], directory)
    return os.path.join(directory, REFERENCE)


def flatten(image, path):
    subprocess.run(qemu.program('qemu-img') + ['convert', '-U', '-O', 'raw', image, path],
                   check=True)


def mount(test, directory, kind, options):
    """Mount a file system at DIRECTORY until TEST ends."""
    done = subprocess.run(['mount', '-t', kind, '-o', options, 'none', directory],
                          capture_output=True, check=False)
    if done.returncode != 0:
        test.skipTest(f'{kind} cannot be mounted here')
    test.addCleanup(subprocess.run, ['umount', '-l', directory], check=False)


def small_file_system(test, size):
    """The directory of a file system of SIZE, mounted until TEST ends."""
    directory = os.path.join(test.directory, 'small')
    os.mkdir(directory)
    mount(test, directory, 'tmpfs', f'size={size}')
    return directory


def layered_file_system(test):
    """The directory of a file system whose stat() reports another device than /proc/locks, as btrfs
    does, mounted until TEST ends."""
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
        holder.stdout.readline()  # it has opened the image
        yield holder
    finally:
        holder.communicate(b'quit\n')


class TestCase(live.TestCase):
    """A guest with the disk vda: self.files, top first."""

    process = None
    own_socket = None  # TRUE: QEMU creates it; the default for 5.2
    files = ()
    reference = None

    def make(self, depth=4, data='256k', directory=None):
        """Create images, each with a piece only it has and a piece that hides data below it."""
        directory = directory or self.directory
        _, names = _template_directory(depth, data)
        self.files = [os.path.join(directory, name) for name in names]
        _copy_template(depth, data, names, directory)
        return self.files

    def remember(self):
        """Flatten the data that the guest reads."""
        self.reference = os.path.join(self.directory, REFERENCE)
        flatten(self.files[0], self.reference)

    def run_qemu(self, arguments, **options):
        self.process = self.enterContext(Topology(list(arguments)).run(
            self.directory, own_socket=self.own_socket, **options))
        return self.process

    def boot_on_raw(self, raw_node=True):
        """A disk of two overlays on a raw image, with -blockdev; the image with or without a raw
        node."""
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
        """A disk of three layers; the data of the middle one cannot be read."""
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
        """A disk of KIND over a new chain."""
        self.make(depth, data)
        self.reference = copy_reference(depth, self.directory, data)
        return self.run_qemu(self.disk(kind), **options)

    def disk(self, kind):
        """The QEMU arguments for a disk of KIND over self.files."""
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

    # ---- state ----

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
        """All that must not change if a command does nothing: jobs, chain, images."""
        chain = self.chain()
        for layer in chain['layers']:
            del layer['actual-size']  # it increases when the file system writes its data
        return (self.process.qmp.execute('query-jobs'), chain, self.nodes(),
                [(header(path), os.path.getsize(path), _bytes(path)) for path in self.files])

    def guest_writes(self, offset, length='1M', pattern=0x77):
        """Write through the device, as the guest does."""
        device, = [device['qdev'] for device in self.process.qmp.execute('query-block')
                   if device.get('qdev', '').endswith('/virtio-backend')]
        line = f'qemu-io -d {device} "write -P {pattern} {offset} {length}"'
        reply = self.process.qmp.execute('human-monitor-command', {'command-line': line})
        self.assertNotIn('rror', reply)
        images.write(self.reference, pattern=pattern, offset=offset, length=length, fmt='raw')

    # ---- checks after a job ----

    def assert_files(self, *files):
        self.assertEqual(self.open_files(), [os.path.realpath(path) for path in files])

    def assert_no_jobs(self):
        self.assertEqual(self.process.qmp.execute('query-jobs'), [])

    def assert_closed(self, *files):
        """No node has FILES open, and no process has a lock on them."""
        opened = {os.path.realpath(node['file']) for node in
                  self.process.qmp.execute('query-named-block-nodes', {'flat': True})
                  if not node['file'].startswith('json:')}
        for path in files:
            self.assertNotIn(os.path.realpath(path), opened)
            # as raw, since its backing file may be in use; writable, which every lock prevents
            done = subprocess.run(
                qemu.program('qemu-io') + ['-f', 'raw', '-c', 'read 0 512', path],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def assert_same_content(self, path=None):
        """The data that the guest reads, from the images as QEMU left them, are the reference."""
        if self.process.running:
            self.process.quit()
        done = subprocess.run(
            qemu.program('qemu-img') + ['compare', '-F', 'raw', path or self.files[0],
                                        self.reference],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def refuse(self, *arguments, status=qblk.REFUSED, message=None):
        """The command is refused, and QEMU and the images do not change."""
        before = self.state()
        result = self.qblk(*arguments, status=status)
        if message:
            self.assertIn(message, result.errors)
        self.assertEqual(self.state(), before)

    # ---- during a job ----

    def begin(self, *arguments, **options):
        """Start qblk with a slow job; returns when the job has copied data. Creating the file of a
        copy is a job too, with its own progress."""
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
        """COMMAND with each of its ENDS cancels its job at a signal, and the chain is as before."""
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


class OneDisk(TestCase):
    """Jobs of the disk vda, which may be refused."""
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def arguments(self, command, *options):
        """COMMAND for the disk; a copy has the destination self.copy_path()."""
        paths = [self.copy_path()] if command == 'copy' else []
        return (command, self.process.socket, 'vda', *paths, *options)

    def job(self, *command, **options):
        return self.qblk(*self.arguments(*command), **options)

    def refuse_job(self, *command, message):
        self.refuse(*self.arguments(*command), message=message)
        self.assert_no_jobs()
        self.assertFalse(os.path.exists(self.copy_path()))

    def copy_path(self):
        return os.path.join(self.directory, 'copy.qcow2')

    def remove_as_told(self, text):
        """Send the commands in the message TEXT."""
        decoder = json.JSONDecoder()
        at = text.index('{"execute"')
        while text[at:].startswith('{"execute"'):
            command, end = decoder.raw_decode(text[at:])
            self.process.qmp.execute(command['execute'], command['arguments'])
            at += end + 1
