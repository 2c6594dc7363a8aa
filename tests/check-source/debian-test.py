#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian packages have the version, the names of libraries and the licences of the sources."""

import glob
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Of SPDX, and of the machine-readable copyright file of Debian.
LICENCES = {'LGPL-2.1-or-later': 'LGPL-2.1+'}


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def packages():
    return re.findall(r'^Package: (.*)', read('debian/control'), re.M)


class Debian(unittest.TestCase):
    def test_the_version_is_that_of_the_sources(self):
        version = re.match(r'qblk \((.*)-[^-]+\) ', read('debian/changelog'))[1]
        self.assertIn(f"\n  version: '{version}',", read('meson.build'))

    def test_the_packages_of_libraries_have_the_number_of_the_soname(self):
        number = re.search(r"^soversion = '(\d+)'", read('meson.build'), re.M)[1]
        names = {f'libqblk{number}', f'libqblk-gobject{number}', f'gir1.2-qblk-{number}'}
        self.assertEqual(set(packages()), names | {'libqblk-dev', 'qblk'})
        for name in names:
            self.assertIn(f'-{number}.' if name.startswith('gir') else f'.so.{number} {name} ',
                          read(f'debian/{name}.install') if name.startswith('gir')
                          else read(f'debian/{name}.symbols'))

    def test_the_symbols_files_have_each_node_of_the_map(self):
        nodes = re.findall(r'^(QBLK_([\d.]+)) \{', read('src/libqblk.map'), re.M)
        self.assertGreaterEqual(len(nodes), 1)
        for path in glob.glob('debian/*.symbols', root_dir=ROOT):
            found = re.findall(r'^ \(symver\)(QBLK_([\d.]+)) ([\d.]+)$', read(path), re.M)
            self.assertEqual([node[:2] for node in found], nodes, msg=path)
            for _, version, since in found:
                self.assertEqual(version, since.rpartition('.')[0], msg=path)

    def test_the_copyright_file_has_each_licence(self):
        done = subprocess.run(
            ['grep', '-rhoE', '--exclude-dir=build*', '--exclude-dir=.git', '--exclude-dir=.qemu',
             r'^\S+ SPDX-License-Identifier: \S+', ROOT],
            check=True, stdout=subprocess.PIPE, text=True)
        used = {line.rpartition(' ')[2] for line in done.stdout.splitlines()}
        described = re.findall(r'^License: (.*)', read('debian/copyright'), re.M)
        self.assertEqual({LICENCES.get(name) for name in used}, set(described))

    def test_each_test_of_the_packages_is_a_program(self):
        names = re.findall(r'^Tests: (.*)', read('debian/tests/control'), re.M)
        programs = {name for name in os.listdir(os.path.join(ROOT, 'debian/tests'))
                    if os.access(os.path.join(ROOT, 'debian/tests', name), os.X_OK)}
        self.assertEqual(set(names), programs)


if __name__ == '__main__':
    sys.exit(unittest.main())
