#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of rows of scripts/bench, and what it makes of samples: JSON, a table, a plot."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'bench'))

# pylint: disable=wrong-import-position
import recording  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import samples  # noqa: E402

ROW = rows.Row('version', None, (rows.Goal('empty', 1.6), rows.Goal('python'),
                                 rows.Goal('text', 3.0, 'memory')))


def bench(**options):
    return rows.Bench(None, contextlib.ExitStack(), **options)


def taken(qblk, empty):
    """Samples of three cases; the second is not interrupted, the last has no time."""
    return {
        'qblk': [samples.Sample(wall, 1, 2, 500) for wall in qblk],
        'empty': [samples.Sample(wall, 1, 1) for wall in empty],
        'text': [samples.Sample(peak_kib=100) for _ in qblk],
    }


class Rows(unittest.TestCase):
    def test_each_name_is_of_one_row(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_each_row_has_a_peer(self):
        for row in rows.ROWS:
            with self.subTest(row.name):
                self.assertTrue(row.goals)
                self.assertNotIn(rows.SUBJECT, [goal.peer for goal in row.goals])

    def test_each_goal_of_the_project_is_a_row(self):
        goals = {(row.name, goal.peer, goal.measure): goal.ratio
                 for row in rows.ROWS for goal in row.goals if goal.ratio is not None}
        self.assertEqual(goals['version', 'empty', 'time'], 1.6)
        for command in ('list', 'xml', 'chain'):
            self.assertEqual(goals[f'{command}-5', 'floor', 'time'], 1.5)
            self.assertEqual(goals[f'{command}-16x32', 'floor', 'time'], 1.15)
        for size in ('5', '16x32'):
            self.assertEqual(goals[f'resolve-{size}', 'floor', 'time'], 1.0)
        for shape in ('deep', 'wide'):
            for layers in (10, 100, 1000, 10000, 50000):
                self.assertEqual(goals[f'{shape}-{layers}', 'json', 'time'], 2.0)
            self.assertEqual(goals[f'{shape}-50000', 'text', 'memory'], 3.0)
        for kind in ('commit', 'pull', 'copy'):
            for size in ('0', '64M', '1G'):
                self.assertEqual(goals[f'{kind}-{size}', 'by-hand', 'time'], 1.05)
        self.assertEqual(goals['many', 'floor', 'time'], 2.0)

    def test_quick_has_a_row_of_each_kind(self):
        quick = {row.name.partition('-')[0] for row in rows.ROWS if row.quick}
        self.assertEqual(quick, {row.name.partition('-')[0] for row in rows.ROWS})

    def test_the_output_of_a_command_is_checked(self):
        check = rows.output_check('list', 2, 3, None)
        self.assertTrue(check(b'TARGET\nvda\nvdb\n'))
        self.assertFalse(check(b'TARGET\nvda\n'))
        check = rows.output_check('resolve', 2, 3, 'node7')
        self.assertTrue(check(b'node7\n'))
        self.assertFalse(check(b'node8\n'))


class Samples(unittest.TestCase):
    def test_a_program_that_fails_is_no_sample(self):
        with self.assertRaisesRegex(samples.Failed, 'exit status 3: reason'):
            samples.run(['sh', '-c', 'echo reason >&2; exit 3'])

    def test_wrong_output_is_no_sample(self):
        self.assertGreater(samples.run(['echo', 'a'], lambda output: output == b'a\n').wall, 0)
        with self.assertRaisesRegex(samples.Failed, 'wrong output: a'):
            samples.run(['echo', 'a'], lambda output: output == b'b\n')


class Result(unittest.TestCase):
    def result(self, qblk=(20, 30, 10), empty=(10, 10, 10), **options):
        return report.row_result(ROW, taken(qblk, empty), bench(**options))

    def test_a_ratio_is_that_of_the_medians(self):
        result = self.result()
        self.assertEqual(result['cases']['qblk']['wall_ms']['median'], 20)
        self.assertEqual(result['ratios'], [
            {'measure': 'time', 'peer': 'empty', 'ratio': 2, 'ratio_of_least': 1, 'goal': 1.6,
             'met': False},
            {'measure': 'memory', 'peer': 'text', 'ratio': 5, 'ratio_of_least': 5, 'goal': 3.0,
             'met': False}])

    def test_a_goal_is_met_if_the_ratio_is_not_larger(self):
        self.assertTrue(self.result(qblk=(16, 16, 99))['ratios'][0]['met'])
        self.assertFalse(self.result(qblk=(16.1, 16.1, 0))['ratios'][0]['met'])

    def test_a_quick_run_has_no_goals(self):
        for ratio in self.result(quick=True)['ratios']:
            self.assertIsNone(ratio['goal'])
            self.assertIsNone(ratio['met'])

    def test_what_was_not_measured_is_not_in_a_case(self):
        self.assertEqual(set(self.result()['cases']['text']), {'peak_kib'})
        self.assertEqual(set(self.result()['cases']['empty']), {'wall_ms', 'user_ms', 'system_ms'})

    def test_one_round_is_enough(self):
        summary = self.result(qblk=(7,), empty=(7,))['cases']['qblk']['wall_ms']
        self.assertEqual(summary, {'median': 7, 'low': 7, 'high': 7, 'least': 7})

    def test_a_result_is_json(self):
        result = self.result()
        self.assertEqual(json.loads(json.dumps(result)), result)


class Table(unittest.TestCase):
    def test_each_ratio_and_each_reason_has_a_line(self):
        machine = bench()
        machine.missing['virsh'] = 'no\nvirsh\n'
        results = [report.row_result(ROW, taken((20,), (10,)), machine),
                   report.row_without_result(ROW, 'error', 'it failed')]
        lines = [[cell.strip() for cell in line.split('|')[1:-1]]
                 for line in report.table(results).splitlines()]
        self.assertEqual({len(line) for line in lines}, {10})
        self.assertEqual(lines[2], ['version', 'empty', '20 ms', '3', '10 ms', '2', '2.00', '2.00',
                                    '1.6', '**missed**'])
        self.assertEqual(lines[3][:3], ['', 'text (memory)', '500 KiB'])
        self.assertEqual(lines[4][1::8], ['virsh', 'absent: no virsh'])
        self.assertEqual(lines[5][0::9], ['version', 'error: it failed'])


class Growth(unittest.TestCase):
    ROW = rows.Row('deep', None, (rows.Goal('text', None, 'growth', 2048),))

    def result(self):
        memory = {**taken((20,), (10,)), 'empty': [samples.Sample(peak_kib=200)]}
        return report.row_result(self.ROW, memory, bench())

    def test_growth_is_memory_without_that_of_an_empty_capture(self):
        self.assertEqual(self.result()['ratios'], [
            {'measure': 'growth', 'peer': 'text', 'ratio': 3, 'ratio_of_least': 3, 'goal': None,
             'met': None, 'layers': 2048}])

    def test_the_table_has_the_bytes_of_a_layer(self):
        line = report.table([self.result()]).splitlines()[2]
        self.assertEqual([cell.strip() for cell in line.split('|')[2:4]],
                         ['text (growth)', '300 KiB'])
        self.assertTrue(line.endswith('| 150 bytes a layer |'), line)


class Recording(unittest.TestCase):
    STEPS = ['greeting', '{"execute": "qmp_capabilities"}',
             '{"execute": "query-block"}\n{"execute": "query-named-block-nodes"}',
             '{"execute": "block-commit"}', 'j pending']

    def test_what_is_sent_at_once_is_one_step(self):
        event = '{"event": "JOB_STATUS_CHANGE", "data": {"id": "j", "status": "%s"}}'
        log = ['<- {"QMP": {}}', '-> {"execute": "a"}', '-> {"execute": "b"}', '<- {"return": {}}',
               '<- {"return": {}}', '-> {"execute": "c"}', '<- ' + event % 'running',
               '<- ' + event % 'pending', 'warning: x']
        self.assertEqual(recording.steps_of(''.join(f'qblk: {line}\n' for line in log)),
                         ['greeting', '{"execute": "a"}\n{"execute": "b"}', '{"execute": "c"}',
                          'j pending'])

    def test_files_are_looked_at_with_the_nodes(self):
        steps = self.STEPS
        self.assertEqual(list(recording.with_files(steps)), [*steps[:2], 'files', *steps[2:]])

    def test_a_record_is_written_before_each_change(self):
        steps = self.STEPS
        self.assertEqual(list(recording.with_files(steps, 'F')),
                         [*steps[:2], 'files', steps[2], 'journal F', *steps[3:]])


class Document(unittest.TestCase):
    DESCRIBED = {'commit': 'abc+', 'rows': [report.row_result(ROW, taken((20,), (10,)), bench())],
                 'machine': {'qemu': '7.2', 'processors': 2, 'load': [(1, 0, 0), (2, 0, 0)]}}

    def test_the_commit_and_the_load_are_named(self):
        text = report.summary(self.DESCRIBED)
        self.assertTrue(text.endswith('|\n\nCommit abc with changes, QEMU 7.2, 2 processors, load '
                                      'average 1.0 and 2.0 before and after.\n'), text)

    def test_results_replace_one_section(self):
        self.assertEqual(report.in_document('# A\n\n## Results\n\nold\nold\n\n## B\nb\n', 'new\n'),
                         '# A\n\n## Results\n\nnew\n\n## B\nb\n')
        self.assertEqual(report.in_document('# A\n\n## Results\n\nold\n', 'new\n'),
                         '# A\n\n## Results\n\nnew\n')


class Plot(unittest.TestCase):
    RESULTS = [report.row_result(ROW, taken((20,), (10,)), bench())]

    def test_each_goal_is_a_bar_and_a_point(self):
        script = report.plot_script(self.RESULTS, 'x.svg')
        self.assertIn('set terminal svg', script)
        self.assertIn('"version" 0, "version memory" -1', script)
        self.assertIn('0 2.0000 1.6000 NaN ', script)

    def test_without_goals_there_are_bars(self):
        results = [report.row_result(ROW, taken((20,), (10,)), bench(quick=True))]
        self.assertIn('0 2.0000 NaN NaN ', report.plot_script(results, 'x.svg'))

    def test_the_nearest_peer_is_a_point(self):
        row = rows.Row('list', None, (rows.Goal('empty', 1.5), rows.Goal('files')))
        cases = {**taken((20,), (10,)), 'files': [samples.Sample(16, 1, 1)]}
        script = report.plot_script([report.row_result(row, cases, bench())], 'x.svg')
        self.assertIn('0 2.0000 1.5000 1.2500 ', script)

    def test_another_kind_of_file_is_refused(self):
        with self.assertRaisesRegex(samples.Missing, "'x.gif'.*svg or .png"):
            report.plot(self.RESULTS, 'x.gif')


class Command(unittest.TestCase):
    def run_bench(self, *arguments):
        return subprocess.run([sys.executable, os.path.join(ROOT, 'scripts', 'bench'), *arguments],
                              capture_output=True, text=True, check=False)

    def test_rows_are_chosen_by_name_or_pattern(self):
        done = self.run_bench('--list', '--row', 'version', 'xml-*')
        self.assertEqual(done.stdout.split(), ['version', 'xml-5', 'xml-16x32'])

    def test_table_and_plot_are_made_of_saved_results(self):
        described = {**Document.DESCRIBED, 'schema': report.SCHEMA}
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'results.json')
            with open(path, 'w', encoding='utf-8') as file:
                json.dump(described, file)
            done = self.run_bench('--results', path)
        self.assertEqual(done.stdout, report.summary(described))

    def test_a_plot_that_cannot_be_made_is_refused_at_once(self):
        done = self.run_bench('--plot', 'x.gif')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn("cannot plot 'x.gif'", done.stderr)

    def test_an_unknown_row_is_refused(self):
        done = self.run_bench('--row', 'version', 'nothing')
        self.assertEqual(done.returncode, 1)
        self.assertIn("no row 'nothing'", done.stderr)


if __name__ == '__main__':
    unittest.main()
