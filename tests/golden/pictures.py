#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of `qblk graph`: other programs accept them, and --output writes a file as a whole.

Each recorded graph is well-formed SVG; Graphviz reads the text of some of them, and rsvg-convert
draws some as PNG, in the colors of the theme. Without one of the programs its tests are skipped.
"""

import glob
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position

FIXTURES = os.path.join(os.path.dirname(HERE), 'qemu-fixtures', '7.2')
SOME = ('odd-names', 'mirror-running', 'quorum', 'many-buses')
UNREADABLE = {'stream-concluded', 'stream-running-undismissed'}  # reading them could crash QEMU


def vm(topology):
    return f'capture:{FIXTURES}/{topology}/capture.json'


def need(test, program):
    if shutil.which(program) is None:
        if os.environ.get('CI') == 'true':
            test.fail(f'{program} is missing: run scripts/install-dependencies')
        test.skipTest(f'{program} is missing: run scripts/install-dependencies')


class Pictures(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='qblk-pictures-')
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, 'picture')

    def qblk(self, *arguments, status=qblk.DONE):
        result = qblk.run(*arguments)
        self.assertEqual(result.status, status, result)
        return result

    def size_of_png(self, data):
        self.assertEqual(data[:8], b'\x89PNG\r\n\x1a\n')
        return struct.unpack('>II', data[16:24])

    # ---- other programs ----

    def test_every_svg_is_well_formed(self):
        need(self, 'xmllint')
        topologies = [os.path.basename(path) for path in glob.glob(os.path.join(FIXTURES, '*'))
                      if os.path.isdir(path)]
        topologies = sorted(set(topologies) - UNREADABLE)
        self.assertGreater(len(topologies), 30)
        for topology in topologies:
            self.qblk('graph', vm(topology), '-o', f'{self.path}-{topology}.svg')
        subprocess.run(['xmllint', '--noout', *glob.glob(self.path + '-*.svg')], check=True)

    def test_graphviz_reads_the_text(self):
        need(self, 'dot')
        for topology in SOME:
            text = self.qblk('graph', vm(topology), '--format', 'dot').stdout
            drawn = subprocess.run(['dot', '-Tsvg'], input=text, capture_output=True, check=True)
            self.assertEqual(drawn.stderr, b'')
            self.assertIn(b'<svg', drawn.stdout)

    def test_a_png_has_twice_the_size_of_the_svg(self):
        need(self, 'rsvg-convert')
        for topology in SOME:
            svg = self.qblk('graph', vm(topology), '--format', 'svg').text
            png = self.qblk('graph', vm(topology), '--format', 'png').stdout
            width, height = self.size_of_png(png)
            self.assertIn(f'width="{width // 2}" height="{height // 2}"', svg)

    def test_a_png_has_the_colors_of_the_theme(self):
        need(self, 'rsvg-convert')
        files = [self.qblk('graph', vm('shared-base'), '--format', 'png', *theme).stdout
                 for theme in ((), ('--theme', 'auto'), ('--theme', 'light'), ('--theme', 'dark'))]
        self.assertEqual(files[0], files[1])
        self.assertEqual(files[0], files[2])
        self.assertNotEqual(files[0], files[3])

    # ---- where it goes ----

    def test_a_png_is_not_written_to_a_terminal(self):
        main, terminal = pty.openpty()
        self.addCleanup(os.close, main)
        with os.fdopen(terminal, 'wb') as stdout:
            result = subprocess.run(
                qblk.command(['graph', vm('shared-base'), '--format', 'png']), stdout=stdout,
                stderr=subprocess.PIPE, env=qblk.environment(), timeout=qblk.TIMEOUT, check=False)
        self.assertEqual(result.returncode, qblk.USAGE)
        self.assertEqual(result.stderr, b'qblk: a PNG is not written to a terminal: redirect '
                                        b'standard output, or use --output FILE\n')

    def test_a_file_has_what_standard_output_would_have(self):
        for format_ in ('tree', 'svg', 'dot', 'json'):
            expected = self.qblk('graph', vm('shared-base'), '--format', format_).stdout
            result = self.qblk('graph', vm('shared-base'), '--format', format_, '-o', self.path)
            self.assertEqual(result.stdout, b'')
            with open(self.path, 'rb') as file:
                self.assertEqual(file.read(), expected)
        self.assertEqual(os.listdir(self.directory), ['picture'])

    def test_the_extension_is_the_format(self):
        for extension in ('svg', 'dot', 'json'):
            expected = self.qblk('graph', vm('shared-base'), '--format', extension).stdout
            self.qblk('graph', vm('shared-base'), '-o', f'{self.path}.{extension}')
            with open(f'{self.path}.{extension}', 'rb') as file:
                self.assertEqual(file.read(), expected)
        tree = self.qblk('graph', vm('shared-base')).stdout
        self.qblk('graph', vm('shared-base'), '-o', self.path + '.txt')
        with open(self.path + '.txt', 'rb') as file:
            self.assertEqual(file.read(), tree)

    def test_a_failure_keeps_the_old_file(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write('old')
        self.qblk('graph', vm('shared-base'), 'vdz', '-o', self.path, status=qblk.NOT_FOUND)
        with open(self.path, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'old')

    def test_a_file_that_cannot_be_written_is_named(self):
        result = self.qblk('graph', vm('shared-base'), '-o', self.directory, status=qblk.FAILED)
        self.assertIn(f"'{self.directory}': it is not a regular file", result.errors)

    def test_a_dash_is_standard_output(self):
        expected = self.qblk('graph', vm('shared-base')).stdout
        self.assertEqual(self.qblk('graph', vm('shared-base'), '-o', '-').stdout, expected)


if __name__ == '__main__':
    unittest.main(verbosity=2)
