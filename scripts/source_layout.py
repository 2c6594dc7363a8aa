# SPDX-License-Identifier: LGPL-2.1-or-later
"""The layout of src: which directory may include which, cycles, and the include table."""

import functools
import os
import re

# The directories of src by rank, and what each may include besides itself.
MAY_INCLUDE = {
    'base': (),
    'qmp': ('base',),
    'source': ('base',),
    'image': ('base', 'qmp', 'source'),
    'graph': ('base', 'qmp', 'source', 'image'),
    'chain': ('base', 'source', 'image', 'graph'),
    'vms': ('base', 'qmp', 'source', 'image', 'graph'),
    'xml': ('base', 'source', 'graph', 'chain'),
    'plan': ('base', 'source', 'image', 'graph', 'chain'),
    'blockjob': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'plan'),
    'recover': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'vms', 'plan', 'blockjob'),
    'operation': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'vms', 'xml', 'plan',
                  'blockjob', 'recover'),
    'bridge': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'vms', 'xml', 'plan', 'blockjob',
               'recover', 'operation'),
    'cli/print': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'vms', 'xml', 'plan',
                  'blockjob', 'recover', 'operation', 'bridge'),
    'cli': ('base', 'qmp', 'source', 'image', 'graph', 'chain', 'vms', 'xml', 'plan', 'blockjob',
            'recover', 'operation', 'bridge', 'cli/print'),
}

# What the command includes besides its own headers and <qblk/...>: helpers that know nothing of
# a VM.
COMMAND_INCLUDES = ('src/base/dlopen-note.h', 'src/base/json.h', 'src/base/text.h')

# The largest share of the code of src that one directory may have.
LARGEST_SHARE = 0.20

_WORD = re.compile(r'\bqblk_\w+')


def directory_of(path):
    parts = path.split('/')
    return '/'.join(parts[1:-1]) if parts[0] == 'src' else ''


def module_of(path):
    """A header and the .c file of its name are one module."""
    return os.path.splitext(path)[0]


def may_include(mine, theirs):
    return not theirs or mine in ('', theirs) or theirs in MAY_INCLUDE.get(mine, ())


def _edges_by_include(tree):
    """Module to the modules whose headers it includes, each with where: (source, line)."""
    edges = {}
    for source in tree.matching('src/*.c', 'src/*.h'):
        mine = edges.setdefault(module_of(source.path), {})
        for include in source.includes:
            target = tree.resolve(include)
            if target and target.startswith('src/') and module_of(target) != \
                    module_of(source.path):
                mine.setdefault(module_of(target), (source, include.line))
    return edges


def _edges_by_call(tree):
    """Module to the modules that define a function that it names, each with where."""
    owners = {}
    for source in tree.matching('src/*.c'):
        for function in source.functions:
            if not function.static:
                owners[function.name] = module_of(source.path)
    edges = {}
    for source in tree.matching('src/*.c', 'src/*.h'):
        mine = edges.setdefault(module_of(source.path), {})
        if source.path.endswith('.h'):
            continue
        for match in _WORD.finditer(source.code):
            target = owners.get(match[0])
            if target and target != module_of(source.path):
                mine.setdefault(target, (source, source.line(match.start())))
    return edges


def _find_circles(edges):
    """Tarjan's strongly connected components of more than one module, each as a sorted list."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for target in edges.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on_stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            members = []
            while not members or members[-1] != node:
                members.append(stack.pop())
                on_stack.discard(members[-1])
            if len(members) > 1:
                found.append(sorted(members))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def _shortest_circle(edges, members):
    """The shortest way from a module of the component back to itself."""
    best = None
    for start in members:
        ways, seen = [[start]], {start}
        while ways:
            way = ways.pop(0)
            for target in sorted(edges[way[-1]]):
                if target == start and (best is None or len(way) < len(best)):
                    best, ways = way, []
                    break
                if target in members and target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
    return best


def _circles(edges, verb):
    for members in _find_circles(edges):
        way = _shortest_circle(edges, members)
        source, line = edges[way[0]][way[1]] if len(way) > 1 else edges[way[0]][way[0]]
        names = ' -> '.join(name.removeprefix('src/') for name in [*way, way[0]])
        others = f' ({len(members)} modules are in the cycle)' if len(members) > len(way) else ''
        yield source, line, f'{names} {verb} each other in a cycle{others}: move what both ' \
            'need into a third file, or pass it in'


def module_circle(tree):
    """No modules include each other in a cycle (a module is a header and its .c file)."""
    yield from _circles(_edges_by_include(tree), 'include')


def call_circle(tree):
    """No files call each other in a cycle."""
    yield from _circles(_edges_by_call(tree), 'call')


def command_on_api(tree):
    """The command is built on the installed headers: what it can do, a program can do."""
    for source in tree.matching('src/cli/*.[ch]', 'src/cli/print/*.[ch]'):
        for include in source.includes:
            target = tree.resolve(include)
            if target and target.startswith('src/') and target not in COMMAND_INCLUDES \
                    and not target.startswith('src/cli/'):
                yield source, include.line, f"'{include.path}' is internal: programs need what " \
                    'the command needs, so offer it in include/qblk'


def _lines_by_directory(tree):
    lines = dict.fromkeys(MAY_INCLUDE, 0)
    for source in tree.matching('src/*.c', 'src/*.h'):
        lines[directory_of(source.path)] = \
            lines.get(directory_of(source.path), 0) + source.text.count('\n')
    return lines


def largest_share(tree):
    """No directory of src has more than a fifth of its lines."""
    lines = _lines_by_directory(tree)
    total = sum(lines.values())
    for source in tree.matching('src/*/*.c'):
        directory = directory_of(source.path)
        if total > 2000 and lines.get(directory, 0) > LARGEST_SHARE * total:
            share = 100 * lines.pop(directory) / total
            yield source, 1, f"'src/{directory}' has {share:.0f} % of the lines of src, " \
                f'{100 * LARGEST_SHARE:.0f} are allowed: split it by subject'


@functools.cache
def _short(directory):
    return directory.removeprefix('cli/')


def include_table(tree):
    """The table of docs/architecture.md: how many files of a row's directory include headers of a
    column's; the last column has the lines of the directory."""
    counts = {mine: dict.fromkeys(MAY_INCLUDE, 0) for mine in MAY_INCLUDE}
    for source in tree.matching('src/*.c', 'src/*.h'):
        mine = directory_of(source.path)
        targets = filter(None, map(tree.resolve, source.includes))
        for theirs in {directory_of(target) for target in targets if target.startswith('src/')}:
            if mine in counts and theirs in MAY_INCLUDE and theirs != mine:
                counts[mine][theirs] += 1
    columns = [name for name in MAY_INCLUDE if name != 'cli']
    rows = [['includes →', *map(_short, columns)], ['---'] * (len(columns) + 1)]
    for mine, row in counts.items():
        cells = ['·' if name == mine else 'x' if row[name] else '' for name in columns]
        rows.append([f'`{mine}`', *cells])
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)
