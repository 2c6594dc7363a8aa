# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command that would change a VM while operations of it are interrupted: it asks, or is refused;
and `recover --dry-run`."""

import contextlib
import glob
import json
import os
import pty
import signal
import subprocess
import sys

import block_jobs
import live
import qblk
from block_jobs import SLOW
from topologies.options import drive, virtio

PIVOT = ('commit', '--pivot')
INNER = ('commit', '--top', 'vdb[1]')

# A relay in a process of its own: the arguments are those of relay.Relay.
_RELAY = '''
import relay, sys
with relay.Relay(sys.argv[1], sys.argv[2], -1, None):
    print('listening', flush=True)
    sys.stdin.read()
'''


class TestCase(block_jobs.TestCase):
    """A guest with the disks vda, which self.files are of, and vdb, which self.others are of."""

    def setUp(self):
        super().setUp()
        self.state_dir = os.path.join(self.directory, 'journals')

    def boot_two(self):
        other = os.path.join(self.directory, 'other')
        os.mkdir(other)
        self.others = self.make(data='4M', directory=other)
        self.other_reference = block_jobs.copy_reference(4, other, '4M')
        self.make(data='1M')
        self.remember()
        self.run_qemu(self.disk('blockdev') + drive(self.others[0], id='drive1')
                      + virtio('drive1', id='vdb'))

    def leave(self, command, disk='vdb'):
        """qblk is killed during a job on DISK."""
        name, *options = command
        block_jobs.end(self.begin(name, self.process.socket, disk, *options, *SLOW, '--state-dir',
                                  self.state_dir))

    def run_qblk(self, name, *arguments, **options):
        return self.qblk(name, self.process.socket, *arguments, '--state-dir', self.state_dir,
                         **options)

    def hurry(self):
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})

    def seen(self):
        """What must not change: jobs, chains, nodes, journals and marks."""
        names = glob.glob(self.state_dir + '/**', recursive=True) + glob.glob(
            self.directory + '/**/*.qblk-merged', recursive=True)
        files = {}
        for path in names:
            if os.path.isfile(path):
                with open(path, 'rb') as file:
                    files[path] = file.read()
        chains = [(disk['device'], disk['inserted']['node-name'], disk['inserted']['file'])
                  for disk in self.process.qmp.execute('query-block')]
        jobs = [(job['id'], job['status']) for job in self.process.qmp.execute('query-jobs')]
        return jobs, chains, sorted(self.nodes()), files

    def assert_disk(self, disk, files):
        chain, = json.loads(self.qblk('--json', 'chain', self.process.socket, disk).stdout)[
            'chains']
        self.assertEqual([os.path.realpath(layer['file'])
                          for layer in chain['layers']],
                         [os.path.realpath(file) for file in files])

    def assert_refused(self, name, *arguments, text):
        before = self.seen()
        errors = self.run_qblk(name, *arguments, status=qblk.REFUSED).errors
        self.assertIn('interrupted operations have to be recovered first, with --recover or '
                      "'qblk recover'", errors)
        self.assertIn(text, errors)
        self.assertIn(f'to recover: qblk recover {self.process.socket} --state-dir '
                      f'{self.state_dir}\n', errors)
        self.assertEqual(self.seen(), before)

    def answer(self, answer, name, *arguments):
        """Run qblk on a terminal, and answer its question: (exit status, what it printed)."""
        terminal, end = pty.openpty()
        try:
            running = subprocess.Popen(
                qblk.command([name, self.process.socket, *arguments, '--state-dir',
                              self.state_dir]),
                stdin=end, stdout=subprocess.DEVNULL, stderr=end, env=qblk.environment())
            self.addCleanup(block_jobs.end, running)
            os.close(end)
            text = b''
            while b'[y/N] ' not in text:
                text += os.read(terminal, 4096)
            os.write(terminal, answer)
            text += self.read_rest(terminal)
            return running.wait(qblk.TIMEOUT), text.decode()
        finally:
            os.close(terminal)

    @staticmethod
    def read_rest(terminal):
        text = b''
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # the last process has closed its end
                return text
            if not data:
                return text
            text += data


class OtherDisk(TestCase):
    def test_it_is_not_changed_without_a_word(self):
        self.boot_two()
        self.leave(PIVOT)
        text = ("active-commit of 'vdb', interrupted in stage 'started': would be completed, with "
                f"the guest on '{self.others[3]}' afterwards: its job is running")
        copy = os.path.join(self.directory, 'copy.qcow2')
        for command in (('pull', 'vda'), ('commit', 'vda', '--pivot'), ('rebase', 'vda', 'vda[2]'),
                        ('copy', 'vda', copy, '--pivot'), ('pull', 'vda', '--dry-run'),
                        ('pull', '--all-disks')):
            with self.subTest(command):
                self.assert_refused(*command, text=text)
        self.assertFalse(os.path.exists(copy))

    def test_recover_allows_it(self):
        for command in (PIVOT, INNER):
            with self.subTest(command):
                self.setUp()
                self.boot_two()
                self.leave(command)
                self.hurry()
                result = self.run_qblk('pull', 'vda', '--recover')
                self.assertIn(" of 'vdb', interrupted in stage 'started': completed",
                              result.errors)
                self.assert_no_jobs()
                self.assert_disk('vdb', self.others[3:] if command == PIVOT
                                 else [self.others[0], self.others[3]])
                self.assert_disk('vda', self.files[:1])
                self.assertEqual(glob.glob(self.state_dir + '/*.journal'), [])
                self.assert_same_content()
                self.reference = self.other_reference
                self.assert_same_content(self.others[3 if command == PIVOT else 0])

    def test_a_dry_run_that_is_allowed_changes_nothing(self):
        self.boot_two()
        self.leave(INNER)
        before = self.seen()
        result = self.run_qblk('pull', 'vda', '--recover', '--dry-run')
        self.assertIn("warning: commit of 'vdb', interrupted in stage 'started': would be "
                      'completed: its job is running', result.errors)
        self.assertIn('pull of vda', result.text)
        self.assertEqual(self.seen(), before)

    def test_on_a_terminal_it_asks(self):
        self.boot_two()
        self.leave(INNER)
        for answer in (b'n\n', b'\n', b'yellow\n', b'\x04'):
            with self.subTest(answer):
                before = self.seen()
                status, text = self.answer(answer, 'pull', 'vda')
                self.assertEqual(status, qblk.REFUSED, msg=text)
                self.assertIn("commit of 'vdb', interrupted in stage 'started': would be "
                              'completed', text)
                self.assertEqual(self.seen(), before)
        self.hurry()
        status, text = self.answer(b'y\n', 'pull', 'vda')
        self.assertEqual(status, qblk.DONE, msg=text)
        self.assertIn("commit of 'vdb', interrupted in stage 'started': completed", text)
        self.assert_no_jobs()
        self.assert_disk('vda', self.files[:1])
        self.assert_disk('vdb', [self.others[0], self.others[3]])

    def test_the_job_of_the_disk_itself_can_be_managed(self):
        self.boot_two()
        self.leave(INNER)
        self.assertIn('cancelled', self.run_qblk('job', 'vdb', '--abort').text)
        self.assert_no_jobs()
        self.run_qblk('pull', 'vda')
        self.assert_same_content()


class SameDisk(TestCase):
    def test_without_a_new_journal_the_earlier_one_stays(self):
        self.boot_two()
        self.leave(INNER)
        journal, = glob.glob(self.state_dir + '/*.journal')
        os.mkdir(journal + '.new')
        before = self.seen()
        errors = self.run_qblk('job', 'vdb', '--abort', status=qblk.FAILED).errors
        self.assertIn(journal + '.new', errors)
        self.assertEqual(self.seen(), before)
        os.rmdir(journal + '.new')
        self.run_qblk('job', 'vdb', '--abort')
        self.assert_no_jobs()
        self.assertEqual(glob.glob(self.state_dir + '/*'), [])
        self.assert_same_content()

    def test_the_same_rule(self):
        self.boot_two()
        self.leave(('pull',), 'vda')
        self.assert_refused('commit', 'vda', '--pivot', text="pull of 'vda', interrupted in stage "
                            "'started': would be completed: its job is running")
        self.hurry()
        result = self.run_qblk('commit', 'vdb', '--pivot', '--recover')
        self.assertIn("pull of 'vda', interrupted in stage 'started': completed", result.errors)
        self.assert_no_jobs()
        self.assert_same_content()

    def test_a_job_that_is_gone_is_rolled_back(self):
        self.boot_two()
        self.leave(PIVOT, 'vda')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('job-cancel', {'id': job['id']})
        self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status'] == 'concluded')
        self.assert_refused('pull', 'vdb', text='would be rolled back: its job has failed')
        result = self.run_qblk('pull', 'vdb', '--recover')
        self.assertIn("active-commit of 'vda', interrupted in stage 'started': rolled back",
                      result.errors)
        self.assert_no_jobs()
        self.assert_same_content()


class Interrupt(TestCase):
    """Ctrl-C while `recover` waits for a job cancels the job."""

    def begin_recovery(self, *arguments):
        """Start `recover`; returns when Ctrl-C no longer ends the process."""
        running = subprocess.Popen(
            qblk.command(['recover', *arguments, '--state-dir', self.state_dir]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=qblk.environment())
        self.addCleanup(block_jobs.end, running)
        self.wait_for(lambda: self.blocks_interrupts(running.pid))
        return running

    @staticmethod
    def blocks_interrupts(pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            fields = dict(line.split(':', 1) for line in file)
        return int(fields.get('SigBlk', '0'), 16) & 1 << signal.SIGINT - 1 != 0

    def test_the_job_is_rolled_back_and_its_journal_ends(self):
        for arguments in (True, False):
            with self.subTest(arguments):
                self.setUp()
                self.boot_two()
                self.leave(INNER)
                vm = [self.process.socket] if arguments else []
                text = self.interrupt(self.begin_recovery(*vm))
                self.assertIn("the interrupted commit of 'vdb' has ended: ", text)
                self.assertIn(': interrupted', text)
                self.assertEqual(glob.glob(self.state_dir + '/*.journal'), [])
                self.assert_disk('vdb', self.others)
                self.assert_no_jobs()

    def leave_both(self):
        """qblk is killed during a job on each of the disks."""
        running = self.begin('pull', self.process.socket, '--all-disks', *SLOW, '--state-dir',
                             self.state_dir)
        self.wait_for(lambda: [job['status'] for job in self.process.qmp.execute('query-jobs')]
                      == ['running', 'running'])
        block_jobs.end(running)

    def test_an_operation_that_was_not_begun_stays(self):
        self.boot_two()
        self.leave_both()
        text = self.interrupt(self.begin_recovery(self.process.socket))
        self.assertIn("the interrupted pull of 'vda' has ended: ", text)
        left, = glob.glob(self.state_dir + '/*.journal')
        self.assertRegex(left, '-vdb.journal$')
        job, = self.process.qmp.execute('query-jobs')
        self.assertEqual(job['status'], 'running')
        self.hurry()
        self.assertIn("pull of 'vdb', interrupted in stage 'started': completed",
                      self.run_qblk('recover').text)
        self.assert_disk('vda', self.files)
        self.assert_disk('vdb', self.others[:1])


class DryRun(TestCase):
    def preview(self, *vm):
        """What `recover --dry-run` prints; it changes nothing, and sends no command but queries."""
        before = self.seen()
        text = self.qblk('recover', *vm, '--dry-run', '--state-dir', self.state_dir).text
        operation, = json.loads(self.qblk('--json', 'recover', *vm, '--dry-run', '--state-dir',
                                          self.state_dir).stdout)['operations']
        self.assertEqual(self.seen(), before)
        self.assertEqual(operation['end'] + '\n', text)
        return text, operation['outcome']

    def test_a_job_that_runs_is_completed(self):
        self.boot_two()
        self.leave(INNER)
        for vm in ((self.process.socket,), ()):
            text, outcome = self.preview(*vm)
            self.assertEqual(text, "commit of 'vdb', interrupted in stage 'started': would be "
                             'completed: its job is running\n')
            self.assertEqual(outcome, 'would-complete')
        self.hurry()
        self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status'] == 'pending')
        self.assertIn('its job is pending', self.preview(self.process.socket)[0])
        self.assertIn(': completed', self.run_qblk('recover').text)
        self.assert_no_jobs()

    @contextlib.contextmanager
    def relay(self, path):
        with subprocess.Popen([sys.executable, '-c', _RELAY, path, self.process.socket],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                self.assertEqual(process.stdout.readline(), 'listening\n')
                yield
            finally:
                process.kill()
                os.unlink(path)

    def test_a_relay_that_was_started_again_is_no_restart_of_qemu(self):
        self.boot_two()
        vm = os.path.join(self.directory, 'relay.sock')
        with self.relay(vm):
            block_jobs.end(self.begin('commit', vm, 'vdb', '--top', 'vdb[1]', *SLOW, '--state-dir',
                                      self.state_dir))
        with self.relay(vm):
            self.assertIn('its job is running', self.preview(vm)[0])
            self.hurry()
            self.assertIn(': completed',
                          self.qblk('recover', vm, '--state-dir', self.state_dir).text)
        self.assert_no_jobs()

    def test_a_job_that_was_cancelled_is_rolled_back(self):
        self.boot_two()
        self.leave(INNER)
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('job-cancel', {'id': job['id']})
        self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status'] == 'concluded')
        for reason in ('its job has failed', 'its job has ended, and the chain is unchanged'):
            text, outcome = self.preview(self.process.socket)
            self.assertEqual(text, "commit of 'vdb', interrupted in stage 'started': would be "
                             f'rolled back: {reason}\n')
            self.assertEqual(outcome, 'would-roll-back')
            if self.process.qmp.execute('query-jobs'):
                self.process.qmp.execute('job-dismiss', {'id': job['id']})
        self.assertIn(': rolled back', self.run_qblk('recover').text)

    def test_an_image_of_a_qemu_that_has_ended(self):
        self.boot_two()
        self.leave(PIVOT)
        self.process.kill()
        journal, = glob.glob(self.state_dir + '/*.journal')
        for _ in range(2):
            text = self.qblk('recover', f'image:{self.others[0]}', '--dry-run', '--state-dir',
                             self.state_dir).text
            self.assertEqual(text, f'boot from: {self.others[0]}\n  (the job had not ended)\n')
            self.assertTrue(os.path.exists(journal))
        self.assertEqual(self.qblk('recover', f'image:{self.others[0]}', '--state-dir',
                                   self.state_dir).text, text)
        self.assertFalse(os.path.exists(journal))

    def test_without_an_operation(self):
        self.boot_two()
        self.assertEqual(self.run_qblk('recover', '--dry-run').text,
                         'no operation was interrupted\n')


if __name__ == '__main__':
    live.main()
