# SPDX-License-Identifier: LGPL-2.1-or-later
"""The session of docs/examples.md with a bridge: its lines print what is shown there."""

import os
import re
import shlex
import signal
import subprocess

import block_jobs
import images
import live
import qblk
from topologies.options import named_chain, virtio

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs',
                        'examples.md')
START = '$ qblk bridge'
DIRECTORY = '/run/vm1'
END_OF_OUTPUT = '=='

# What differs between runs: versions and times, progress, fingerprints, and blanks of tables.
VARIABLE = (
    (r'"(micro|minor|major|seconds|microseconds)": \d+', r'"\1": N'),
    (r'"package": "[^"]*"', '"package": ""'),
    (r'fingerprint [0-9a-f]{16}', 'fingerprint'),
    (r'[\d.]+ [KM]iB', 'MiB'),
    (r' +', ' '),
)


def shown_in_document():
    with open(DOCUMENT, encoding='utf-8') as file:
        block, = [block for block in re.findall(r'^```\n(.*?)^```$', file.read(), re.M | re.S)
                  if block.startswith(START)]
    return block


def split_commands(block):
    """Each command, with the lines of its input, and what it prints."""
    for part in re.split(r'^\$ ', block, flags=re.M)[1:]:
        command, output = part.split('\n', 1)
        if command.endswith("<<'END'"):
            text, output = output.split('END\n', 1)
            command += f'\n{text}END'
        yield command, output


def normalize(text):
    """The lines about a job that runs are left out: there may be any number."""
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text)
    return [line.strip() for line in text.splitlines()
            if not line.startswith("vda: commit 'merge' is ")]


class Session(block_jobs.TestCase):
    def setUp(self):
        super().setUp()
        files = images.chain(self.directory, 'disk', 4, data='1M')
        self.run_qemu(named_chain(files) + virtio('disk-3', id='vda'))
        os.symlink(self.process.socket, os.path.join(self.directory, 'qmp'))

    def start_shell(self):
        functions = f'qblk() {{ {shlex.join(qblk.command(()))} "$@"; }}\n'
        shell = subprocess.Popen(['bash', '--norc'], cwd=self.directory, text=True,
                                 env=qblk.environment(), start_new_session=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        self.addCleanup(shell.wait)
        self.addCleanup(os.killpg, shell.pid, signal.SIGKILL)
        shell.stdin.write(functions)
        return shell

    def output_of(self, shell, command, lines):
        """What COMMAND prints; of one that stays in the background, as many lines."""
        shell.stdin.write(command + '\n')
        if not command.endswith('&'):
            shell.stdin.write(f'echo {END_OF_OUTPUT}\n')
        shell.stdin.flush()
        if command.endswith('&'):
            return ''.join(shell.stdout.readline() for _ in range(lines))
        return ''.join(iter(shell.stdout.readline, END_OF_OUTPUT + '\n'))

    def test_it_prints_what_is_shown(self):
        block = shown_in_document()
        self.assertIn(DIRECTORY, block)
        shell = self.start_shell()
        for command, shown in split_commands(block.replace(DIRECTORY, self.directory)):
            if command == 'cat watch.log':
                self.wait_for(self.has_seen_the_end)
            printed = self.output_of(shell, command, len(shown.splitlines()))
            self.assertEqual(normalize(printed), normalize(shown), msg=command)

    def has_seen_the_end(self):
        with open(os.path.join(self.directory, 'watch.log'), encoding='utf-8') as file:
            return '"null"' in file.read()


if __name__ == '__main__':
    live.main()
