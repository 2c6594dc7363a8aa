#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files, functions, tests and messages that the documents name exist, and docs/architecture.md
names each file stem of src."""

import ast
import errno
import functools
import glob
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def documents():
    return [path for pattern in ('*.md', 'docs/*.md', 'docs/*/*.md', 'tests/*.md', 'tests/*/*.md')
            for path in glob.glob(pattern, root_dir=ROOT)]


def headers():
    return [path for pattern in ('src/**/*.h', 'include/qblk/*.h*')
            for path in glob.glob(pattern, root_dir=ROOT, recursive=True)]


# ---- options of the command, in messages of the library ----

OPTIONS = 'docs/reference/concepts.md'
OF_QEMU_IMG = {'remove'}


def options_of_messages():
    """Options of qblk in strings of the library, which are neither arguments of QEMU's programs nor
    in a comment."""
    for path in glob.glob('src/*/*.c', root_dir=ROOT):
        text = re.sub(r'/\*.*?\*/', '', read(path), flags=re.DOTALL)
        for string in re.findall(r'"((?:[^"\\]|\\.)*)"', text):
            is_argument = re.fullmatch(r'--[a-z-]+ ?', string)
            if not path.startswith('src/cli/') and not is_argument:
                yield from re.findall(r'--([a-z]+(?:-[a-z]+)*)', string)


# ---- messages ----

TROUBLES = 'docs/troubleshooting.md'
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
CONVERSION = re.compile(r'%[-\d.*]*(?:l|ll|z)?[a-zA-Z]?')
# Less text than this does not identify a message: it is a part of one, such as '%s: %s'.
IDENTIFYING = 12
# A value at the end of a message, such as 'its job is running', may have this many characters.
VALUE = 18


def formats():
    """The text of each string in the sources. Between two literals there may be the name of a
    conversion, such as G_GUINT64_FORMAT, which leaves a single '%'."""
    for path in glob.glob('src/**/*.c', root_dir=ROOT, recursive=True):
        text = re.sub(r'/\*.*?\*/', '', read(path), flags=re.DOTALL)
        for string in re.findall(rf'{LITERAL}(?:\s*(?:[A-Z][A-Z_0-9]+\s*)?{LITERAL})*', text):
            yield re.sub(r'\\(.)', r'\1', ''.join(part[1:-1] for part in
                                                re.findall(LITERAL, string)))


@functools.cache
def known_messages():
    """What matches a message of the command, or the part of one that is in one string: the longest
    text that it contains, and a pattern."""
    messages = {(os.strerror(number),) for number in errno.errorcode}
    for text in formats():
        parts = CONVERSION.split(text)
        if len(''.join(parts)) > IDENTIFYING and ' ' in text:
            messages.add(tuple(parts))
    return [(max(parts, key=len), '.+?'.join(map(re.escape, parts))) for parts in messages]


def longest_unknown(message):
    """The longest part of MESSAGE that is in no string of the sources, but for names in quotes."""
    covered = bytearray(len(message))
    for pattern in [pattern for text, pattern in known_messages() if text in message]:
        for match in re.finditer(pattern, message):
            covered[match.start():match.end()] = b'x' * (match.end() - match.start())
    rest = ''.join(character if not used else '\n' for character, used in zip(message, covered))
    rest = re.sub(r"'[^']*'", '', rest)
    return max(rest.split('\n'), key=len).strip(' :;,')


# ---- the tests of promises, in the last cell of a table row ----

HELD = ('docs/reliability.md', 'docs/compatibility.md')
DIRECTORIES = ('', 'tests/', 'tests/hostile/', 'tests/golden/')


def held_by(path):
    """For each row of a table with the column "held by": its line and last cell."""
    rows, is_in_table = [], False
    for number, line in enumerate(read(path).splitlines(), 1):
        cells = line.strip('|').split('|') if line.startswith('|') else []
        is_in_table = bool(cells) and (is_in_table or cells[-1].strip() == 'held by')
        if is_in_table and cells[-1].strip() != 'held by' and not set(line) <= set('|-'):
            rows.append((f'{path}:{number}', cells[-1].strip()))
    return rows


def find_place(name):
    """The file or directory with this NAME, or None."""
    for path in (directory + name + end for directory in DIRECTORIES for end in ('', '.c')):
        if ('/' in name or '.' in name) and os.path.exists(os.path.join(ROOT, path)):
            return path
    return None


def names_of_python(text):
    """Functions, classes, and CLASS.FUNCTION."""
    names = set()
    for item in ast.walk(ast.parse(text)):
        if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            names.add(item.name)
        if isinstance(item, ast.ClassDef):
            names |= {f'{item.name}.{inner.name}' for inner in item.body
                      if isinstance(inner, ast.FunctionDef)}
    return names


@functools.cache
def names_in(path):
    """The names in a file or directory of tests that a document can use."""
    place = os.path.join(ROOT, path)
    if os.path.isdir(place):
        inner = [names_in(os.path.join(path, name)) for name in os.listdir(place)
                 if name.endswith('.diff')]
        return set(os.listdir(place)).union(*inner)
    if path.endswith('.py'):
        return names_of_python(read(path))
    if path.endswith('.c'):
        return set(re.findall(r'(?:cmocka_unit_test\w*|\b[A-Z]+_TEST)\((\w+)', read(path)))
    return set(re.findall(r'^--- [\d.]+/(\S+)$', read(path), re.MULTILINE))


def is_named(name, known):
    pattern = re.escape(name).replace(r'\*', r'\w*')
    return any(re.fullmatch(pattern, candidate) for candidate in known)


def missing_of(cell, before):
    """Names in CELL that do not exist. They are in the places between the same two semicolons, or
    else in one of BEFORE, the places of the rows above."""
    missing = []
    for clause in cell.split(';'):
        names = [name for name in re.findall('`([^`]+)`', clause) if not name.startswith('--')]
        inner = 'in `' in clause  # "`NAME` in `PLACE`": the names before it are not places
        places = [place for place in map(find_place, names[-1:] if inner else names) if place]
        before.extend(places)
        known = set().union(*map(names_in, places or before))
        missing += [name for name in names
                    if not is_named(name, known) and find_place(name) not in places]
    return missing


class Documents(unittest.TestCase):
    def test_links_have_a_target(self):
        for path in documents():
            for target in re.findall(r'\]\(([^)#:]+)\)', read(path)):
                self.assertTrue(os.path.exists(os.path.join(ROOT, os.path.dirname(path), target)),
                                msg=f'{path}: {target}')

    def test_functions_and_errors_are_declared(self):
        declared = set(re.findall(r'\w+', ' '.join(map(read, headers()))))
        # names of metrics, which a unit test compares with the table of the command
        declared |= set(re.findall(r'^\| `(qblk_\w+)` \|', read('docs/metrics.md'), re.MULTILINE))
        for path in documents():
            named = set(re.findall(r'\b(?:qblk_[a-z_]+|QBLK_[A-Z_]+_ERROR\w*)', read(path)))
            prefixes = {'qblk_chain_'}  # a naming rule, not a symbol
            self.assertEqual(named - declared - prefixes, set(), msg=path)

    def test_the_reference_has_each_option_that_the_library_names(self):
        """With the function that a program calls."""
        rows = re.findall(r'^\| (`--.*?) \| (.*) \|$', read(OPTIONS), re.MULTILINE)
        self.assertTrue(all('`qblk_' in functions for _, functions in rows))
        known = {option for options, _ in rows for option in re.findall('`--([a-z-]+)`', options)}
        named = set(options_of_messages())
        self.assertGreater(len(named), 20)
        self.assertEqual(sorted(named - known - OF_QEMU_IMG), [], msg=f'not in {OPTIONS}')

    def test_messages_are_those_of_the_sources(self):
        messages = re.findall(r'^    (?:qblk: |(?=vda\[))(.*)$', read(TROUBLES), re.MULTILINE)
        self.assertGreater(len(messages), 40)
        unknown = {message: longest_unknown(message) for message in messages}
        self.assertEqual({message: rest for message, rest in unknown.items()
                          if len(rest) > VALUE}, {})
        for message in ("disk 'vda' lacks an index of 9: its chain has indexes 1 to 4",
                        "'/a' was merged into '/b', which has newer data than that of the guest"):
            self.assertGreater(len(longest_unknown(message)), VALUE, msg=message)

    def test_the_test_of_each_promise_exists(self):
        for path in HELD:
            before = []
            rows = held_by(path)
            self.assertGreater(len(rows), 20, msg=path)
            for place, cell in rows:
                self.assertTrue('`' in cell or (cell == 'the same' and before), msg=place)
                self.assertEqual(missing_of(cell, before), [], msg=place)

    def test_a_missing_test_is_found(self):
        for cell in ('`hostile/none.py`', '`hostile/peers.py` `Bytes.test_none`',
                     '`hostile/peers.py` `Floods.test_silence`', '`unit/json-test` `no_test`',
                     '`test_none` in `tests/live/pull-live.py`', '`none` in `tests/golden`',
                     '`unit/json-test`; `unit/none-test`', '`test_none`',
                     '`mirror-ready` in `tests/golden-versions/5.2.diff`'):
            self.assertEqual(len(missing_of(cell, ['tests/hostile/peers.py'])), 1, msg=cell)

    def test_the_architecture_names_each_file(self):
        named = set(re.findall(r'`(\w[\w*-]*)(?:\.[ch])?`', read('docs/architecture.md')))
        patterns = [name.replace('*', '.*') for name in named]
        stems = {os.path.splitext(os.path.basename(path))[0]
                 for path in glob.glob('src/**/*.h', root_dir=ROOT, recursive=True)}
        self.assertGreater(len(stems), 0)
        missing = {stem for stem in stems
                   if not any(re.fullmatch(pattern, stem) for pattern in patterns)}
        self.assertEqual(missing, set())

    def test_the_architecture_has_the_include_table(self):
        printed = subprocess.run([os.path.join(ROOT, 'scripts/check-source'), '--table'],
                                 capture_output=True, text=True, check=True).stdout
        self.assertIn(printed, read('docs/architecture.md'))


if __name__ == '__main__':
    unittest.main()
