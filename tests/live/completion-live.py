# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion of command lines, in the shells themselves, for a running QEMU."""

import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import time
import unittest

import block_jobs
import live
import qblk
import qmp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(ROOT, 'contrib', 'completion')
NAME = "my web'1"
LIMIT = 1.0


class TestCase(block_jobs.TestCase):
    def setUp(self):
        super().setUp()
        self.make(3)
        self.run_qemu(self.disk('blockdev') + ['-name', NAME])
        self.bin = os.path.join(self.directory, 'bin')
        os.mkdir(self.bin)
        os.symlink(os.path.realpath(qblk.command(())[-1]), os.path.join(self.bin, 'qblk'))

    def environment(self, **more):
        environment = qblk.environment()
        return {**environment, 'PATH': f"{self.bin}:{environment['PATH']}", 'TERM': 'dumb',
                'HOME': self.directory, 'LC_ALL': 'C.UTF-8', **more}

    def words(self, *words):
        """[(word, description)], of which the last one of WORDS can be completed."""
        result = self.qblk('__complete', 'words', '--', *words, cwd=self.directory)
        self.assertEqual(result.errors, '')
        return [tuple(line.split('\t')) for line in result.text.splitlines()]

    def names(self, *words):
        return [word for word, _ in self.words(*words)]


class Words(TestCase):
    def test_vms_are_completed_by_name_and_socket(self):
        self.assertIn((NAME, f'pid {self.process.pid}'), self.words('list', ''))
        self.assertEqual(self.names('list', 'my w'), [NAME])
        self.assertIn(self.process.socket, self.names('list', self.process.socket[:-3]))
        self.assertEqual(self.names('list', './qmp.so'), ['./qmp.sock'])
        self.assertEqual(self.names('list', '--vm=my'), ['--vm=' + NAME])

    def test_disks_and_layers_are_those_of_the_guest(self):
        top, middle, base = self.files
        layers = [('vda', top), ('vda[1]', middle), ('vda[2]', base)]
        for vm in (NAME, self.process.socket, 'unix:' + self.process.socket):
            with self.subTest(vm):
                self.assertEqual(self.words('chain', vm, ''), layers[:1])
                self.assertEqual(self.words('resolve', vm, ''), layers)
                self.assertEqual(self.names('commit', vm, 'vda', '--base=vda['),
                                 ['--base=vda[1]', '--base=vda[2]'])
                self.assertEqual(self.words('commit', vm, 'vda', '--top', 'vda['), layers[1:])
        self.assertEqual(self.words('resolve', '--target', 'root=vda', NAME, 'roo')[1][0],
                         'root[1]')
        self.assertIn(base, self.names('resolve', NAME, base[:-3]))
        self.assertTrue(self.names('resolve', NAME, 'node:')[0].startswith('node:'))
        self.assertEqual(self.words('resolve', 'image:' + top, 'vda['), layers[1:])

    def test_a_monitor_in_use_is_left_alone(self):
        with qmp.Qmp.connect(self.process.socket) as client:
            start = time.monotonic()
            self.assertEqual(self.names('resolve', self.process.socket, ''), [])
            self.assertLess(time.monotonic() - start, LIMIT / 2)  # it does not wait for a greeting
            client.execute('query-status')
        self.qblk('list', self.process.socket)

    def test_a_vm_that_does_not_answer_takes_a_second(self):
        listener = self.enterContext(socket.socket(socket.AF_UNIX))
        silent = os.path.join(self.directory, 'silent.sock')
        listener.bind(silent)
        listener.listen()
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            for vm in (self.process.socket, NAME, silent, 'ssh://nowhere.invalid/run/vm.qmp',
                       'tcp:127.0.0.1:1', '/none.sock', 'fd:99', 'capture:-', 'image:/none'):
                with self.subTest(vm):
                    start = time.monotonic()
                    self.assertEqual(self.names('resolve', vm, 'vda['), [])
                    self.assertLess(time.monotonic() - start, LIMIT + 0.3)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def test_an_image_is_only_read(self):
        before = {path: os.stat(path) for path in self.files}
        self.names('commit', 'image:' + self.files[0], 'vda', '--base', '')
        self.assertEqual({path: os.stat(path) for path in self.files}, before)


class Shell:
    """An interactive shell on a terminal, which writes its line into a pipe at Ctrl-G."""

    def __init__(self, test, command, setup, **environment):
        self._pipe = os.path.join(test.directory, 'line')
        os.mkfifo(self._pipe)
        self._reader = os.open(self._pipe, os.O_RDWR | os.O_NONBLOCK)
        test.addCleanup(os.close, self._reader)
        self._screen, terminal = pty.openpty()
        test.addCleanup(os.close, self._screen)
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=test.directory,
            env=test.environment(LINE=self._pipe, **environment), start_new_session=True)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)
        os.close(terminal)
        self.shown = b''
        self.type(setup + 'echo ready >"$LINE"\n')
        assert self._read() == 'ready'

    def type(self, text):
        os.write(self._screen, text.encode())

    def _read(self):
        line = b''
        while not line.endswith(b'\n'):
            ready, _, _ = select.select([self._reader, self._screen], [], [], qmp.TIMEOUT)
            assert ready, self.shown
            if self._screen in ready:
                self.shown += os.read(self._screen, 1 << 16)
            if self._reader in ready:
                line += os.read(self._reader, 1 << 16)
        return line.decode().rstrip('\n')

    def complete(self, text, keys='\t'):
        """The line after TEXT and KEYS."""
        self.type('\x15' + text + keys + '\x07')
        return self._read()


class Bash(TestCase):
    def shell(self, setup):
        return Shell(self, ['bash', '--norc', '--noprofile', '-i'], setup + (
            'bind "set bell-style none"\n'
            'line() { printf "%s\\n" "$READLINE_LINE" >"$LINE"; }\n'
            'bind -x \'"\\C-g": line\'\n'))

    def check(self, shell):
        vm = self.process.socket
        for text, line in (
                ('qblk blockc', 'qblk blockco'), ('qblk chai', 'qblk chain '),
                ('qblk chain --connect-t', 'qblk chain --connect-timeout='),
                ('qblk commit x --bitmaps=d', 'qblk commit x --bitmaps=drop '),
                ('qblk commit x --bitmaps d', 'qblk commit x --bitmaps drop '),
                ('qblk list my', "qblk list my\\ web\\'1 "),
                ('qblk list "my', 'qblk list "my web\'1"'),
                ("qblk chain my\\ web\\'1 v", "qblk chain my\\ web\\'1 vda "),
                (f'qblk resolve {vm} vda[', f'qblk resolve {vm} vda['),
                (f'qblk resolve {vm} vda[2', f'qblk resolve {vm} vda\\[2\\] '),
                (f"qblk resolve {vm} 'vda[2", f"qblk resolve {vm} 'vda[2]'"),
                (f'qblk resolve {vm} "vda[2', f'qblk resolve {vm} "vda[2]"'),
                (f'qblk commit {vm} vda --base=vda[2', f'qblk commit {vm} vda --base=vda\\[2\\] '),
                (f'qblk commit {vm} vda --base=\'vda[2', f'qblk commit {vm} vda --base=\'vda[2]\''),
                ('qblk chain image:./a\\ b/f', 'qblk chain image:./a\\ b/file '),
                ('qblk chain ima', 'qblk chain image:'),
                ('qblk chain image:./a', 'qblk chain image:./a\\ b/'),
                ('qblk graph x --format=s', 'qblk graph x --format=svg '),
                ('true; FOO=1 qblk vm', 'true; FOO=1 qblk vms '),
                ('./bin/qblk vm', './bin/qblk vms ')):
            with self.subTest(text):
                self.assertEqual(shell.complete(text), line)
        self.assertEqual(shell.complete(f'qblk resolve {vm} vda[', '\x1b*').split(' ')[3:],
                         ['vda[1]', 'vda[2]', ''])

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.directory, 'a b'))
        with open(os.path.join(self.directory, 'a b', 'file'), 'wb'):
            pass

    def test_alone(self):
        self.check(self.shell(f'. {SCRIPTS}/qblk.bash\n'))

    @unittest.skipUnless(os.path.exists('/usr/share/bash-completion/bash_completion'),
                         'bash-completion is not installed')
    def test_with_bash_completion(self):
        data = os.path.join(self.directory, 'share')
        directory = os.path.join(data, 'bash-completion', 'completions')
        os.makedirs(directory)
        shutil.copy(os.path.join(SCRIPTS, 'qblk.bash'), os.path.join(directory, 'qblk'))
        self.check(self.shell(f'export XDG_DATA_HOME={data}\n'
                              '. /usr/share/bash-completion/bash_completion\n'))


@unittest.skipUnless(shutil.which('zsh'), 'zsh is not installed')
class Zsh(TestCase):
    def test_names_that_zsh_reads_as_patterns_need_quotes(self):
        os.mkdir(os.path.join(self.directory, 'a b'))
        with open(os.path.join(self.directory, 'a b', 'file'), 'wb'):
            pass
        shell = Shell(self, ['zsh', '-f', '-i'], (
            f'fpath=({SCRIPTS} $fpath)\n'
            'unsetopt beep list_beep prompt_cr prompt_sp\n'
            'autoload -Uz compinit\n'
            'compinit -u -D\n'
            'line() { print -r -- "$BUFFER" >$LINE }\n'
            'zle -N line\n'
            "bindkey -e '^G' line\n"))
        vm = self.process.socket
        for text, line in (
                ('qblk blockc', 'qblk blockco'), ('qblk chai', 'qblk chain '),
                ('qblk chain --connect-t', 'qblk chain --connect-timeout='),
                ('qblk commit x --bitmaps=d', 'qblk commit x --bitmaps=drop '),
                ('qblk commit x --bitmaps d', 'qblk commit x --bitmaps drop '),
                ('qblk list my', "qblk list my\\ web\\'1 "),
                ('qblk list "my', 'qblk list "my web\'1" '),
                ("qblk chain my\\ web\\'1 v", "qblk chain my\\ web\\'1 vda "),
                (f'qblk resolve {vm} vda\\[2', f'qblk resolve {vm} vda\\[2\\] '),
                (f"qblk resolve {vm} 'vda[2", f"qblk resolve {vm} 'vda[2]' "),
                (f'qblk pull {vm} vda --base=vda\\[2', f'qblk pull {vm} vda --base=vda\\[2\\] '),
                ('qblk chain image:./a', 'qblk chain image:./a\\ b/'),
                ('qblk chain image:./a\\ b/f', 'qblk chain image:./a\\ b/file '),
                ('qblk chain ima', 'qblk chain image:'),
                ('./bin/qblk vm', './bin/qblk vms ')):
            with self.subTest(text):
                self.assertEqual(shell.complete(text), line)


@unittest.skipUnless(shutil.which('fish'), 'fish is not installed')
class Fish(TestCase):
    def complete(self, text):
        done = subprocess.run(
            ['fish', '--no-config', '-c',
             f'source {SCRIPTS}/qblk.fish; complete -C "$TEXT"'], check=True,
            capture_output=True, text=True, cwd=self.directory, env=self.environment(TEXT=text))
        self.assertEqual(done.stderr, '')
        return [line.split('\t')[0] for line in done.stdout.splitlines()]

    def test_it_completes_what_the_others_do(self):
        vm = self.process.socket
        for text, words in (
                ('qblk blockc', ['blockcommit', 'blockcopy']), ('qblk chai', ['chain']),
                ('qblk commit x --bitmaps=', ['--bitmaps=drop', '--bitmaps=merge']),
                ('qblk commit x --bitmaps d', ['drop']),
                ('qblk list my', [NAME]), ('qblk list "my', [NAME]),
                ("qblk chain my\\ web\\'1 v", ['vda']),
                (f'qblk resolve {vm} vda[', ['vda[1]', 'vda[2]']),
                (f'qblk resolve {vm} "vda[', ['vda[1]', 'vda[2]']),
                (f'qblk resolve {vm} vda\\[', ['vda[1]', 'vda[2]']),
                (f'qblk commit {vm} vda --base=vda[2', ['--base=vda[2]']),
                ('qblk chain ima', ['image:']),
                ('./bin/qblk vm', ['vms'])):
            with self.subTest(text):
                self.assertEqual(sorted(self.complete(text)), words)


if __name__ == '__main__':
    live.main()
