# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of examples/ work as described, and the README shows their source."""

import json
import os
import shutil
import subprocess

import block_jobs
import crash
import live
import qblk
import qemu
from block_jobs import end

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def command(name, arguments):
    return [os.path.join(os.environ['QBLK_EXAMPLES'], name), *arguments]


def run(name, *arguments):
    return subprocess.run(command(name, arguments), check=False, env=qblk.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


class ShowChain(live.TestCase):
    def test_it_shows_the_chain_and_the_node_of_a_layer(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        done = run('show-chain', process.socket, 'vda', 'vda[2]')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:-1],
                         [f'vda[{index}] qcow2 {path}' for index, path in enumerate(files)])
        node, = live.Graph(process.qmp).layers_of(files[2])
        self.assertEqual(lines[-1], f"vda[2] is node '{node}'")

    def test_an_error_is_reported(self):
        _, process = self.start('virtio-5-deep')
        done = run('show-chain', process.socket, 'vda', 'vda[99]')
        self.assertEqual((done.returncode, done.stdout.count('\n')), (1, 5))
        self.assertIn('has no index 99', done.stderr)

    def test_the_readme_has_the_source_of_the_program(self):
        with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
            readme = file.read()
        with open(os.path.join(ROOT, 'examples', 'show-chain.c'), encoding='utf-8') as file:
            program = file.read()
        self.assertIn(program[program.index('#include'):], readme)


class CommitLayer(block_jobs.TestCase):
    def test_it_commits_one_layer_and_prints_the_plan(self):
        self.boot()
        done = run('commit-layer', self.process.socket, 'vda', 'vda[1]')
        self.assertEqual(done.returncode, 0, msg=done.stderr)
        plan = json.loads(done.stdout)
        self.assertEqual((plan['kind'], plan['removed'][0]['file']), ('commit', self.files[1]))
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_no_jobs()
        self.assert_same_content()

    def test_a_merged_image_is_not_merged_again(self):
        self.boot()
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--shallow')
        self.process.quit()
        self.run_qemu(self.disk('blockdev'))
        done = run('commit-layer', self.process.socket, 'vda', 'vda[1]')
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"'{self.files[0]}' is stale", done.stderr)
        self.assert_files(*self.files)

    def test_a_refused_plan_changes_nothing(self):
        self.boot()
        before = self.state()
        done = run('commit-layer', self.process.socket, 'vda', 'vda[3]')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('no layer below', done.stderr)
        self.assertEqual(self.state(), before)


class RecoverAtStart(block_jobs.TestCase):
    def test_nothing_is_printed_if_nothing_was_interrupted(self):
        done = run('recover-at-start', os.path.join(self.directory, 'state'))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))

    def test_each_vm_is_recovered_and_a_failure_is_reported(self):
        self.addCleanup(shutil.rmtree, crash.journal_directory())
        guests = []
        for _ in range(2):
            self.directory = self.enterContext(qemu.directory())
            self.boot(data='4M')
            guests.append((self.process, self.files, self.reference))
            end(self.begin('commit', self.process.socket, 'vda', '--top', 'vda[1]', '--shallow',
                           *block_jobs.SLOW))
        self.process.kill()
        lost = self.process.socket
        self.process, self.files, self.reference = guests[0]
        self.process.qmp.execute('block-job-set-speed', {'device': 'qblk-commit-vda', 'speed': 0})

        done = run('recover-at-start')
        self.assertEqual(done.returncode, 1)
        self.assertEqual({line for line in done.stdout.splitlines() if 'to be' in line},
                         {f'{address}: commit of vda: to be recovered'
                          for address in (self.process.socket, lost)})
        self.assertIn(f'{self.process.socket}: commit of \'vda\'', done.stdout)
        self.assertIn('completed\n', done.stdout)
        self.assertIn(f"cannot connect to '{lost}'", done.stderr)
        self.assertEqual(len(crash.journals()), 1)
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_no_jobs()
        self.assert_same_content()


if __name__ == '__main__':
    live.main()
