# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk as a client of a bridge: the process of QEMU is the one that the bridge names, and
operations are resumed by either way to QEMU."""

import glob
import json
import os

import block_jobs
import fake_bridge
import live
import qblk

SLOW = block_jobs.SLOW


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.state_dir = os.path.join(self.directory, 'journals')

    def serve(self, answer='qemu', path=None, **more):
        """A bridge that answers with the process of QEMU."""
        if answer == 'qemu':
            answer = fake_bridge.peer_of(self.process.pid, **more)
        return self.enterContext(
            fake_bridge.FakeBridge(path or self.path, self.process.socket, answer))

    def run_qblk(self, name, vm, *arguments, **options):
        return self.qblk(name, vm, *arguments, '--state-dir', self.state_dir, **options)

    def journals(self):
        """The VM of each journal."""
        found = []
        for path in glob.glob(self.state_dir + '/**/*.journal', recursive=True):
            with open(path, encoding='utf-8') as file:
                found.append(json.loads(file.readline())['vm'])
        return found


class Process(TestCase):
    """What is known of the process of QEMU."""

    def test_output_is_the_same_as_without_the_bridge(self):
        self.boot()
        bridge = self.serve()
        commands = ('list', 'chain', 'xml', 'graph', 'jobs')
        for command in commands:
            self.assertEqual(self.qblk(command, self.path).stdout,
                             self.qblk(command, self.process.socket).stdout)
        self.assertEqual(bridge.asked, len(commands))

    def test_qemu_is_not_asked(self):
        self.boot()
        errors = self.qblk('chain', self.process.socket, '-v').errors
        self.assertIn('query-named-block-nodes', errors)
        self.assertNotIn(fake_bridge.COMMAND, errors)

    def test_names_are_resolved_without_it(self):
        self.boot()
        bridge = self.serve()
        self.assertEqual(self.resolve(self.path, 'vda[1]'),
                         self.resolve(self.process.socket, 'vda[1]'))
        self.assertEqual(bridge.asked, 0)

    def test_files_of_another_process_are_not_those_of_qemu(self):
        """The relay is not a bridge, or what it names cannot be QEMU, or has at most one of the
        images open."""
        self.boot()
        holder = self.enterContext(block_jobs.lock_holder(self.files[-1], '-r', '-U'))
        answers = [None, {**fake_bridge.peer_of(self.process.pid), 'start': 1},
                   {'pid': 2 ** 31 - 1, 'start': 1}, {}, fake_bridge.peer_of(os.getpid()),
                   fake_bridge.peer_of(holder.pid)]
        for number, answer in enumerate(answers):
            with self.subTest(answer=answer):
                path = f'{self.path}{number}'
                bridge = self.serve(answer, path)
                self.assertRegex(self.qblk('chain', path).text,
                                 'not known|which QEMU does not have open')
                self.assertEqual(bridge.asked, 1)
                self.refuse('commit', path, 'vda', '--pivot', '--delete')
        self.assert_untouched()

    def test_a_job_through_the_bridge(self):
        self.boot()
        self.serve()
        self.qblk('commit', self.path, 'vda', '--pivot', '--delete')
        self.assert_no_jobs()
        self.assert_files(self.files[-1])
        for path in self.files[:-1]:
            self.assertFalse(os.path.exists(path))
        self.assert_same_content(self.files[-1])


class Recover(TestCase):
    """An operation is of one VM, whichever way leads to it."""

    def leave(self, vm):
        """qblk is killed during a job."""
        block_jobs.end(self.begin('commit', vm, 'vda', '--pivot', *SLOW, '--state-dir',
                                  self.state_dir))
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})
        journal, = self.journals()
        self.assertEqual((journal['address'], journal['pid'], journal['start']),
                         (vm, self.process.pid, fake_bridge.start_of(self.process.pid)))
        return journal

    def assert_recovered(self, result):
        self.assertIn('completed', result.text)
        self.assertEqual(self.journals(), [])
        self.assert_no_jobs()
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])

    def each_way(self, check):
        """CHECK is called with the way of the operation and the other one."""
        for through_bridge in (True, False):
            with self.subTest(through_bridge=through_bridge):
                self.setUp()
                self.boot(data='4M')
                ways = [self.path, self.process.socket]
                self.serve()
                begun, other = ways if through_bridge else ways[::-1]
                self.leave(begun)
                check(other)
            self.doCleanups()

    def test_by_the_other_way(self):
        self.each_way(lambda vm: self.assert_recovered(self.run_qblk('recover', vm)))

    def test_a_command_by_the_other_way_finds_it(self):
        def check(vm):
            errors = self.run_qblk('pull', vm, 'vda', status=qblk.REFUSED).errors
            self.assertIn('interrupted', errors)

        self.each_way(check)

    def test_the_bridge_has_ended(self):
        """`recover` without a VM finds another monitor of the process."""
        self.boot(data='4M')
        with fake_bridge.FakeBridge(self.path, self.process.socket,
                                    fake_bridge.peer_of(self.process.pid)):
            self.leave(self.path)
        self.assert_recovered(self.qblk('recover', '--state-dir', self.state_dir))


class ReadOnly(TestCase):
    def test_changes_are_refused_before_anything_is_sent(self):
        self.boot()
        full = os.path.join(self.directory, 'full.sock')
        self.serve(**{'read-only': True, 'full': full})
        text = self.qblk('commit', self.path, 'vda', '--pivot', '--dry-run').text
        self.assertIn('block-commit', text)
        self.refuse('commit', self.path, 'vda', '--pivot',
                    message=f"'{self.path}' is a read-only socket of a bridge: use '{full}'")
        self.assertEqual(self.journals(), [])
        self.assert_untouched()


if __name__ == '__main__':
    live.main()
