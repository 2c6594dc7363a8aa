#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
r"""Run `qblk source` on each name of the tables here, and compare with what they say of it.

A table is a file NAME.txt of rows with an empty line between:

    # why it is so (any number of lines, or none)
    name: nbd://example.org/disk
    format: qcow2                      what the name says of the format (absent: nothing)
    dropped: the option 'x'            what it says and XML cannot (absent: nothing)
    schema: what libvirt's schema has against the XML (absent: it takes it)
    <source protocol='nbd' name='disk'>
      <host name='example.org' port='10809'/>
    </source>

or one line instead: `error: MESSAGE` where the name is in no form there is, and
`unsupported: MESSAGE` where XML has none for it. A name that is not one line of text stands as
`escaped: a\nb\xff`.

A new row needs its name only: QBLK_REGENERATE_OUTPUT=1 writes the rest. Read it before you commit
it.
No secret may show anywhere; the rows spell theirs "s3cret". QBLK is the command under test. With
arguments only those tables run. The output is TAP.
"""

import concurrent.futures
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position
import rng  # noqa: E402  pylint: disable=wrong-import-position
import source_table  # noqa: E402  pylint: disable=wrong-import-position

SECRET = b's3cret'


def actual(row):
    """(the row as it would have to be, what is wrong whatever the row says)"""
    plain = qblk.run('-v', 'source', '--', os.fsdecode(row.name))
    spoken = qblk.run('-v', '--json', 'source', '--', os.fsdecode(row.name))
    new = source_table.Row(row.comments, row.spelling, row.name, schema=row.schema)
    faults = []
    for result in (plain, spoken):
        if SECRET in result.stdout or SECRET in result.stderr:
            faults.append(f'a secret shows: {result}')
    if plain.status in (qblk.FAILED, qblk.USAGE):
        message = plain.errors.removeprefix('qblk: ').removesuffix('\n')
        setattr(new, 'error' if plain.status == qblk.USAGE else 'unsupported', message)
        if plain.stdout or spoken.stdout or spoken.status != plain.status or '\n' in message:
            faults.append(f'more than one message: {plain} {spoken}')
    elif plain.status == qblk.DONE:
        answer = json.loads(spoken.stdout)
        new.xml, new.format = answer['xml'], answer['format'] or ''
        new.dropped = answer['left-out']
        warnings = [f'qblk: warning: left out: {text}' for text in new.dropped]
        if plain.stdout.decode() != new.xml or plain.errors.splitlines() != warnings:
            faults.append(f'plain output and JSON differ: {plain} {spoken}')
    else:
        faults.append(str(plain))
    return new, faults


KINDS = (("<source dev='/dev/vhost-vdpa", 'vhostvdpa'), ('<source dev=', 'block'),
         ('<source file=', 'file'), ('<source dir=', 'dir'), ("<source type='pci'", 'nvme'),
         ("<source type='unix'", 'vhostuser'), ('<source protocol=', 'network'))


def disk(row):
    """A <disk> with the source of ROW, for the schema."""
    kind = next(kind for start, kind in KINDS if row.xml.startswith(start))
    return (f"<disk type='{kind}' device='disk'>{row.xml}"
            "<target dev='vda' bus='virtio'/></disk>").encode()


def check_schema(rows):
    """What is wrong, by the schema or with what is said of it: texts."""
    if not rng.available():
        return []
    found = rng.check({number: disk(row) for number, row in enumerate(rows) if row.xml})
    faults = []
    for number, row in enumerate(rows):
        newer = row.schema.startswith('newer: ')  # this machine's may be as new
        if number in found and not row.schema:
            faults.append(f'{row.spelling}: {found[number]}')
        elif row.xml and number not in found and row.schema and not newer:
            faults.append(f'{row.spelling}: the schema takes it: drop "schema: {row.schema}"')
    return faults


def run_table(path, pool):
    head, rows = source_table.read(path)
    names = [row.name for row in rows]
    faults = [f'{row.spelling}: twice' for number, row in enumerate(rows)
              if row.name in names[:number]]
    news = []
    for row, (new, wrong) in zip(rows, pool.map(actual, rows)):
        news.append(new)
        faults += [f'{row.spelling}: {text}' for text in wrong]
    if os.environ.get('QBLK_REGENERATE_OUTPUT') == '1':
        source_table.write(path, head, news)
    else:
        faults += [f'{os.path.basename(path)} says\n{row.text()}but it is\n{new.text()}'
                   for row, new in zip(rows, news) if row.text() != new.text()]
    return len(rows), faults + check_schema(news)


def main():
    tables = source_table.files(HERE)
    if sys.argv[1:]:
        tables = [path for path in tables if os.path.basename(path)[:-4] in sys.argv[1:]]
    print(f'1..{len(tables)}')
    failed = not tables
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, path in enumerate(tables, 1):
            count, faults = run_table(path, pool)
            name = os.path.basename(path)
            print(f'{"not ok" if faults else "ok"} {number} - {name} ({count} rows)', flush=True)
            for line in re.split('\n', '\n'.join(faults)) if faults else []:
                print('# ' + line, flush=True)
            failed = failed or bool(faults)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
