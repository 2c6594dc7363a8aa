#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man page lists the commands, arguments and options of --help, and no others."""

import os
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

PAGE = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'docs', 'qblk.1')

# In help:      -t, --connect-timeout=SECONDS    Limit ...
HELP_OPTION = re.compile(r'^  (?:-(\w), |    )--([\w-]+)(?:\[?=(\S+))?', re.M)
# In the page:  .It Fl t , Fl -connect-timeout Ns = Ns Ar SECONDS
PAGE_OPTION = re.compile(r'^\.It (?:Fl (\w) , )?Fl -([\w-]+)(.*)$')

def section(title):
    with open(PAGE, encoding='utf-8') as file:
        return re.search(rf'^\.Sh {title}\n(.*?)^\.Sh ', file.read(), re.M | re.S)[1].splitlines()


def page_option(line):
    """(letter, name, value) of the first line of an option, otherwise None."""
    match = PAGE_OPTION.match(line)
    if match is None:
        return None
    value = re.sub(r'\b(?:Ns|Ar)\b|\s', '', match[3]).replace('Oo', '').replace('Oc', ']')
    return match[1] or '', match[2], value.removeprefix('=')


def commands_section():
    """The lines before the common options of all commands that change a VM, and the lines after."""
    lines = section('COMMANDS')
    end = lines.index('.Ss Commands that change a VM')
    return lines[:end], lines[end:]


def page_commands():
    """{command: (arguments as in --help, its own options)}"""
    found, options = {}, None
    for line in commands_section()[0]:
        match = re.match(r'\.It Ic ([\w-]+) (.*)', line)
        if match:
            options = set()
            arguments = re.sub(r'Op Ar (\w+) \.\.\.', r'[\1...]', match[2])
            arguments = re.sub(r'Op Ar (\w+)', r'[\1]', arguments).replace('Ar ', '')
            arguments = arguments.replace(' ...', '...')
            found[match[1]] = arguments, options
        elif page_option(line):
            options.add(page_option(line))
    return found


def help_options(heading, *command):
    """The options below a heading of the help of a command."""
    text = qblk.run('help', *command).text
    parts = re.findall(rf'^{heading}:\n(.*?)(?:\n\n|\Z)', text, re.M | re.S)
    return {(letter, name, value) for part in parts
            for letter, name, value in HELP_OPTION.findall(part)}


def help_commands():
    text = qblk.run('help').text
    return dict(re.findall(r'^  ([\w-]+) ((?:[A-Z]|\[)\S*(?: \S+)*?)  +\S',
                           text[text.index('Look:'):text.index('VM is')], re.M))


class ManPage(unittest.TestCase):
    def test_commands_and_arguments_are_those_of_help(self):
        self.assertEqual({name: arguments for name, (arguments, _) in page_commands().items()},
                         help_commands())

    def test_options_are_those_of_help(self):
        common = help_options("Options of all commands, before or after the command's name")
        for name in page_commands():
            common |= help_options('Common options', name)
        self.assertEqual({page_option(line) for line in section('OPTIONS')} - {None}, common)

    def test_options_of_changes_are_those_of_help(self):
        changes = set()
        for name in page_commands():
            changes |= help_options('Options of commands that change a VM', name)
        self.assertEqual({page_option(line) for line in commands_section()[1]} - {None}, changes)

    def test_options_of_commands_are_those_of_their_help(self):
        for name, (_, options) in page_commands().items():
            with self.subTest(name):
                self.assertEqual(options, help_options('Options', name))

    def test_aliases_are_those_of_the_command(self):
        text = '\n'.join(section('COMMANDS'))
        others = re.findall(r'^\.It Ic (\w+)(?:(?!^\.It Ic).)*?^\.Ql ([\w-]+)\nis an alias\.',
                            text, re.M | re.S)
        self.assertEqual(len(others), 7)
        for name, other in others:
            self.assertIn(f'qblk {name} ', qblk.run(other, '--help').text)

    def test_formatters_print_no_warnings(self):
        commands = {
            'mandoc': ['mandoc', '-T', 'lint', '-W', 'warning', PAGE],
            'groff': ['groff', '-ww', '-mdoc', '-Tutf8', '-z', PAGE],
        }
        for name, command in commands.items():
            if shutil.which(name):
                done = subprocess.run(command, check=False, capture_output=True, text=True)
                self.assertEqual((done.stdout, done.stderr), ('', ''), msg=name)


if __name__ == '__main__':
    unittest.main()
