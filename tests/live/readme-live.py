# SPDX-License-Identifier: LGPL-2.1-or-later
"""The backup of the README: its lines run as they are printed there, each night."""

import os
import re
import shlex
import shutil
import subprocess

import block_jobs
import images
import live
import qblk
import qemu
from topologies.options import drive, virtio

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START = 'vm=/run/vm1.qmp'


def shown_in_readme():
    """The block of the README that starts with START."""
    with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
        block, = [block for block in re.findall(r'^```\n(.*?)^```$', file.read(), re.M | re.S)
                  if block.startswith(START)]
    return block


class Backup(block_jobs.TestCase):
    own_socket = True  # for --delete

    def setUp(self):
        super().setUp()
        self.programs = os.path.join(self.directory, 'bin')
        os.mkdir(self.programs)
        for name, command in (('qblk', qblk.command(())), ('qemu-nbd', qemu.program('qemu-nbd')),
                              ('qemu-img', qemu.program('qemu-img'))):
            first = shutil.which(command[0])  # and not this program again
            self.add_program(name, f'exec {shlex.join([first, *command[1:]])} "$@"')

    def add_program(self, name, script):
        path = os.path.join(self.programs, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\n{script}\n')
        os.chmod(path, 0o755)

    def lines(self):
        text = shown_in_readme()
        for shown, ours in (('/run/vm1.qmp', self.process.socket), ('--keep 7', '--keep 2'),
                            ('/run/backup.sock', os.path.join(self.directory, 'nbd.sock')),
                            ('/backup/', f'{self.directory}/backup-')):
            self.assertIn(shown, text)
            text = text.replace(shown, ours)
        return text

    def run_night(self, day):
        self.add_program('date', f'[ "$1" = +%F ] && echo 2031-01-0{day}')
        environment = {**qblk.environment(),
                       'PATH': f'{self.programs}:{os.environ["PATH"]}'}
        done = subprocess.run(['bash', '-c', self.lines()], env=environment, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=qblk.TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, ''), msg=done.stdout)
        return done.stdout

    def assert_same_backup(self, data, backup):
        done = subprocess.run(qemu.program('qemu-img') + ['compare', '-f', 'raw', '-F', 'qcow2',
                                                          data, backup],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def test_five_nights(self):
        base = images.create(os.path.join(self.directory, 'disk.qcow2'))
        images.write(base, pattern=1, length='4M')
        self.files = [base]
        self.remember()
        self.run_qemu(drive(base, id='drive0') + virtio('drive0', id='vda'))
        overlays = []  # newest first
        for day in range(1, 6):
            printed = self.run_night(day)
            backup = os.path.join(self.directory, f'backup-vda-2031-01-0{day}.qcow2')
            self.assert_same_backup(self.reference, backup)
            overlays.insert(0, os.path.join(self.directory, f'disk.2031-01-0{day}'))
            self.assertIn(f'deleted: {overlays[2]}\n' if day > 2 else 'nothing to do: ', printed)
            self.assertEqual([path for path in overlays if os.path.exists(path)], overlays[:2])
            self.assert_files(*overlays[:2], base)
            self.guest_writes(f'{day}M', '2M', 0x40 + day)
        self.assert_no_jobs()
        self.assert_same_content(overlays[0])


if __name__ == '__main__':
    live.main()
