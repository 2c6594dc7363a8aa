# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees in a terminal: tables, trees, colors, the bar; also if the width changes."""

import fcntl
import json
import os
import pty
import re
import select
import shlex
import struct
import subprocess
import termios
import time

import pyte

import block_jobs
import live
import qblk
from block_jobs import SLOW

ROWS = 40


class Terminal:
    """A terminal that shows what programs write to it."""

    def __init__(self, case, columns):
        self.screen = pyte.Screen(columns, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        case.addCleanup(os.close, self.master)
        self.resize(columns)

    def resize(self, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', ROWS, columns, 0, 0))
        self.screen.resize(ROWS, columns)

    def close_slave(self):
        os.close(self.slave)

    def lines(self):
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def read(self, done):
        """Show the output until DONE() or its end."""
        deadline = time.monotonic() + 60
        while not done():
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            try:
                data = os.read(self.master, 65536) if ready else None
            except OSError:  # a closed terminal is reported like this
                data = b''
            if data is None:
                raise AssertionError(f'{self.lines()} and nothing more')
            if not data:
                return
            self.stream.feed(data)

    def styles(self, row):
        """(text, bold, color) of the parts of the line that are not plain."""
        parts = []
        for column in range(self.screen.columns):
            cell = self.screen.buffer[row][column]
            style = (cell.bold, cell.fg)
            if parts and parts[-1][1] == style:
                parts[-1][0] += cell.data
            else:
                parts.append([cell.data, style])
        return [(text, *style) for text, style in parts if style != (False, 'default')]


def environment(**variables):
    """Without what the test itself has of these."""
    inherited = {name: value for name, value in qblk.environment().items()
                 if name not in ('COLUMNS', 'NO_COLOR')}
    return {**inherited, 'TERM': 'xterm', **variables}


class TestCase(block_jobs.TestCase):
    def begin(self, terminal, *arguments, stdout=None, **variables):
        running = subprocess.Popen(
            qblk.command(arguments), stdin=subprocess.DEVNULL, stderr=terminal.slave,
            stdout=stdout or terminal.slave, env=environment(**variables))
        self.addCleanup(block_jobs.end, running)
        return running

    def show(self, columns, *arguments, status=qblk.DONE, **variables):
        """The lines that a command prints in a terminal of COLUMNS."""
        terminal = Terminal(self, columns)
        running = self.begin(terminal, *arguments, **variables)
        terminal.close_slave()
        terminal.read(lambda: False)
        self.assertEqual(running.wait(60), status, msg=terminal.lines())
        return terminal

    def hurry(self):
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})


class Tables(TestCase):
    """Of a guest whose images have long paths."""

    def shown(self, columns, *arguments):
        _, process = self.share('virtio-5-deep')
        return process, self.show(columns, *arguments, process.socket).lines()

    def test_a_table_fits_the_terminal_and_keeps_the_names_of_files(self):
        for columns in (100, 80, 60, 50):
            with self.subTest(columns):
                process, lines = self.shown(columns, 'chain')
                names = [os.path.basename(path) for path in self.files(process)]
                rows = lines[-len(names):]
                self.assertTrue(lines[-len(names) - 1].startswith('LAYER '), msg=lines)
                for line, name in zip(rows, names):
                    self.assertTrue(line.endswith(name), msg=line)

    def files(self, process):
        lines = self.qblk('chain', process.socket).text.splitlines()[2:]
        return [line.split()[-1] for line in lines]

    def test_wide_and_a_pipe_have_all(self):
        process, _ = self.shown(80, 'list')
        piped = self.qblk('chain', process.socket).text
        lines = self.show(400, 'chain', process.socket).lines()
        self.assertEqual(lines, piped.rstrip('\n').split('\n'))
        terminal = self.show(80, 'chain', '--wide', process.socket)
        self.assertEqual(''.join(terminal.screen.display).split(), piped.split())

    def test_columns_of_the_environment_are_for_a_terminal(self):
        _, process = self.share('virtio-5-deep')
        lines = self.show(200, 'chain', process.socket, COLUMNS='60').lines()
        self.assertLessEqual(max(map(len, lines[1:])), 60)
        piped = qblk.run('chain', process.socket, variables={'COLUMNS': '60'}).text
        self.assertEqual(piped, self.qblk('chain', process.socket).text)

    def test_nothing_breaks_in_a_very_narrow_terminal(self):
        for command in ('list', 'chain', 'graph'):
            for columns in (39, 20, 7, 1):
                with self.subTest(command, columns=columns):
                    self.shown(columns, command)

    def test_a_tree_fits_the_terminal(self):
        process, lines = self.shown(80, 'graph')
        names = [os.path.basename(path) for path in self.files(process)]
        self.assertEqual(len(lines), 1 + len(names))
        for line, name in zip(lines[1:], names):
            self.assertTrue(line.endswith(name), msg=line)

    def test_ascii_outside_utf_8(self):
        _, process = self.share('odd-names')
        for command in ('list', 'chain', 'graph'):
            for columns in (60, 200):
                with self.subTest(command, columns=columns):
                    terminal = self.show(columns, command, process.socket, LC_ALL='C')
                    self.assertTrue(''.join(terminal.lines()).isascii(), msg=terminal.lines())
        text = qblk.run('chain', process.socket, variables={'LC_ALL': 'C'}).stdout
        self.assertTrue(text.isascii())
        self.assertIn(b'`- vda', text)
        self.assertIn(rb'gr\xf6\xdfe', text)
        outputs = [qblk.run('xml', process.socket, 'vdd', variables={'LC_ALL': locale}).stdout
                   for locale in ('C', 'C.UTF-8')]
        self.assertIn('größe'.encode(), outputs[0])
        self.assertEqual(outputs[0], outputs[1])


class Colors(TestCase):
    def test_heads_and_the_active_layer(self):
        _, process = self.share('virtio-5-deep')
        terminal = self.show(200, 'chain', process.socket)
        bold = [text for text, is_bold, _ in terminal.styles(1) if is_bold]
        self.assertEqual(bold, ['LAYER', 'FORMAT', 'SIZE', 'USED', 'NODE', 'FILE'])
        self.assertEqual(terminal.styles(2)[0], ('├─ vda', True, 'default'))
        self.assertEqual([text for text, is_bold, _ in terminal.styles(3) if is_bold], [])

    def test_an_error_is_red_and_a_warning_is_not(self):
        terminal = self.show(200, 'chain', '/no/such.sock', status=qblk.NO_CONNECTION)
        self.assertEqual(terminal.styles(0), [('qblk:', False, 'red')])
        _, process = self.share('quorum')
        terminal = self.show(200, 'list', process.socket)
        self.assertEqual(terminal.styles(0), [('qblk: warning:', False, 'brown')])

    def test_no_colors(self):
        _, process = self.share('virtio-5-deep')
        for variables, options in (({'NO_COLOR': '1'}, ()), ({'TERM': 'dumb'}, ()),
                                   ({}, ('--color=never',))):
            terminal = self.show(200, 'chain', *options, process.socket, **variables)
            self.assertEqual([terminal.styles(row) for row in range(4)], [[]] * 4)

    def test_always_is_for_text_only(self):
        _, process = self.share('virtio-5-deep')
        for arguments, has_color in ((['chain'], True), (['chain', '--json'], False),
                                     (['xml'], False), (['graph', '--format', 'dot'], False)):
            output = self.qblk(*arguments, '--color=always', process.socket).stdout
            self.assertEqual(b'\x1b' in output, has_color, msg=arguments)


class Bar(TestCase):
    def start_bar(self, columns, *options, **variables):
        self.boot(data='4M')
        terminal = Terminal(self, columns)
        running = self.begin(terminal, 'pull', self.process.socket, 'vda', *SLOW, *options,
                             stdout=subprocess.PIPE, **variables)
        return terminal, running

    def end_bar(self, terminal, running):
        """The lines at the end of the job."""
        self.hurry()
        terminal.close_slave()
        terminal.read(lambda: False)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)
        return terminal.lines()

    def wait_for(self, terminal, pattern):
        terminal.read(lambda: any(re.search(pattern, line) for line in terminal.lines()))

    def assert_one_bar(self, terminal, columns):
        """The next bar leaves nothing of the one before it, and does not fill the line."""
        terminal.stream.feed(b'\x1b7\x1b[1;%dHX\x1b8' % columns)
        terminal.read(lambda: not any('X' in line for line in terminal.lines()))
        shown, = terminal.lines()
        self.assertRegex(shown, r'^Block pull: .*\d %')
        self.assertLess(len(shown), columns)

    def test_it_is_one_line_if_the_width_changes(self):
        terminal, running = self.start_bar(100)
        self.wait_for(terminal, r'^Block pull: \[#*\.+\] +\d+ %')
        for columns in (60, 90, 25):
            terminal.resize(columns)
            self.assert_one_bar(terminal, columns)
        self.assertEqual(self.end_bar(terminal, running), ['Block pull: [100 %]'])

    def test_it_is_one_line_if_the_terminal_breaks_it(self):
        """As terminals do that fill their lines again when they become narrower."""
        terminal, running = self.start_bar(100)
        self.wait_for(terminal, r'^Block pull: \[#*\.+\] +\d+ %')
        bar, = terminal.lines()
        terminal.resize(30)
        terminal.screen.reset()
        terminal.stream.feed(bar.encode() + b'\x1b[1;1H')
        self.assertGreater(len(terminal.lines()), 1)
        self.assert_one_bar(terminal, 30)
        self.assertEqual(self.end_bar(terminal, running), ['Block pull: [100 %]'])

    def test_it_has_speed_and_time(self):
        terminal, running = self.start_bar(100)
        self.wait_for(terminal, r'\] +\d+ % +\d+\.\d MiB/s +\d+:\d\d(:\d\d)? left$')
        self.assertEqual(self.end_bar(terminal, running), ['Block pull: [100 %]'])

    def test_no_bar_in_a_terminal_that_cannot_erase(self):
        terminal, running = self.start_bar(100, TERM='dumb')
        while not self.process.qmp.execute('query-jobs'):
            pass
        self.assertEqual(self.end_bar(terminal, running), [])

    def test_no_bar_in_the_background(self):
        """With tostop a process that writes there is stopped."""
        self.boot(data='4M')
        terminal = Terminal(self, 100)
        command = shlex.join(qblk.command(['pull', self.process.socket, 'vda', *SLOW]))
        shell = subprocess.Popen(
            ['bash', '-c', f'set -m; stty tostop; {command} >/dev/null & wait $!; echo status $?'],
            stdin=terminal.slave, stdout=terminal.slave, stderr=terminal.slave, env=environment(),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(terminal.slave, termios.TIOCSCTTY, 0))
        self.addCleanup(block_jobs.end, shell)
        while not any(job['current-progress'] > 0 for job in
                      self.process.qmp.execute('query-jobs')):
            pass
        self.hurry()
        terminal.close_slave()
        terminal.read(lambda: False)
        lines = terminal.lines()  # bash also prints that the process has ended
        self.assertEqual(lines[-1], 'status 0', msg=lines)
        self.assertFalse(any('Block pull' in line for line in lines), msg=lines)

    def test_json_has_lines_instead(self):
        terminal, running = self.start_bar(300, '--json', '--progress')
        self.wait_for(terminal, '"progress"')
        lines = list(map(json.loads, self.end_bar(terminal, running)))
        self.assertGreater(len(lines), 1)
        for line in lines:
            progress = line['progress']
            self.assertEqual(line, {'schema': 'qblk/1', 'command': 'pull', 'progress': progress})
            self.assertEqual(list(progress), ['target', 'job', 'state', 'done', 'total', 'speed',
                                              'seconds_left'])
            self.assertEqual(progress['target'], 'vda')
        last = lines[-1]['progress']
        self.assertEqual((last['state'], last['done']), ('concluded', last['total']))


if __name__ == '__main__':
    live.main()
