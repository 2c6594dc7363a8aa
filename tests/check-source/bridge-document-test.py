#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/bridge.md names each command and event of the bridge, and each argument, and no others."""

import json
import os
import re
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))

import qapi  # pylint: disable=wrong-import-position

BRIDGE = os.path.join(ROOT, 'src/bridge')
SCHEMA = qapi.Schema(os.path.join(ROOT, 'src/bridge/qblk-bridge.json'))


def document():
    with open(os.path.join(ROOT, 'docs/bridge.md'), encoding='utf-8') as file:
        return file.read()


def source(name):
    with open(os.path.join(BRIDGE, name), encoding='utf-8') as file:
        return file.read()


def strings_of(text, declaration):
    """The strings of the table in C that begins with DECLARATION."""
    table = text[text.index(declaration):]
    return set(re.findall(r'"([^"]+)"', table[:table.index('};')]))


def section(title):
    return re.search(rf'^## {title}$(.*?)^## ', document(), re.S | re.M).group(1)


class Document(unittest.TestCase):

    def test_commands_and_events_are_those_of_the_schema(self):
        expected = {name for name, definition in SCHEMA.definitions.items()
                    if 'command' in definition or 'event' in definition}
        text = document()
        sent = set(re.findall(r'"execute": "(qblk-[a-z-]+)"', text))
        named = set(re.findall(r'`(qblk-[a-z]+[a-z-]*)`', text))
        events = set(re.findall(r'QBLK_[A-Z_]+', text))
        self.assertEqual((sent | named | events) - {'qblk-bridge'}, expected)

    def test_each_argument_is_named(self):
        words = set(re.findall(r'`([a-z-]+)`', document()))
        words |= set(re.findall(r'"([a-z-]+)":', document()))
        words |= set(re.findall(r'[{ ]([a-z-]+)[?,}]', document()))
        for definition in SCHEMA.definitions.values():
            if 'command' in definition and definition['command'] != 'qblk-plan':
                for name in SCHEMA.members(definition.get('data', {})):
                    self.assertIn(name.lstrip('*'), words)

    def test_events_are_as_in_the_schema(self):
        count = 0
        for text in re.findall(r'^<- (\{"timestamp".*?\}\})$', document(), re.S | re.M):
            if '...' not in text:
                SCHEMA.check_event(json.loads(re.sub(r'\n +', ' ', text)))
                count += 1
        self.assertGreaterEqual(count, 4)

    def test_replies_are_as_in_the_schema(self):
        count = 0
        for command, reply in re.findall(r'^-> \{"execute": "(qblk-[a-z-]+)".*?\}$\n'
                                         r'^<- \{"return": (.*?)\}$', document(), re.M):
            if '...' not in reply:
                SCHEMA.check_return(command, json.loads(reply))
                count += 1
        self.assertGreaterEqual(count, 4)

    def test_the_guards_are_those_of_the_bridge(self):
        rows = re.findall(r'^\| (.*?) \|', section('What is protected'), re.M)
        named = set(re.findall(r'`([a-z-]+)`', ' '.join(rows)))
        table = source('guard-row.c')
        table = table[table.index('QblkGuardRow guards[]'):]
        guarded = set(re.findall(r'^    \{"([a-z-]+)"', table, re.M))
        guarded.add(re.search(r'#define HUMAN "(.*)"', source('guard.c')).group(1))
        self.assertEqual(named, guarded)
        self.assertEqual(strings_of(source('policy.c'), 'names[] = {'), guarded)

    def test_commands_for_people_are_those_of_the_bridge(self):
        row, = re.findall(r'^\| `human-monitor-command` \|.*', document(), re.M)
        commands = re.findall(r'^    \{"([a-z_]+)", "', source('hmp.c'), re.M)
        self.assertEqual(set(re.findall(r'`([a-z]+_[a-z_]+)`', row)), set(commands))
        self.assertGreater(len(commands), 0)

    def test_what_reads_is_that_of_the_policy(self):
        text = re.search(r'these commands, and get all events:\n(.*?`qblk-subscribe`)',
                         section('Security'), re.S).group(1)
        self.assertEqual(set(re.findall(r'`([^`]+)`', text)),
                         strings_of(source('policy.c'), 'patterns[] = {'))


if __name__ == '__main__':
    unittest.main()
