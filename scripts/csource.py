# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simple reader of C sources, for check-source and symbols.

It is not a parser: it removes comments, strings and preprocessor lines, and splits the rest at the
semicolons and braces of the outermost level. This is enough for sources that clang-format formats.
"""

import bisect
import functools
import re
from typing import NamedTuple

_TOKEN = re.compile(r'''//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''', re.S)
_DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.)*', re.M | re.S)
_BARE_MACRO = re.compile(r'^(?:G_(?:BEGIN|END)_DECLS|[A-Z][A-Z0-9_]*\([^(){};]*\)(?=\s*$))', re.M)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
_QUARK = re.compile(r'^G_DEFINE_QUARK\s*\([^,]*,\s*([\w-]+)\s*\)', re.M)
_CALLEE = re.compile(r'(\w+)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*$')
_PROTOTYPE = re.compile(r'([a-z_]\w*)\s*\((?!\s*\*)')
_STATIC_LOCAL = re.compile(r'^[ \t]+(static\b[^;={]*)', re.M)


class Include(NamedTuple):
    line: int
    path: str
    quoted: bool


class Function(NamedTuple):
    name: str
    line: int
    end_line: int
    static: bool


class Statement(NamedTuple):
    """A declaration at file scope, without the text between braces."""
    text: str
    line: int


def _blank(text):
    return re.sub(r'[^\n]', ' ', text)


class Source:
    """One file. Every view of it has the same lines, so that offsets are valid in all of them."""

    def __init__(self, path, text):
        self.path = path
        self.text = text

    @functools.cached_property
    def bare(self):
        """Without comments."""
        return _TOKEN.sub(lambda m: _blank(m[0]) if m[0][0] == '/' else m[0], self.text)

    @functools.cached_property
    def code(self):
        """Without comments and the insides of strings and character constants."""
        def empty(match):
            token = match[0]
            return _blank(token) if token[0] == '/' else token[0] + _blank(token[1:-1]) + token[-1]
        return _TOKEN.sub(empty, self.text)

    @functools.cached_property
    def _starts(self):
        return [0] + [match.end() for match in re.finditer('\n', self.text)]

    def line(self, offset):
        return bisect.bisect_right(self._starts, offset)

    @functools.cached_property
    def includes(self):
        return [Include(self.line(m.start(1)), m[2], m[1] == '"')
                for m in _INCLUDE.finditer(self.bare)]

    @functools.cached_property
    def quarks(self):
        """Functions that G_DEFINE_QUARK defines, with their lines."""
        return [Function(m[1].replace('-', '_') + '_quark', self.line(m.start()),
                         self.line(m.start()), False) for m in _QUARK.finditer(self.code)]

    @property
    def functions(self):
        return self._outermost[0]

    @property
    def statements(self):
        return self._outermost[1]

    @functools.cached_property
    def _outermost(self):
        code = _DIRECTIVE.sub(lambda m: _blank(m[0]), self.code)
        code = _BARE_MACRO.sub(lambda m: _blank(m[0]), code)
        functions, statements = [], []
        depth, start, begin, kept = 0, 0, 0, ''
        for match in re.finditer('[{};]', code):
            token, offset = match[0], match.start()
            if depth == 0:
                kept += code[start:offset]
                start = offset
            if token == '{':
                depth += 1
            elif token == '}':
                depth = max(depth - 1, 0)
                if depth > 0:
                    continue
                start = match.end()
                callee = _CALLEE.search(kept) if '=' not in kept else None
                if callee:
                    functions.append(Function(callee[1], self.line(begin + callee.start()),
                                              self.line(offset),
                                              'static' in kept[:callee.start()].split()))
                    begin, kept = start, ''
                else:
                    kept += '{}'
            elif depth == 0:
                if kept.strip():
                    blanks = len(kept) - len(kept.lstrip())
                    statements.append(Statement(' '.join(kept.split()), self.line(begin + blanks)))
                begin, start, kept = match.end(), match.end(), ''
        return functions, statements

    @property
    def prototypes(self):
        """Function declarations, as pairs of name and statement."""
        found = []
        for statement in self.statements:
            if re.match(r'typedef\b|[A-Z][A-Z0-9_]*\s*\(', statement.text):
                continue
            match = _PROTOTYPE.search(statement.text)
            if match and '=' not in statement.text and '{' not in statement.text:
                found.append((match[1], statement))
        return found

    @property
    def variables(self):
        """Objects at file scope, as triples of name, left side of the definition and line."""
        found = []
        for text, line in self.statements:
            left = text.split('=', 1)[0].strip()
            if re.match(r'typedef\b|[A-Z][A-Z0-9_]*\s*\(', left):
                continue
            if re.fullmatch(r'(?:struct|union|enum)\b[^*=]*\{\}|(?:struct|union|enum) \w+', left):
                continue
            pointer = re.search(r'\(\s*\*(?:\s*const\b)?\s*(\w+)', left)
            if '(' in left and not pointer:
                continue
            names = re.findall(r'\w+', re.sub(r'\[[^\]]*\]', '', left))
            found.append((pointer[1] if pointer else names[-1], left, line))
        return found

    @property
    def static_locals(self):
        """Left sides of static objects inside functions, with their lines."""
        return [(match[1], self.line(match.start(1)))
                for match in _STATIC_LOCAL.finditer(self.code)]


def is_constant(left):
    """True if the object that the left side of a definition names is itself const."""
    left = re.sub(r'\[[^\]]*\]', '', left)
    pointer = re.search(r'\(\s*\*\s*(const\b)?', left)
    if pointer:
        return pointer[1] is not None
    return 'const' in re.findall(r'\w+', left.rsplit('*', 1)[-1])
