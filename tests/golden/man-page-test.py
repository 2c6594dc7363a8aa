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

# In help:      -t, --timeout=SECONDS    Wait so long ...
HELP_OPTION = re.compile(r'^  (?:-(\w), )?--([\w-]+)(?:=(\S+))?', re.M)
# In the page:  .It Fl t , Fl -timeout Ns = Ns Ar SECONDS
PAGE_OPTION = re.compile(r'^\.It (?:Fl (\w) , )?Fl -([\w-]+)(.*)$')

IMAGE_FORMAT = {('', 'format', 'FORMAT')}

# Options of commands that change a VM, those that need a job. A snapshot has its own --bitmaps.
WITHOUT_JOB = ('snapshot', 'mend')
OPTIONS_OF_JOBS = ('bandwidth', 'bytes', 'bitmaps')


def section(title):
    with open(PAGE, encoding='utf-8') as file:
        return re.search(rf'^\.Sh {title}\n(.*?)^\.Sh ', file.read(), re.M | re.S)[1].splitlines()


def page_option(line):
    """(letter, name, value) of the first line of an option, otherwise None."""
    match = PAGE_OPTION.match(line)
    if match is None:
        return None
    value = re.sub(r'\b(?:Ns|Ar)\b|\s', '', match[3])
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


def help_options(*command):
    text = qblk.run(*command, '--help').text
    return {(letter, name, value) for letter, name, value in HELP_OPTION.findall(text)}


def help_commands():
    text = qblk.run('--help').text
    return dict(re.findall(r'^  ([\w-]+) ((?:[A-Z]|\[)\S*(?: \S+)*?)  +\S',
                           text[text.index('Commands:'):text.index('VM is')], re.M))


class ManPage(unittest.TestCase):
    def test_commands_and_arguments_are_those_of_help(self):
        self.assertEqual({name: arguments for name, (arguments, _) in page_commands().items()},
                         help_commands())

    def test_options_are_those_of_help(self):
        self.assertEqual({page_option(line) for line in section('OPTIONS')} - {None},
                         help_options())

    def test_options_of_commands_are_those_of_their_help(self):
        common = help_options()
        changing = {page_option(line) for line in commands_section()[1]} - {None}
        self.assertLess(changing, help_options('commit'))
        for name, (_, options) in page_commands().items():
            with self.subTest(name):
                of_help = help_options(name)
                shared = {option for option in changing
                          if name not in WITHOUT_JOB or option[1] not in OPTIONS_OF_JOBS}
                shared = shared if shared <= of_help else set()
                # These mean their own by it.
                own = common - IMAGE_FORMAT if name in ('copy', 'snapshot') else common
                self.assertEqual(options, of_help - own - shared)

    def test_help_has_no_long_lines(self):
        for command in ((), *((name,) for name in page_commands())):
            lines = qblk.run(*command, '--help').text.splitlines()
            self.assertEqual([line for line in lines if len(line) > 100], [])

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
