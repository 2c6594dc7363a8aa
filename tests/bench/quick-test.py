#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`scripts/bench --quick` runs each kind of row beside all of its peers."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'bench'))

import rows  # noqa: E402  pylint: disable=wrong-import-position

# Without libvirt, which is installed in CI.
MAY_BE_ABSENT = set() if live.IN_CI else {'virsh'}
ABSENT_ROWS = set() if live.IN_CI else {'libvirt-xml'}


class Quick(unittest.TestCase):
    maxDiff = None

    def test_each_row_is_measured_beside_its_peers(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'results.json')
            picture = os.path.join(directory, 'results.svg')
            plot = ('--plot', picture) if live.IN_CI or shutil.which('gnuplot') else ()
            done = subprocess.run(
                [sys.executable, os.path.join(ROOT, 'scripts', 'bench'), '--quick',
                 '--build', os.environ['QBLK_BENCH_BUILD'], '--json', path, *plot],
                stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertTrue(not plot or os.path.getsize(picture) > 0)
            with open(path, encoding='utf-8') as file:
                results = json.load(file)

        self.assertEqual(results['schema'], 'qblk-bench/1')
        self.assertTrue(results['quick'])
        found = {result['name']: result for result in results['rows']}
        self.assertEqual(list(found), [row.name for row in rows.ROWS if row.quick])
        for row in rows.ROWS:
            if row.quick:
                self.check_row(row, found[row.name])
                self.assertIn(row.name, done.stdout)

    def check_row(self, row, result):
        with self.subTest(row.name):
            self.assertNotIn('error', result)
            self.assertLessEqual(set(result['missing']), MAY_BE_ABSENT)
            if 'absent' in result:
                self.assertIn(row.name, ABSENT_ROWS)
                return
            peers = [goal.peer for goal in row.goals if goal.peer not in result['missing']]
            self.assertEqual([ratio['peer'] for ratio in result['ratios']], peers)


if __name__ == '__main__':
    live.main()
