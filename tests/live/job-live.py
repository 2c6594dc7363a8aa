# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk job`: show, wait for and end jobs of qblk and of other clients."""

import json
import os
import shlex
import signal
import subprocess

import block_jobs
import brief
import images
import live
import qblk
from block_jobs import SLOW
from topologies.options import qcow2, stem, virtio


class TestCase(block_jobs.TestCase):
    @property
    def dest(self):
        return os.path.join(self.directory, 'copy.img')

    def job(self, *arguments, **options):
        return self.qblk('job', self.process.socket, 'vda', *arguments, **options)

    def detach(self, *command):
        """Leave a slow job behind. Returns the commands that qblk prints to end it."""
        name, *rest = command
        text = self.qblk(name, self.process.socket, 'vda', *rest, *SLOW, '--detach').text
        return [line.split(': ', 1)[1] for line in text.splitlines()
                if line.strip().startswith(('to end the job: ', 'or: '))]

    def jobs(self):
        return self.process.qmp.execute('query-jobs')

    def hurry(self):
        job, = self.jobs()
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})

    def wait_state(self, state):
        self.wait_for(lambda: [job['status'] for job in self.jobs()] == [state])

    def begin_wait(self, *options):
        """Start a qblk that waits for the job. It waits when it has printed its progress."""
        command = qblk.command(['job', self.process.socket, 'vda', '--wait', '-p', *options])
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, bufsize=0, env=qblk.environment())
        self.addCleanup(block_jobs.end, running)
        self.assertRegex(running.stderr.readline(), rb'^Block \w+: \[ *\d+ %\]\n$')
        return running

    def paste(self, line):
        """Run a line that qblk printed, as a user would paste it into a shell."""
        words = shlex.split(line)
        self.assertEqual(words[0], 'qblk')
        prefix = shlex.join(qblk.command(()))
        done = subprocess.run(['bash', '-c', prefix + line[len('qblk'):]], capture_output=True,
                              env=qblk.environment(), timeout=qblk.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stderr)


@brief.leave_out
class Info(TestCase):
    def test_without_a_job(self):
        self.boot()
        for options in ((), ('--info',)):
            self.assertEqual(self.job(*options).text, "no job on 'vda'\n")
        self.assertIsNone(json.loads(self.qblk('--json', 'job', self.process.socket,
                                               'vda').stdout)['job'])
        for action in brief.some(('--pivot', '--finish', '--abort', '--pause', '--resume',
                                  '--wait')):
            self.job(action, status=qblk.NOT_FOUND)
        self.job('--bandwidth', '1', status=qblk.NOT_FOUND)
        self.qblk('job', self.process.socket, 'vdb', status=qblk.NOT_FOUND)

    def test_combinations_of_options(self):
        self.boot()
        for options in (('--pivot', '--finish'), ('--info', '--abort'), ('--wait', '--abort'),
                        ('--pause', '--resume')):
            self.job(*options, status=qblk.USAGE)

    def test_a_running_and_a_ready_job(self):
        self.boot(data='4M')
        self.detach('copy', self.dest)
        text = self.job().text
        self.assertIn('qblk-copy-vda', text)
        self.assertIn('running', text)
        self.assertEqual(self.qblk('job', self.process.socket, 'qblk-copy-vda').text.split()[8:10],
                         text.split()[8:10])
        self.hurry()
        self.wait_state('ready')
        job = json.loads(self.qblk('--json', 'job', self.process.socket, 'vda').stdout)['job']
        self.assertEqual((job['id'], job['state'], job['target']),
                         ('qblk-copy-vda', 'ready', 'vda'))


class Ends(TestCase):
    def begin_copy(self, ready=True):
        self.boot(data='4M')
        self.detach('copy', self.dest)
        if ready:
            self.hurry()
            self.wait_state('ready')

    def assert_source(self):
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])
        self.assert_closed(self.dest)

    def test_pivot(self):
        self.begin_copy()
        self.job('--pivot')
        self.assert_no_jobs()
        self.assert_files(self.dest)
        self.assert_closed(*self.files)
        self.assert_same_content(self.dest)

    def test_pivot_and_finish_of_a_job_that_is_not_ready(self):
        for action in ('--pivot', '--finish'):
            with self.subTest(action):
                self.setUp()
                self.begin_copy(ready=False)
                result = self.job(action, status=qblk.REFUSED)
                self.assertIn('add --wait', result.errors)
                running = self.begin_wait(action)
                self.hurry()
                self.finish(running, qblk.DONE)
                self.assert_no_jobs()
                self.assert_files(*([self.dest] if action == '--pivot' else self.files))
                self.assert_same_content(self.dest)

    def test_finish_and_abort_of_a_ready_job_leave_a_copy(self):
        for action in ('--finish', '--abort'):
            with self.subTest(action):
                self.setUp()
                self.begin_copy()
                self.assertIn(self.dest, self.job(action).text)
                self.assert_source()
                self.assert_same_content(self.dest)

    def test_abort_of_a_running_job(self):
        self.begin_copy(ready=False)
        text = self.job('--abort').text
        self.assertIn('copy of vda: cancelled\n', text)
        self.assert_source()
        self.assert_same_content()

    def test_an_active_commit(self):
        for action, left in (('--pivot', slice(3, 4)), ('--finish', slice(0, 4)),
                             ('--abort', slice(0, 4))):
            with self.subTest(action):
                self.setUp()
                self.boot()
                self.qblk('commit', self.process.socket, 'vda', '--active')
                self.job(action)
                self.assert_no_jobs()
                self.assert_files(*self.files[left])
                if action == '--pivot':
                    self.assert_closed(*self.files[:3])
                self.assert_same_content(self.files[left][0])

    def test_abort_of_a_running_commit_and_pull(self):
        for command in (('commit', '--top', 'vda[1]'), ('pull',)):
            with self.subTest(command):
                self.setUp()
                self.boot(data='4M')
                self.detach(*command)
                self.job('--abort')
                self.assert_untouched()

    @brief.leave_out
    def test_a_dry_run_does_not_change_the_job(self):
        self.begin_copy()
        for action in ('--pivot', '--finish', '--abort', '--wait', '--pause'):
            self.assertIn('of vda', self.job(action, '--dry-run').text)
        self.assertEqual([job['status'] for job in self.jobs()], ['ready'])


@brief.leave_out
class Controls(TestCase):
    def test_pause_and_resume(self):
        self.boot(data='4M')
        self.detach('pull')
        self.assertIn('paus', self.job('--pause').text)
        self.wait_state('paused')
        self.job('--pause', status=qblk.REFUSED)
        self.job('--resume')
        self.wait_state('running')
        self.job('--resume', status=qblk.REFUSED)
        self.job('--abort')
        self.assert_untouched()

    def test_a_paused_job_can_be_aborted(self):
        self.boot(data='4M')
        self.detach('pull')
        self.job('--pause')
        self.wait_state('paused')
        self.job('--abort')
        self.assert_untouched()

    def test_the_speed(self):
        self.boot(data='4M')
        self.detach('pull')
        for options, speed in ((('70000', '--bytes'), 70000), (('70k',), 71680),
                               (('70KB',), 70000)):
            self.job('--bandwidth', *options)
            job, = self.process.qmp.execute('query-block-jobs')
            self.assertEqual(job['speed'], speed)
        self.job('--bandwidth', '0')
        self.wait_state('pending')
        self.job('--bandwidth', '1', status=qblk.REFUSED)
        self.job('--wait')
        self.assert_same_content()


class Wait(TestCase):
    @brief.leave_out
    def test_printed_commands_can_be_pasted(self):
        for command in brief.some((('commit', '--top', 'vda[1]'), ('pull',),
                                   ('pull', '--base', 'vda[2]'))):
            with self.subTest(command):
                self.setUp()
                self.boot(data='1M')
                line, = self.detach(*command)
                self.hurry()
                self.paste(line)
                self.assert_no_jobs()
                self.assertLess(len(self.open_files()), 4)
                gone = [path for path in self.files if path not in self.open_files()]
                self.assert_closed(*gone)
                self.assert_same_content()

    @brief.leave_out
    def test_printed_commands_of_a_copy_can_be_pasted(self):
        for number in (0, 1):
            with self.subTest(number):
                self.setUp()
                self.boot(data='1M')
                line = self.detach('copy', self.dest)[number]
                self.hurry()
                self.paste(line)
                self.assert_no_jobs()
                self.assert_files(*(self.files if number else [self.dest]))
                self.assert_same_content(self.dest)

    @brief.leave_out
    def test_an_odd_socket_is_quoted(self):
        self.boot(data='1M')
        odd = os.path.join(self.directory, "it's a $HOME socket")
        os.symlink(self.process.socket, odd)
        text = self.qblk('pull', odd, 'vda', *SLOW, '--detach').text
        self.hurry()
        self.paste(text.splitlines()[-1].split(': ', 1)[1])
        self.assert_no_jobs()

    @brief.leave_out
    def test_a_printed_command_finds_the_disk_by_the_same_name(self):
        self.boot(data='1M')
        odd = os.path.join(self.directory, 'a domain.xml')
        with open(odd, 'w', encoding='utf-8') as file:
            file.write(self.qblk('xml', self.process.socket).text.replace("'vda'", "'hdd'"))
        for name, naming, end in (('sda', ('--target', 'sda=vda'), ('--base', 'sda[2]')),
                                  ('hdd', ('--domain', odd), ())):
            with self.subTest(name):
                text = self.qblk('pull', self.process.socket, name, *naming, *end, *SLOW,
                                 '--detach', '--force-managed').text
                line = text.splitlines()[-1].split(': ', 1)[1]
                self.assertIn(' --force-managed', line)
                self.hurry()
                self.paste(line)
                self.assert_no_jobs()

    def test_a_copy_until_it_is_ready(self):
        self.boot(data='4M')
        self.detach('copy', self.dest)
        running = self.begin_wait()
        self.hurry()
        self.finish(running, qblk.DONE)
        self.assertEqual([job['status'] for job in self.jobs()], ['ready'])
        self.job('--wait')
        self.job('--pivot')
        self.assert_same_content(self.dest)

    @brief.leave_out
    def test_an_interrupt_does_not_change_the_job(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.setUp()
                self.boot(data='4M')
                self.detach('pull')
                running = self.begin_wait()
                text = self.interrupt(running, number)
                self.assertIn('was detached', text)
                self.assertEqual([job['status'] for job in self.jobs()], ['running'])

    @brief.leave_out
    def test_a_time_limit_does_not_change_the_job(self):
        self.boot(data='4M')
        self.detach('pull')
        result = self.job('--wait', '--time-limit', '0.2', status=qblk.JOB_FAILED)
        self.assertIn('was detached', result.errors)
        self.assertEqual([job['status'] for job in self.jobs()], ['running'])

    def test_foreign_jobs_with_and_without_automatic_steps(self):
        for finalize in (True, False):
            for dismiss in (True, False):
                # not a stream that can conclude at any moment and is not dismissed: see below
                for kind in ('commit', 'stream') if dismiss or not finalize else ('commit',):
                    with self.subTest(finalize=finalize, dismiss=dismiss, kind=kind):
                        self.setUp()
                        self.boot(data='1M')
                        self.start_foreign(kind, finalize, dismiss)
                        running = self.begin_wait()
                        self.hurry()
                        self.finish(running, qblk.DONE)
                        self.assert_no_jobs()
                        self.assert_files(self.files[0], self.files[3])
                        self.assert_closed(*self.files[1:3])
                        self.assert_same_content()

    def test_a_foreign_stream_that_concludes_and_is_not_dismissed(self):
        """qblk must not query nodes then (QEMU 6.0 to 10.1), so the job is named by its id."""
        for action in ('--wait', '--abort'):
            with self.subTest(action):
                self.setUp()
                self.boot(data='1M')
                self.start_foreign('stream', True, False)
                if action == '--wait':
                    self.hurry()
                self.qblk('job', self.process.socket, 'foreign', action)
                self.assert_no_jobs()
                self.assert_files(*([self.files[0], self.files[3]] if action == '--wait'
                                    else self.files))
                self.assert_same_content()

    def start_foreign(self, kind, finalize, dismiss):
        arguments = {'job-id': 'foreign', 'auto-finalize': finalize, 'auto-dismiss': dismiss,
                     'speed': 65536}
        if kind == 'commit':
            self.process.qmp.execute('block-commit', {
                **arguments, 'device': 'disk-3', 'top-node': 'disk-2', 'base-node': 'disk-base'})
        else:
            self.process.qmp.execute('block-stream', {
                **arguments, 'device': 'disk-3', 'base-node': 'disk-base'})


class Failed(TestCase):
    """Jobs that failed while no client was connected."""

    def test_each_is_reported_and_dismissed(self):
        for command in (('pull',), ('commit', '--top', 'vda[1]'), ('copy', 'DEST')):
            for action in ('--wait', '--abort'):
                with self.subTest(command=command, action=action):
                    self.setUp()
                    self.boot_unreadable()
                    name, *rest = command
                    rest = [self.dest if word == 'DEST' else word for word in rest]
                    self.qblk(name, self.process.socket, 'vda', *rest, '--detach')
                    self.wait_state('concluded')
                    result = self.job(action, status=qblk.JOB_FAILED)
                    self.assertIn('Input/output error', result.errors)
                    self.assertNotIn('has changed', result.errors)
                    self.assert_no_jobs()
                    self.process.qmp.execute('query-version')
                    self.assert_files(*self.files)
                    self.assert_same_content()

    def test_a_job_that_fails_during_the_wait(self):
        mount = block_jobs.small_file_system(self, '2m')
        self.make(2)
        images.write(self.files[1], offset='8M', length='8M', compressed=True)
        top = images.create(os.path.join(mount, 'top.qcow2'), backing=self.files[0])
        self.files = [top, *self.files]
        self.remember()
        self.run_qemu(qcow2(self.files[2]) + qcow2(self.files[1], backing=stem(self.files[2]))
                      + qcow2(top, backing=stem(self.files[1])) + virtio('top', id='vda'))
        self.detach('pull')
        running = self.begin_wait()
        self.hurry()
        text = self.finish(running, qblk.JOB_FAILED)
        self.assertIn('No space left on device', text)
        self.assertIn(f"; '{top}' has ", text)
        self.assertIn(' of 2097152 bytes left', text)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assert_same_content()


if __name__ == '__main__':
    live.main()
