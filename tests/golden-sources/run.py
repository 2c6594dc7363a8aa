#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
r"""Run `qblk source` on each name of the tables here, and compare the results.

A table is a file NAME.txt of rows with an empty line between:

    # a comment (any number of lines)
    name: nbd://example.org/disk
    format: qcow2                      the format that the name contains, if any
    dropped: option 'x'                a part of the name that XML cannot express, if any
    schema: newer: the reason          if the installed schema of libvirt is too old for the XML
    <source protocol='nbd' name='disk'>
      <host name='example.org' port='10809'/>
    </source>

or one line instead: `error: LABEL THING...` if the name is invalid, and
`unsupported: LABEL THING...` if XML cannot express it. The message must have the wording of LABEL
in messages.txt, and name each THING; NAME stands for the name, in quotes. With `shown: TEXT` the
message shows that text for the name, because the name contains a secret. `dropped` has a label and
things, too. A name that is not one line of text is written as `escaped: a\nb\xff`.

A new row needs its name only: QBLK_REGENERATE_OUTPUT=1 writes the rest. Read it before you commit
it. No output may contain a secret; each secret in the rows is "s3cret". QBLK is the command under
test. With arguments, only those tables run. The output is TAP.
"""

import concurrent.futures
import dataclasses
import difflib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import golden_table  # noqa: E402  pylint: disable=wrong-import-position
import qblk  # noqa: E402  pylint: disable=wrong-import-position
import rng  # noqa: E402  pylint: disable=wrong-import-position
import source_table  # noqa: E402  pylint: disable=wrong-import-position

MESSAGES = os.path.join(HERE, 'messages.txt')
REGENERATE = os.environ.get('QBLK_REGENERATE_OUTPUT') == '1'
SECRET = b's3cret'
HINT = re.compile('^qblk: if it is in this directory: qblk source /.*\n', re.M)


@dataclasses.dataclass
class Seen:
    """The result of qblk for the name of a row."""
    row: source_table.Row
    kind: str = ''  # "error" or "unsupported", if qblk refuses the name
    message: str = ''
    xml: str = ''
    format: str = ''
    dropped: list = dataclasses.field(default_factory=list)
    faults: list = dataclasses.field(default_factory=list)  # faults that do not depend on the row

    @property
    def shown(self):
        """The name in the message, if it differs."""
        for text in (self.row.name.decode(errors='replace'), self.row.shown):
            if f"'{text}'" in self.message:
                return '' if text.encode() == self.row.name else text
        begins = [found.end() for found in re.finditer("(?<!\\S)'", self.message)]
        ends = [found.start() for found in re.finditer("'(?=[ ,;]|: |$)", self.message)]
        quoted = [self.message[begin:end] for begin in begins for end in ends if begin <= end]
        return max(quoted, default='', key=lambda text: difflib.SequenceMatcher(
            None, text, self.row.spelling, autojunk=False).ratio())

    def messages(self):
        """(kind, text), in the order of the row's"""
        name = self.shown or self.row.name.decode(errors='replace')
        error = [(self.kind, self.message.replace(f"'{name}'", 'NAME', 1))] if self.kind else []
        return error + [('dropped', text) for text in self.dropped]


def see(row):
    plain = qblk.run('-v', 'source', '--', os.fsdecode(row.name))
    spoken = qblk.run('-v', '--json', 'source', '--', os.fsdecode(row.name))
    seen = Seen(row)
    for result in (plain, spoken):
        if SECRET in result.stdout or SECRET in result.stderr:
            seen.faults.append(f'a secret shows: {result}')
    if plain.status in (qblk.FAILED, qblk.USAGE):
        seen.kind = 'error' if plain.status == qblk.USAGE else 'unsupported'
        seen.message = HINT.sub('', plain.errors.removeprefix('qblk: ')).removesuffix('\n')
        if plain.stdout or spoken.stdout or spoken.status != plain.status or '\n' in seen.message:
            seen.faults.append(f'more than one message: {plain} {spoken}')
    elif plain.status == qblk.DONE:
        answer = json.loads(spoken.stdout)
        seen.xml, seen.format = answer['xml'], answer['format'] or ''
        seen.dropped = answer['left-out']
        warnings = [f'qblk: warning: left out: {text}' for text in seen.dropped]
        if plain.stdout.decode() != seen.xml or plain.errors.splitlines() != warnings:
            seen.faults.append(f'plain output and JSON differ: {plain} {spoken}')
    else:
        seen.faults.append(str(plain))
    return seen


def expected_messages(row):
    """The messages of a row, in the order of Seen.messages()."""
    texts = [(kind, getattr(row, kind)) for kind in ('error', 'unsupported')]
    texts += [('dropped', text) for text in row.dropped]
    return [golden_table.message_of(kind, text) for kind, text in texts if text]


def actual_row(seen, wording, place):
    """The row with the actual results; its messages are added to WORDING, and returned with it."""
    old = {}
    for message in expected_messages(seen.row):
        old.setdefault(message.kind, []).append(message)
    new = dataclasses.replace(seen.row, xml=seen.xml, format=seen.format, shown=seen.shown,
                              error='', unsupported='', dropped=[])
    messages = []
    for kind, text in seen.messages():
        known = old.get(kind)
        message = known.pop(0) if known else golden_table.Message(kind)
        wording.add(place, message, text)
        messages.append(message)
    return new, messages


def set_messages(row, messages):
    for message in messages:
        text = ' '.join([message.label, *message.things])
        if message.kind == 'dropped':
            row.dropped.append(text)
        else:
            setattr(row, message.kind, text)


KINDS = (("<source dev='/dev/vhost-vdpa", 'vhostvdpa'), ('<source dev=', 'block'),
         ('<source file=', 'file'), ('<source dir=', 'dir'), ("<source type='pci'", 'nvme'),
         ("<source type='unix'", 'vhostuser'), ('<source protocol=', 'network'))


def disk(row):
    """A <disk> with the source of ROW, for the schema."""
    kind = next(kind for start, kind in KINDS if row.xml.startswith(start))
    return (f"<disk type='{kind}' device='disk'>{row.xml}"
            "<target dev='vda' bus='virtio'/></disk>").encode()


def check_schema(rows):
    """The faults: rows that do not match the schema, except that the installed one may be old."""
    disks = {number: disk(row) for number, row in enumerate(rows) if row.xml}
    faults = [f'{row.spelling}: a reason other than "newer: ..."' for row in rows
              if row.schema and not row.schema.startswith('newer: ')]
    if rng.available():
        found = rng.check(disks)
        faults += [f'{rows[number].spelling}: {text}' for number, text in found.items()
                   if not rows[number].schema]
    if rng.available(rng.NEWEST):
        found = rng.check(disks, rng.NEWEST)
        faults += [f'{rows[number].spelling}: {text}' for number, text in found.items()]
    return faults


def twice(rows):
    names = [row.name for row in rows]
    return [f'{row.spelling}: twice' for number, row in enumerate(rows)
            if row.name in names[:number]]


def run_table(path, pool, wording):
    """(the faults, without those of messages; the head of the table, the rows with the actual
    results; the messages of each)"""
    head, rows = source_table.read(path)
    faults = twice(rows)
    news, messages = [], []
    for row, seen in zip(rows, pool.map(see, rows)):
        place = f'{os.path.basename(path)}: {row.spelling}'
        new, of_row = actual_row(seen, wording, place)
        news.append(new)
        messages.append(of_row)
        faults += [f'{row.spelling}: {text}' for text in seen.faults]
    return faults + check_schema(news), head, news, messages


def differences(path, news, messages):
    """The rows that differ from the actual results."""
    for row, new, of_row in zip(source_table.read(path)[1], news, messages):
        set_messages(new, of_row)
        if row.text() != new.text():
            yield f'{os.path.basename(path)} has\n{row.text()}but it is\n{new.text()}'


def run(tables, pool, is_all):
    """{name of a table: its faults}"""
    wording = golden_table.Wording(golden_table.read_messages(MESSAGES))
    results = {path: run_table(path, pool, wording) for path in tables}
    faults = {os.path.basename(path): result[0] for path, result in results.items()}
    if REGENERATE:
        commands = {printed.place: printed.place for printed in wording.printed}
        wording.regenerate(commands, is_all)
        golden_table.write_messages(wording.texts, MESSAGES)
        for path, (_, head, news, messages) in results.items():
            for row, of_row in zip(news, messages):
                set_messages(row, of_row)
            source_table.write(path, head, news)
        return faults
    for path, (_, _, news, messages) in results.items():
        faults[os.path.basename(path)] += differences(path, news, messages)
    for place, fault in wording.faults():
        faults[place.split(':')[0]].append(f'{place}: {fault}')
    if is_all:
        faults['messages.txt'] = list(wording.faults_of_texts())
    return faults


def main():
    tables = source_table.files(HERE)
    if sys.argv[1:]:
        tables = [path for path in tables if os.path.basename(path)[:-4] in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = run(tables, pool, not sys.argv[1:])
    print(f'1..{len(results)}')
    for number, (name, faults) in enumerate(results.items(), 1):
        print(f'{"not ok" if faults else "ok"} {number} - {name}', flush=True)
        for line in '\n'.join(faults).split('\n') if faults else []:
            print('# ' + line, flush=True)
    return 1 if any(results.values()) or not results else 0


if __name__ == '__main__':
    sys.exit(main())
