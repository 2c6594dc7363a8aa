#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/symbols compares headers, map and library, also those of several releases."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SYMBOLS = os.path.join(ROOT, 'scripts', 'symbols')

sys.path.insert(0, os.path.join(ROOT, 'scripts'))
# pylint: disable-next=wrong-import-position
from public_api import counted_types, things, type_faults, undocumented  # noqa: E402

HEADER = '''#pragma once
/**
 * qblk_first:
 *
 * Do the first thing.
 *
 * Since: 0.1.0
 */
void qblk_first(void);

/**
 * qblk_later:
 *
 * Do what a later release can do.
 *
 * Since: 0.2.0
 */
void qblk_later(void);
'''

MAP = '''# Written by scripts/symbols --write from include/qblk/*.h.
QBLK_0.1 {
    global:
        qblk_first;
    local:
        *;
};

QBLK_0.2 {
    global:
        qblk_later;
} QBLK_0.1;
'''

SOURCE = '''void qblk_first(void) {}
void qblk_later(void) {}
void qblk_internal(void) {}
'''


class Symbols(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.write('include/qblk/first.h', HEADER)
        self.write('src/libqblk.map', MAP)
        self.write('first.c', SOURCE)

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def run_symbols(self, *arguments):
        return subprocess.run([SYMBOLS, '--root', self.root, *arguments], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def link(self, symbol_map='src/libqblk.map'):
        subprocess.run(['cc', '-shared', '-fPIC', '-o', self.path('first.so'), self.path('first.c'),
                        f'-Wl,--version-script={self.path(symbol_map)}'], check=True)

    def finds(self, *parts, version='0.2.0'):
        done = self.run_symbols('--check', self.path('first.so'), version)
        self.assertEqual(done.returncode, 1 if parts else 0, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1 if parts else 0, done.stdout)
        for part in parts:
            self.assertIn(part, done.stdout)

    def test_a_library_with_the_functions_of_two_releases_passes(self):
        self.link()
        self.finds()

    def test_the_map_is_written_with_a_node_for_each_release(self):
        self.write('src/libqblk.map', '')
        self.assertEqual(self.run_symbols('--write').returncode, 0)
        with open(self.path('src/libqblk.map'), encoding='utf-8') as file:
            self.assertEqual(file.read(), MAP)

    def test_a_function_without_since_is_found(self):
        self.link()
        self.write('include/qblk/first.h', HEADER.replace(' * Since: 0.2.0\n', ''))
        self.finds('qblk_later', 'Since')
        done = self.run_symbols('--write')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('qblk_later', done.stderr)

    def test_a_function_of_a_version_that_does_not_exist_yet_is_found(self):
        self.link()
        self.finds('qblk_later', 'meson.build', version='0.1.9')

    def test_a_function_that_is_not_in_the_map_is_found(self):
        self.write('include/qblk/first.h',
                   HEADER + HEADER.replace('qblk_first', 'qblk_new')[13:].split('\n\n')[0])
        self.link()
        self.finds('qblk_new', '--write')

    def test_a_function_in_the_node_of_another_release_is_found(self):
        self.write('src/libqblk.map', MAP.replace('    global:\n        qblk_later;\n', '')
                   .replace('qblk_first;', 'qblk_first;\n        qblk_later;'))
        self.link()
        self.finds('qblk_later', 'QBLK_0.1', 'QBLK_0.2')

    def test_a_library_with_another_node_is_found(self):
        self.write('other.map', MAP.replace('QBLK_0.2', 'QBLK_0.3'))
        self.link('other.map')
        self.finds('qblk_later', 'QBLK_0.3')

    def test_a_function_that_is_not_defined_is_found(self):
        self.write('first.c', SOURCE.replace('void qblk_later(void) {}', ''))
        self.link()
        self.finds('qblk_later', 'not defined')

    def test_a_function_that_is_exported_without_the_map_is_found(self):
        self.write('other.map', MAP.replace('qblk_first;', 'qblk_first;\n        qblk_internal;'))
        self.link('other.map')
        self.finds('qblk_internal', 'linker')

    def test_a_function_that_is_no_longer_declared_is_found(self):
        self.link()
        self.write('include/qblk/first.h', HEADER.replace('void qblk_later(void);', ''))
        self.finds('qblk_later', 'not declared')


class Comments(unittest.TestCase):
    """What public_api finds in the comments of a header."""

    def finds(self, declaration, comment, *expected):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, 'include', 'qblk'))
            with open(os.path.join(root, 'include', 'qblk', 'x.h'), 'w', encoding='utf-8') as file:
                lines = ''.join(f' * {line}'.rstrip() + '\n' for line in comment.split('\n'))
                file.write(f'#pragma once\n/**\n{lines} */\n{declaration}\n')
            found = things(root)
        self.assertEqual([fault for thing in found for fault in undocumented(thing)],
                         list(expected))

    def test_a_complete_comment_has_no_fault(self):
        self.finds('int qblk_x(int a, GError **error) G_GNUC_WARN_UNUSED_RESULT;',
                   'qblk_x: (skip)\n@a: (nullable): a\n\nDo it.\n\nReturns: b\n\nSince: 0.1.0')

    def test_a_comment_of_another_function_does_not_count(self):
        self.finds('void qblk_x(void);', 'qblk_y:\n\nDo it.\n\nSince: 0.1.0',
                   "no comment with 'qblk_x:' in its first line")

    def test_each_part_that_is_missing_is_found(self):
        self.finds('int qblk_x(int a, const char *const *b);', 'qblk_x:\n@a: a\n@c: c',
                   "no '@b:'", "'@c:' is not a parameter of it", "no 'Returns:'", 'no description',
                   "no 'Since: MAJOR.MINOR.MICRO' at the end")

    def test_a_result_of_nothing_is_found(self):
        self.finds('void qblk_x(void);', 'qblk_x:\n\nReturns: a\n\nSince: 0.1.0',
                   "'Returns:', but it returns nothing")

    def test_the_parameter_of_a_setter_describes_it(self):
        self.finds('void qblk_x_set_a(QblkX *x, int a);',
                   'qblk_x_set_a:\n@x: x\n@a: a\n\nSince: 0.1.0')

    def test_callbacks_types_macros_and_members_of_enums_are_documented(self):
        self.finds('typedef int (*QblkX)(int a, gpointer user_data);',
                   'QblkX:\n@a: a\n\nCalled.\n\nSince: 0.1.0', "no '@user_data:'", "no 'Returns:'")
        self.finds('typedef struct QblkX QblkX;', 'QblkX:\n\nSince: 0.1.0', 'no description')
        self.finds('#define QBLK_X(a) (a)', 'QBLK_X:\n\nA.\n\nSince: 0.1.0', "no '@a:'")
        self.finds('typedef enum {\n    QBLK_X_A,\n    QBLK_X_B = 2,\n} QblkX;',
                   'QblkX:\n@QBLK_X_A: a\n\nA.\n\nSince: 0.1.0', "no '@QBLK_X_B:'")

    def test_types_must_be_of_use_in_other_languages(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, 'include', 'qblk'))
            with open(os.path.join(root, 'include', 'qblk', 'x.h'), 'w', encoding='utf-8') as file:
                file.write('typedef struct QblkX QblkX;\ntypedef struct QblkYZ QblkYZ;\n'
                           'QblkYZ *qblk_y_z_ref(QblkYZ *y);\nvoid qblk_y_z_unref(QblkYZ *y);\n'
                           'int qblk_y_z_get_type(QblkYZ *y);\n')
            found = things(root)
        self.assertEqual([thing.name for thing in counted_types(found)], ['QblkYZ'])
        self.assertEqual([fault.split(':')[0] for fault in type_faults(found)],
                         ['qblk_y_z_get_type', 'QblkX'])


if __name__ == '__main__':
    sys.exit(unittest.main())
