#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands and options of qblk that the documents show are those of its --help."""

import functools
import glob
import os
import re
import shlex
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

DOCUMENTS = ('README.md', 'NEWS.md', 'docs/*.md', 'docs/reference/*.md', 'contrib/*/*.md')

# In help:      -t, --connect-timeout=SECONDS    Limit the time ...
HELP_OPTION = re.compile(r'^  +(?:-(\w), )?--([\w-]+)(\[?=)?', re.M)

# A command line: what follows 'qblk' at its start or after another command, up to a character that
# ends it for the shell.
COMMAND_LINE = re.compile(r"(?:^|[$|;&(] ?|\bdo |\btimeout [^|;&]* |\bssh \S+ |')qblk "
                          r"((?:'[^']*'|\"[^\"]*\"|[^|;&<>()#'\"])*)")
PLACEHOLDER = re.compile(r'COMMAND|\.\.\.|\W*')


def documents():
    return [path for pattern in DOCUMENTS for path in glob.glob(pattern, root_dir=ROOT)]


def code_of(text):
    """The code of a document: lines of blocks, and what is in backquotes in a paragraph."""
    fenced = re.compile(r'^ *```\w*\n(.*?)^ *```$', re.M | re.S)
    for block in fenced.findall(text):
        lines = block.replace('\\\n', ' ').splitlines()
        commands = [line.lstrip() for line in lines if line.lstrip().startswith('$ ')]
        yield from commands or lines  # with commands, other lines are what they print
    text = fenced.sub('', text)
    yield from re.findall(r'^    (.*)', text, re.M)
    for span in re.findall(r'`([^`]+)`', re.sub(r'^    .*', '', text, flags=re.M)):
        yield ' '.join(span.split())


def command_lines(text):
    """The words of each command line of qblk in the code of a document."""
    for line in code_of(text):
        line = re.sub(r'^\$ ', '', line.strip())
        if line.startswith('qblk: '):
            continue  # a message
        for found in COMMAND_LINE.findall(line):
            yield shlex.split(found)


@functools.cache
def options_of(*command):
    """{name of an option: TRUE if it has a value}, of qblk or of one of its commands."""
    done = qblk.run(*command, '--help')
    if done.status != qblk.DONE:
        return None
    options = {'--version': False}
    for letter, name, value in HELP_OPTION.findall(done.text):
        options[f'--{name}'] = value == '='
        if letter:
            options[f'-{letter}'] = value == '='
    return options


def check(words):
    """What is wrong with a command line, or None."""
    command, known = None, options_of()
    early = set()  # options before the command, which are those of all commands or of this one
    words = list(words)
    while words:
        word = words.pop(0)
        if re.fullmatch(r'-\w|--[a-z][\w-]*(?:=.*)?', word):
            name = word.split('=', 1)[0]
            if command is None and name not in known:
                early.add(name)
            elif name not in known:
                return f'{command} has no option {name}'
            elif known[name] and '=' not in word and words:
                words.pop(0)
        elif command is None:
            if PLACEHOLDER.fullmatch(word):
                return None
            command, known = word, options_of(word)
            if known is None:
                return f'there is no command {command}'
    unknown = sorted(early - set(known))
    return f'{command} has no option {unknown[0]}' if unknown else None


class DocumentCommands(unittest.TestCase):
    def test_commands_and_options_exist(self):
        wrong, count = [], 0
        for path in documents():
            with open(os.path.join(ROOT, path), encoding='utf-8') as file:
                text = file.read()
            for words in command_lines(text):
                count += 1
                reason = check(words)
                if reason is not None:
                    wrong.append(f'{path}: qblk {shlex.join(words)}: {reason}')
        self.assertEqual(wrong, [])
        self.assertGreater(count, 100)

    def test_others_are_found(self):
        for line in ('chian ./vm.qmp', '--no-such chain VM', 'chain ./vm.qmp --pivot',
                     'commit VM vda --shalow', '-j chain --no-such VM',
                     'snapshot VM vda --file=vda=PATH -x'):
            self.assertIsNotNone(check(shlex.split(line)), msg=line)


if __name__ == '__main__':
    unittest.main()
