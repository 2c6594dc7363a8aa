# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of examples/ work as described, and docs/examples.md shows their source."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import unittest

import block_jobs
import crash
import fault_relay
import images
import live
import qblk
import qemu
from block_jobs import end
from topologies.model import Topology
from topologies.options import named_chain, stem, virtio

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def command(name, arguments):
    return [os.path.join(os.environ['QBLK_EXAMPLES'], name), *arguments]


def run(name, *arguments):
    return subprocess.run(command(name, arguments), check=False, env=qblk.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


class Running:
    """An example that runs until the test ends, and what it prints."""

    def __init__(self, test, name, *arguments):
        self._test = test
        self._lines = []
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command(name, arguments), env=qblk.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watchdog = threading.Timer(qblk.TIMEOUT, self.process.kill)
        watchdog.start()
        test.addCleanup(watchdog.cancel)
        test.addCleanup(self._end)

    def _end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def wait_line(self, *texts):
        """Wait for a line with all TEXTS that was not waited for, and return it."""
        while True:
            line = self.process.stdout.readline()
            self._lines.append(line)
            self._test.assertNotEqual(line, '', msg=f'no {texts} in {self._lines}')
            if all(text in line for text in texts):
                return line

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        """Wait for its end: (exit status, all that it has printed)."""
        rest, _ = self.process.communicate()
        return self.process.returncode, ''.join(self._lines) + rest


class Documents(unittest.TestCase):
    def test_one_has_functions_of_the_programs(self):
        document = read('docs', 'examples.md')
        for language, name, function in (('c', 'show-chain.c', 'qblk_snapshot_chain'),
                                         ('python', 'orchestrate.py', 'start_recovery')):
            excerpt = document.partition(f'```{language}\n')[2].partition('```')[0]
            self.assertIn(function, excerpt)
            self.assertIn(excerpt, read('examples', name))

    def test_the_readme_names_each_program(self):
        table = read('README.md').partition('| example |')[2].partition('\n\n')[0]
        programs = [name for name in os.listdir(os.path.join(ROOT, 'examples'))
                    if name.endswith(('.c', '.py'))]
        self.assertEqual(sorted(re.findall(r'\(examples/(.*?)\)', table)), sorted(programs))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


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

    def test_an_error_is_reported(self):
        _, process = self.start('virtio-5-deep')
        done = run('show-chain', process.socket, 'vdx')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn("no disk 'vdx'", done.stderr)


class CommitLayer(block_jobs.TestCase):
    def test_it_prints_the_plan_and_the_result(self):
        self.boot()
        done = run('commit-layer', self.process.socket, 'vda', 'vda[1]')
        self.assertEqual(done.returncode, 0, msg=done.stderr)
        plan, result = done.stdout.split('commit of vda: done')
        for text in ('block-commit', 'before:', 'after:'):
            self.assertIn(text, plan)
        self.assertIn(self.files[1], result)
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_no_jobs()
        self.assert_same_content()
        self.assertEqual(crash.journals(), [])

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

    def start_slow(self, address):
        """Start a slow commit; returns when it has copied data."""
        self.running = Running(self, 'commit-layer', '--speed', '65536', '--state-dir',
                               self.state_directory(), address, 'vda', 'vda[1]')
        self.wait_for(lambda: any(job['current-progress'] > 0
                                  for job in self.process.qmp.execute('query-jobs')))
        self.running.wait_line('vda: running')
        self.assertEqual(len(os.listdir(self.state_directory())), 1)
        return self.running

    def recover(self):
        done = run('recover-at-start', self.state_directory())
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(os.listdir(self.state_directory()), [])

    def state_directory(self):
        return os.path.join(self.directory, 'state')

    def job_status(self):
        job, = self.process.qmp.execute('query-jobs')
        return job['status']

    def test_ctrl_c_cancels_the_commit(self):
        self.boot(data='4M')
        running = self.start_slow(self.process.socket)
        running.interrupt()
        status, text = running.wait()
        self.assertEqual(status, 1)
        self.assertIn("the chain of 'vda' is unchanged", text)
        self.assertEqual(os.listdir(self.state_directory()), [])
        self.assert_untouched()

    def test_a_second_ctrl_c_leaves_the_job(self):
        self.boot(data='4M')
        self.address = os.path.join(self.directory, 'vm.sock')
        point = fault_relay.Point(None, fault_relay.UNANSWERED, 'job-cancel')
        relay = fault_relay.FaultRelay(self.address, self.process.socket, point,
                                       lambda: self.running.interrupt())
        with relay:
            self.start_slow(self.address)
            self.running.interrupt()
            status, text = self.running.wait()
            self.assertTrue(relay.has_struck)
            self.assertEqual(status, 1)
            self.assertIn('interrupted: the commit can be resumed: see recover-at-start', text)
            self.assertEqual(len(os.listdir(self.state_directory())), 1)
            self.wait_for(lambda: self.job_status() == 'concluded')
            self.recover()
        self.assert_untouched()

    def test_a_killed_commit_is_recovered(self):
        self.boot(data='4M')
        running = self.start_slow(self.process.socket)
        end(running.process)
        self.process.qmp.execute('block-job-set-speed', {'device': 'qblk-commit-vda', 'speed': 0})
        self.recover()
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_no_jobs()
        self.assert_same_content()


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


class FollowJobs(live.TestCase):
    def test_guests_end_and_return_while_others_go_on(self):
        directories = [self.enterContext(qemu.directory()) for _ in range(2)]
        addresses = [os.path.join(directory, 'qmp.sock') for directory in directories]
        first, second = [self.enterContext(guest(directory)) for directory in directories]
        running = Running(self, 'follow-jobs', *addresses)
        # in any order
        self.assertEqual({running.wait_line('connected') for _ in addresses},
                         {f'{address}: connected\n' for address in addresses})

        commit(first)
        running.wait_line(addresses[0], "vda: job 'commit0' ready")
        first.kill()
        running.wait_line(addresses[0], 'closed')
        commit(second)
        running.wait_line(addresses[1], "vda: job 'commit0' ready")

        first = self.enterContext(guest(directories[0]))
        running.wait_line(addresses[0], 'connected')
        commit(first)
        running.wait_line(addresses[0], "vda: job 'commit0' ready")
        running.interrupt()
        self.assertEqual(running.wait()[0], 0)

    def test_progress_is_shown_while_no_event_is_received(self):
        _, process = self.start('commit-running')
        running = Running(self, 'follow-jobs', process.socket)
        for _ in range(3):  # the state does not change
            running.wait_line("vda: job 'commit0' running, 5242880 of 5242880 bytes")
        running.interrupt()
        self.assertEqual(running.wait()[0], 0)


def guest(directory):
    """A guest with a disk of two layers, which is created in DIRECTORY once."""
    files = [os.path.join(directory, f'disk-{name}.qcow2') for name in ('1', 'base')]
    if not os.path.exists(files[0]):
        images.chain(directory, 'disk', 2)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda')).run(directory)


def commit(process):
    process.qmp.execute('block-commit', {'job-id': 'commit0', 'device': 'disk-1'})


if __name__ == '__main__':
    live.main()
