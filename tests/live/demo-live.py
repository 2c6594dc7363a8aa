# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/demo: the README shows its output, and it removes all its files."""

import os
import re
import shlex
import signal
import subprocess

import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(ROOT, 'scripts', 'demo')

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


def shown_in_readme():
    """All that the README shows of the demo: the blocks that start with '# ' or '$ qblk'."""
    with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
        blocks = re.findall(r'^```\n(.*?)^```$', file.read(), re.M | re.S)
    return [block for block in blocks if block.startswith(('# ', '$ qblk'))]


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

    def run_demo(self, **options):
        done = subprocess.run([DEMO], env=self.environment(**options), cwd='/', check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(os.listdir(self.directory), [], msg='the demo left something behind')
        return done

    def test_it_runs_and_the_readme_shows_its_output(self):
        done = self.run_demo()
        self.assertEqual((done.returncode, done.stderr), (0, ''), msg=done.stdout)
        printed = '\n'.join(normalize(done.stdout))
        blocks = shown_in_readme()
        self.assertGreaterEqual(len(blocks), 1)
        for block in blocks:
            self.assertIn('\n'.join(normalize(block)), printed)

    def test_another_node_than_that_of_qemu_is_a_failure(self):
        done = self.run_demo(qblk=self.wrapper('[ "$1" != resolve ] || { echo other; exit; }'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("'other'", done.stderr)

    def test_a_command_that_fails_ends_it(self):
        done = self.run_demo(qblk=self.wrapper('[ "$1" != xml ] || exit 1'))
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn('qblk resolve', done.stdout)

    def assert_clean_after(self, number):
        hanging = self.wrapper('[ "$1" != chain ] || { echo hangs; exec sleep 600; }')
        with subprocess.Popen(['env', '--default-signal=INT', DEMO], cwd='/', text=True,
                              env=self.environment(qblk=hanging), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, start_new_session=True) as process:
            for line in process.stdout:
                if line == 'hangs\n':
                    break
            os.killpg(process.pid, number)
            self.assertNotEqual(process.wait(), 0)
            self.assertEqual(os.listdir(self.directory), [])
            with self.assertRaises(ProcessLookupError, msg='QEMU lives on'):
                os.killpg(process.pid, 0)

    def test_no_file_remains_after_an_interrupt(self):
        self.assert_clean_after(signal.SIGINT)

    def test_no_file_remains_after_a_termination(self):
        self.assert_clean_after(signal.SIGTERM)


if __name__ == '__main__':
    live.main()
