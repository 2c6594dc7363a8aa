# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers for tests with a hostile peer or file."""

import os
import unicodedata
import unittest

import qblk
import qemu

# With sanitizers, time and memory are not those of qblk.
IS_MEASURED = os.environ.get('QBLK_SANITIZE', 'none') == 'none'


class TestCase(unittest.TestCase):
    def setUp(self):
        context = qemu.directory()
        self.directory = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def assert_failure(self, result, status):
        """One message on stderr, nothing on stdout."""
        self.assertEqual(result.status, status, msg=str(result))
        self.assertEqual(result.stdout, b'', msg=str(result))
        last = result.stderr.splitlines()[-1:]
        self.assertTrue(last and last[0].startswith(b'qblk: '), msg=str(result))
        self.assert_shown(result)

    def assert_shown(self, result):
        """The output contains nothing that controls a terminal."""
        for text in (result.stdout.decode(), result.stderr.decode()):
            self.assertEqual(obeyed(text), set(), msg=str(result))

    def assert_usage(self, usage, cpu, memory):
        if IS_MEASURED:
            self.assertLess(usage.cpu, cpu)
            self.assertLess(usage.peak, memory)


def obeyed(text):
    """The characters of @text that a terminal does not simply show: control characters except line
    feeds and tabs, format characters, separators of lines and paragraphs."""
    return {character for character in set(text) if character not in '\n\t' and
            unicodedata.category(character) in ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')}
