#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of contrib for Prometheus, Grafana and node_exporter: what they name exists. The
metrics of docs/metrics.md are those of the command: a unit test compares them."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))

import prometheus  # noqa: E402  pylint: disable=wrong-import-position

RULES = os.path.join(ROOT, 'contrib', 'prometheus', 'qblk.rules.yml')
METRIC = re.compile(r'\b(?:qblk|libvirt)_\w+')

# Prometheus adds these to all series.
ADDED = {'instance', 'job'}
# Of _info metrics, which have more labels than their table tells.
OF_INFO = {'file', 'format', 'kind', 'state'}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def metrics():
    """{name: its labels}"""
    rows = re.findall(r'^\| `(\w+)` \| (?:gauge|counter|info) \| \w* \| ([\w, ]*) \|',
                      read('docs', 'metrics.md'), re.MULTILINE)
    return {name: set(labels.split(', ')) - {''} for name, labels in rows}


def dashboard():
    return json.loads(read('contrib', 'grafana', 'qblk.json'))


def queries():
    """(expression, labels of its legend) of the dashboard."""
    for panel in dashboard()['panels']:
        for target in panel.get('targets', []):
            yield target['expr'], re.findall(r'{{(\w+)}}', target['legendFormat'])
    for variable in dashboard()['templating']['list']:
        match = re.fullmatch(r'label_values\((.*), (\w+)\)', variable.get('definition', ''))
        if match:
            yield match[1], [match[2]]


def alerts():
    """(expression, labels of its texts) of the rules."""
    for alert in re.split(r'^ +- alert: ', read('contrib', 'prometheus', 'qblk.rules.yml'),
                          flags=re.MULTILINE)[1:]:
        expression = re.search(r'expr: (.*?)\n +(?:for|labels):', alert, re.S)[1]
        yield expression, re.findall(r'\$labels\.(\w+)', alert)


class Monitoring(unittest.TestCase):
    def test_each_query_names_metrics_and_labels_that_exist(self):
        known = metrics()
        self.assertGreater(len(known), 40)
        for expression, labels in [*queries(), *alerts()]:
            with self.subTest(expression):
                named = METRIC.findall(expression)
                self.assertNotEqual(named, [])
                self.assertLessEqual(set(named), set(known))
                in_braces = re.findall(r'(\w+)=~?"', expression)
                for name in named:
                    has = known[name] | ADDED | (OF_INFO if name.endswith('_info') else set())
                    self.assertLessEqual(set(in_braces) | set(labels), has, msg=name)

    def test_panels_of_the_dashboard_do_not_overlap(self):
        taken = {}
        panels = dashboard()['panels']
        self.assertEqual(len({panel['id'] for panel in panels}), len(panels))
        for panel in panels:
            place = panel['gridPos']
            self.assertLessEqual(place['x'] + place['w'], 24)
            for x in range(place['x'], place['x'] + place['w']):
                for y in range(place['y'], place['y'] + place['h']):
                    self.assertIsNone(taken.setdefault((x, y), None), msg=panel['title'])
                    taken[x, y] = panel['title']

    def test_promtool_accepts_the_rules(self):
        status, output = prometheus.promtool('check', 'rules', RULES)
        self.assertEqual(status, 0, msg=output)

    def test_each_alert_is_raised_when_it_should_be(self):
        file = os.path.join(ROOT, 'tests', 'check-source', 'qblk.rules.test.yml')
        status, output = prometheus.promtool('test', 'rules', file)
        self.assertEqual(status, 0, msg=output)
        names = re.findall(r'alert: (\w+)', read('contrib', 'prometheus', 'qblk.rules.yml'))
        tested = re.findall(r'ALERTS{alertname="(\w+)"', read('tests', 'check-source',
                                                      'qblk.rules.test.yml'))
        self.assertEqual(set(names), set(tested))

    def test_systemd_accepts_the_units(self):
        with tempfile.TemporaryDirectory() as directory:
            os.symlink('/bin/true', os.path.join(directory, 'qblk'))
            service = read('contrib', 'node_exporter', 'qblk-metrics.service.in')
            paths = [os.path.join(directory, 'qblk-metrics.' + end) for end in ('service', 'timer')]
            for path, text in zip(paths, (service.replace('@bindir@', directory),
                                          read('contrib', 'node_exporter', 'qblk-metrics.timer'))):
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(text)
            done = subprocess.run(['systemd-analyze', 'verify', '--man=no', *paths], check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual((done.returncode, done.stdout), (0, b''))


if __name__ == '__main__':
    unittest.main()
