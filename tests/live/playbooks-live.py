#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The playbooks of contrib/ansible are valid, and nightly.yml keeps the chains of a VM short."""

import json
import os
import shutil
import subprocess

import live
import qblk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLAYBOOKS = os.path.join(ROOT, 'contrib', 'ansible')


class Playbooks(live.TestCase):
    def setUp(self):
        super().setUp()
        if shutil.which('ansible-playbook') is None:
            self.assertNotEqual(os.environ.get('CI'), 'true', msg='no ansible-playbook')
            self.skipTest('no ansible-playbook')

    def play(self, *arguments):
        programs = os.path.join(self.directory, 'bin')
        os.makedirs(programs, exist_ok=True)
        program = os.path.join(programs, 'qblk')
        if not os.path.exists(program):
            os.symlink(os.path.abspath(os.environ['QBLK']), program)
        return subprocess.run(
            ['ansible-playbook', *arguments], check=False, capture_output=True, text=True,
            cwd=PLAYBOOKS, timeout=qblk.TIMEOUT,
            env={**qblk.environment(), 'HOME': self.directory, 'LC_ALL': 'C.UTF-8',
                 'PATH': f'{programs}:{os.environ["PATH"]}',
                 'XDG_STATE_HOME': os.path.join(self.directory, 'state')})

    def nightly(self, night, *vms):
        hosts = {'hypervisors': {'hosts': {'localhost': {
            'ansible_connection': 'local', 'ansible_become': False, 'qblk_vms': vms}}}}
        path = os.path.join(self.directory, 'hosts.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(hosts, file)
        return self.play('-i', path, 'nightly.yml', '-e', 'qblk_keep=1', '-e',
                         f'qblk_suffix={night}')

    def layers(self, process):
        done = self.qblk('--json', 'chain', process.socket, 'vda')
        return json.loads(done.stdout)['chains'][0]['layers']

    def test_the_playbooks_are_valid(self):
        for name in ('nightly.yml', 'recover-at-boot.yml'):
            done = self.play('--syntax-check', '-i', 'hosts.yml', name)
            self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_one_overlay_remains_of_two_nights(self):
        _, process = self.start('virtio-5-deep')
        for night in ('monday', 'tuesday'):
            done = self.nightly(night, process.socket)
            self.assertEqual(done.returncode, 0, msg=done.stdout)
        layers = self.layers(process)
        self.assertEqual(len(layers), 2)
        self.assertTrue(layers[0]['file'].endswith('.tuesday'))

    def test_a_vm_that_cannot_be_served_is_named_and_fails_the_host(self):
        _, process = self.start('virtio-5-deep')
        done = self.nightly('monday', os.path.join(self.directory, 'none.qmp'), process.socket)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f'not served: {self.directory}/none.qmp"', done.stdout)
        layers = self.layers(process)
        self.assertEqual(len(layers), 2)


if __name__ == '__main__':
    live.main()
