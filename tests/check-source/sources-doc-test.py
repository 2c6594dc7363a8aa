#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/sources.md agrees with the tables in the code: drivers, ports, schemes, options."""

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def table(path, name):
    """The text between the braces of the C array NAME."""
    return re.search(rf'\b{name}\[\] = {{\n(.*?)\n}};', read(path), re.S)[1]


def doc_rows():
    """The cells of the table of protocols, by driver."""
    section = read('docs/sources.md').split('## Protocols')[1].split('\n## ')[0]
    rows = [re.split(r'(?<!\\)\|', line)[1:-1] for line in section.splitlines()
            if line.startswith('| `')]
    return {row[0].strip(' `'): [cell.strip() for cell in row] for row in rows}


class SourcesDoc(unittest.TestCase):
    def setUp(self):
        self.rows = doc_rows()
        self.protocols = re.findall(
            r'{"([\w-]+)", QBLK_SOURCE_(\w+), (?:"(\w+)"|NULL), (?:"(\d+)"|NULL), [^{]*({{.*?}})',
            table('src/source/source-protocol.c', 'protocols'), re.S)

    def test_every_protocol_has_a_row_and_no_row_has_no_protocol(self):
        self.assertGreater(len(self.protocols), 15)
        self.assertEqual([protocol[0] for protocol in self.protocols], list(self.rows))

    def test_ports_are_those_of_the_code(self):
        for driver, _, _, port, _ in self.protocols:
            self.assertEqual(self.rows[driver][2], port or '-', msg=driver)

    def test_the_source_is_that_of_the_code(self):
        places = {'FILE': 'file=', 'BLOCK': 'dev=', 'DIR': 'dir=', 'NVME': "type='pci'",
                  'VHOST_USER': "type='unix'", 'VHOST_VDPA': 'dev='}
        for driver, kind, protocol, _, _ in self.protocols:
            place = places.get(kind) or f"protocol='{protocol}'"
            self.assertEqual(self.rows[driver][1], f'`{place}`', msg=driver)

    def test_every_option_that_is_copied_is_named(self):
        for driver, _, _, _, copies in self.protocols:
            text = self.rows[driver][4]
            while 'as `' in text:
                text = text.replace('as `', '', 1) + self.rows[
                    re.search(r'as `(\w+)`', text)[1]][4]
            for option in re.findall(r'{"([\w-]+)"', copies):
                self.assertIn(f'`{option}`', text, msg=driver)

    def test_every_scheme_and_string_is_named(self):
        spellings = ' '.join(row[3] for row in self.rows.values())
        schemes = re.findall(r'{"(\w+)", "[\w-]+", "([\w ]*)"',
                             table('src/source/source-url.c', 'schemes'))
        self.assertGreater(len(schemes), 10)
        for scheme, transports in schemes:
            self.assertIn(f'`{scheme}:', spellings)
            for transport in transports.split() if scheme != 'nbds' else ():
                self.assertIn(f'`{scheme}+{transport}://`', spellings)
        forms = re.findall(r'{"(\w+:)"', table('src/source/source-string.c', 'forms'))
        self.assertGreater(len(forms), 5)
        for form in forms:
            self.assertIn(f'`{form}', read('docs/sources.md'))

    def test_every_driver_above_a_protocol_is_named(self):
        above = read('docs/sources.md').split('## Drivers above')[1]
        drivers = re.findall(r'{"([\w-]+)", +QBLK_DRIVER_(\w+),',
                             table('src/source/driver.c', 'drivers'))
        for name, kind in drivers:
            # filters of jobs do not appear in file names
            if kind != 'PROTOCOL' and name not in ('backup-top', 'commit_top', 'mirror_top'):
                self.assertIn(f'`{name}`', above)
        refused = read('docs/sources.md').split('are an error:')[1]
        documented = set(self.rows)
        for name, kind in drivers:
            if kind == 'PROTOCOL' and name not in documented:
                self.assertIn(f'`{name}`', refused)


if __name__ == '__main__':
    unittest.main()
