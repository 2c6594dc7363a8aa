#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents name is there: files they link to, functions; and docs/architecture.md names
each file stem of src."""

import glob
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def documents():
    return [path for pattern in ('*.md', 'docs/*.md', 'tests/*.md', 'tests/*/*.md')
            for path in glob.glob(pattern, root_dir=ROOT)]


def headers():
    return glob.glob('src/*/*.h', root_dir=ROOT) + glob.glob('include/qblk/*.h', root_dir=ROOT)


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for path in documents():
            for target in re.findall(r'\]\(([^)#:]+)\)', read(path)):
                self.assertTrue(os.path.exists(os.path.join(ROOT, os.path.dirname(path), target)),
                                msg=f'{path}: {target}')

    def test_functions_and_errors_are_declared(self):
        declared = set(re.findall(r'\w+', ' '.join(map(read, headers()))))
        for path in documents():
            named = set(re.findall(r'\b(?:qblk_[a-z_]+|QBLK_[A-Z_]+_ERROR\w*)', read(path)))
            prefixes = {'qblk_index_spec', 'qblk_index_spec_'}  # how symbols are named
            self.assertEqual(named - declared - prefixes, set(), msg=path)

    def test_the_architecture_names_each_file(self):
        named = set(re.findall(r'`(\w[\w*-]*)(?:\.[ch])?`', read('docs/architecture.md')))
        patterns = [name.replace('*', '.*') for name in named]
        stems = {os.path.splitext(os.path.basename(path))[0]
                 for path in glob.glob('src/*/*.h', root_dir=ROOT)}
        self.assertGreater(len(stems), 0)
        missing = {stem for stem in stems
                   if not any(re.fullmatch(pattern, stem) for pattern in patterns)}
        self.assertEqual(missing, set())


if __name__ == '__main__':
    unittest.main()
