# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees in a terminal: tables, trees, colors, the bar; also if the width changes."""

import fcntl
import json
import os
import re
import shlex
import subprocess
import termios

import block_jobs
import live
import qblk
import terminal
from block_jobs import SLOW

ROWS = 40


class Terminal(terminal.Screen):
    def __init__(self, case, columns):
        super().__init__(columns, ROWS)
        case.addCleanup(self.close)

    def set_width(self, columns):
        self.resize(columns, ROWS)

    def shown(self):
        return [line for line in self.lines if line]

    def read(self, done):
        """Show the output until DONE() or its end."""
        while not done():
            has_more = self.read_some(terminal.TIMEOUT)
            if has_more is None:
                raise AssertionError(f'{self.shown()} and nothing more')
            if not has_more:
                return


def environment(**variables):
    """Without what the test itself has of these."""
    inherited = {name: value for name, value in qblk.environment().items()
                 if name not in ('COLUMNS', 'NO_COLOR')}
    return {**inherited, 'TERM': 'xterm', **variables}


class TestCase(block_jobs.TestCase):
    def begin(self, screen, *arguments, stdout=None, **variables):
        running = subprocess.Popen(
            qblk.command(arguments), stdin=subprocess.DEVNULL, stderr=screen.slave,
            stdout=stdout or screen.slave, env=environment(**variables))
        self.addCleanup(block_jobs.end, running)
        return running

    def show(self, columns, *arguments, status=qblk.DONE, **variables):
        """The lines that a command prints in a terminal of COLUMNS."""
        screen = Terminal(self, columns)
        running = self.begin(screen, *arguments, **variables)
        screen.close_slave()
        screen.read(lambda: False)
        self.assertEqual(running.wait(60), status, msg=screen.shown())
        return screen

    def hurry(self):
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})


class Tables(TestCase):
    """Of a guest whose images have long paths."""

    def shown(self, columns, *arguments):
        _, process = self.share('virtio-5-deep')
        return process, self.show(columns, *arguments, process.socket).shown()

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
        lines = self.show(400, 'chain', process.socket).shown()
        self.assertEqual(lines, piped.rstrip('\n').split('\n'))
        screen = self.show(80, 'chain', '--wide', process.socket)
        self.assertEqual(''.join(screen.emulator.display).split(), piped.split())

    def test_columns_of_the_environment_are_for_a_terminal(self):
        _, process = self.share('virtio-5-deep')
        lines = self.show(200, 'chain', process.socket, COLUMNS='60').shown()
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
                    screen = self.show(columns, command, process.socket, LC_ALL='C')
                    self.assertTrue(''.join(screen.shown()).isascii(), msg=screen.shown())
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
        screen = self.show(200, 'chain', process.socket)
        bold = [text for text, is_bold, _ in screen.styles(1) if is_bold]
        self.assertEqual(bold, ['LAYER', 'FORMAT', 'SIZE', 'USED', 'NODE', 'FILE'])
        self.assertEqual(screen.styles(2)[0], ('├─ vda', True, 'default'))
        self.assertEqual([text for text, is_bold, _ in screen.styles(3) if is_bold], [])

    def test_an_error_is_red_and_a_warning_is_not(self):
        screen = self.show(200, 'chain', '/no/such.sock', status=qblk.NO_CONNECTION)
        self.assertEqual(screen.styles(0), [('qblk:', False, 'red')])
        _, process = self.share('quorum')
        screen = self.show(200, 'list', process.socket)
        self.assertEqual(screen.styles(0), [('qblk: warning:', False, 'brown')])

    def test_no_colors(self):
        _, process = self.share('virtio-5-deep')
        for variables, options in (({'NO_COLOR': '1'}, ()), ({'TERM': 'dumb'}, ()),
                                   ({}, ('--color=never',))):
            screen = self.show(200, 'chain', *options, process.socket, **variables)
            self.assertEqual([screen.styles(row) for row in range(4)], [[]] * 4)

    def test_always_is_for_text_only(self):
        _, process = self.share('virtio-5-deep')
        for arguments, has_color in ((['chain'], True), (['chain', '--json'], False),
                                     (['xml'], False), (['graph', '--format', 'dot'], False)):
            output = self.qblk(*arguments, '--color=always', process.socket).stdout
            self.assertEqual(b'\x1b' in output, has_color, msg=arguments)


class Bar(TestCase):
    def start_bar(self, columns, *options, **variables):
        self.boot(data='4M')
        screen = Terminal(self, columns)
        running = self.begin(screen, 'pull', self.process.socket, 'vda', *SLOW, *options,
                             stdout=subprocess.PIPE, **variables)
        return screen, running

    def end_bar(self, screen, running):
        """The lines at the end of the job."""
        self.hurry()
        screen.close_slave()
        screen.read(lambda: False)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, qblk.DONE)
        return screen.shown()

    def wait_for(self, screen, pattern):
        screen.read(lambda: any(re.search(pattern, line) for line in screen.shown()))

    def assert_one_bar(self, screen, columns):
        """The next bar leaves nothing of the one before it, and does not fill the line."""
        screen.feed(b'\x1b7\x1b[1;%dHX\x1b8' % columns)
        screen.read(lambda: not any('X' in line for line in screen.shown()))
        shown, = screen.shown()
        self.assertRegex(shown, r'^Block pull: .*\d %')
        self.assertLess(len(shown), columns)

    def test_it_is_one_line_if_the_width_changes(self):
        screen, running = self.start_bar(100)
        self.wait_for(screen, r'^Block pull: \[#*\.+\] +\d+ %')
        for columns in (60, 90, 25):
            screen.set_width(columns)
            self.assert_one_bar(screen, columns)
        self.assertEqual(self.end_bar(screen, running), ['Block pull: [100 %]'])

    def test_it_is_one_line_if_the_terminal_breaks_it(self):
        """As terminals do that fill their lines again when they become narrower."""
        screen, running = self.start_bar(100)
        self.wait_for(screen, r'^Block pull: \[#*\.+\] +\d+ %')
        bar, = screen.shown()
        screen.set_width(30)
        screen.emulator.reset()
        screen.feed(bar.encode() + b'\x1b[1;1H')
        self.assertGreater(len(screen.shown()), 1)
        self.assert_one_bar(screen, 30)
        self.assertEqual(self.end_bar(screen, running), ['Block pull: [100 %]'])

    def test_it_has_speed_and_time(self):
        screen, running = self.start_bar(100)
        self.wait_for(screen, r'\] +\d+ % +\d+\.\d MiB/s +\d+:\d\d(:\d\d)? left$')
        self.assertEqual(self.end_bar(screen, running), ['Block pull: [100 %]'])

    def test_no_bar_in_a_terminal_that_cannot_erase(self):
        screen, running = self.start_bar(100, TERM='dumb')
        while not self.process.qmp.execute('query-jobs'):
            pass
        self.assertEqual(self.end_bar(screen, running), [])

    def test_no_bar_in_the_background(self):
        """With tostop a process that writes there is stopped."""
        self.boot(data='4M')
        screen = Terminal(self, 100)
        command = shlex.join(qblk.command(['pull', self.process.socket, 'vda', *SLOW]))
        shell = subprocess.Popen(
            ['bash', '-c', f'set -m; stty tostop; {command} >/dev/null & wait $!; echo status $?'],
            stdin=screen.slave, stdout=screen.slave, stderr=screen.slave, env=environment(),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(screen.slave, termios.TIOCSCTTY, 0))
        self.addCleanup(block_jobs.end, shell)
        while not any(job['current-progress'] > 0 for job in
                      self.process.qmp.execute('query-jobs')):
            pass
        self.hurry()
        screen.close_slave()
        screen.read(lambda: False)
        lines = screen.shown()  # bash also prints that the process has ended
        self.assertEqual(lines[-1], 'status 0', msg=lines)
        self.assertFalse(any('Block pull' in line for line in lines), msg=lines)

    def test_json_has_lines_instead(self):
        screen, running = self.start_bar(300, '--json', '--progress')
        self.wait_for(screen, '"progress"')
        lines = list(map(json.loads, self.end_bar(screen, running)))
        self.assertGreater(len(lines), 1)
        for line in lines:
            progress = line['progress']
            self.assertEqual(line, {'schema': 'qblk/1', 'command': 'pull', 'progress': progress})
            self.assertEqual(list(progress), ['target', 'job', 'state', 'done', 'total', 'speed',
                                              'seconds-left'])
            self.assertEqual(progress['target'], 'vda')
        last = lines[-1]['progress']
        self.assertEqual((last['state'], last['done']), ('concluded', last['total']))


if __name__ == '__main__':
    live.main()
