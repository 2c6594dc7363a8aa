#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/test-summary counts the results that meson recorded, and a missing log is a failure."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../scripts/test-summary')


class TestSummaryTest(unittest.TestCase):
    def summary(self, *runs, in_ci=False):
        """The exit status and the lines printed for @runs, each a list of results or None."""
        environment = {**os.environ, 'CI': 'true' if in_ci else ''}
        with tempfile.TemporaryDirectory() as directory:
            arguments = []
            for number, results in enumerate(runs):
                log = os.path.join(directory, f'{number}.json')
                if results is not None:
                    with open(log, 'w', encoding='utf-8') as file:
                        for result in results:
                            test = {'name': f'qblk:unit / {result.lower()}', 'result': result}
                            file.write(json.dumps(test) + '\n')
                arguments.append(f'run{number}={log}')
            result = subprocess.run([sys.executable, SUMMARY, *arguments], env=environment,
                                    text=True, check=False, stdout=subprocess.PIPE)
        return result.returncode, result.stdout.splitlines()

    def test_runs_are_summed(self):
        self.assertEqual(self.summary(['OK', 'OK', 'EXPECTEDFAIL'], ['OK']),
                         (0, ['4 passed, 0 failed, 0 skipped']))

    def test_failures_are_named(self):
        for result in ('FAIL', 'TIMEOUT', 'ERROR', 'INTERRUPT', 'UNEXPECTEDPASS'):
            self.assertEqual(self.summary(['OK'], [result]),
                             (1, [f'failed: run1: unit / {result.lower()}: {result}',
                                  '1 passed, 1 failed, 0 skipped']))

    def test_a_run_without_a_log_or_a_test_has_failed(self):
        self.assertEqual(self.summary(['OK'], None, [])[0], 1)
        self.assertEqual(self.summary(['OK'], None, [])[1][-1], '1 passed, 2 failed, 0 skipped')

    def test_a_run_without_tests_is_not_a_success(self):
        self.assertEqual(self.summary(), (1, ['0 passed, 0 failed, 0 skipped']))

    def test_skipped_tests_are_named(self):
        self.assertEqual(self.summary(['OK', 'SKIP']),
                         (0, ['skipped: run0: unit / skip', '1 passed, 0 failed, 1 skipped']))

    def test_a_skipped_test_has_failed_in_ci(self):
        status, lines = self.summary(['OK', 'SKIP'], in_ci=True)
        self.assertEqual(status, 1)
        self.assertRegex(lines[0], '^failed: run0: unit / skip: skipped')
        self.assertEqual(lines[-1], '1 passed, 1 failed, 0 skipped')

    def test_times_of_runs_and_suites_are_shown(self):
        tests = [('unit / a', 100.0, 2.0), ('unit / b', 101.0, 3.0),
                 ('live+matrix+live-5.2+x / c', 104.0, 6.0)]
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, 'log.json')
            with open(log, 'w', encoding='utf-8') as file:
                for name, start, duration in tests:
                    file.write(json.dumps({'name': f'qblk:{name}', 'result': 'OK',
                                           'starttime': start, 'duration': duration}) + '\n')
            result = subprocess.run([sys.executable, SUMMARY, '--step=build=7', f'plain={log}'],
                                    text=True, check=True, stdout=subprocess.PIPE)
        rows = [line.split() for line in result.stdout.splitlines()]
        self.assertEqual(rows[:5], [['tests', 'seconds'], ['build', '7'], ['plain', '3', '10'],
                                    ['live-5.2', '1', '6'], ['unit', '2', '5']])
        self.assertEqual(rows[-1], '3 passed, 0 failed, 0 skipped'.split())


if __name__ == '__main__':
    unittest.main()
