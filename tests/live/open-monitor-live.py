# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open one more monitor on a running QEMU, so that a second client does not occupy the manager's.
QEMU 11.1 and later support it; on an older version each test ends after qblk's refusal."""

import json
import os
import shlex
import socket

import brief
import live
import qblk
import qemu
import qmp
import relay

CHANGING = {'chardev-add', 'chardev-remove', 'object-add', 'object-del'}


class TestCase(live.TestCase):
    topology = 'empty-vm'

    def setUp(self):
        super().setUp()
        self.can = qemu.version() >= (11, 1)
        _, self.process = self.start(self.topology, tcp=True)
        self.path = os.path.join(self.directory, 'watch.qmp')
        self.before = self.state()

    def state(self):
        """The objects of QEMU that opening a monitor adds to."""
        chardevs = self.process.qmp.execute('query-chardev')
        # without objects: a storage daemon before 11.1 has no path for them
        objects = self.process.qmp.ask('qom-list', {'path': '/objects'}).get('return', [])
        return (sorted(chardev['label'] for chardev in chardevs),
                sorted(entry['name'] for entry in objects))

    def assert_nothing_left(self):
        self.assertEqual(self.state(), self.before)

    def sent(self, *arguments, **options):
        """The output of qblk, and the names of the commands that it sends to QEMU."""
        path = os.path.join(self.directory, 'relay')
        with relay.Recorder(path, self.process.socket) as recorder:
            result = self.qblk('open-monitor', path, *arguments, **options)
            names = {json.loads(line)['execute'] for line in recorder.sent}
        return result, names

    def open(self, *arguments, **options):
        """Open a monitor, at self.path by default. FALSE if this QEMU does not support it; then
        qblk sent only queries."""
        arguments = arguments or (self.path,)
        if self.can:
            self.qblk('open-monitor', self.process.socket, *arguments, **options)
            return True
        result, names = self.sent(*arguments, status=qblk.REFUSED, **options)
        self.assertIn('QEMU 11.1 can', result.errors)
        self.assertEqual(names & CHANGING, set())
        self.assert_nothing_left()
        self.assertFalse(os.path.lexists(self.path))
        return False

    def refused(self, *arguments, message, status=qblk.REFUSED):
        """qblk refuses to open a monitor with ARGUMENTS, and adds nothing to QEMU."""
        before = self.state()
        result = self.qblk('open-monitor', *arguments, status=status)
        self.assertIn(message, result.errors)
        self.assertEqual(self.state(), before)

    def close(self, path=None, **options):
        self.qblk('open-monitor', self.process.socket, path or self.path, '--close', **options)


class Watching(TestCase):
    topology = 'drive-5-deep'

    def test_a_manager_keeps_its_monitor_while_another_client_uses_the_new_one(self):
        expected = self.qblk('chain', self.process.socket, 'vda').stdout
        if not self.open():
            return
        with qmp.Qmp.connect(self.process.socket) as manager:
            self.qblk('-t', '1', 'list', self.process.socket, status=qblk.NO_CONNECTION)
            self.qblk('list', self.path)
            self.assertEqual(self.qblk('chain', self.path, 'vda').stdout, expected)
            manager.execute('query-version')
            with qmp.Qmp.connect(self.path) as watcher:
                manager.execute('cont')
                watcher.wait_event('RESUME')
                manager.wait_event('RESUME')


class Said(TestCase):
    def test_printed_commands_use_and_close_it(self):
        path = os.path.join(self.directory, "it's")
        if not self.open('--dry-run', self.path):
            return
        result = self.qblk('open-monitor', self.process.socket, self.path)
        first, use, close = result.text.splitlines()
        self.assertEqual(first, f'opened a monitor at {self.path}')
        for line, head in ((use, 'to use it: qblk '), (close, 'to close it: qblk ')):
            self.assertTrue(line.startswith(head), msg=line)
            self.qblk(*shlex.split(line.removeprefix(head)))
        self.assert_nothing_left()
        self.assertFalse(os.path.lexists(self.path))
        vm = self.process.socket
        told = json.loads(self.qblk('--json', 'open-monitor', vm, path).stdout)
        self.assertEqual((told['path'], told['state']), (path, 'open'))
        self.assertIn(told['id'], self.state()[0])
        for command in told['next']:
            program, *arguments = shlex.split(command)
            self.assertEqual(program, 'qblk')
            self.qblk(*arguments)
        self.assert_nothing_left()
        self.open(path)
        told = json.loads(self.qblk('--json', 'open-monitor', vm, path, '--close').stdout)
        self.assertEqual((told['path'], told['state'], told['next']), (path, 'closed', []))

    def test_its_socket_is_removed_with_qemu(self):
        if not self.open():
            return
        self.assertTrue(os.path.exists(self.path))
        self.process.quit()
        self.assertFalse(os.path.lexists(self.path))


@brief.leave_out
class Plans(TestCase):
    def test_a_plan_is_printed_and_nothing_else_happens_before_it_is_run(self):
        if not self.open('--dry-run', self.path):
            return
        result, names = self.sent(self.path, '--dry-run')
        self.assertEqual(names & CHANGING, set())
        self.assert_nothing_left()
        self.assertFalse(os.path.lexists(self.path))
        self.assertTrue(result.text.startswith(f'open a monitor at {self.path}\n'))
        self.open()
        opened = self.state()
        result, names = self.sent(self.path, '--close', '--dry-run')
        self.assertEqual(names & CHANGING, set())
        self.assertEqual(self.state(), opened)
        self.assertTrue(result.text.startswith(f'close the monitor at {self.path}\n'))
        self.close()
        for options, commands in (((), ['chardev-add', 'object-add', None]),
                                  (('--close',), ['object-del', 'chardev-remove'])):
            call = ('--json', 'open-monitor', self.process.socket, self.path, *options)
            plan = json.loads(self.qblk(*call, '--dry-run').stdout)
            self.assertEqual((plan['state'], plan['next']), ('planned', []))
            self.assertEqual([step['execute'] for step in plan['steps']], commands)
            self.assertEqual(json.loads(self.qblk(*call).stdout)['steps'], plan['steps'])
        self.assert_nothing_left()


@brief.leave_out
class Paths(TestCase):
    def test_an_existing_file_is_not_replaced(self):
        if not self.open('--dry-run', self.path):
            return
        vm = self.process.socket
        with open(self.path, 'wb') as file:
            file.write(b'dear')
        link = os.path.join(self.directory, 'link')
        os.symlink('nowhere', link)
        with socket.socket(socket.AF_UNIX) as server:
            other = os.path.join(self.directory, 'other')
            server.bind(other)
            for path in (self.path, link, other, self.directory):
                self.refused(vm, path, message=f"'{path}' already exists")
        with open(self.path, 'rb') as file:
            self.assertEqual(file.read(), b'dear')
        self.assertEqual(os.readlink(link), 'nowhere')
        self.assertTrue(os.path.exists(other))

    def test_a_relative_path_is_relative_to_the_directory_of_qblk(self):
        here = os.path.join(self.directory, 'here')
        os.mkdir(here)
        os.symlink('here', os.path.join(self.directory, 'there'))
        if not self.open('watch', cwd=here):
            return
        self.qblk('list', os.path.join(here, 'watch'))
        self.close(os.path.join(self.directory, 'there', '..', 'there', 'watch'))
        self.assert_nothing_left()

    def test_an_address_that_cannot_be_opened(self):
        message = 'on the machine of' if self.can else 'QEMU 11.1 can'
        self.refused(f'tcp:{self.process.tcp}', self.path, message=message)
        if not self.open('--dry-run', self.path):
            return
        for path, message in (('/' + 'x' * 107, '108 bytes'), (os.fsdecode(b'/tmp/\xff'), 'UTF-8')):
            self.refused(self.process.socket, path, message=message, status=qblk.USAGE)
        absent = os.path.join(self.directory, 'none', 'watch')
        for path in ('/proc/watch', absent):
            self.refused(self.process.socket, path, message='cannot listen', status=qblk.FAILED)


class Others(TestCase):
    def test_an_object_that_is_refused_leaves_no_socket(self):
        plan = ('--json', 'open-monitor', self.process.socket, self.path, '--dry-run')
        if not self.open('--dry-run', self.path):
            return
        name = json.loads(self.qblk(*plan).stdout)['id']
        self.process.qmp.execute('object-add',
                                 {'qom-type': 'secret', 'id': name, 'data': 'x'})
        self.refused(self.process.socket, self.path, message='cannot start the QMP server',
                     status=qblk.FAILED)
        self.assertFalse(os.path.lexists(self.path))

    def test_a_monitor_of_another_program_is_not_closed(self):
        address = {'type': 'unix', 'data': {'path': self.path}}
        self.process.qmp.execute('chardev-add', {'id': 'mine', 'backend': {
            'type': 'socket', 'data': {'addr': address, 'server': True, 'wait': False}}})
        for path in (self.path, self.process.socket):
            self.refused(self.process.socket, path, '--close', status=qblk.NOT_FOUND,
                         message='has no monitor')
        self.assertTrue(os.path.exists(self.path))

    def test_it_is_opened_once_and_closed_through_another_monitor(self):
        if not self.open():
            return
        self.refused(self.process.socket, self.path, message='already open in this VM: use --close')
        self.refused(self.path, self.path, '--close', status=qblk.FAILED,
                     message='current QMP monitor')
        with qmp.Qmp.connect(self.path) as watcher:
            watcher.execute('query-version')
            self.close()
            self.assert_nothing_left()
            with self.assertRaises(ConnectionError):
                watcher.execute('query-version')

    def test_a_guest_of_libvirt_needs_force_managed(self):
        # the id of the chardev of libvirt's own monitor, see libvirt-guest-live.py
        self.process.qmp.execute('chardev-add', {'id': 'charmonitor', 'backend': {
            'type': 'null', 'data': {}}})
        message = '--force-managed' if self.can else 'QEMU 11.1 can'
        self.refused(self.process.socket, self.path, message=message)
        self.before = self.state()
        if self.can:
            printed = self.qblk('open-monitor', self.process.socket, self.path, '--dry-run')
            self.assertIn('without --dry-run, use --force-managed', printed.errors)
            self.assertEqual(self.state(), self.before)
        if self.open(self.path, '--force-managed'):
            self.qblk('list', self.path)


class Daemon(TestCase):
    topology = 'storage-daemon'

    def test_a_storage_daemon_supports_it(self):
        if not self.open():
            return
        self.assertEqual(self.resolve(self.path, 'vda[1]'), 'disk-1')
        self.close()
        self.assert_nothing_left()


if __name__ == '__main__':
    live.main()
