# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-qemu-qmp-proxy of libvirt, which makes a QMP socket for a guest that has no second monitor.
It takes one command at a time."""

import contextlib
import json
import os
import subprocess

import images
import libvirt
import live
import qblk
import qemu
from libvirt import disk

DAEMON = libvirt.Daemon()
PROGRAM = '/usr/bin/virt-qemu-qmp-proxy'

# Runs the program, and prints a line when its socket exists.
_RUN = '''
import runpy, socket, sys
class Socket(socket.socket):
    def listen(self, *arguments):
        super().listen(*arguments)
        print('listening', flush=True)
socket.socket = Socket
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
'''


@contextlib.contextmanager
def proxy(path):
    """The proxy of the guest, which listens at PATH."""
    if not os.path.exists(PROGRAM):
        raise qemu.Missing(f'no {PROGRAM}')
    uri, environment = DAEMON.uri()
    process = subprocess.Popen(
        ['/usr/bin/python3', '-I', '-c', _RUN, PROGRAM, '--connect', uri, libvirt.NAME, path],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            if process.stdout.readline() != 'listening\n':
                raise AssertionError(f'{PROGRAM} did not start')
            yield
        finally:
            process.kill()


class Proxy(live.TestCase):
    def setUp(self):
        super().setUp()
        self.files = images.chain(self.directory, 'disk', 4)
        self.guest = self.enterContext(DAEMON.guest(self.directory, disk('vda', self.files[0])))
        self.socket = os.path.join(self.directory, 'proxy.sock')
        self.enterContext(proxy(self.socket))

    def test_reading_commands_print_what_they_print_at_a_monitor_of_qemu(self):
        for command in ('list', 'xml', 'graph', 'jobs'):
            with self.subTest(command):
                self.assertEqual(self.qblk(command, self.socket).stdout,
                                 self.qblk(command, self.guest.socket).stdout)

    def test_the_files_of_qemu_are_not_known(self):
        lines = self.qblk('chain', self.socket).text.splitlines()
        self.assertEqual(lines[:-1], self.qblk('chain', self.guest.socket).text.splitlines())
        self.assertIn('the files that QEMU has open are not known', lines[-1])

    def test_a_job_runs_to_its_end(self):
        refusal = self.qblk('commit', self.socket, 'vda', '--top', self.files[1],
                            status=qblk.REFUSED)
        self.assertIn('belongs to a guest of libvirt', refusal.errors)
        commit = ('commit', self.socket, 'vda', '--top', self.files[1], '--base', self.files[2],
                  '--force-managed')
        self.qblk(*commit, '--delete', status=qblk.REFUSED)
        self.qblk(*commit)
        chains = json.loads(self.qblk('--json', 'chain', self.guest.socket).stdout)['chains']
        self.assertEqual([layer['file'] for layer in chains[0]['layers']],
                         [self.files[0], *self.files[2:]])

    def test_events_are_followed(self):
        self.qblk('list', self.socket)
        # the proxy sends events of this job to its next client
        self.guest.virsh('blockcommit', 'vda', '--top', self.files[2], '--wait')
        with subprocess.Popen(qblk.command(['watch', self.socket]), env=qblk.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True) as watch:
            try:
                self.assertIn('connected', watch.stdout.readline())
                self.guest.virsh('blockcommit', 'vda', '--top', self.files[1], '--wait')
                line = next(line for line in watch.stdout if 'job' in line)
                self.assertIn("job 'commit-vda-libvirt-2-format'", line)
            finally:
                watch.kill()

    def test_a_bridge_refuses_it(self):
        result = self.qblk('bridge', self.socket, '--stdio', status=qblk.FAILED)
        self.assertIn('takes one command at a time', result.errors)


if __name__ == '__main__':
    live.main(DAEMON)
