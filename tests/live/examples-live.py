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
    def test_it_shows_the_layers_and_what_else_uses_them(self):
        topology, process = self.start('exports')
        done = run('show-chain', process.socket)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        head, *lines, user = done.stdout.splitlines()
        self.assertEqual((head, user), ('vda: 3 layers',
                                        "    used by export 'backup' (nbd, read-only)"))
        specs = ('vda', 'vda[1]', 'vda[2]')
        for spec, path, line in zip(specs, topology.chains['vda'], lines, strict=True):
            used = os.stat(path).st_blocks * 512 / (1 << 20)
            self.assertEqual(line, f'  {spec}: qcow2, {used:.1f} MiB of 64.0 MiB, file {path}')

    def test_it_shows_all_disks_or_one(self):
        topology, process = self.start('shared-base')
        shown = run('show-chain', process.socket).stdout
        for target, files in topology.chains.items():
            self.assertIn(run('show-chain', process.socket, target).stdout, shown)
            chain, = json.loads(self.qblk('--json', 'chain', process.socket, target).stdout)[
                'chains']
            self.assertEqual([layer['file'] for layer in chain['layers']], files)
            self.assertEqual(
                json.loads(run('show-chain', '--json', process.socket, target).stdout), chain)

    def test_the_readme_has_functions_of_the_program(self):
        with open(os.path.join(ROOT, 'examples', 'show-chain.c'), encoding='utf-8') as file:
            program = file.read()
        with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
            readme = file.read()
        excerpt = readme.partition('```c\n')[2].partition('```')[0]
        self.assertIn('qblk_snapshot_chain', excerpt)
        self.assertIn(excerpt, program)

    def test_an_error_is_reported(self):
        _, process = self.start('virtio-5-deep')
        done = run('show-chain', process.socket, 'vdx')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn("no disk 'vdx'", done.stderr)


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
