# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as JSON, as a table, and as a plot."""

import math
import os
import shutil
import statistics
import subprocess

import samples
from rows import SUBJECT

SCHEMA = 'qblk-bench/1'


def _summary(values):
    """Median and quartiles."""
    ordered = sorted(values)
    quartiles = statistics.quantiles(ordered, n=4) if len(ordered) > 1 else [ordered[0]] * 3
    return {'median': statistics.median(ordered), 'low': quartiles[0], 'high': quartiles[2],
            'least': ordered[0]}


def _case(taken):
    """The summaries of all samples of one case; those in which it was not measured are absent."""
    columns = {'wall_ms': 'wall', 'user_ms': 'user', 'system_ms': 'system', 'peak_kib': 'peak_kib'}
    found = {key: [getattr(sample, name) for sample in taken] for key, name in columns.items()}
    return {key: _summary(values) for key, values in found.items() if None not in values}


_MEASURES = {'time': 'wall_ms', 'memory': 'peak_kib', 'growth': 'peak_kib'}


def _of_subject(cases, measure):
    """The summary of the subject, less the median of `empty` if that is not counted."""
    summary = cases[SUBJECT][_MEASURES[measure]]
    less = cases['empty']['peak_kib']['median'] if measure == 'growth' else 0
    return {key: value - less for key, value in summary.items()}


def _ratio(cases, goal, wanted):
    ratio, least = (_of_subject(cases, goal.measure)[of] /
                    max(cases[goal.peer][_MEASURES[goal.measure]][of], 1e-9)
                    for of in ('median', 'least'))
    met = None if wanted is None else ratio <= wanted
    return {'measure': goal.measure, 'peer': goal.peer, 'ratio': ratio, 'ratio_of_least': least,
            'goal': wanted, 'met': met, **({'layers': goal.layers} if goal.layers else {})}


def row_result(row, taken, bench):
    """The result of ROW as JSON; TAKEN has the samples of each case. Sizes are not those of the
    goals if the run is quick."""
    cases = {name: _case(values) for name, values in taken.items()}
    ratios = [_ratio(cases, goal, None if bench.quick else goal.ratio)
              for goal in row.goals if goal.peer in cases]
    return {'name': row.name, 'rounds': len(taken[SUBJECT]), 'cases': cases, 'ratios': ratios,
            'missing': dict(bench.missing), 'notes': list(bench.notes)}


def row_without_result(row, key, reason):
    """KEY: `error`, or `absent` if the machine or qblk does not have it."""
    return {'name': row.name, 'rounds': 0, 'cases': {}, 'ratios': [], 'missing': {}, 'notes': [],
            key: reason}


# ---- table ----

_COLUMNS = ('row', 'peer', 'qblk', 'cpu', 'peer takes', 'cpu', 'ratio', 'of least', 'goal', '')
_LEFT = (0, 1, 9)
_BLANK = [''] * 7


def _number(value):
    digits = 3 if value < 1000 else 4
    return f'{value:.{digits}g}' if value < 10000 else f'{value:.0f}'


def _cells(case, measure, summary=None):
    """Median with its quartiles, and the processor time."""
    summary = summary or case[_MEASURES[measure]]
    unit = 'ms' if measure == 'time' else 'KiB'
    middle = f'{_number(summary["median"])} {unit}'
    if summary['low'] != summary['high']:
        middle += f' ({_number(summary["low"])} to {_number(summary["high"])})'
    has_times = measure == 'time' and 'user_ms' in case
    total = case['user_ms']['median'] + case['system_ms']['median'] if has_times else None
    return middle, '' if total is None else _number(total)


def _verdict(ratio, cases):
    if ratio['measure'] == 'growth':
        each = _of_subject(cases, 'growth')['median'] * 1024 / ratio['layers']
        return f'{each:.0f} bytes a layer'
    return {None: '', True: 'met', False: '**missed**'}[ratio['met']]


def _one_line(text):
    return ' '.join(text.split())


def _lines_of(result):
    name = result['name']
    for ratio in result['ratios']:
        goal = '' if ratio['goal'] is None else f'{ratio["goal"]:g}'
        cases, measure = result['cases'], ratio['measure']
        peer = ratio['peer'] + ('' if measure == 'time' else f' ({measure})')
        yield (name, peer, *_cells(cases[SUBJECT], measure, _of_subject(cases, measure)),
               *_cells(cases[ratio['peer']], measure),
               f'{ratio["ratio"]:.2f}', f'{ratio["ratio_of_least"]:.2f}', goal,
               _verdict(ratio, cases))
        name = ''
    for key in ('error', 'absent'):
        if key in result:
            yield name, '', *_BLANK, f'{key}: {_one_line(result[key])}'
    for peer, reason in result['missing'].items():
        yield name, peer, *_BLANK, f'absent: {_one_line(reason)}'
    for note in result['notes']:
        yield '', '', *_BLANK, note


def table(results):
    """The results as a table of Markdown, which is aligned to be read as text as well."""
    lines = [_COLUMNS, *(line for result in results for line in _lines_of(result))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS) - 1)] + [0]
    lines.insert(1, tuple('-' * max(width, 3) if i in _LEFT else '-' * max(width - 1, 3) + ':'
                          for i, width in enumerate(widths)))
    return ''.join('| ' + ' | '.join(
        cell.ljust(width) if i in _LEFT else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))) + ' |\n' for line in lines)


def summary(described):
    """The table, and the commit and the machine that it is of."""
    machine = described['machine']
    loads = ' and '.join(f'{load[0]:.1f}' for load in machine['load'])
    changed = ' with changes' if (described['commit'] or '').endswith('+') else ''
    return (f'{table(described["rows"])}\n'
            f'Commit {(described["commit"] or "unknown").rstrip("+")}{changed}, QEMU '
            f'{machine["qemu"]}, {machine["processors"]} processors, load average {loads} before '
            'and after.\n')


def in_document(document, text):
    """DOCUMENT with TEXT as its section "Results"."""
    before, heading, rest = document.partition('\n## Results\n')
    _, next_heading, after = rest.partition('\n## ')
    return f'{before}{heading}\n{text}{next_heading}{after}'


# ---- plot ----

_TERMINALS = {'.svg': 'svg size 1000,{height} background "white" font "sans,13"',
              '.png': 'pngcairo size 1000,{height} background "white" font "sans,11"'}
_COLOURS = {True: 0x3a923a, False: 0xc03d3e, None: 0x708090}
_LEAST = 0.25  # left end of the axis

# What is nearest to qblk: the same queries and files, or the memory without that of the process.
_NEAREST = {'time': (('time', 'files'), ('time', 'recorded')), 'memory': (('growth', 'text'),)}


def _nearest(result, measure):
    found = {(ratio['measure'], ratio['peer']): ratio['ratio'] for ratio in result['ratios']}
    return next((found[key] for key in _NEAREST.get(measure, ()) if key in found), None)


def _bars(results):
    """Name, ratio and the ratio to the nearest peer. What has no goal is only shown if nothing has
    one."""
    every = [(f'{result["name"]}{" memory" if ratio["measure"] == "memory" else ""}', ratio,
              _nearest(result, ratio['measure']))
             for result in results for ratio in result['ratios']]
    return [bar for bar in every if bar[1]['goal'] is not None] or every


def _cell(value):
    return 'NaN' if value is None else f'{value:.4f}'


def plot_script(results, path):
    """The input of gnuplot: the ratio of each row as a bar from 1, and points for its goal and the
    nearest peer."""
    bars = _bars(results)
    terminal = _TERMINALS[os.path.splitext(path)[1]].format(height=150 + 20 * len(bars))
    labels = ', '.join(f'"{name}" {-i}' for i, (name, *_) in enumerate(bars))
    largest = max((max(ratio['ratio'], ratio['goal'] or 0) for _, ratio, _ in bars), default=1)
    rows = '\n'.join(f'{-i} {_cell(ratio["ratio"])} {_cell(ratio["goal"])} {_cell(nearest)} '
                     f'{_COLOURS[ratio["met"]]}' for i, (_, ratio, nearest) in enumerate(bars))
    return f'''set terminal {terminal}
set output "{path}"
set title "qblk beside its peers: ratio of medians (left of 1: qblk takes less)"
set logscale x 2
set xrange [{_LEAST}:{2 ** math.ceil(math.log2(max(largest, 2)))}]
set yrange [{-len(bars)}:1]
set ytics ({labels})
set xtics format "%g"
set grid x linecolor rgb "#c0c0c0"
set key below
set style fill solid noborder
set arrow from 1, graph 0 to 1, graph 1 nohead linecolor rgb "black"
least(x) = x < {_LEAST} ? {_LEAST} : x
$ratios << END
{rows}
END
plot $ratios using (least($2)):1:(least($2 < 1 ? $2 : 1)):(least($2 < 1 ? 1 : $2)) \\
    :($1-0.32):($1+0.32):5 with boxxyerror linecolor rgb variable \\
    title "ratio (green: goal met)", \\
    $ratios using 3:1 with points pointtype 5 pointsize 0.7 linecolor rgb "black" \\
    title "goal", \\
    $ratios using 4:1 with points pointtype 6 pointsize 1.1 linewidth 2 linecolor rgb "#1f4e9e" \\
    title "ratio to the nearest peer"
'''


def check_plot(path):
    if os.path.splitext(path)[1] not in _TERMINALS:
        raise samples.Missing(f"cannot plot '{path}': use a name that ends in .svg or .png")
    if shutil.which('gnuplot') is None:
        raise samples.Missing('no gnuplot (apt-get install gnuplot-nox)')


def plot(results, path):
    check_plot(path)
    subprocess.run(['gnuplot'], input=plot_script(results, path), text=True, check=True)
