# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies that are written to a server: qemu-nbd over a unix socket and over TCP, with and without
--persistent, and the storage daemon."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
import rng

MIB = 1 << 20


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


class TestCase(block_jobs.TestCase):
    own_socket = True
    server = None
    ends_with_its_client = True

    def setUp(self):
        super().setUp()
        self.image = os.path.join(self.directory, 'served')
        self.socket = os.path.join(self.directory, 'nbd.sock')
        self.url = f'nbd+unix:///x?socket={self.socket}'

    def start(self, command, is_ready):
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.addCleanup(block_jobs.end, self.server)
        self.wait_for(lambda: is_ready() or self.server.poll() is not None)
        self.assertIsNone(self.server.poll())

    def serve(self, *options, fmt='raw'):
        """Serve self.image at self.url to one client, or with -t to any number."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        self.start(qemu.program('qemu-nbd') + ['-k', self.socket, '-x', 'x', '-f', fmt, *options,
                                               self.image],
                   lambda: os.path.exists(self.socket))

    def serve_tcp(self, *options):
        """The same over TCP."""
        port = free_port()
        self.url = f'nbd://127.0.0.1:{port}/x'
        listening = f'0100007F:{port:04X} 00000000:0000 0A'

        def is_listening():
            with open('/proc/net/tcp', encoding='ascii') as table:
                return listening in table.read()

        self.start(qemu.program('qemu-nbd') + ['-b', '127.0.0.1', '-p', str(port), '-x', 'x', '-f',
                                               'raw', *options, self.image], is_listening)

    def make_image(self, size):
        """A raw image of SIZE whose bytes are 0xee."""
        images.raw(self.directory, 'served', size)
        images.write(self.image, pattern=0xee, offset=0, length=str(size), fmt='raw')

    def copy(self, *options, fmt='raw', **more):
        return self.qblk('copy', self.process.socket, 'vda', self.url, '--format', fmt,
                         '--reuse-external', *options, **more)

    def check_content(self, size):
        """The image has the data of the guest, and what is behind them is as it was."""
        if self.process.running:
            self.process.quit()
        if self.ends_with_its_client:
            self.server.wait(60)
        block_jobs.end(self.server)
        with open(self.image, 'rb') as copied, open(self.reference, 'rb') as reference:
            self.assertEqual(hashlib.sha256(copied.read(64 * MIB)).digest(),
                             hashlib.sha256(reference.read()).digest())
            self.assertEqual(copied.read(), b'\xee' * (size - 64 * MIB))

    def assert_unchanged(self):
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])


class Pivot(TestCase):
    def check(self, size):
        before = hashlib.sha256(self.disk_bytes()).digest()
        self.copy('--pivot')
        self.assert_closed(*self.files)
        disk, = [disk for disk in self.process.qmp.execute('query-block') if 'inserted' in disk]
        self.assertEqual(disk['inserted']['image']['virtual-size'], 64 * MIB)
        self.guest_writes('50M')
        xml = self.qblk('xml', self.process.socket, 'vda').stdout
        self.assertIn(b"<source protocol='nbd' name='x'>", xml)
        if rng.available():
            self.assertEqual(rng.check({'vda': xml}), {})
        self.qblk('check', self.process.socket)
        self.check_content(size)
        self.assertEqual(hashlib.sha256(self.disk_bytes()).digest(), before)

    def disk_bytes(self):
        with open(self.files[0], 'rb') as file:
            return file.read()

    def test_a_server_for_one_client(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve()
        self.check(64 * MIB)

    def test_a_larger_image(self):
        self.make_image(96 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        self.ends_with_its_client = False
        self.check(96 * MIB)

    def test_over_tcp(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve_tcp()
        self.check(64 * MIB)

    @brief.leave_out
    def test_the_storage_daemon(self):
        self.make_image(96 * MIB)
        self.boot(depth=2)
        self.url = f'nbd+unix:///x?socket={self.socket}'
        self.start(qemu.program('qemu-storage-daemon') + [
            '--blockdev', json.dumps({'driver': 'file', 'filename': self.image, 'node-name': 'f'}),
            '--nbd-server', f'addr.type=unix,addr.path={self.socket}',
            '--export', 'type=nbd,id=e,node-name=f,name=x,writable=on'],
            lambda: os.path.exists(self.socket))
        self.ends_with_its_client = False
        self.check(96 * MIB)

    def test_json(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve()
        self.url = 'json:' + json.dumps({'driver': 'nbd', 'export': 'x',
                                         'server': {'type': 'unix', 'path': self.socket}})
        self.check(64 * MIB)

    def test_such_a_disk_can_be_copied_again(self):
        self.make_image(96 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        self.copy('--pivot')
        result = self.copy('--pivot', status=qblk.REFUSED)
        self.assertIn('is already open in QEMU, as node', result.errors)
        second = os.path.join(self.directory, 'second.qcow2')
        self.qblk('copy', self.process.socket, 'vda', second, '--format', 'qcow2', '--pivot')
        self.assert_files(second)
        self.assert_same_content(second)


class Finish(TestCase):
    def test_the_guest_stays(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve()
        result = self.copy('--finish')
        self.assertIn(f'copy of the disk: {self.url}\n', result.text)
        self.assert_unchanged()
        self.check_content(64 * MIB)


class Qcow2(TestCase):
    def test_an_image_that_is_there(self):
        images.create(self.image)
        os.truncate(self.image, 80 * MIB)  # the server does not let it grow
        self.boot(depth=2)
        self.serve('-t', fmt='raw')
        self.copy('--pivot', fmt='qcow2')
        self.guest_writes('50M')
        self.process.quit()
        block_jobs.end(self.server)
        self.assert_same_content(self.image)

    @brief.leave_out
    def test_an_image_of_another_size(self):
        images.create(self.image, '63M')
        self.boot(depth=2)
        self.serve('-t')
        result = self.copy('--pivot', fmt='qcow2', status=qblk.JOB_FAILED)
        self.assertIn('Source and target image have different sizes', result.errors)
        self.assert_unchanged()


class Refused(TestCase):
    def fail(self, *part):
        result = self.copy('--pivot', status=qblk.JOB_FAILED)
        for text in part:
            self.assertIn(text, result.errors)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assertNotIn('incomplete', result.errors)
        self.assert_unchanged()

    def test_a_smaller_image(self):
        self.make_image(63 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        self.fail('cannot open 67108864 bytes as the copy', str(63 * MIB))
        with open(self.image, 'rb') as file:
            self.assertEqual(file.read(), b'\xee' * (63 * MIB))

    def test_an_export_that_is_read_only(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve('-t', '-r')
        self.fail('cannot open the file of the copy')

    def test_an_export_and_a_server_that_do_not_exist(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        self.url = f'nbd+unix:///other?socket={self.socket}'
        self.fail('cannot open the file of the copy')
        self.url = f'nbd+unix:///x?socket={self.socket}-other'
        result = self.copy('--pivot', status=qblk.REFUSED)
        self.assertIn(f"socket '{self.socket}-other' does not exist: start the server first",
                      result.errors)
        block_jobs.end(self.server)
        with socket.socket(socket.AF_UNIX) as ended:
            ended.bind(self.socket + '-ended')
        self.url = f'nbd+unix:///x?socket={self.socket}-ended'
        result = self.copy('--pivot', status=qblk.REFUSED)
        self.assertIn(f"no process listens on '{self.socket}-ended'", result.errors)
        self.assert_unchanged()

    def test_a_raw_image_and_the_format_of_the_disk(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        result = self.qblk('copy', self.process.socket, 'vda', self.url, '--reuse-external',
                           '--pivot', status=qblk.JOB_FAILED)
        self.assertIn('use --format raw', result.errors)
        self.assert_unchanged()

    def test_what_is_not_possible_is_refused(self):
        self.boot(depth=2)
        for url, options, message in (
                (self.url, (), 'create the image there, and use --reuse-external'),
                (self.url, ('--reuse-external', '--blockdev'), 'is not a block device'),
                ('iscsi://me%hunter2@h/t/1', ('--reuse-external',), 'contains a secret'),
                ('rbd:pool/image:key=hunter2', ('--reuse-external',), 'contains a secret'),
                ("json:{'driver':'ssh','password':'hunter2'}", ('--reuse-external',),
                 'contains a secret'),
                ('ssh://h/x', ('--reuse-external',), 'use json:'),
                ("json:{'driver':'iscsi','transport':'tcp','portal':'h','target':'t',"
                 "'password-secret':'s'}", ('--reuse-external',),
                 "QEMU has no secret object 's': use --secret s=FILE")):
            with self.subTest(url):
                before = self.state()
                result = self.qblk('-v', 'copy', self.process.socket, 'vda', url, '--format', 'raw',
                                   *options, '--pivot', status=qblk.REFUSED)
                self.assertIn(message, result.errors)
                self.assertNotIn('hunter2', result.errors)
                self.assertEqual(self.state(), before)


class OwnServer(TestCase):
    """QEMU would wait for itself: its main loop both connects and serves."""

    def export(self, **address):
        """Export self.image as x from the QEMU that has the guest."""
        execute = self.process.qmp.execute
        kind = address.pop('type')
        execute('nbd-server-start', {'addr': {'type': kind, 'data': address}})
        execute('blockdev-add', {'driver': 'file', 'filename': self.image, 'node-name': 'served'})
        execute('block-export-add', {'type': 'nbd', 'id': 'e', 'node-name': 'served', 'name': 'x',
                                     'writable': True})

    def check_refused(self, *urls):
        for self.url in urls:
            with self.subTest(self.url):
                before = self.state()
                result = self.copy('--pivot', status=qblk.REFUSED)
                self.assertIn(f"cannot copy to '{self.url}': this QEMU itself listens there",
                              result.errors)
                self.assertFalse(self.process.qmp.execute('query-status')['running'])  # it answers
                self.assertEqual(self.state(), before)
        self.assert_unchanged()

    def test_a_unix_socket(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.export(type='unix', path=self.socket)
        link = self.socket + '-link'
        os.symlink(self.socket, link)
        server = {'type': 'unix', 'path': self.socket}
        self.check_refused(
            self.url, f'nbd+unix:///x?socket={link}', f'nbd:unix:{self.socket}:exportname=x',
            'json:' + json.dumps({'driver': 'nbd', 'export': 'x', 'server': server}),
            'json:' + json.dumps({'driver': 'nbd', 'export': 'x', 'server.type': 'unix',
                                  'server.path': os.path.relpath(self.socket, self.cwd())}),
            f'nbd+unix:///x?socket={self.process.socket}')

    def cwd(self):
        return os.readlink(f'/proc/{self.process.pid}/cwd')

    def test_over_tcp(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        port = str(free_port())
        self.export(type='inet', host='127.0.0.1', port=port)
        server = {'type': 'inet', 'host': '127.0.0.1', 'port': port}
        self.check_refused(
            f'nbd://127.0.0.1:{port}/x', f'nbd://localhost:{port}/x',
            f'nbd:localhost:{port}:exportname=x',
            'json:' + json.dumps({'driver': 'nbd', 'export': 'x', 'server': server}))

    def test_the_server_of_another_process_is_not_refused(self):
        self.make_image(64 * MIB)
        self.boot(depth=2)
        self.process.qmp.execute('nbd-server-start', {'addr': {'type': 'inet', 'data': {
            'host': '127.0.0.1', 'port': str(free_port())}}})
        self.serve_tcp()
        self.copy('--pivot')
        self.check_content(64 * MIB)


class Silent(TestCase):
    """QEMU waits in its main loop for a server that accepts connections and does not answer."""

    def begin_waiting(self):
        """Returns qblk, once it has warned, and the warning."""
        self.boot(depth=2)
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(self.socket)
        self.listener.listen()
        running = subprocess.Popen(
            qblk.command(('-t', '0.5', 'copy', self.process.socket, 'vda', self.url,
                          '--format', 'raw', '--reuse-external', '--pivot')),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=qblk.environment())
        self.addCleanup(block_jobs.end, running)
        warning = running.stderr.readline().decode()
        self.assertIn("qblk: warning: QEMU has not answered 'blockdev-add': it waits for the "
                      f"server of '{self.url}'", warning)
        return running

    def test_it_is_named_and_the_copy_fails_once_it_ends(self):
        running = self.begin_waiting()
        self.listener.close()
        text = self.finish(running, qblk.JOB_FAILED)
        self.assertNotIn('warning', text)
        self.assertIn('cannot open the file of the copy: QEMU refused', text)
        self.assertIn("the chain of 'vda' is unchanged", text)
        self.assert_unchanged()

    def test_it_is_named_after_an_interrupt(self):
        running = self.begin_waiting()
        running.send_signal(signal.SIGINT)
        text = self.finish(running, qblk.NO_CONNECTION)
        self.assertIn(f"QEMU waits for the server of '{self.url}', which does not answer", text)
        self.assertIn('interrupted', text)
        self.listener.close()
        self.qblk('recover', self.process.socket)
        self.assert_unchanged()


class Interrupted(TestCase):
    def begin_copy(self, *end, size=64 * MIB):
        self.make_image(size)
        self.boot(depth=2, data='4M')
        self.serve('-t')
        self.ends_with_its_client = False
        return self.begin('copy', self.process.socket, 'vda', self.url, '--format', 'raw',
                          '--reuse-external', *end, *block_jobs.SLOW)

    def test_the_server_ends_during_the_job(self):
        running = self.begin_copy('--pivot')
        block_jobs.end(self.server)
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        text = self.finish(running, qblk.JOB_FAILED)
        self.assertIn("the chain of 'vda' is unchanged", text)
        self.assertIn(f"'{self.url}' is incomplete", text)
        self.assert_unchanged()
        self.assert_same_content()

    def test_an_interrupt_rolls_back(self):
        text = self.interrupt(self.begin_copy('--pivot'))
        self.assertIn("the chain of 'vda' is unchanged", text)
        self.assert_unchanged()
        self.qblk('copy', self.process.socket, 'vda', self.url, '--format', 'raw',
                  '--reuse-external', '--finish')
        self.check_content(64 * MIB)

    def test_a_copy_is_resumed_after_a_crash(self):
        for end in ('--pivot', '--finish'):
            with self.subTest(end):
                self.setUp()
                running = self.begin_copy(end, size=96 * MIB)
                running.kill()
                running.communicate()
                job, = self.process.qmp.execute('query-jobs')
                self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
                self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status']
                              == 'ready')
                self.qblk('recover', self.process.socket)
                self.assert_no_jobs()
                self.check_content(96 * MIB)

    def test_the_job_is_ended_later(self):
        self.make_image(96 * MIB)
        self.boot(depth=2)
        self.serve('-t')
        self.ends_with_its_client = False
        self.copy()
        self.qblk('job', self.process.socket, 'vda', '--pivot')
        self.guest_writes('50M')
        self.check_content(96 * MIB)


if __name__ == '__main__':
    live.main()
