# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of real guests: docs/graph.svg is what scripts/picture draws, but for sizes, progress
and automatic names; the files that QEMU has open are compared."""

import os
import re
import shutil
import subprocess
import sys

import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

VARIABLE = (
    (r'QEMU [\d.]+', 'QEMU'),
    (r'[\d.]+ [KMG]iB used', 'used'),
    (r'\d+ %', 'percent'),
    (r'(class="bar" [^>]*width=)"\d+"', r'\1""'),
    (r'#block\d+', '#block'),
)


def normalize(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text)
    return text.splitlines()


class Picture(live.TestCase):
    def test_the_picture_of_the_documents_is_that_of_a_real_qemu(self):
        path = os.path.join(self.directory, 'graph.svg')
        subprocess.run([sys.executable, os.path.join(ROOT, 'scripts', 'picture'),
                        '--qblk', os.environ['QBLK'], path], check=True, cwd=ROOT)
        self.assertEqual(normalize(path), normalize(os.path.join(ROOT, 'docs', 'graph.svg')))

    def test_two_nodes_of_one_file_name_each_other(self):
        _, process = self.start('shared-base-file')
        picture = self.qblk('graph', process.socket, '--format', 'svg').text
        self.assertIn('>same image as vdb[1]</text>', picture)
        self.assertIn('>same image as vda[1]</text>', picture)

    def test_a_name_that_leads_to_no_file_or_another_one_is_marked(self):
        topology, process = self.start('shared-base')
        for target in ('vda', 'vdb'):
            os.rename(topology.chains[target][0], topology.chains[target][0] + '.old')
        shutil.copy(topology.chains['vda'][0] + '.old', topology.chains['vda'][0])
        text = self.qblk('graph', process.socket, '--format', 'dot').text
        self.assertRegex(text, r'"vda, qcow2.*the name leads to another file')
        self.assertRegex(text, r'"vdb, qcow2.*no file has this name')


if __name__ == '__main__':
    live.main()
