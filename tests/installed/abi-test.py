# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/abi finds what breaks programs that were built with an earlier libqblk."""

import os
import re
import shlex
import shutil
import subprocess
import unittest

import live
import qemu

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ABI = os.path.join(ROOT, 'scripts', 'abi')
LIBRARY = os.environ['QBLK_LIBRARY']
CORE = os.environ['QBLK_CORE']
MAP = os.path.join(ROOT, 'src', 'libqblk.map')

HEADER = '''typedef struct QblkX QblkX;
typedef enum { QBLK_KIND_A, QBLK_KIND_B } QblkKind;
QblkKind qblk_x_get_kind(QblkX *x);
void qblk_x_set_size(QblkX *x, int size);
'''

SOURCE = '''#include "x.h"
struct QblkX { QblkKind kind; int size; };
QblkKind qblk_x_get_kind(QblkX *x) { return x->kind; }
void qblk_x_set_size(QblkX *x, int size) { x->size = size; }
'''


class Abi(live.TestCase):
    def setUp(self):
        super().setUp()
        if shutil.which('abidiff') is None:
            self.assertFalse(live.IN_CI, msg='no abidiff')
            self.skipTest('no abidiff')

    def compare(self, old, new, **environment):
        done = subprocess.run([ABI, 'compare', old, new], check=False, stdout=subprocess.PIPE,
                              text=True, env={**os.environ, **environment})
        self.assertIn(done.returncode, (0, 1))
        return done

    def library(self, name, header, source):
        directory = os.path.join(self.directory, name)
        os.mkdir(directory)
        for file, text in (('x.h', header), ('x.c', source)):
            with open(os.path.join(directory, file), 'w', encoding='utf-8') as stream:
                stream.write(text)
        path = os.path.join(directory, 'libx.so')
        subprocess.run(['cc', '-g', '-shared', '-fPIC', '-o', path, directory + '/x.c'], check=True)
        return path, directory

    def changed(self, header, source):
        """Compare a small library with a changed one; returns abidiff's report, '' if programs
        work with both."""
        old, directory = self.library('old', HEADER, SOURCE)
        new, _ = self.library('new', header, source)
        done = self.compare(old, new, QBLK_HEADERS=directory)
        return done.stdout if done.returncode else ''

    def test_the_library_has_versioned_symbols_and_debug_information(self):
        description = os.path.join(self.directory, 'libqblk.xml')
        subprocess.run([ABI, 'write', LIBRARY, description], check=True)
        with open(description, encoding='utf-8') as file:
            text = file.read()
        self.assertRegex(text, "<elf-symbol name='qblk_version' version='QBLK_0.1'")
        self.assertRegex(text, "<function-decl name='qblk_version'")
        self.assertEqual(self.compare(description, LIBRARY).returncode, 0)

    def test_a_function_that_was_removed_is_found(self):
        with open(MAP, encoding='utf-8') as file:
            text = file.read()
        other_map = os.path.join(self.directory, 'other.map')
        with open(other_map, 'w', encoding='utf-8') as file:
            file.write(text.replace('        qblk_version;\n', ''))
        other = os.path.join(self.directory, 'libqblk.so')
        flags = subprocess.run(['pkg-config', '--libs', 'glib-2.0', 'jansson'],
                               check=True, stdout=subprocess.PIPE, text=True).stdout
        subprocess.run(['cc', '-shared', '-o', other, '-Wl,--whole-archive', CORE,
                        '-Wl,--no-whole-archive', f'-Wl,--version-script={other_map}',
                        '-Wl,-soname,libqblk.so.0', *shlex.split(flags)], check=True)
        done = self.compare(LIBRARY, other)
        self.assertEqual(done.returncode, 1)
        self.assertIn('1 Removed', re.sub(r'\s+', ' ', done.stdout))
        self.assertIn('qblk_version', done.stdout)
        self.assertEqual(self.compare(other, LIBRARY).returncode, 0)

    def test_another_type_of_a_parameter_is_found(self):
        self.assertIn('qblk_x_set_size', self.changed(
            HEADER.replace('int size', 'long size'), SOURCE.replace('int size) {', 'long size) {')))

    def test_another_value_of_an_enumeration_is_found(self):
        self.assertIn('QBLK_KIND_B', self.changed(
            HEADER.replace('QBLK_KIND_A,', 'QBLK_KIND_A, QBLK_KIND_NEW,'), SOURCE))

    def test_a_value_at_the_end_of_an_enumeration_is_no_difference(self):
        self.assertEqual(self.changed(
            HEADER.replace('QBLK_KIND_B }', 'QBLK_KIND_B, QBLK_KIND_NEW }'), SOURCE), '')

    def test_another_member_of_an_opaque_type_is_no_difference(self):
        self.assertEqual(self.changed(
            HEADER, SOURCE.replace('struct QblkX { ', 'struct QblkX { char *name; ')), '')

    def test_a_new_function_is_no_difference(self):
        self.assertEqual(self.changed(HEADER + 'int qblk_x_new(void);\n',
                                      SOURCE + 'int qblk_x_new(void) { return 0; }\n'), '')


if __name__ == '__main__':
    live.main()
