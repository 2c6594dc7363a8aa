# SPDX-License-Identifier: LGPL-2.1-or-later
"""The helpers of the live tests, without qblk."""

import contextlib
import io
import os
import shlex
import signal
import socket
import subprocess
import sys
import unittest.mock

import capture
import images
import live
import qemu
import qmp
import relay
import rng


class Topologies(live.TestCase):
    def test_a_capture_contains_the_devices(self):
        _, process = self.start('many-buses')
        with qmp.Qmp.connect(process.socket) as client:
            replies = capture.record(client)['replies']
        kinds = {reply.get('return') for reply in replies
                 if reply.get('arguments', {}).get('property') == 'type'}
        self.assertLessEqual({'virtio-blk-pci', 'pci-bridge', 'scsi-hd', 'ich9-ahci', 'isa-fdc',
                              'usb-storage', 'nvme-ns', 'nvme'}, kinds)


# Its name sorts before that of test_b, so that it runs first.
TERMINATED = '''
import os, signal, live, qemu
class Terminated(live.TestCase):
    def test_a(self):
        process = self.enterContext(qemu.Process(self.directory, []))
        print(process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
    def test_b(self):
        print('went on')
live.main()
'''


class Processes(live.TestCase):
    def test_qemu_and_all_tests_end_at_sigterm(self):
        done = subprocess.run([sys.executable, '-c', TERMINATED], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 1, msg=done.stderr)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(done.stdout), 0)  # the test prints nothing else

    def test_qemu_ends_with_its_block(self):
        with qemu.Process(self.directory, []) as process:
            pid = process.pid
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_an_error_at_the_start_of_qemu_is_in_the_exception(self):
        with self.assertRaisesRegex(RuntimeError, 'no-such-device'):
            with qemu.Process(self.directory, ['-device', 'no-such-device']):
                pass

    def test_an_unexpected_death_fails_the_test(self):
        with self.assertRaisesRegex(RuntimeError, 'died with -11'):
            with qemu.Process(self.directory, []) as process:
                os.kill(process.pid, signal.SIGSEGV)
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    def test_a_killed_qemu_is_not_a_failure(self):
        with qemu.Process(self.directory, []) as process:
            process.kill()

    def test_a_death_during_another_failure_is_printed(self):
        errors = io.StringIO()
        with self.assertRaises(ConnectionError), contextlib.redirect_stderr(errors):
            with qemu.Process(self.directory, []) as process:
                os.kill(process.pid, signal.SIGSEGV)
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                process.qmp.execute('query-version')
        self.assertIn('died with -11', errors.getvalue())

    def test_the_program_may_be_a_command_with_arguments(self):
        wrapped = shlex.join(['env', 'WRAPPED=1', *qemu.program('qemu-system-x86_64')])
        with unittest.mock.patch.dict(os.environ, QBLK_QEMU_SYSTEM=wrapped):
            with qemu.Process(self.directory, []) as process:
                process.qmp.execute('query-version')

    def test_an_empty_variable_means_that_the_tool_does_not_exist(self):
        with unittest.mock.patch.dict(os.environ, QBLK_QEMU_STORAGE_DAEMON=''):
            with self.assertRaises(qemu.Unavailable):
                qemu.program('qemu-storage-daemon')

    def test_the_third_monitor_is_reached_over_tcp(self):
        with qemu.Process(self.directory, [], tcp=True) as process:
            host, port = process.tcp.split(':')
            client = qmp.Qmp(socket.create_connection((host, int(port))))
            self.assertIn('QMP', client.greeting)
            client.close()

    def test_a_failing_tool_reports_its_error(self):
        with self.assertRaisesRegex(RuntimeError, 'no-such-format'):
            images.create(os.path.join(self.directory, 'image'), fmt='no-such-format')


class Client(live.TestCase):
    def test_a_second_client_receives_nothing(self):
        with qemu.Process(self.directory, []) as process:
            with qmp.Qmp.connect(process.socket):
                with self.assertRaises(TimeoutError):
                    qmp.Qmp.connect(process.socket, timeout=0.5)

    def test_a_refusal_is_an_error_with_its_class(self):
        with qemu.Process(self.directory, []) as process:
            with self.assertRaises(qmp.QmpError) as caught:
                process.qmp.execute('no-such-command')
        self.assertEqual(caught.exception.error['class'], 'CommandNotFound')

    def test_events_are_kept_until_waited_for_and_selected_by_their_data(self):
        _, process = self.start('commit-ready')
        process.qmp.execute('job-complete', {'id': 'commit0'})
        process.qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'commit0', 'status': 'concluded'})
        process.qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'commit0', 'status': 'waiting'})

    def test_a_missing_event_ends_with_the_timeout(self):
        with qemu.Process(self.directory, []) as process:
            with self.assertRaises(TimeoutError):
                process.qmp.wait_event('STOP', timeout=0.2)


class Relays(live.TestCase):
    def test_qemu_can_be_killed_at_a_chosen_reply(self):
        path = os.path.join(self.directory, 'relay.sock')
        with qemu.Process(self.directory, []) as process:
            # the greeting, qmp_capabilities and one query pass
            with relay.Relay(path, process.socket, 3, process.kill):
                with qmp.Qmp.connect(path) as client:
                    client.execute('query-version')
                    with self.assertRaises(ConnectionError):
                        client.execute('query-version')
                self.assertFalse(process.running)

    def test_a_relay_without_clients_ends(self):
        with relay.Relay(os.path.join(self.directory, 'relay.sock'), '/nowhere', 1, lambda: None):
            pass


@unittest.skipUnless(rng.available(), 'no libvirt schema or no xmllint')
class Schema(live.TestCase):
    DISK = (b"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
            b"<source file='/a&amp;b' index='%d'/><backingStore/>"
            b"<target dev='vda' bus='virtio'/></disk>")

    def test_only_invalid_documents_are_reported(self):
        wrong = rng.check({'disk': self.DISK % 3, 'zero': self.DISK % 0,
                           'devices': b'<devices>' + self.DISK % 1 + b'</devices>',
                           'broken': b'<disk'})
        self.assertEqual(set(wrong), {'zero', 'broken'})
        self.assertIn('Relax-NG validity error', wrong['zero'])

    def test_an_empty_list_is_valid(self):
        self.assertEqual(rng.check({}), {})


if __name__ == '__main__':
    live.main()
