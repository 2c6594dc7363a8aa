# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk watch`: on a terminal, in tmux, over ssh, in lines and as JSON."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

import block_jobs
import brief
import live
import qblk
import qemu
import relay
import sshd
import terminal


SAFE = re.compile(r'query-[a-z-]+|qblk-query-peer|qom-get|x-debug-query-block-graph|'
                  r'qmp_capabilities')


class TestCase(block_jobs.TestCase):
    def start_job(self):
        """A job that no other client waits for, of some seconds."""
        self.process.qmp.execute('block-stream', {
            'job-id': 'job0', 'device': 'disk-3', 'speed': 1 << 20, 'auto-dismiss': True})

    def hurry(self):
        self.process.qmp.execute('block-job-set-speed', {'device': 'job0', 'speed': 0})

    def put_overlay(self, name='over'):
        """As another client does it, which causes no event."""
        self.process.qmp.execute('blockdev-snapshot-sync', {
            'node-name': 'disk-3', 'snapshot-node-name': name, 'format': 'qcow2',
            'snapshot-file': os.path.join(self.directory, f'{name}.qcow2')})

    def environment(self, **variables):
        return {**qblk.environment(), 'TERM': 'linux', 'TZ': 'UTC0', **variables}

    def watch(self, *options, columns=100, lines=30, **variables):
        return self.enterContext(terminal.Terminal(
            qblk.command(('watch', self.process.socket, *options)), self.environment(**variables),
            columns, lines))

    def popen(self, *options, prefix=()):
        command = [*prefix, *qblk.command(('watch', self.process.socket, *options))]
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, env=self.environment())
        self.addCleanup(block_jobs.end, running)
        return running


class Screen(TestCase):
    def assert_restored(self, screen):
        self.assertEqual(screen.current_modes(), screen.modes)
        self.assertIn(b'\x1b[?25h', screen.output[-100:])  # the cursor

    def test_jobs_have_bars_and_chains_change(self):
        self.boot(data='4M')
        screen = self.watch()
        screen.wait_for(' q quit')
        self.assertRegex(screen.text, r'├─ vda +qcow2 +64 MiB +\S+ \S+ +\S*/disk-3\.qcow2')
        self.assertRegex(screen.text, r'└─ vda\[3\] +qcow2 .*/disk-base\.qcow2')
        self.start_job()
        screen.wait_for(re.compile(r"pull 'job0' is running +\[[#.]+\] +\d+ % +\S+ [KM]iB/s "
                                   r'+\d+:\d\d left').search)
        screen.wait_for(re.compile(r"\d\d:\d\d:\d\d (vda: )?job 'job0' is running").search)
        self.hurry()
        screen.wait_for('vda  virtio disk, 1 layer')
        screen.wait_for("vda: job 'job0' has completed")
        self.assertNotIn("'job0' is running  [", screen.text)

    def test_an_overlay_of_another_client_appears(self):
        self.boot()
        screen = self.watch()
        screen.wait_for('4 layers')
        self.put_overlay()
        screen.wait_for('vda: the chain has changed: virtio disk, 5 layers')
        self.assertRegex(screen.text, r'├─ vda +qcow2 .*/over\.qcow2')

    def test_it_quits_and_restores_the_terminal(self):
        self.boot()
        for key in ('q', '\x03'):
            with self.subTest(key):
                screen = self.watch()
                screen.wait_for('4 layers')
                self.assertNotEqual(screen.current_modes(), screen.modes)
                screen.type(key)
                self.assertEqual(screen.finish(), qblk.DONE)
                self.assert_restored(screen)

    def test_signals_restore_the_terminal(self):
        self.boot()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(number):
                screen = self.watch()
                screen.wait_for('4 layers')
                screen.process.send_signal(number)
                self.assertEqual(screen.finish(), qblk.DONE)
                self.assert_restored(screen)

    def test_it_can_be_suspended(self):
        self.boot()
        screen = self.watch()
        screen.wait_for('4 layers')
        screen.process.send_signal(signal.SIGTSTP)
        self.wait_for(lambda: self.state_of(screen.process.pid) == 'T')
        self.assertEqual(screen.current_modes(), screen.modes)
        screen.output = b''
        screen.process.send_signal(signal.SIGCONT)
        screen.wait_for(lambda text: b'4 layers' in screen.output)
        self.assertNotEqual(screen.current_modes(), screen.modes)
        screen.type('q')
        self.assertEqual(screen.finish(), qblk.DONE)
        self.assert_restored(screen)

    @staticmethod
    def state_of(pid):
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rpartition(')')[2].split()[0]

    def test_it_follows_the_size_of_the_terminal(self):
        self.boot()
        screen = self.watch()
        screen.wait_for('4 layers')
        screen.resize(50, 12)
        screen.wait_for(lambda text: screen.lines[-1].startswith(' q quit')
                        and 'disk-base.qcow2' in text)
        self.assertLessEqual(max(map(len, screen.lines)), 50)
        self.assertIn('…', screen.text)
        screen.resize(120, 40)
        screen.wait_for(lambda text: screen.lines[-1].startswith(' q quit')
                        and self.files[-1] in text)

    def test_keys(self):
        self.boot()
        screen = self.watch(lines=8)
        screen.wait_for('3 of 6 lines')
        self.assertNotIn('vda[1]', screen.text)
        screen.type('\x1b[B')  # down
        screen.wait_for('vda[1]')
        screen.type('\x1b[4~')  # End
        screen.wait_for('└─ vda[3]')
        screen.type('?')
        screen.wait_for('q, Ctrl-C')
        screen.type('x')
        screen.wait_for('└─ vda[3]')
        screen.type(' ')
        screen.wait_for('1 VM, paused')
        self.process.qmp.execute('cont')
        screen.type(' ')
        screen.wait_for(lambda text: 'paused' not in text and 'the guest runs' in text)

    def test_a_qemu_that_was_killed_and_starts_again(self):
        self.boot()
        screen = self.watch()
        screen.wait_for('4 layers')
        self.process.kill()
        screen.wait_for(re.compile(r'connecting again in \d+ s').search)
        self.assertIn('4 layers', screen.text)  # what was known last
        self.process.stop()
        os.remove(self.process.socket)
        os.remove(os.path.join(self.directory, 'control.sock'))
        self.run_qemu(self.disk('blockdev'))
        screen.wait_for(lambda text: 'connecting' not in text and text.count('connected') >= 2)

    def test_it_ends_with_the_vm_unless_it_waits(self):
        self.boot()
        screen = self.watch()
        screen.wait_for('4 layers')
        self.process.quit()
        self.assertEqual(screen.finish(), qblk.DONE)
        self.assert_restored(screen)
        self.assertIn('the VM has ended', screen.text)

    def test_it_waits_for_vms_that_have_ended(self):
        self.boot()
        screen = self.watch('--wait')
        screen.wait_for('4 layers')
        self.process.quit()
        screen.wait_for('QEMU has ended; connecting again')
        self.process.stop()
        self.run_qemu(self.disk('blockdev'))
        screen.wait_for(lambda text: text.count(' connected') == 2)
        self.assertNotIn('connecting', screen.text)

    def test_an_error_is_printed_on_the_restored_terminal(self):
        self.boot()
        screen = self.watch('--disk', 'vdx')
        self.assertEqual(screen.finish(), qblk.NOT_FOUND)
        self.assertEqual(screen.current_modes(), screen.modes)
        self.assertIn("qblk: there is no disk 'vdx'", screen.text)

    def test_terminals_without_a_screen_get_lines(self):
        self.boot()
        for name in ('dumb', 'no-such-terminal', ''):
            with self.subTest(name):
                screen = self.watch(TERM=name)
                screen.wait_for('vda: virtio disk, 4 layers')
                self.assertNotIn(b'\x1b', screen.output)
                screen.type('\x03')
                self.assertEqual(screen.finish(), qblk.DONE)

    def test_without_utf8_the_screen_is_ascii(self):
        self.boot()
        screen = self.watch(LC_ALL='C')
        screen.wait_for('|- vda')
        self.assertTrue(screen.output.isascii())


class Other(TestCase):
    def test_lines(self):
        self.boot(data='4M')
        running = self.popen()
        self.read_until(running, b'vda: virtio disk, 4 layers: ')
        self.start_job()
        name = re.escape(self.process.socket.encode())
        self.read_until(running, rb"\d\d:\d\d:\d\d " + name +
                        rb": vda: pull 'job0' is running, \d+ %\n")
        self.hurry()
        self.read_until(running, rb"vda: job 'job0' has completed\n")
        self.read_until(running, rb'vda: the chain has changed: virtio disk, 1 layer: ')
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
        self.assertEqual((running.returncode, errors), (qblk.DONE, b''))

    def read_until(self, running, pattern):
        """Read lines until one has PATTERN."""
        seen = b''
        while True:
            line = running.stdout.readline()
            self.assertNotEqual(line, b'', msg=seen)
            seen += line
            if re.search(pattern, line):
                return line

    def test_it_ends_if_no_process_reads_its_lines(self):
        self.boot()
        running = self.popen()
        self.read_until(running, b'vda: virtio disk, 4 layers: ')
        running.stdout.close()
        self.assertEqual(running.wait(60), qblk.DONE)

    def test_a_hangup_has_no_effect_under_nohup(self):
        self.boot()
        running = self.popen(prefix=['nohup'])
        self.read_until(running, b'vda: virtio disk, 4 layers: ')
        running.send_signal(signal.SIGHUP)
        self.put_overlay()
        self.read_until(running, b'the chain has changed: virtio disk, 5 layers: ')
        running.terminate()
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)

    def test_json_lines(self):
        self.boot(data='4M')
        running = self.popen('--json')
        self.next_json(running, lambda line: line.get('state', {}).get('name') == 'connected')
        line = self.next_json(running, lambda line: 'snapshot' in line)
        self.assertEqual((line['schema'], line['command'], line['vm']),
                         ('qblk/1', 'watch', self.process.socket))
        disk, = line['snapshot']['disks']
        self.assertEqual((disk['target'], len(disk['layers'])), ('vda', 4))
        self.start_job()
        line = self.next_json(running, lambda line: 'event' in line)
        self.assertEqual(line['event']['name'], 'JOB_STATUS_CHANGE')
        self.assertEqual(line['event']['qemu']['data']['id'], 'job0')
        line = self.next_json(running, lambda line: line.get('progress', {}).get('rate'))
        job = line['progress']['job']
        self.assertEqual((job['id'], job['target']), ('job0', 'vda'))
        self.process.quit()
        line = self.next_json(running, lambda line: line.get('state', {}).get('name') == 'lost')
        self.assertEqual(line['state']['error']['message'], 'QEMU has ended')
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)

    def next_json(self, running, condition):
        return json.loads(self.read_until_json(running, condition))

    def read_until_json(self, running, condition):
        while True:
            line = running.stdout.readline()
            self.assertNotEqual(line, b'')
            if condition(json.loads(line)):
                return line

    def test_only_queries_are_sent(self):
        self.boot(data='4M')
        path = os.path.join(self.directory, 'recorder')
        with relay.Recorder(path, self.process.socket) as recorder:
            running = subprocess.Popen(
                qblk.command(('watch', path)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                bufsize=0, env=self.environment())
            self.addCleanup(block_jobs.end, running)
            self.read_until(running, b'4 layers')
            self.start_job()
            self.read_until(running, rb'is running, \d+ %')
            self.hurry()
            self.read_until(running, b'1 layer: ')
            running.terminate()
            running.communicate(timeout=60)
            names = {json.loads(line)['execute'] for line in recorder.sent}
        self.assertEqual([name for name in names if not SAFE.fullmatch(name)], [])

    def test_a_busy_monitor(self):
        self.boot()
        running = self.popen()
        self.read_until(running, b'4 layers')
        errors = self.qblk('-t', '0.3', 'watch', self.process.socket,
                           status=qblk.NO_CONNECTION).errors
        self.assertIn('no greeting', errors)

    def test_a_vm_that_does_not_run(self):
        path = os.path.join(self.directory, 'no.qmp')
        self.qblk('watch', path, status=qblk.NO_CONNECTION)

    def test_a_qemu_that_hangs_is_noticed(self):
        self.boot()
        running = subprocess.Popen(
            qblk.command(('-t', '0.3', 'watch', self.process.socket)), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, bufsize=0, env=self.environment())
        self.addCleanup(block_jobs.end, running)
        self.read_until(running, b'4 layers')
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            self.read_until(running, b'QEMU does not respond')
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        self.read_until(running, b': connected\n')

    @brief.leave_out
    def test_tmux(self):
        if shutil.which('tmux') is None:
            raise qemu.Missing('no tmux')
        self.boot(data='4M')
        command = shlex.join(qblk.command(('watch', self.process.socket)))
        self.tmux('new-session', '-d', '-x', '100', '-y', '30',
                  f'{command}; echo "status $?"; stty -a; cat')
        self.addCleanup(self.tmux, 'kill-server')
        self.wait_for_pane('4 layers')
        self.start_job()
        self.wait_for_pane("'job0' is running  [")
        self.tmux('resize-window', '-x', '60', '-y', '15')
        text = self.wait_for_pane('…')
        self.assertLessEqual(max(map(len, text.splitlines())), 60)
        self.tmux('send-keys', 'q')
        text = self.wait_for_pane('echoctl')
        self.assertIn('status 0', text)
        self.assertNotIn('4 layers', text)
        self.assertRegex(text, r'(?s)\bicanon\b.*\becho\b')

    def tmux(self, *arguments):
        socket = os.path.join(self.directory, 'tmux')
        done = subprocess.run(['tmux', '-S', socket, '-f', '/dev/null', *arguments], check=True,
                              stdout=subprocess.PIPE, env=self.environment(TERM='xterm-256color'))
        return done.stdout.decode()

    def wait_for_pane(self, wanted):
        deadline = time.monotonic() + 60
        while True:
            text = self.tmux('capture-pane', '-p')
            if wanted in text:
                return text
            self.assertLess(time.monotonic(), deadline, msg=text)

    @brief.leave_out
    def test_ssh(self):
        self.boot(data='4M')
        server = self.enterContext(sshd.Server(self.directory))
        words = ['env', *(f'{name}={value}' for name, value in self.environment().items()
                          if name in ('LC_ALL', 'TZ', 'PATH', 'LD_LIBRARY_PATH', 'QBLK_STATE'))]
        command = shlex.join([*words, *qblk.command(('watch', self.process.socket))])
        screen = self.enterContext(terminal.Terminal(
            [server.program, '-tt', '-p', str(server.port), f'{server.user}@127.0.0.1', command],
            self.environment()))
        screen.wait_for('4 layers')
        self.start_job()
        screen.wait_for("'job0' is running  [")
        screen.resize(60, 15)
        screen.wait_for(lambda text: screen.lines[-1].startswith(' q quit') and '…' in text)
        screen.type('q')
        self.assertEqual(screen.finish(), qblk.DONE)
        self.assertEqual(screen.current_modes(), screen.modes)

    def test_several_vms(self):
        self.boot()
        other = os.path.join(self.directory, 'no.qmp')
        running = self.popen(other)
        self.read_until(running, re.escape(other.encode()) + b': .*No such file')
        self.read_until(running, b'4 layers')


if __name__ == '__main__':
    live.main()
