# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of examples/ work as described, and the README shows their source."""

import json
import os
import subprocess

import block_jobs
import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ShowChain(live.TestCase):
    def run_example(self, *arguments):
        return subprocess.run([os.environ['QBLK_SHOW_CHAIN'], *arguments], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def test_it_shows_the_chain_and_the_node_of_a_layer(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        done = self.run_example(process.socket, 'vda', 'vda[2]')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:-1],
                         [f'vda[{index}] qcow2 {path}' for index, path in enumerate(files)])
        node, = live.Graph(process.qmp).layers_of(files[2])
        self.assertEqual(lines[-1], f"vda[2] is node '{node}'")

    def test_an_error_is_reported(self):
        _, process = self.start('virtio-5-deep')
        done = self.run_example(process.socket, 'vda', 'vda[99]')
        self.assertEqual((done.returncode, done.stdout.count('\n')), (1, 5))
        self.assertIn('has no index 99', done.stderr)

    def test_the_readme_has_the_source_of_the_program(self):
        with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
            readme = file.read()
        with open(os.path.join(ROOT, 'examples', 'show-chain.c'), encoding='utf-8') as file:
            program = file.read()
        self.assertIn(program[program.index('#include'):], readme)


class CommitLayer(block_jobs.TestCase):
    def run_example(self, *arguments):
        return subprocess.run([os.environ['QBLK_COMMIT_LAYER'], *arguments], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def test_it_commits_one_layer_and_prints_the_plan(self):
        self.boot()
        done = self.run_example(self.process.socket, 'vda', 'vda[1]')
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
        done = self.run_example(self.process.socket, 'vda', 'vda[1]')
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"'{self.files[0]}' is stale", done.stderr)
        self.assert_files(*self.files)

    def test_a_refused_plan_changes_nothing(self):
        self.boot()
        before = self.state()
        done = self.run_example(self.process.socket, 'vda', 'vda[3]')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('no layer below', done.stderr)
        self.assertEqual(self.state(), before)


if __name__ == '__main__':
    live.main()
