#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of the manual page that change a VM are one session, and each of them succeeds."""

import os
import re
import select
import signal

import document
import live

GUEST = '''qemu-img create -q -f qcow2 disk.qcow2 64M
qemu-img create -q -f qcow2 data.qcow2 64M
qemu-io -c 'write -q -P 7 0 1M' disk.qcow2
qemu-system-x86_64 -S -display none -nodefaults -daemonize -pidfile vm.pid \
    -qmp unix:vm.qmp,server=on,wait=off \
    -drive if=none,id=vda,file=$PWD/disk.qcow2 -device virtio-blk-pci,drive=vda \
    -drive if=none,id=vdb,file=$PWD/data.qcow2 -device virtio-blk-pci,drive=vdb'''
CHANGING = ('snapshot', 'commit', 'pull', 'rebase', 'copy', 'job', 'mend', 'recover', 'bridge')


def examples():
    """The commands, without the escapes of the page."""
    page = document.read('docs/qblk.1')
    part = re.search(r'^\.Ss Changing a VM\n(.*?)^\.S', page, re.M | re.S)[1]
    for block in re.findall(r'^\.Bd [^\n]*\n(.*?)^\.Ed', part, re.M | re.S):
        for command, shown in document.split_commands(block.replace(r'\e', '\\')):
            assert shown == '', shown
            yield command


class Manual(live.TestCase):
    def end_qemu(self):
        path = os.path.join(self.directory, 'vm.pid')
        if os.path.exists(path):
            with open(path, encoding='ascii') as file:
                qemu = os.pidfd_open(int(file.read()))
            signal.pidfd_send_signal(qemu, signal.SIGKILL)
            select.select([qemu], [], [])
            os.close(qemu)
            os.remove(path)

    def test_each_example_succeeds(self):
        shell = document.Shell(self, self.directory)
        for line in GUEST.split('\n'):
            self.assertEqual(shell.run(line, 0), '')
        self.addCleanup(self.end_qemu)
        seen = set()
        for command in examples():
            if ' "image:' in command:
                self.end_qemu()  # the crash that the page has before it
            output = shell.run(command, 3)
            self.assertEqual(shell.run('echo $?', 1), '0\n', msg=f'{command}\n{output}')
            seen |= set(re.findall(r'\bqblk ([\w-]+)', command))
        self.assertEqual(set(CHANGING) - seen, set())


if __name__ == '__main__':
    live.main()
