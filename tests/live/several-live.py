# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several VMs: all are read at once, and printed in order with each failure in its place."""

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

TIMEOUT = 1.0  # seconds, of qblk


class Several(live.TestCase):
    def guest(self, number, *arguments):
        """A guest with a disk that has the node NUMBER."""
        home = self.enterContext(qemu.directory())
        path = os.path.join(home, 'disk.qcow2')
        images.create(path, '1M')
        return self.enterContext(qemu.Process(home, [
            '-drive', f'file={path},if=none,id=d,node-name=top{number}',
            '-device', 'virtio-blk-pci,drive=d', *arguments]))

    def dead(self):
        """A socket on which no process listens any longer."""
        path = os.path.join(self.directory, 'dead.sock')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
        return path

    def busy(self, number):
        """The monitor of a guest that another client holds."""
        process = self.guest(number)
        client = self.enterContext(socket.socket(socket.AF_UNIX))
        client.settimeout(qblk.TIMEOUT)
        client.connect(process.socket)
        self.assertIn(b'QMP', client.recv(65536))
        return process.socket

    def test_all_are_read_in_order_with_each_failure_in_its_place(self):
        first, second, third = (self.guest(number).socket for number in range(3))
        dead, busy = self.dead(), self.busy(3)
        result = qblk.run('-t', TIMEOUT, 'list', first, busy, second, dead, third)
        alone = {vm: self.qblk('list', vm).text for vm in (first, second, third)}
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assertEqual(result.text, '\n'.join(
            f'{vm}:\n{alone.get(vm, "")}' for vm in (first, busy, second, dead, third)))
        of_busy, of_dead = result.errors.splitlines()
        self.assertTrue(of_busy.startswith(f'qblk: {busy}: no greeting from '), msg=str(result))
        self.assertTrue(of_dead.startswith(f'qblk: {dead}: cannot connect to '), msg=str(result))

        result = qblk.run('-t', TIMEOUT, '--json', 'list', first, busy, dead, third)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        array = json.loads(result.stdout)
        self.assertEqual([vm['vm'] for vm in array], [first, busy, dead, third])
        self.assertEqual([vm.get('error', {}).get('exit-code') for vm in array],
                         [None, qblk.NO_CONNECTION, qblk.NO_CONNECTION, None])
        for vm in array[0], array[3]:
            path = vm.pop('vm')
            self.assertEqual(vm, json.loads(self.qblk('--json', 'list', path).stdout))

    def test_silent_ones_take_the_time_limit_once(self):
        vms = [self.busy(0), self.guest(1).socket, self.busy(2)]
        timeout = 2 * TIMEOUT
        result, usage = qblk.measure('-t', timeout, 'list', *vms)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assertEqual(result.errors.count('no greeting'), 2, msg=str(result))
        self.assertIn('top1', result.text)
        self.assertGreaterEqual(usage.seconds, timeout)
        self.assertLess(usage.seconds, 2 * timeout)

    def test_each_command_reads_several(self):
        vms = [self.guest(number).socket for number in range(2)]
        listed = [word for vm in vms for word in ('--vm', vm)]
        for command, *end in (('chain', 'vda'), ('xml', 'vda'), ('graph',), ('jobs',), ('check',)):
            with self.subTest(command):
                heading, between = ('<!-- {} -->\n', '') if command == 'xml' else ('{}:\n', '\n')
                expected = between.join(heading.format(vm) + self.qblk(command, vm, *end).text
                                        for vm in vms)
                self.assertEqual(self.qblk(command, *vms, *end).text, expected)
                self.assertEqual(self.qblk(command, *listed, *end).text, expected)
        self.assertEqual(self.qblk('resolve', *listed, 'vda').text,
                         f'{vms[0]}: top0\n{vms[1]}: top1\n')

    def test_captures_are_an_array_or_a_file_for_each(self):
        vms = [self.guest(number, '-name', 'web/1').socket for number in range(2)]
        dead = self.dead()
        result = qblk.run('capture', vms[0], dead, vms[1])
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        array = json.loads(result.stdout)
        self.assertEqual([capture['vm'] for capture in array], [vms[0], dead, vms[1]])
        self.assertEqual(array[1]['error']['exit-code'], qblk.NO_CONNECTION)
        refused = qblk.run('list', 'capture:-', stdin=result.stdout)
        self.assertIn("'jq .[0]'", refused.errors)
        one = json.dumps(array[2]).encode()
        self.assertIn('top1', self.qblk('list', 'capture:-', stdin=one).text)

        directory = os.path.join(self.directory, 'captures')
        os.mkdir(directory)
        paths = [os.path.join(directory, name) for name in ('web_1.json', 'web_1-2.json')]
        command = ('capture', '--directory', directory, vms[0], dead, vms[1])
        result = qblk.run(*command)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assertEqual(result.text.splitlines(), paths)
        self.assertEqual(sorted(os.listdir(directory)), sorted(map(os.path.basename, paths)))
        for number, path in enumerate(paths):
            self.assertIn(f'top{number}', self.qblk('list', f'capture:{path}').text)

        with open(paths[0], 'w', encoding='ascii') as file:
            file.write('mine')
        result = qblk.run(*command)
        self.assertEqual((result.status, result.text), (qblk.FAILED, ''), msg=str(result))
        with open(paths[0], encoding='ascii') as file:
            self.assertEqual(file.read(), 'mine')
        self.assertEqual(qblk.run(*command, '--force').text.splitlines(), paths)
        self.assertIn('top0', self.qblk('list', f'capture:{paths[0]}').text)

    def test_vms_are_given_by_name_and_in_a_file(self):
        names = [f'web-{uuid.uuid4().hex[:12]}' for _ in range(2)]
        pids = [self.guest(number, '-name', name).pid for number, name in enumerate(names)]
        by_name = self.qblk('resolve', '--vm', names[0], '--vm', pids[1], 'vda').text
        self.assertEqual(by_name, f'{names[0]}: top0\n{pids[1]}: top1\n')
        lines = f'# all of them\n{names[1]}\n\n{names[0]}\n'.encode()
        by_file = self.qblk('resolve', '--vms', '-', 'vda', stdin=lines).text
        self.assertEqual(by_file, f'{names[1]}: top1\n{names[0]}: top0\n')

    def is_received(self, line, vm):
        """If a line of the log, as text or JSON, is a message of this VM."""
        self.assertNotEqual(line, '')
        if not line.startswith('{'):
            return line.startswith(f'qblk: {vm}: <-')
        message = json.loads(line)
        return message['vm'] == vm and not message['log']['sent']

    def test_the_log_names_the_vm_of_each_message(self):
        vms = [self.guest(number).socket for number in range(2)]
        for line in self.qblk('-v', 'list', *vms).errors.splitlines():
            self.assertTrue(line.startswith(tuple(f'qblk: {vm}: {arrow} {{' for vm in vms
                                                  for arrow in ('<-', '->'))), msg=line)

    def test_what_was_printed_before_an_interrupt_is_complete(self):
        vms = [self.guest(0).socket, self.busy(1)]
        alone = self.qblk('-v', 'list', vms[0])
        expected = f'{vms[0]}:\n{alone.text}'.encode()
        for more, printed in ((['--json'], b''), ([], expected)):
            with self.subTest(more), subprocess.Popen(
                    qblk.command(['-v', '-t', qblk.TIMEOUT, *more, 'list', *vms]),
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    env=qblk.environment()) as process:
                replies = alone.stderr.count(b'<-')
                while replies:
                    replies -= self.is_received(process.stderr.readline().decode(), vms[0])
                self.assertEqual(process.stdout.read(len(printed)), printed)
                process.send_signal(signal.SIGINT)
                rest, _ = process.communicate(timeout=qblk.TIMEOUT)
                self.assertEqual((process.returncode, rest), (-signal.SIGINT, b''))


if __name__ == '__main__':
    live.main()
