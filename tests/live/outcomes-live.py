# SPDX-License-Identifier: LGPL-2.1-or-later
"""What qblk reports at the end of a job: the words, the files that it names, the exit status."""

import glob
import json
import os
import shlex
import subprocess
import sys

import block_jobs
import images
import live
import qblk
from block_jobs import SLOW

MARK = '.qblk-merged'

# A process that listens on a socket, and passes what it gets to another one.
RELAY = '''
import sys
import relay
with relay.Relay(sys.argv[1], sys.argv[2], -1, None):
    print('ready', flush=True)
    sys.stdin.read()
'''


class TestCase(block_jobs.TestCase):
    @property
    def dest(self):
        return os.path.join(self.directory, 'copy.qcow2')

    def job(self, *arguments, **options):
        return self.qblk('job', self.process.socket, 'vda', *arguments, **options)

    def jobs(self):
        return self.process.qmp.execute('query-jobs')

    def wait_state(self, state):
        self.wait_for(lambda: [job['status'] for job in self.jobs()] == [state])

    def detach(self, name, *options):
        return self.qblk(name, self.process.socket, 'vda', *options, '--detach').text

    def assert_incomplete(self, copy):
        """COPY is known as an incomplete copy of the active image, and no data are lost."""
        source = self.files[0]
        self.process.quit()
        verdict = json.loads(self.qblk('--json', 'recover', f'image:{copy}').stdout)
        self.assertEqual((verdict['boot'], verdict['incomplete']), (source, copy))
        listed = self.qblk('list', f'image:{copy}', '--format', 'qcow2')
        self.assertIn(f"is an incomplete copy of '{source}', which has all data", listed.errors)
        self.assert_same_content()

    def start_backup(self, **options):
        """A backup of another client to self.dest."""
        images.create(self.dest)
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'bk',
            'file': {'driver': 'file', 'filename': self.dest}})
        self.process.qmp.execute('blockdev-backup', {
            'job-id': 'bj', 'device': 'disk-3', 'target': 'bk', 'sync': 'full', 'speed': 65536,
            **options})


class Cancelled(TestCase):
    def test_a_copy_that_is_aborted_is_incomplete(self):
        self.boot(data='4M')
        self.detach('copy', self.dest, *SLOW)
        self.wait_state('running')
        self.assertEqual(self.job('--abort').text.splitlines(),
                         ['copy of vda: cancelled', f'incomplete copy: {self.dest}',
                          f'marked as incomplete: {self.dest}{MARK}'])
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assert_incomplete(self.dest)

    def test_the_same_as_json(self):
        self.boot(data='4M')
        self.detach('copy', self.dest, *SLOW)
        plan, = json.loads(self.qblk('--json', 'job', self.process.socket, 'vda',
                                     '--abort').stdout)['plans']
        self.assertEqual((plan['state'], plan['partial'], plan['copy'], plan['mark']),
                         ('cancelled', self.dest, None, self.dest + MARK))

    def test_a_backup_of_another_client(self):
        for dismiss in (True, False):
            with self.subTest(dismiss=dismiss):
                self.setUp()
                self.boot(data='4M')
                self.start_backup(**{'auto-dismiss': dismiss})
                self.assertIn('backup of vda: cancelled\n'
                              f'incomplete copy: {self.dest}\n', self.job('--abort').text)
                self.assert_no_jobs()
                self.assert_incomplete(self.dest)

    def test_a_ready_copy_that_is_aborted_is_complete(self):
        self.boot()
        self.detach('copy', self.dest)
        self.wait_state('ready')
        self.assertEqual(self.job('--abort').text,
                         f'copy of vda: cancelled\ncopy of the disk: {self.dest}\n')
        self.assertEqual(glob.glob(self.dest + '*'), [self.dest])
        self.assert_files(*self.files)
        self.assert_same_content(self.dest)

    def test_a_job_of_the_chain_leaves_no_incomplete_image(self):
        for options in (('pull',), ('commit', '--top', 'vda[1]'), ('commit', '--active')):
            with self.subTest(options):
                self.setUp()
                self.boot(data='4M')
                self.detach(*options, *SLOW)
                text = self.job('--abort').text
                self.assertRegex(text, r'^[a-z-]+ of vda: cancelled\n$')
                self.assert_untouched()
                self.assertEqual(glob.glob(os.path.join(self.directory, '*' + MARK)), [])

    def test_a_backup_that_another_client_cancels_while_it_is_waited_for(self):
        self.boot(data='4M')
        self.start_backup()
        waits = subprocess.Popen(qblk.command(['job', self.process.socket, 'vda', '--wait',
                                               '--progress']), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                                 env=qblk.environment())
        self.addCleanup(block_jobs.end, waits)
        self.assertIn(b'%', waits.stderr.readline())
        self.process.qmp.execute('job-cancel', {'id': 'bj'})
        self.assertIn("another client cancelled job 'bj'", self.finish(waits, qblk.JOB_FAILED))


class Finished(TestCase):
    def test_a_job_without_a_pivot_is_finished_and_not_done(self):
        copy = ['copy of vda: finished, the disk stays on its image',
                'copy of the disk: {}']
        for options, file in ((('copy', self.dest, '--finish'), 'copy.qcow2'),
                              (('commit', '--keep-overlay'), 'disk-base.qcow2')):
            with self.subTest(options):
                self.setUp()
                self.boot()
                name, *rest = [self.dest if os.sep in word else word for word in options]
                file = os.path.join(self.directory, file)
                lines = self.qblk(name, self.process.socket, 'vda', *rest).text.splitlines()
                self.assertEqual([lines[0].split(':')[1], lines[1]],
                                 [copy[0].split(':')[1], copy[1].format(file)])
                self.assert_files(*self.files)
                self.assert_same_content(file)

    def test_the_same_of_a_job_that_was_left(self):
        self.boot()
        self.detach('copy', self.dest)
        self.wait_state('ready')
        self.assertEqual(self.job('--finish').text,
                         'copy of vda: finished, the disk stays on its image\n'
                         f'copy of the disk: {self.dest}\n')
        self.assert_same_content(self.dest)

    def test_a_pivot_is_done(self):
        self.boot()
        self.detach('copy', self.dest)
        self.wait_state('ready')
        self.assertEqual(self.job('--pivot').text.splitlines()[0], 'copy of vda: done')
        self.assert_files(self.dest)
        self.assert_same_content(self.dest)


class Detached(TestCase):
    def test_a_job_that_is_left_cannot_pivot(self):
        self.boot()
        for options, start, end in (
                (('commit', '--pivot'), '--active', '--pivot'),
                (('commit', '--keep-overlay'), '--active', '--finish'),
                (('copy', self.dest, '--pivot'), 'omit --pivot', '--pivot'),
                (('copy', self.dest, '--finish'), 'omit --finish', '--finish')):
            with self.subTest(options):
                name, *rest = options
                before = self.state()
                errors = self.qblk(name, self.process.socket, 'vda', *rest, '--detach',
                                   status=qblk.USAGE).errors
                self.assertIn(start, errors)
                self.assertIn(f"'qblk job {self.process.socket} vda --wait {end}'", errors)
                self.assertEqual(self.state(), before)
                self.assertEqual(glob.glob(self.dest + '*'), [])

    def test_the_two_commands_that_are_named_do_the_same(self):
        self.boot()
        errors = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--detach',
                           status=qblk.USAGE).errors
        self.detach('commit', '--active')
        command = errors.split("'")[-2]
        self.qblk(*shlex.split(command)[1:])
        self.assert_no_jobs()
        self.assert_files(self.files[3])
        self.assert_same_content(self.files[3])

    def test_that_the_chain_will_not_change_is_reported(self):
        for options in (('pull',), ('commit', '--top', 'vda[1]')):
            with self.subTest(options):
                self.setUp()
                self.boot()
                lines = self.detach(*options).splitlines()
                self.assertIn('does not change the chain by itself', lines[0])
                self.assertEqual(lines[1], f'to end the job: qblk job {self.process.socket} vda '
                                           '--wait')
                self.wait_state('pending')
                self.assert_files(*self.files)
                self.job('--wait')
                self.assert_same_content()


class QemuEnds(TestCase):
    """QEMU is killed while a job runs."""

    def kill(self, *command, state_dir=()):
        """Returns what qblk prints; COMMAND runs to its end otherwise."""
        name, *rest = command
        running = self.begin(name, self.process.socket, 'vda', *rest, *SLOW, *state_dir)
        self.process.kill()
        return self.finish(running, qblk.NO_CONNECTION)

    def paste(self, errors):
        """Run the command that ERRORS name, as a user would paste it."""
        line, = [line for line in errors.splitlines() if 'to find the image to boot from: ' in line]
        command = line.split('boot from: ', 1)[1]
        prefix = shlex.join(qblk.command(()))
        done = subprocess.run(['bash', '-c', prefix + command.removeprefix('qblk')],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=qblk.environment(), timeout=qblk.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stderr)
        return done.stdout.decode()

    def test_that_qemu_has_ended_is_reported_with_the_image_to_boot(self):
        for command in (('commit', '--pivot'), ('commit', '--top', 'vda[1]'), ('pull',),
                        ('commit', '--keep-overlay'), ('copy', 'DEST', '--pivot')):
            with self.subTest(command):
                self.setUp()
                self.boot(data='4M')
                options = [self.dest if word == 'DEST' else word for word in command]
                errors = self.kill(*options)
                self.assertRegex(errors, r"QEMU has ended, and job 'qblk-[a-z-]+-vda' with it\n")
                self.assertNotIn('qblk job ', errors)
                self.assertIn(f'boot from: {self.files[0]}\n', self.paste(errors))
                self.assert_same_content()

    def test_names_that_a_shell_would_split(self):
        directory = os.path.join(self.directory, "a b'c")
        state = os.path.join(self.directory, 's t')
        os.mkdir(directory)
        self.make(data='4M', directory=directory)
        self.remember()
        self.run_qemu(self.disk('blockdev'))
        errors = self.kill('commit', '--pivot', state_dir=('--state-dir', state))
        self.assertIn(f'boot from: {self.files[0]}\n', self.paste(errors))

    def test_a_job_that_existed(self):
        self.boot(data='4M')
        self.detach('commit', '--active', *SLOW)
        waits = subprocess.Popen(qblk.command(['job', self.process.socket, 'vda', '--wait',
                                               '--pivot', '--progress']),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, bufsize=0, env=qblk.environment())
        self.addCleanup(block_jobs.end, waits)
        self.assertIn(b'%', waits.stderr.readline())
        self.process.kill()
        errors = self.finish(waits, qblk.NO_CONNECTION)
        self.assertIn("QEMU has ended, and job 'qblk-active-commit-vda' with it", errors)
        self.assertIn(f'boot from: {self.files[0]}\n', self.paste(errors))
        self.assert_same_content()

    def test_a_recovery_that_cannot_reach_qemu_names_the_image(self):
        self.boot(data='4M')
        self.kill('commit', '--pivot')
        errors = self.qblk('recover', self.process.socket, status=qblk.NO_CONNECTION).errors
        self.assertIn(f'if QEMU has ended: qblk recover image:{self.files[0]}\n', errors)
        self.assertIn('boot from:', self.qblk('recover', f'image:{self.files[0]}').text)

    def test_a_relay_that_ends_is_not_qemu(self):
        self.boot(data='4M')
        path = os.path.join(self.directory, 'relay.sock')
        proxy = subprocess.Popen(
            [sys.executable, '-c', RELAY, path, self.process.socket], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.addCleanup(block_jobs.end, proxy)
        proxy.stdout.readline()
        running = self.begin('pull', path, 'vda', *SLOW)
        proxy.kill()
        errors = self.finish(running, qblk.NO_CONNECTION)
        self.assertNotIn('QEMU has ended,', errors)
        self.assertIn('to resume the operation: ', errors)
        self.assertIn(f'if QEMU has ended: qblk recover image:{self.files[0]}\n', errors)
        self.process.qmp.execute('block-job-set-speed', {'device': 'qblk-pull-vda', 'speed': 0})
        self.qblk('recover', self.process.socket)
        self.assert_files(self.files[0])
        self.assert_same_content()


class StateDirectory(TestCase):
    def test_one_that_cannot_be_used_is_a_failure_and_nothing_is_sent(self):
        self.boot()
        file = os.path.join(self.directory, 'file')
        with open(file, 'wb'):
            pass
        for directory in (file, os.path.join(file, 'state'), '/proc/nothing'):
            for options in (('commit', 'vda', '--pivot'), ('pull', 'vda'),
                            ('rebase', 'vda', 'vda[2]'), ('copy', 'vda', self.dest, '--pivot'),
                            ('pull', '--all-disks')):
                with self.subTest(directory=directory, options=options):
                    name, *rest = options
                    self.refuse(name, self.process.socket, *rest, '--state-dir', directory,
                                status=qblk.FAILED, message=directory)
        self.assertFalse(os.path.exists(self.dest))

    def test_the_same_of_a_job_that_was_left(self):
        self.boot()
        self.detach('pull')
        self.wait_state('pending')
        self.job('--wait', '--state-dir', '/proc/nothing', status=qblk.FAILED)
        self.wait_state('pending')
        self.job('--wait')
        self.assert_same_content()

    def test_one_that_does_not_exist_has_no_operations(self):
        self.boot()
        missing = os.path.join(self.directory, 'missing')
        file = os.path.join(self.directory, 'file')
        with open(file, 'wb'):
            pass
        for vm in ((), (self.process.socket,), (f'image:{self.dest}',)):
            if vm and vm[0].startswith('image:'):
                images.create(self.dest)
            result = self.qblk('recover', *vm, '--state-dir', missing)
            self.assertIn(f"warning: the state directory '{missing}' does not exist",
                          result.errors)
            self.assertFalse(os.path.exists(missing))
            self.assertIn('operation', result.text)
            self.assertIn(file, self.qblk('recover', *vm, '--state-dir', file,
                                          status=qblk.FAILED).errors)
        for command in ('list', 'chain', 'check'):
            self.qblk(command, self.process.socket, '--state-dir', missing)
            self.assertIn(file, self.qblk(command, self.process.socket, '--state-dir', file,
                                          status=qblk.FAILED).errors)
        self.qblk('recover', '--state-dir', '', status=qblk.USAGE)


class Nodes(TestCase):
    def test_a_chain_that_no_device_uses(self):
        """The device was unplugged, and its nodes are left."""
        self.make()
        self.remember()
        self.run_qemu(block_jobs.named_chain(self.files))
        for options, top in ((('pull', '--base', 'vda[2]'), 0), (('commit', '--pivot'), 3)):
            name, *rest = options
            result = self.qblk(name, self.process.socket, 'vda', '--target', 'vda=disk-3', *rest)
            self.assertIn('of vda: done', result.text)
            self.assertEqual(result.errors, '')
            self.assertIn('no operation was interrupted',
                          self.qblk('recover', self.process.socket).text)
            self.assert_no_jobs()
        self.assert_same_content(self.files[top])


class RunState(TestCase):
    def read(self):
        """The run state that each command shows, as text and in its JSON."""
        texts, values = [], []
        for command in ('list', 'chain'):
            texts.append(self.qblk(command, self.process.socket).text.splitlines()[0])
            values.append(json.loads(self.qblk('--json', command,
                                               self.process.socket).stdout)['run-state'])
        self.assertEqual(values[0], values[1])
        return texts, values[0]

    def test_an_ordinary_one_is_only_in_the_json(self):
        self.boot()
        texts, state = self.read()
        self.assertFalse([text for text in texts if 'run state' in text])
        self.assertEqual(state, self.process.qmp.execute('query-status')['status'])

    def test_another_one_is_shown(self):
        self.boot()
        self.process.qmp.execute('migrate', {'uri': 'exec:cat >/dev/null'})
        self.wait_for(lambda: self.process.qmp.execute('query-status')['status'] == 'postmigrate')
        texts, state = self.read()
        self.assertEqual(texts, ['run state: postmigrate'] * 2)
        self.assertEqual(state, 'postmigrate')


if __name__ == '__main__':
    live.main()
