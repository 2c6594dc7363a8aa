# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens during a copy: the guest writes, the user cancels, QEMU or qblk is killed, the file
system is full."""

import contextlib
import os
import signal
import subprocess
import threading

import block_jobs
import brief
import images
import live
import qblk
import qemu
from block_jobs import SLOW
from topologies.options import named_chain, stem, virtio

JOB = 'qblk-copy-vda'


class TestCase(block_jobs.TestCase):
    @property
    def dest(self):
        return os.path.join(self.directory, 'copy.img')

    def begin_copy(self, *arguments):
        return self.begin('copy', self.process.socket, 'vda', self.dest, *arguments, *SLOW)

    def hurry(self):
        self.process.qmp.execute('block-job-set-speed', {'device': JOB, 'speed': 0})

    def assert_cancelled(self):
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])
        self.assert_closed(self.dest)


class GuestWrites(TestCase):
    def test_before_the_copy_is_in_sync(self):
        for end in ('--pivot', '--finish'):
            for mode in ((), ('--synchronous-writes',)):
                with self.subTest(end=end, mode=mode):
                    self.setUp()
                    self.boot(data='4M')
                    running = self.begin_copy(end, *mode)
                    self.guest_writes('40M')
                    self.guest_writes('512k')
                    self.hurry()
                    self.finish(running, qblk.DONE)
                    self.assert_same_content(self.dest)

    def test_after_a_finish_nothing_is_written_to_the_copy(self):
        self.boot()
        self.qblk('copy', self.process.socket, 'vda', self.dest, '--finish')
        before = self.reference + '.before'
        subprocess.run(['cp', '--sparse=always', self.reference, before], check=True)
        self.guest_writes('40M')
        self.assert_same_content()
        self.reference = before
        self.assert_same_content(self.dest)

    def test_an_nbd_client_that_writes_all_the_time(self):
        for end, mode in (('--pivot', ()), ('--pivot', ('--synchronous-writes',)),
                          ('--finish', ())):
            with self.subTest(end=end, mode=mode):
                self.setUp()
                self.make(data='1M')
                self.remember()
                self.run_qemu(named_chain(self.files)
                              + virtio('disk-3', id='vda', **{'share-rw': 'on'}))
                writer = self.enterContext(Writer(self))
                self.qblk('copy', self.process.socket, 'vda', self.dest, end, *mode)
                writer.go_on(3)
                rounds = writer.stop()
                self.process.qmp.execute('nbd-server-stop')
                # the data are in the image that the guest uses afterwards
                for number in range(Writer.PLACES):
                    last = max(0, (rounds - 1 - number) // Writer.PLACES * Writer.PLACES + number)
                    if last < rounds:
                        images.write(self.reference, pattern=Writer.pattern(last),
                                     offset=Writer.offset(last), length=Writer.LENGTH, fmt='raw')
                self.assert_same_content(self.dest if end == '--pivot' else None)


class Writer:
    """An NBD client of the node of the guest's device. It writes one piece after another, and waits
    for the reply before it sends the next."""

    PLACES, LENGTH = 16, 65536

    def __init__(self, test):
        self.test = test
        self.rounds = 0
        self._stop = threading.Event()
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._write)
        self._io = None

    @staticmethod
    def pattern(number):
        return number % 200 + 1

    @staticmethod
    def offset(number):
        return (48 << 20) + number % Writer.PLACES * Writer.LENGTH

    def __enter__(self):
        path = os.path.join(self.test.directory, 'nbd.sock')
        client = self.test.process.qmp
        client.execute('nbd-server-start', {'addr': {'type': 'unix', 'data': {'path': path}}})
        client.execute('block-export-add', {
            'type': 'nbd', 'id': 'export', 'writable': True, 'name': 'disk',
            'node-name': 'disk-3'})
        self._io = subprocess.Popen(
            qemu.program('qemu-io') + ['-f', 'raw', f'nbd+unix:///disk?socket={path}'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._thread.start()
        self.go_on(1)
        return self

    def __exit__(self, *_):
        self.stop()

    def _write(self):
        while not self._stop.is_set():
            line = (f'write -P {self.pattern(self.rounds)} {self.offset(self.rounds)} '
                    f'{self.LENGTH}\n')
            self._io.stdin.write(line.encode())
            self._io.stdin.flush()
            reply = self._io.stdout.readline()  # "wrote 65536/65536 bytes at offset ..."
            self._io.stdout.readline()  # the throughput
            with self._turn:
                if b'wrote' not in reply:
                    self._turn.notify_all()
                    return
                self.rounds += 1
                self._turn.notify_all()

    def go_on(self, rounds):
        """Wait until ROUNDS more pieces are written."""
        with self._turn:
            end = self.rounds + rounds
            self.test.assertTrue(self._turn.wait_for(lambda: self.rounds >= end, timeout=60))

    def stop(self):
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join(timeout=60)
            self._io.communicate(b'quit\n')
        return self.rounds


@brief.leave_out
class Interrupted(TestCase):
    ENDS = (('--pivot',), ('--finish',), ())

    def test_ctrl_c_closes_all_that_was_opened(self):
        for end, number in (*((end, signal.SIGINT) for end in self.ENDS),
                            (('--shallow', '--pivot'), signal.SIGTERM)):
            with self.subTest(end=end, number=number):
                self.setUp()
                self.boot(data='4M')
                text = self.interrupt(self.begin_copy(*end), number)
                self.assertIn(': interrupted', text)
                self.assertIn("the chain of 'vda' is unchanged; '", text)
                self.assertIn("' is incomplete", text)
                self.assert_cancelled()
                self.assert_same_content()

    def test_a_time_limit(self):
        self.boot(data='4M')
        result = self.qblk('copy', self.process.socket, 'vda', self.dest, '--pivot', *SLOW,
                           '--time-limit', '0.3', status=qblk.JOB_FAILED)
        self.assertIn('the time limit was reached', result.errors)
        self.assert_cancelled()
        self.assert_same_content()

    def test_another_client_cancels_the_job(self):
        self.boot(data='4M')
        running = self.begin_copy('--pivot')
        self.process.qmp.execute('job-cancel', {'id': JOB})
        self.finish(running, qblk.JOB_FAILED)
        self.assert_cancelled()
        self.assert_same_content()

    def test_again_after_a_cancelled_copy(self):
        """The remaining file is reused, or another name is used."""
        self.boot(data='4M')
        self.interrupt(self.begin_copy('--pivot'))
        self.refuse('copy', self.process.socket, 'vda', self.dest, '--pivot',
                    message='--reuse-external')
        self.qblk('copy', self.process.socket, 'vda', self.dest, '--reuse-external', '--pivot')
        self.assert_files(self.dest)
        self.assert_same_content(self.dest)

    def test_qemu_is_killed(self):
        self.boot(data='4M')
        running = self.begin_copy('--pivot')
        self.process.kill()
        self.assertIn(f"job '{JOB}'", self.finish(running, qblk.NO_CONNECTION))
        self.assert_same_content()


class NoSpace(TestCase):
    def test_a_full_file_system(self):
        mount = block_jobs.small_file_system(self, '2m')
        self.make()
        images.write(self.files[-1], offset='8M', length='4M', compressed=True)
        self.remember()
        self.run_qemu(self.disk('blockdev'))
        result = self.qblk('copy', self.process.socket, 'vda', os.path.join(mount, 'copy'),
                           '--pivot', status=qblk.JOB_FAILED)
        self.assertIn('No space left on device', result.errors)
        self.assertIn(os.path.join(mount, 'copy'), result.errors)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])
        self.assert_closed(os.path.join(mount, 'copy'))
        self.assert_same_content()


class Killed(TestCase):
    """qblk is killed, and the disk of the guest still responds."""

    def kill(self, running):
        running.kill()
        running.communicate()

    def test_while_it_copies(self):
        self.boot(data='4M')
        running = self.begin_copy('--pivot')
        self.kill(running)
        self.guest_writes('40M')
        self.hurry()
        self.qblk('job', self.process.socket, 'vda', '--wait', '--pivot')
        self.assert_files(self.dest)
        self.assert_no_jobs()
        self.assert_closed(*self.files)
        self.assert_same_content(self.dest)

    def test_while_the_job_pivots(self):
        """After the reply to job-complete, qblk is gone."""
        for command, job in ((('copy', 'DEST'), JOB),
                             (('commit', '--active'), 'qblk-active-commit-vda')):
            with self.subTest(command):
                self.setUp()
                self.boot()
                name, *rest = command
                self.qblk(name, self.process.socket, 'vda',
                          *[self.dest if word == 'DEST' else word for word in rest])
                self.process.qmp.execute('job-complete', {'id': job})
                self.guest_writes('40M')
                self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'concluded'})
                self.guest_writes('42M')
                self.qblk('job', self.process.socket, 'vda', '--wait')
                self.assert_no_jobs()
                left = self.dest if name == 'copy' else self.files[3]
                self.assert_files(left)
                self.assert_same_content(left)


class Twice(TestCase):
    """A second job-complete to a copy that is not in sync."""

    def boot_with_copy(self, **more):
        """The destination takes twenty seconds for each write."""
        self.boot(depth=2)
        top = stem(self.files[0])
        qmp = self.process.qmp
        qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'slow', 'size': 64 << 20,
                                     'latency-ns': 20000000000})
        qmp.execute('blockdev-mirror', {'job-id': 'copy', 'device': top, 'target': 'slow',
                                        'sync': 'none', **more})
        qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'ready'})
        self.guest_writes('1M')
        qmp.execute('job-complete', {'id': 'copy'})

    def test_the_effect_on_qemu(self):
        for more in ({'replaces': 'disk-1'}, {}):
            with self.subTest(more):
                self.setUp()
                self.boot_with_copy(**more)
                is_deadly = bool(more) and qemu.version() < (10, 0)
                with self.assertRaises(ConnectionError) if is_deadly else contextlib.nullcontext():
                    self.process.qmp.execute('job-complete', {'id': 'copy'})
                if is_deadly:
                    self.process.kill()


if __name__ == '__main__':
    live.main()
