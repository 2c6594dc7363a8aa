# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that read metrics: those of the machine, or those of scripts/prometheus-tools."""

import os
import shutil
import subprocess
import unittest

import debian_modules  # noqa: F401  pylint: disable=unused-import

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORE = os.environ.get('QBLK_PROMETHEUS_DIR', os.path.join(ROOT, '.prometheus'))


def missing(what):
    """Skip the test that needs WHAT; in continuous integration it fails."""
    if os.environ.get('CI') == 'true':
        raise FileNotFoundError(what)
    raise unittest.SkipTest(f'no {what}')


def program(name):
    for path in (name, os.path.join(STORE, name)):
        if shutil.which(path):
            return path
    return missing(f'{name}: use scripts/prometheus-tools')


def promtool(*arguments, stdin=b''):
    """(status, output) of promtool."""
    done = subprocess.run([program('promtool'), *arguments], input=stdin, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def parse(text):
    """{name of a sample: {labels as a sorted tuple: value}} by the parser of OpenMetrics, which
    refuses what is not in its form."""
    try:
        from prometheus_client.openmetrics import parser  # pylint: disable=C0415
    except ModuleNotFoundError:
        return missing('prometheus_client: install python3-prometheus-client')
    found = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            labels = tuple(sorted(sample.labels.items()))
            if labels in series:
                raise ValueError(f'{sample.name} has {labels} twice')
            series[labels] = sample.value
    return found
