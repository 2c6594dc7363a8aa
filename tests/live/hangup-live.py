# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGHUP while a job runs: it is rolled back as with Ctrl-C, unless the signal is ignored."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import termios

import block_jobs
import bridge
import live
import qblk
from block_jobs import SLOW

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) may run the tests


def is_pending(process):
    """TRUE if a SIGHUP was sent that the process has not read."""
    with open(f'/proc/{process.pid}/status', encoding='ascii') as file:
        sets = re.findall(r'^(?:SigPnd|ShdPnd):\s*(\w+)', file.read(), re.M)
    return any(int(pending, 16) >> (signal.SIGHUP - 1) & 1 for pending in sets)


def take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Hangup(block_jobs.TestCase):
    def assert_rolled_back(self, running):
        text = self.finish(running, qblk.JOB_FAILED)
        self.assertIn(': interrupted', text)
        self.assertIn("the chain of 'vda' is unchanged", text)
        self.assert_untouched()

    def test_it_rolls_a_job_back(self):
        for words in (('commit', '--top', 'vda[1]'), ('commit', '--pivot'), ('pull',)):
            with self.subTest(words):
                self.setUp()
                self.boot(data='4M')
                running = self.begin(words[0], self.process.socket, 'vda', *words[1:], *SLOW)
                running.send_signal(signal.SIGHUP)
                self.assert_rolled_back(running)

    def test_a_second_one_does_not_leave_the_job(self):
        """The shell and the kernel both send one at the end of a terminal."""
        self.boot(data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--pivot', *SLOW)
        os.kill(self.process.pid, signal.SIGSTOP)  # it cannot cancel the job in between
        try:
            for _ in range(2):
                running.send_signal(signal.SIGHUP)
                self.wait_for(lambda: not is_pending(running))
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        self.assert_rolled_back(running)

    def test_the_end_of_the_terminal_rolls_the_job_back(self):
        self.boot(data='4M')
        screen, terminal = pty.openpty()
        running = subprocess.Popen(
            qblk.command(['pull', self.process.socket, 'vda', *SLOW]), env=qblk.environment(),
            stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            preexec_fn=take_terminal)
        self.addCleanup(block_jobs.end, running)
        os.close(terminal)
        self.assertIn(b'%', os.read(screen, 1000))  # the bar of the job
        os.close(screen)
        self.assertEqual(running.wait(timeout=60), qblk.JOB_FAILED)
        self.assert_untouched()

    def test_it_has_no_effect_under_nohup(self):
        self.boot(data='4M')
        command = qblk.command(['pull', self.process.socket, 'vda', *SLOW])
        running = subprocess.Popen(['nohup', *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=qblk.environment())
        self.addCleanup(block_jobs.end, running)
        self.wait_for(lambda: any(job['type'] == 'stream' and job['current-progress'] > 0
                                  for job in self.process.qmp.execute('query-jobs')))
        running.send_signal(signal.SIGHUP)
        self.assertFalse(is_pending(running))
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.finish(running, qblk.DONE)


class Bridge(live.TestCase):
    def test_it_has_no_effect_on_a_bridge_under_nohup(self):
        _, process = self.start('virtio-5-deep')
        path = os.path.join(self.directory, 'bridge.sock')

        def ignore():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        with bridge.Bridge(process.socket, listen=path, preexec_fn=ignore) as running:
            running.process.send_signal(signal.SIGHUP)
            client = bridge.Client(path)
            client.negotiate()
            client.close()
            self.assertEqual(running.stop(signal.SIGTERM), 0)


if __name__ == '__main__':
    live.main()
