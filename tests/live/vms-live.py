# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk vms`, and a VM that is given by its name."""

import json
import os
import signal
import socket
import subprocess
import uuid

import images
import live
import qblk
import qemu


class Vms(live.TestCase):
    def guest(self, *arguments, **options):
        """A guest with a disk of two layers, whose socket QEMU has created."""
        home = self.enterContext(qemu.directory())
        top, base = (os.path.join(home, name) for name in ('top.qcow2', 'base.qcow2'))
        images.create(base, '1M')
        images.create(top, backing=base)
        process = qemu.Process(home, ['-drive', f'file={top},if=none,id=d,node-name=top',
                                      '-device', 'virtio-blk-pci,drive=d', *arguments],
                               own_socket=True, **options)
        return self.enterContext(process)

    def named(self, **options):
        """A guest with a name that no other VM of this machine has: (name, process)."""
        name = f'web-{uuid.uuid4().hex[:12]}'
        return name, self.guest('-name', f'guest={name},debug-threads=on', **options)

    def listed(self, process, *options):
        """What `qblk --json vms` lists for the PROCESS, which is one VM."""
        found = self.qblk('--json', 'vms', process.pid, *options)
        vm, = json.loads(found.stdout)['vms']
        return vm

    def states(self, process):
        return {monitor['text']: monitor['state'] for monitor in self.listed(process)['monitors']}

    def connect(self, path):
        """A client that has received the greeting."""
        client = self.enterContext(socket.socket(socket.AF_UNIX))
        client.settimeout(qblk.TIMEOUT)
        client.connect(path)
        self.assertIn(b'QMP', client.recv(65536))
        return client

    def test_another_socket_of_a_vm_is_no_monitor_and_the_monitor_is_named(self):
        sockets = {name: f'unix:{name}.sock,server=on,wait=off' for name in ('hmp', 'serial')}
        process = self.guest('-monitor', sockets['hmp'], '-serial', sockets['serial'],
                             '-device', 'virtio-serial-pci', '-device',
                             'virtserialport,chardev=agent,name=org.qemu.guest_agent.0',
                             '-chardev', 'socket,id=agent,path=agent.sock,server=on,wait=off',
                             '-vnc', 'unix:vnc.sock')
        for name in ('hmp', 'vnc', 'serial', 'agent'):
            peer = os.path.join(process.home, f'{name}.sock')
            what = 'a monitor for people (HMP)' if name == 'hmp' else 'another socket'
            with self.subTest(name):
                result = qblk.run('--timeout', 0.5 if name in ('serial', 'agent') else 30, 'list',
                                  peer)
                self.assertEqual(result.status, qblk.FAILED, msg=str(result))
                self.assertIn(f'{peer}: not a QMP monitor, but {what} of the VM', result.errors)
                self.assertIn(f"(pid {process.pid}): its QMP monitor is '{process.socket}'\n",
                              result.errors)

    def test_a_vm_is_listed_with_its_monitors(self):
        name, number = f'a,b {uuid.uuid4()}', str(uuid.uuid4())
        more = ['-run-with', 'async-teardown=on'] if qemu.version() >= (8, 1) else []
        process = self.guest('-name', name.replace(',', ',,'), '-uuid', number, '-monitor',
                             'unix:hmp.sock,server=on,wait=off', *more, tcp=True)
        vms = json.loads(self.qblk('--json', 'vms').stdout)['vms']
        vm, = (vm for vm in vms if vm['name'] == name)
        control, hmp = (os.path.join(process.home, each) for each in ('control.sock', 'hmp.sock'))
        self.assertEqual((vm['pid'], vm['uuid'], vm['uid'], vm['disks'], vm['complete']),
                         (process.pid, number, os.getuid(), 1, True))
        self.assertEqual({(each['protocol'], each['address'], each['state'])
                          for each in vm['monitors']},
                         {('qmp', process.socket, 'free'), ('qmp', control, 'busy'),
                          ('qmp', f'tcp:{process.tcp}', 'free'), ('hmp', hmp, 'free')})

    def test_a_client_makes_a_monitor_busy(self):
        _, process = self.named(tcp=True)
        self.connect(process.socket)
        host, port = process.tcp.split(':')
        client = self.enterContext(socket.create_connection((host, int(port)), qblk.TIMEOUT))
        self.assertIn(b'QMP', client.recv(65536))
        states = self.states(process)
        self.assertEqual(states[process.socket], 'busy')
        self.assertEqual(states[f'tcp:{process.tcp}'], 'busy')

    def test_a_client_that_waits_makes_a_monitor_busy(self):
        _, process = self.named()
        first = self.connect(process.socket)
        waiting = self.enterContext(socket.socket(socket.AF_UNIX))
        waiting.connect(process.socket)
        first.close()
        waiting.settimeout(qblk.TIMEOUT)
        self.assertEqual(self.states(process)[process.socket], 'busy')
        self.assertIn(b'QMP', waiting.recv(65536))

    def test_a_probe_asks_free_monitors_for_the_version(self):
        name, process = self.named()
        self.assertIsNone(self.listed(process)['version'])
        version = process.qmp.execute('query-version')['qemu']
        expected = '.'.join(str(version[part]) for part in ('major', 'minor', 'micro'))
        self.assertEqual(self.listed(process, '--probe')['version'], expected)
        identity = process.qmp.execute('query-uuid')['UUID']
        _, row, _ = self.qblk('vms', name, '--probe').text.splitlines()
        self.assertEqual(row.split(), [name, identity, str(process.pid), expected, '-', '1',
                                       process.socket, 'free'])

    def test_a_vm_is_given_by_name_uuid_and_pid(self):
        name, process = self.named()
        number = process.qmp.execute('query-uuid')['UUID']
        for vm in (name, number, number.upper(), process.pid):
            self.assertEqual(self.resolve(vm, 'vda'), 'top')
        text = self.qblk('commit', name, 'vda', '--keep-overlay', '--dry-run').text
        self.assertEqual(text, self.qblk('commit', process.socket, 'vda', '--keep-overlay',
                                         '--dry-run').text)

    def test_two_vms_of_one_name_are_refused(self):
        name, one = self.named()
        two = self.guest('-name', name)
        errors = self.qblk('list', name, status=qblk.USAGE).errors
        for process in (one, two):
            self.assertIn(f"pid {process.pid} at '{process.socket}'", errors)
            self.assertEqual(self.resolve(process.pid, 'vda'), 'top')

    def test_a_vm_whose_monitors_are_in_use_is_refused(self):
        name, process = self.named()
        self.connect(process.socket)
        errors = self.qblk('list', name, status=qblk.NO_CONNECTION).errors
        self.assertIn(f"'{process.socket}'", errors)
        self.assertIn('control.sock', errors)

    def test_a_vm_whose_client_has_just_ended_is_not_refused(self):
        """QEMU, which is stopped here, has not noticed that its client has ended."""
        name, process = self.named()
        client = self.connect(process.socket)
        os.kill(process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, process.pid, signal.SIGCONT)
        os.waitpid(process.pid, os.WUNTRACED)
        client.close()
        self.assertEqual(self.states(process)[process.socket], 'busy')

        with subprocess.Popen(qblk.command(['resolve', name, 'vda']), stdout=subprocess.PIPE,
                              text=True) as running:
            with self.assertRaises(subprocess.TimeoutExpired, msg='it has not waited'):
                running.wait(0.2)
            os.kill(process.pid, signal.SIGCONT)
            self.assertEqual(running.communicate(timeout=qblk.TIMEOUT), ('top\n', None))

    def test_the_name_of_a_socket_is_its_path(self):
        name, process = self.named()
        self.assertEqual(self.qblk('list', 'qmp.sock', cwd=process.home).text,
                         self.qblk('list', process.socket).text)
        os.link(process.socket, os.path.join(process.home, name))
        errors = self.qblk('list', name, cwd=process.home, status=qblk.USAGE).errors
        self.assertIn(f"the pid {process.pid} or './{name}'", errors)
        self.qblk('list', f'./{name}', cwd=process.home)
        self.qblk('list', process.pid, cwd=process.home)

    def test_the_environment_has_a_default(self):
        name, process = self.named(tcp=True)
        whole = self.qblk('chain', process.socket).text
        disk = self.qblk('chain', process.socket, 'vda').text
        self.assertIn(process.home, self.qblk('chain', variables={'QMP_SOCKET': process.tcp}).text)
        for default in (process.socket, name):
            variables = {'QMP_SOCKET': default}
            self.assertEqual(self.qblk('chain', variables=variables).text, whole)
            self.assertEqual(self.qblk('chain', 'vda', variables=variables).text, disk)
            self.assertEqual(self.qblk('resolve', 'vda[1]', variables=variables).text,
                             self.qblk('resolve', name, 'vda[1]').text)
            self.assertEqual(self.qblk('list', variables=variables).text,
                             self.qblk('list', name).text)
        # another VM is one all the same
        variables = {'QMP_SOCKET': './nothing.sock'}
        self.assertEqual(self.qblk('chain', name, variables=variables).text, whole)
        self.assertEqual(self.qblk('chain', process.socket, 'vda', variables=variables).text, disk)
        self.assertIn(name, self.qblk('vms', variables=variables).text)
        self.qblk('list', variables=variables, status=qblk.NO_CONNECTION)
        # without it, `list` has no VM
        self.assertIn(name, self.qblk('list').text)

    def test_a_name_cannot_control_the_terminal(self):
        name = f'\x1b[31m{uuid.uuid4()}\n\u202e'
        process = self.guest('-name', name)
        self.assertEqual(self.listed(process)['name'], name)
        row, _ = (line for line in self.qblk('vms').text.splitlines()
                  if process.home in line)
        self.assertTrue(row.startswith('\\x1b[31m'), msg=row)
        self.assertIn('\\n\\u202e', row)
        self.assertEqual(self.resolve(name, 'vda'), 'top')


if __name__ == '__main__':
    live.main()
