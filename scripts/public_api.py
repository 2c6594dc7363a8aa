# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the installed headers declare, and the comments that document it.

A comment documents the name in its first line: `/**`, ` * qblk_plan_ref:`.  Annotations may follow
the colon.  This is the form that g-ir-scanner and gi-docgen read.
"""

import glob
import os
import re
from typing import NamedTuple

from csource import Source

_BLOCK = re.compile(r'/\*\*\n(.*?)\*/', re.S)
_TITLE = re.compile(r'(\w+):(?: *\([^)]*\))* *$')
_PARAMETER = re.compile(r'@(\w+|\.\.\.):')
_PARAMETER_NAME = re.compile(r'(\w+)\s*(?:\[\])*$')
_ATTRIBUTES = re.compile(r'\)\s*(?:G_GNUC_\w+(?:\([^)]*\))?\s*)*$')
_CALLBACK = re.compile(r'typedef\b[^;{]*?\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)$', re.S)
_MACRO = re.compile(r'^#define (QBLK_\w+)(?:\(([^)]*)\))?', re.M)
_ENUM = re.compile(r'typedef enum\s*(?:\w+\s*)?\{([^}]*)\}\s*(\w+)\s*;')
_STRUCT = re.compile(r'typedef struct \w+ (\w+);')


class Comment(NamedTuple):
    description: str
    parameters: tuple
    returns: str
    since: str


class Thing(NamedTuple):
    """Something that a header declares. The comment is None if nothing documents it."""
    kind: str  # 'function', 'callback', 'macro', 'enum' or 'type'
    name: str
    parameters: tuple  # or members of an enum
    result: str
    text: str  # the declaration of a function
    path: str
    line: int
    comment: Comment


def _read_comment(lines):
    parts = {'': []}
    parameters, part = [], ''
    for line in lines:
        parameter = _PARAMETER.match(line) if part in ('', '@') and not any(parts['']) else None
        tag = re.match(r'(Returns|Since|Deprecated):\s*(.*)', line)
        if parameter:
            part = '@'
            parameters.append(parameter[1])
        elif tag:
            part = tag[1]
            parts[part] = [tag[2]]
        elif not line.strip():
            part = part if part == 'Returns' else ''
        elif part != '@':
            parts.setdefault(part, []).append(line.strip())

    texts = {name: ' '.join(text).strip() for name, text in parts.items()}
    return Comment(texts[''], tuple(parameters), texts.get('Returns', ''), texts.get('Since', ''))


def _comments(text):
    found = {}
    for block in _BLOCK.finditer(text):
        lines = [re.sub(r'^ \* ?', '', line).rstrip() for line in block[1].split('\n')]
        title = _TITLE.match(lines[0])
        if title:
            found[title[1]] = _read_comment(lines[1:])
    return found


def _parameters(text):
    """The names in a list of parameters, without the GError, which is the same everywhere."""
    text = text.strip()
    if text in ('', 'void'):
        return ()
    return tuple(_PARAMETER_NAME.search(part.strip())[1] for part in text.split(',')
                 if 'GError **' not in part)


def _callables(source):
    for name, statement in source.prototypes:
        text = _ATTRIBUTES.sub(')', statement.text)
        begin = text.index(name)
        yield 'function', name, _parameters(text[begin + len(name):].strip()[1:-1]), \
            text[:begin].strip(), text, statement.line
    for statement in source.statements:
        match = _CALLBACK.match(statement.text)
        if match:
            result = statement.text[len('typedef'):statement.text.index('(')].strip()
            yield 'callback', match[1], _parameters(match[2]), result, '', statement.line


def _others(source):
    for match in _ENUM.finditer(source.code):
        members = tuple(re.findall(r'\b(QBLK_\w+)\b(?=[^,]*(?:,|$))', match[1]))
        yield 'enum', match[2], members, '', '', source.line(match.start())
    for match in _STRUCT.finditer(source.code):
        yield 'type', match[1], (), '', '', source.line(match.start())
    for match in _MACRO.finditer(source.code):
        parameters = _parameters(match[2]) if match[2] else ()
        yield 'macro', match[1], parameters, '', '', source.line(match.start())


def header_paths(root):
    directory = os.path.join(root, 'include', 'qblk')
    return sorted(path for pattern in ('*.h', '*.h.in')
                  for path in glob.glob(os.path.join(directory, pattern)))


def things(root):
    """All that the installed headers of the tree at @root declare."""
    found = []
    for path in header_paths(root):
        with open(path, encoding='utf-8') as file:
            source = Source(path, file.read())
        comments = _comments(source.text)
        for kind, name, parameters, result, text, line in (*_callables(source), *_others(source)):
            found.append(Thing(kind, name, parameters, result, text, os.path.relpath(path, root),
                               line, comments.get(name)))
    return found


def version_of(text):
    """(MAJOR, MINOR, MICRO) of `0.1.0`, or None."""
    match = re.fullmatch(r'(\d+)\.(\d+)\.(\d+)', text)
    return tuple(int(number) for number in match.groups()) if match else None


def node_of(version):
    """The node of a release: QBLK_0.1 for 0.1.0, QBLK_0.1.2 for 0.1.2."""
    return 'QBLK_' + '.'.join(str(number) for number in version[:2 + bool(version[2])])


def map_text(versions, writer):
    """A version script for the linker: functions, each with its version, in nodes."""
    text, before = f'# Written by {writer}.\n', ''
    for version in sorted(set(versions.values())):
        names = sorted(name for name, since in versions.items() if since == version)
        text += f'{"" if not before else chr(10)}{node_of(version)} {{\n    global:\n'
        text += ''.join(f'        {name};\n' for name in names)
        text += f'}}{before};\n' if before else '    local:\n        *;\n};\n'
        before = f' {node_of(version)}'
    return text


def prefix_of(name):
    """qblk_snapshot_options of QblkSnapshotOptions."""
    return '_'.join(re.findall('[A-Z][a-z0-9]*', name)).lower()


def counted_types(found):
    """The types of @found with functions that count references."""
    names = {thing.name for thing in found if thing.kind == 'function'}
    return sorted((thing for thing in found if thing.kind == 'type'
                   and {f'{prefix_of(thing.name)}_ref', f'{prefix_of(thing.name)}_unref'} <= names),
                  key=lambda thing: thing.name)


def type_faults(found):
    """What keeps the opaque types of @found from being used in other languages, as texts."""
    counted = counted_types(found)
    for thing in found:
        if thing.kind == 'type' and thing not in counted:
            yield f'{thing.name}: an opaque type needs {prefix_of(thing.name)}_ref() and _unref()'
        if thing.kind == 'function' and thing.name.endswith('_get_type'):
            yield f'{thing.name}: this name is that of a GType: choose another one'


def undocumented(thing):
    """What the comment of @thing lacks, as texts."""
    comment = thing.comment
    if comment is None:
        yield f"no comment with '{thing.name}:' in its first line"
        return
    for name in thing.parameters:
        if name not in comment.parameters:
            yield f"no '@{name}:'"
    for name in comment.parameters:
        if name not in thing.parameters:
            what = 'member' if thing.kind == 'enum' else 'parameter'
            yield f"'@{name}:' is not a {what} of it"
    returns = thing.kind in ('function', 'callback') and thing.result != 'void'
    if returns and not comment.returns:
        yield "no 'Returns:'"
    if comment.returns and not returns:
        yield "'Returns:', but it returns nothing"
    # The parameter of a setter tells all.
    is_setter = '_set_' in thing.name and comment.parameters
    if not comment.description and not comment.returns and not is_setter:
        yield 'no description'
    if version_of(comment.since) is None:
        yield "no 'Since: MAJOR.MINOR.MICRO' at the end"
