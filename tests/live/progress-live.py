# SPDX-License-Identifier: LGPL-2.1-or-later
"""Progress of a job: a bar on a terminal, lines with --progress, otherwise nothing; `jobs
--watch`."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import block_jobs
import live
import qblk
from block_jobs import SLOW


class TestCase(block_jobs.TestCase):
    def hurry(self):
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})

    def popen(self, *arguments, **options):
        options.setdefault('env', qblk.environment())
        running = subprocess.Popen(qblk.command(arguments), stdin=subprocess.DEVNULL, bufsize=0,
                                   **options)
        self.addCleanup(block_jobs.end, running)
        return running


class Progress(TestCase):
    COMMANDS = (('commit', '--top', 'vda[1]'), ('commit', '--pivot'), ('pull',),
                ('copy', 'DEST', '--pivot'))
    TITLES = {'commit': 'Block commit', 'pull': 'Block pull', 'copy': 'Block copy'}

    def words(self, command):
        name, *rest = command
        dest = os.path.join(self.directory, 'copy.img')
        return [name, self.process.socket, 'vda', *[dest if word == 'DEST' else word
                                                    for word in rest]]

    def test_nothing_is_printed_without_verbose(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                self.setUp()
                self.boot()
                self.assertEqual(self.qblk(*self.words(command)).errors, '')

    def test_progress_prints_lines_that_end_with_100(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                self.setUp()
                self.boot(data='4M')
                running = self.popen(*self.words(command), '--progress', *SLOW,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                line = rb'%s: \[ *(\d+) %%\]\n' % self.TITLES[command[0]].encode()
                seen = [int(re.fullmatch(line, running.stderr.readline()).group(1))]
                self.hurry()
                _, rest = running.communicate(timeout=60)
                self.assertEqual(running.returncode, qblk.DONE)
                seen += [int(re.fullmatch(line, text).group(1))
                         for text in rest.splitlines(keepends=True)]
                self.assertEqual(seen, sorted(set(seen)))
                self.assertEqual(seen[-1], 100)
                self.assertEqual(seen.count(100), 1)

    def test_100_is_not_printed_for_a_cancelled_job(self):
        self.boot(data='4M')
        running = self.begin('pull', self.process.socket, 'vda', '--progress', *SLOW)
        self.assertNotIn('100', self.interrupt(running))

    def test_verbose_is_the_log_before_and_after_the_command(self):
        for words in (('-v', 'pull'), ('pull', '--verbose')):
            with self.subTest(words):
                self.setUp()
                self.boot()
                errors = self.qblk(*words, self.process.socket, 'vda').errors
                self.assertIn('block-stream', errors)
                self.assertNotIn('Block pull', errors)

    def test_the_log_and_progress_are_both_printed(self):
        self.boot()
        errors = self.qblk('pull', '-vp', self.process.socket, 'vda').errors
        self.assertIn('block-stream', errors)
        self.assertIn('Block pull', errors)

    def test_a_bar_on_a_terminal(self):
        self.boot(data='4M')
        screen, terminal = pty.openpty()
        self.addCleanup(os.close, screen)
        running = self.popen('pull', self.process.socket, 'vda', *SLOW,
                             stdout=subprocess.PIPE, stderr=terminal,
                             env={**qblk.environment(), 'TERM': 'xterm'})
        os.close(terminal)
        text = read_until(screen, rb'Block pull: \[[#.]+\] +[1-9]\d? %')
        self.hurry()
        text += read_until(screen, None)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)
        # each bar replaces the one before it, and the result replaces the last one
        self.assertRegex(text, rb'\A(\r[^\r\n]*\x1b\[J\r)+\r\x1b\[JBlock pull: \[100 %\]\r\n\Z')


def read_until(screen, pattern):
    """The output on the terminal SCREEN up to PATTERN; without a pattern, up to its end."""
    text = b''
    deadline = time.monotonic() + 60
    while pattern is None or not re.search(pattern, text):
        ready, _, _ = select.select([screen], [], [], max(0, deadline - time.monotonic()))
        try:
            data = os.read(screen, 4096) if ready else b''
        except OSError:  # a closed terminal is reported like this
            data = b''
        if not data:
            if pattern is None and ready:
                return text
            raise AssertionError(f'{text!r} and nothing more')
        text += data
    return text


class Watch(TestCase):
    def watch(self, *options):
        running = self.popen(*options, 'jobs', self.process.socket, '--watch',
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return running, running.stdout.readline()

    def start(self):
        """A job that no other client waits for."""
        self.process.qmp.execute('block-stream', {
            'job-id': 'job0', 'device': 'disk-3', 'speed': 65536, 'auto-dismiss': True})

    def test_it_prints_changes_and_ends_with_the_jobs(self):
        self.boot(data='4M')
        self.start()
        running, line = self.watch()
        self.assertRegex(line, rb"\Avda: pull 'job0' is running, \d+ %\n\Z")
        self.process.qmp.execute('job-pause', {'id': 'job0'})
        self.assertRegex(running.stdout.readline(), rb"job0' is paused")
        self.process.qmp.execute('job-resume', {'id': 'job0'})
        self.hurry()
        rest, errors = running.communicate(timeout=60)
        self.assertEqual((running.returncode, errors), (qblk.DONE, b''))
        self.assertEqual(rest.splitlines()[-1], b"job 'job0' is gone")

    def test_without_jobs_it_ends_at_once(self):
        self.boot()
        self.assertEqual(self.qblk('jobs', self.process.socket, '--watch').text, '')

    def test_ctrl_c_ends_it_with_success(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.setUp()
                self.boot(data='4M')
                self.start()
                running, _ = self.watch()
                running.send_signal(number)
                _, errors = running.communicate(timeout=60)
                self.assertEqual((running.returncode, errors), (qblk.DONE, b''))
                self.assertEqual(self.process.qmp.execute('query-jobs')[0]['status'], 'running')

    def test_json_is_one_object_after_another(self):
        self.boot(data='4M')
        self.start()
        running, first = self.watch('--json')
        self.hurry()
        rest, _ = running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)
        objects, text = [], (first + rest).decode()
        while text.strip():
            value, end = json.JSONDecoder().raw_decode(text.lstrip())
            objects.append(value)
            text = text.lstrip()[end:]
        self.assertEqual(objects[0]['jobs'][0]['id'], 'job0')
        self.assertEqual(objects[-1]['jobs'], [])
        self.assertEqual({value['schema'] for value in objects}, {'qblk/1'})

    def test_qemu_ends(self):
        self.boot(data='4M')
        self.start()
        running, _ = self.watch()
        self.process.kill()
        _, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.NO_CONNECTION)
        self.assertNotEqual(errors, b'')


if __name__ == '__main__':
    live.main()
