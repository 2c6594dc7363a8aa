# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of file names and their meanings: read and write files of rows without loss."""

import dataclasses
import glob
import os
import re

_FIELD = re.compile(r'(name|escaped|shown|format|dropped|schema|error|unsupported): ?(.*)')


@dataclasses.dataclass
class Row:
    """The expectations for one name. Comments stand before the row they describe."""
    comments: list
    spelling: str  # the line that has the name
    name: bytes
    xml: str = ''
    format: str = ''
    dropped: list = dataclasses.field(default_factory=list)
    error: str = ''  # the name is invalid: label and things of the message
    unsupported: str = ''  # XML cannot express its meaning: label and things of the message
    schema: str = ''  # why the XML does not match the schema of libvirt
    shown: str = ''  # how an error shows the name, if it differs

    def text(self):
        lines = [*self.comments, self.spelling]
        lines += [f'shown: {self.shown}'] if self.shown else []
        lines += [f'schema: {self.schema}'] if self.schema else []
        lines += [f'error: {self.error}'] if self.error else []
        lines += [f'unsupported: {self.unsupported}'] if self.unsupported else []
        lines += [f'format: {self.format}'] if self.format else []
        lines += [f'dropped: {text}' for text in self.dropped]
        return '\n'.join(lines) + '\n' + self.xml


def _name(key, value):
    r"""`name` is the name itself; `escaped` has \n, \\ and \xHH in it."""
    if key == 'name':
        return value.encode()
    plain = {'n': b'\n', 't': b'\t', 'r': b'\r', '\\': b'\\'}
    pieces = re.split(r'\\(x[0-9a-f]{2}|.)', value)
    return b''.join(piece.encode() if number % 2 == 0 else
                    bytes.fromhex(piece[1:]) if piece[0] == 'x' else plain[piece]
                    for number, piece in enumerate(pieces))


def _row(block):
    comments = [line for line in block if line.startswith('#')]
    row = None
    for line in block[len(comments):]:
        field = _FIELD.fullmatch(line)
        if field is None:
            row.xml += line + '\n'
            continue
        key, value = field.groups()
        if row is None:
            row = Row(comments, line, _name(key, value))
        elif key == 'dropped':
            row.dropped.append(value)
        else:
            setattr(row, key, value)
    return row


def read(path):
    """The rows of the file at PATH, and the text before the first, which is about all of them."""
    with open(path, encoding='utf-8') as file:
        blocks = [block.split('\n') for block in file.read().rstrip('\n').split('\n\n')]
    head = '\n'.join(blocks[0]) if all(line.startswith('#') for line in blocks[0]) else ''
    return head, [_row(block) for block in blocks[bool(head):]]


def write(path, head, rows):
    texts = ([head + '\n'] if head else []) + [row.text() for row in rows]
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(texts))


def files(directory):
    """Its tables; the file of messages is not a table."""
    paths = glob.glob(os.path.join(directory, '*.txt'))
    return sorted(path for path in paths if os.path.basename(path) != 'messages.txt')
