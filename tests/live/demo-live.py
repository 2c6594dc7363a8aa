# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/demo: docs/examples.md shows its output and the README a part of it, data do not change,
and it removes all its files."""

import os
import re
import select
import shlex
import signal
import subprocess

import brief
import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(ROOT, 'scripts', 'demo')

ENDS_WITHIN = 60  # seconds, of a process that has received its signal

# What differs between runs, and the blanks of tables that depend on it
VARIABLE = (
    (r'\S*/qblk-demo\.\w{6}', '/tmp/qblk-demo'),
    (r'#block\d+', '#block'),
    (r'fingerprint [0-9a-f]{16}', 'fingerprint'),
    (r'[\d.]+ [KM]iB', 'MiB'),
    (r' +', ' '),
)


def normalize(text):
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def shown_in(document, start):
    """The blocks of a document that begin with START, in order."""
    with open(os.path.join(ROOT, document), encoding='utf-8') as file:
        blocks = re.findall(r'^```\n(.*?)^```$', file.read(), re.M | re.S)
    return [block for block in blocks if block.startswith(start)]


def members_of(group):
    """The processes of the process group GROUP."""
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.getpgid(int(name)) == group:
                yield int(name)
        except ProcessLookupError:
            pass


class Demo(live.TestCase):
    def environment(self, qblk=None):
        return {**os.environ, 'TMPDIR': self.directory, 'LC_ALL': 'C.UTF-8',
                **({} if qblk is None else {'QBLK': qblk})}

    def wrapper(self, script):
        """A command that runs the shell lines SCRIPT, and then the real qblk."""
        path = os.path.join(self.enterContext(live.qemu.directory()), 'qblk')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\n{script}\nexec {os.environ["QBLK"]} "$@"\n')
        os.chmod(path, 0o755)
        return shlex.quote(path)

    def run_demo(self, *arguments, **options):
        done = subprocess.run([DEMO, *arguments], env=self.environment(**options), cwd='/',
                              check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(os.listdir(self.directory), [], msg='the demo left something behind')
        return done

    def test_it_runs_and_documents_show_its_output(self):
        done = self.run_demo()
        self.assertEqual((done.returncode, done.stderr), (0, ''), msg=done.stdout)
        lines = normalize(done.stdout)
        self.assertEqual(lines, normalize(shown_in('docs/examples.md', '# ')[0]))
        block, = shown_in('README.md', '$ qblk chain ./vm.qmp')
        commands = block.split('\n\n')
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertIn('\n'.join(normalize(command)), '\n'.join(lines))
        sums = re.findall(r'^# Checksum .*: ([0-9a-f]{64})$', done.stdout, re.M)
        self.assertEqual((len(sums), len(set(sums))), (3, 1))

    @brief.leave_out
    def test_more_of_its_output_is_shown(self):
        done = self.run_demo('--more')
        self.assertEqual((done.returncode, done.stderr), (0, ''), msg=done.stdout)
        printed = '\n'.join(normalize(done.stdout))
        blocks = shown_in('docs/examples.md', '# ')[1:]
        self.assertGreaterEqual(len(blocks), 1)
        for block in blocks:
            self.assertIn('\n'.join(normalize(block)), printed)

    @brief.leave_out
    def test_other_data_are_a_failure(self):
        done = self.run_demo(qblk=self.wrapper('[ "$1" != commit ] || exit 0'))
        self.assertEqual((done.returncode, done.stderr), (1, 'demo: the data have changed\n'))

    @brief.leave_out
    def test_another_node_than_that_of_qemu_is_a_failure(self):
        script = '[ "$1 $3" != "resolve vda[1]" ] || { echo other; exit; }'
        done = self.run_demo('--more', qblk=self.wrapper(script))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("demo: qblk reports 'other'", done.stderr)

    @brief.leave_out
    def test_a_command_that_fails_ends_it(self):
        done = self.run_demo('--more', qblk=self.wrapper('[ "$1" != xml ] || exit 1'))
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn('qblk resolve', done.stdout)

    @brief.leave_out
    def test_other_arguments_are_refused(self):
        for arguments in (('--all',), ('--more', '--more')):
            done = self.run_demo(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ''))
            self.assertIn('usage: ', done.stderr)

    def assert_clean_after(self, number):
        hanging = self.wrapper('[ "$1" != chain ] || { echo hangs; exec sleep 600; }')
        with subprocess.Popen(['env', '--default-signal=INT', DEMO], cwd='/', text=True,
                              env=self.environment(qblk=hanging), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, start_new_session=True) as process:
            for line in process.stdout:
                if line == 'hangs\n':
                    break
            members = [os.pidfd_open(pid) for pid in members_of(process.pid)]
            self.assertGreater(len(members), 1)
            os.killpg(process.pid, number)
            self.assertNotEqual(process.wait(), 0)
            self.assertEqual(os.listdir(self.directory), [])
            for member in members:
                ended, _, _ = select.select([member], [], [], ENDS_WITHIN)
                os.close(member)
                self.assertTrue(ended, 'a process lives on')

    @brief.leave_out
    def test_no_file_remains_after_an_interrupt(self):
        self.assert_clean_after(signal.SIGINT)

    @brief.leave_out
    def test_no_file_remains_after_a_termination(self):
        self.assert_clean_after(signal.SIGTERM)


if __name__ == '__main__':
    live.main()
