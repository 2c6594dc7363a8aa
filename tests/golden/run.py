#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
r"""Run qblk with the arguments of the cases and tables here, and compare the results.

A case is a directory NAME, for an output that shows a form of a command. It contains
    command   the arguments of qblk, one shell-quoted line
    stdin     the input (default: empty)
    stdout    the output (default: empty)
    stderr    the messages (default: empty)
    exit      the exit status (default: 0)

A table is a file NAME.txt of entries on one subject, with an empty line between:

    # a comment (any number of lines)
    $ resolve {drive-5-deep} vda[4]
    $ resolve {drive-5-deep} 'node:#block084'
    #block084

    $ list domain:-
    < <pool/>
    exit 1 domain-other-root '<pool>'

An entry has the arguments of one or more commands with the same result, their input after "<",
their messages, and their output. "exit STATUS LABEL THING..." is an error, which names each THING
and has the wording of LABEL in messages.txt; "exit STATUS" alone is a failure without a message.
"warning LABEL THING..." is a warning. A message starts with a thing that ends with a colon. The
wording of a message is compared once, in messages.txt, and all entries with it have one label.

In both, {NAME} is the VM argument for the recorded replies of tests/qemu-fixtures/7.2/NAME, and
{VERSION/NAME} for those of another QEMU; $'...' is a word with escapes. A case runs in its
directory, a table in this one, whose directory `inputs` has captures and documents for it.

A new case needs its command only, a new entry its arguments: QBLK_REGENERATE_OUTPUT=1 writes the
rest, and messages.txt. Read the difference before you commit it. QBLK is the command under test.
With arguments, only those cases and tables run. The output is TAP.
"""

import concurrent.futures
import dataclasses
import difflib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import golden_table  # noqa: E402  pylint: disable=wrong-import-position
import qblk  # noqa: E402  pylint: disable=wrong-import-position

OUTPUTS = ('stdout', 'stderr', 'exit')
REGENERATE = os.environ.get('QBLK_REGENERATE_OUTPUT') == '1'


def execute(line, prefix, stdin, cwd):
    """The result of a command line; the status is a text if the command did not exit."""
    try:
        return qblk.run(*golden_table.words(line, prefix), stdin=stdin, cwd=cwd)
    except (OSError, ValueError, qblk.subprocess.TimeoutExpired) as error:
        return qblk.Result((line,), 'none', b'', f'{error}\n'.encode())


def difference(name, expected, actual):
    """A unified diff; bytes that are not text are escaped."""
    lines = [data.decode(errors='backslashreplace').splitlines(keepends=True)
             for data in (expected, actual)]
    diff = list(difflib.unified_diff(*lines, name, f'{name} (now)'))
    if not diff:
        return f'{name}: same text, other bytes\n{expected!r}\n{actual!r}\n'
    return ''.join(line if line.endswith('\n') else line + '\n\\ No newline at end of file\n'
                   for line in diff)


# ---- cases ----

def cases():
    return sorted(entry.name for entry in os.scandir(HERE)
                  if os.path.exists(os.path.join(entry.path, 'command')))


def read(case, name):
    try:
        with open(os.path.join(HERE, case, name), 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return b''


def write(case, name, data):
    path = os.path.join(HERE, case, name)
    if data:
        with open(path, 'wb') as file:
            file.write(data)
    elif os.path.exists(path):
        os.unlink(path)


def run_case(case):
    """The faults, as texts."""
    result = execute(read(case, 'command').decode(), '..', read(case, 'stdin'),
                     os.path.join(HERE, case))
    outputs = {'stdout': result.stdout, 'stderr': result.stderr,
               'exit': f'{result.status}\n'.encode() if result.status else b''}
    if REGENERATE:
        for name, data in outputs.items():
            write(case, name, data)
        return []
    return [difference(f'{case}/{name}', read(case, name), outputs[name])
            for name in OUTPUTS if read(case, name) != outputs[name]]


# ---- tables ----

@dataclasses.dataclass
class Run:
    """One command of an entry."""
    table: str
    entry: golden_table.Entry
    command: str
    result: qblk.Result = None

    @property
    def place(self):
        return f'{self.table}:{self.entry.line}: qblk {self.command}'

    @property
    def output(self):
        return self.result.stdout.decode(errors='surrogateescape')

    def execute(self):
        self.result = execute(self.command, '', self.entry.stdin.encode(), HERE)
        return self

    def json_messages(self):
        """messages() of a command with --json: the texts of its objects, as without --json."""
        found = []
        for line in self.result.json_lines:
            vm = f"{line['vm']}: " if 'vm' in line else ''
            kind = 'warning' if 'warning' in line else f'exit {self.result.status}'
            content = line.get('warning') or line.get('error') or line['notice']
            found += [(kind, vm + text)
                      for text in (content['message'], *content.get('hints', ()))]
        return self.with_failure(found)

    def messages(self):
        """(kind, text) of each message; None if standard error has other lines."""
        if any(re.fullmatch('-v?j|--json', word) for word in golden_table.words(self.command)):
            return self.json_messages()
        found = []
        for line in self.result.errors.splitlines():
            match = re.fullmatch(r'qblk: (warning: )?(.*)', line)
            if match is None:
                return None
            found.append(('warning' if match[1] else f'exit {self.result.status}', match[2]))
        return self.with_failure(found)

    def with_failure(self, found):
        """A command that fails without a message has an empty one."""
        if self.result.status and not any(kind != 'warning' for kind, _ in found):
            found.append((f'exit {self.result.status}', ''))
        return found

    def check(self, wording):
        """The faults, as texts. The messages are added to WORDING."""
        messages = self.messages()
        if messages is None:
            return [f'{self.place}: standard error has other lines than messages: {self.result}']
        expected = self.entry.messages
        if [kind for kind, _ in messages] != [message.kind for message in expected]:
            return [f'{self.place}: expected {[message.text() for message in expected]}, '
                    f'not {self.result}']
        faults = []
        for message, (_, text) in zip(expected, messages):
            if text and not message.label:
                faults.append(f'{self.place}: no message was expected: {text}')
            elif message.label:
                wording.add(self.place, message, text)
        if self.output != self.entry.output:
            faults.append(self.place + '\n' + difference(
                f'{self.table}:{self.entry.line}',
                self.entry.output.encode(errors='surrogateescape'), self.result.stdout))
        return faults

    def observe(self, wording):
        """The entry with the actual results, with one command."""
        messages = self.messages()
        if messages is None:
            raise ValueError(f'{self.place}: {self.result}')
        old = iter(self.entry.messages)
        new = dataclasses.replace(self.entry, commands=[self.command], output=self.output,
                                  messages=[])
        for kind, text in messages:
            before = next(old, golden_table.Message(kind))
            message = golden_table.Message(kind, before.label, before.things)
            new.messages.append(message)
            if text:
                wording.add(self.place, message, text)
            else:
                message.label, message.things = '', []
        return new


def join(entries):
    """Join entries with the same result if their commands were in one entry."""
    joined = []
    for entry in entries:
        last = joined[-1] if joined else None
        if last and (last.line, last.output, last.messages) == (entry.line, entry.output,
                                                                entry.messages):
            last.commands += entry.commands
        else:
            if last and last.line == entry.line:
                entry.comments = []
            joined.append(entry)
    return joined


def run_tables(tables, pool, is_all):
    """{table: its faults}"""
    wording = golden_table.Wording(golden_table.read_messages())
    parsed = {path: golden_table.read(path) for path in tables}
    runs = {path: [Run(os.path.basename(path), entry, command) for entry in entries
                   for command in entry.commands] for path, (_, entries) in parsed.items()}
    done = {path: pool.map(Run.execute, of_table) for path, of_table in runs.items()}
    if REGENERATE:
        entries = {path: [run.observe(wording) for run in done[path]] for path in tables}
        wording.regenerate({run.place: run.command for path in tables for run in runs[path]},
                           is_all)
        golden_table.write_messages(wording.texts)
        for path in tables:
            golden_table.write(path, parsed[path][0], join(entries[path]))
        return {os.path.basename(path): [] for path in tables}
    faults = {os.path.basename(path): [fault for run in done[path] for fault in run.check(wording)]
              for path in tables}
    for place, fault in wording.faults():
        faults[place.split(':')[0]].append(f'{place}: {fault}')
    if is_all:
        faults['messages.txt'] = list(wording.faults_of_texts())
    return faults


def report(number, name, faults):
    print(f'{"not ok" if faults else "ok"} {number} - {name}', flush=True)
    for line in ''.join(fault.rstrip('\n') + '\n' for fault in faults).split('\n')[:-1]:
        print('# ' + line, flush=True)


def main():
    names = sys.argv[1:]
    tables = [path for path in golden_table.files()
              if not names or os.path.basename(path).removesuffix('.txt') in names]
    directories = [name for name in cases() if not names or name in names]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        of_cases = pool.map(run_case, directories)
        results = list(run_tables(tables, pool, not names).items())
        results += zip(directories, of_cases)
    print(f'1..{len(results)}')
    for number, (name, faults) in enumerate(results, 1):
        report(number, name, faults)
    return 1 if not results or any(faults for _, faults in results) else 0


if __name__ == '__main__':
    sys.exit(main())
