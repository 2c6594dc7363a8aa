#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages of section 3 have the prototypes of the headers, those of section 5 the names of
the formats, and all pages are formatted without a warning."""

import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(glob.glob(os.path.join(ROOT, 'docs', 'man3', '*.3')))
FORMATS = sorted(glob.glob(os.path.join(ROOT, 'docs', 'man5', '*.5')))
ALL = [*PAGES, *FORMATS, os.path.join(ROOT, 'docs', 'qblk.1')]

sys.path.insert(0, os.path.join(ROOT, 'scripts'))
# pylint: disable-next=wrong-import-position
from public_api import things  # noqa: E402


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def squeeze(prototype):
    """A prototype without the blanks that do not count."""
    return re.sub(r'\s*([*(),])\s*', r'\1', ' '.join(prototype.split()))


def synopsis(page):
    """The prototypes of a page, by name."""
    found = {}
    pattern = r'\.Ft (.*)\n\.Fo (\w+)\n((?:\.Fa ".*"\n)*)\.Fc\n'
    for result, name, arguments in re.findall(pattern, page):
        parameters = ', '.join(re.findall(r'"(.*)"', arguments)) or 'void'
        found[name] = squeeze(f'{result} {name}({parameters})')
    return found


class ManPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        found = things(ROOT)
        cls.prototypes = {thing.name: squeeze(thing.text) for thing in found
                          if thing.kind == 'function'}
        cls.names = {name for thing in found for name in (thing.name, *thing.parameters)}
        cls.headers = {os.path.basename(thing.path).removesuffix('.in') for thing in found}

    def test_each_prototype_is_that_of_the_header(self):
        count = 0
        for path in PAGES:
            for name, prototype in synopsis(read(path)).items():
                count += 1
                self.assertEqual(prototype, self.prototypes.get(name), msg=path)
        self.assertGreater(count, 15)

    def test_the_first_function_of_a_page_has_its_name(self):
        for path in PAGES:
            name = os.path.basename(path).removesuffix('.3')
            page = read(path)
            self.assertIn(f'.Dt {name.upper()} 3\n', page)
            self.assertRegex(page, fr'\.Sh NAME\n\.Nm {name}( ,)?\n')
            if name != 'libqblk':
                self.assertEqual(next(iter(synopsis(page))), name)

    def test_the_names_of_a_page_are_those_of_its_synopsis(self):
        seen = set()
        for path in PAGES:
            page = read(path)
            names = re.findall(r'^\.Nm (\S+)', page.split('.Nd ')[0], re.M)
            if names != ['libqblk']:
                self.assertEqual(names, list(synopsis(page)), msg=path)
            self.assertEqual(seen & set(names), set(), msg=path)
            seen |= set(names)

    def test_all_pages_are_installed_and_in_the_overview(self):
        build = read(os.path.join(ROOT, 'docs', 'meson.build'))
        overview = read(os.path.join(ROOT, 'docs', 'man3', 'libqblk.3'))
        for path in PAGES:
            name = os.path.basename(path).removesuffix('.3')
            self.assertIn(f"\n  '{name}',\n", build)
            if name != 'libqblk':
                self.assertEqual(overview.count(f'Xr {name} 3'), 2, msg=name)
        for path in FORMATS:
            self.assertIn(f"'man5/{os.path.basename(path)}'", build)

    def test_each_member_of_the_formats_is_in_the_description_or_the_code(self):
        known = read(os.path.join(ROOT, 'docs', 'json.md')) + ''.join(
            read(path) for path in glob.glob(os.path.join(ROOT, 'src', 'blockjob', '*.[ch]')))
        for path in FORMATS:
            names = [name for line in re.findall(r'^\.It Ql (.*)', read(path), re.M)
                     for name in line.split(' , ')]
            self.assertGreater(len(names), 5)
            for name in names:
                self.assertRegex(known, f'[`"]{re.escape(name)}[`"]', msg=path)

    def test_each_name_exists(self):
        pages = {os.path.basename(path) for path in ALL}
        kinds = ((r'^\.Fn (qblk_\w+)', self.names), (r'\b(QBLK_[A-Z_]+)\b', self.names),
                 (r'^\.Vt (Qblk\w+)', self.names), (r'^\.In qblk/(.*)$', self.headers | {'qblk.h'}),
                 (r'^\.Xr ([\w-]*qblk[\w-]* \d)', {page.replace('.', ' ') for page in pages}))
        for path in [*PAGES, *FORMATS]:
            text = re.sub(r'^\.Dt.*', '', read(path), flags=re.M)
            unknown = {name for pattern, known in kinds
                       for name in re.findall(pattern, text, re.M) if name not in known}
            self.assertEqual(unknown, set(), msg=path)

    def test_pages_are_formatted_without_a_warning(self):
        if shutil.which('man') is None:
            self.assertNotEqual(os.environ.get('CI'), 'true', msg='no man')
            self.skipTest('no man')
        for path in ALL:
            done = subprocess.run(['man', '--warnings', '--local-file', path], check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, 'MAN_KEEP_STDERR': '1', 'LC_ALL': 'C.UTF-8'})
            self.assertEqual(done.stderr, '', msg=path)
            self.assertIn('DESCRIPTION', done.stdout)

    def test_mandoc_warns_of_nothing(self):
        if shutil.which('mandoc') is None:
            self.assertNotEqual(os.environ.get('CI'), 'true', msg='no mandoc')
            self.skipTest('no mandoc')
        done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', *ALL], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ''))


if __name__ == '__main__':
    sys.exit(unittest.main())
