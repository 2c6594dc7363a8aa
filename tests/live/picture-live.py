# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/graph.svg is what scripts/picture draws, but for sizes, progress and automatic names."""

import os
import re
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


if __name__ == '__main__':
    live.main()
