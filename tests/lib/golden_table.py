# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden tables: read and write files of entries without loss, and check the messages they name.

tests/golden/run.py describes both."""

import dataclasses
import glob
import os
import re
import shlex

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(TESTS, 'golden')
MESSAGES = os.path.join(GOLDEN, 'messages.txt')
VERSION = '7.2'  # the version of QEMU whose recorded replies {NAME} stands for

_ENTRY = re.compile(r'\n\n(?=(?:#.*\n)*\$)')
_ESCAPED = re.compile(r"\$'((?:[^'\\]|\\.)*)'")
_FIXTURE = re.compile(r'\{([a-z0-9][\w./-]*)\}')

# What differs between messages of one wording: quoted names, disks, jobs, numbers, fingerprints
_DISK = r'\b(?:[vshf]d[a-z]|nvme\d+n\d+)\b'
_JOB = r'\((?:backup|commit|mirror|stream)\b[^)]*\)'
_CHARACTER = r'\bU\+[0-9A-F]{4,6}\b'
_NUMBER = rf'{_CHARACTER}|\b[0-9a-f]{{16}}\b|\b\d+(?:\.\d+)*'
_QUOTED = r"(?<!\w)'[^']*'(?!\w)"
_VARIABLE = re.compile('|'.join([_QUOTED, _DISK, _JOB, _NUMBER]))
_LIST = re.compile(r'\*(?:, \*)* (?:and|to) \*')
_SMALL = ('a', 'an', 'and', 'are', 'in', 'is', 'it', 'of', 'the', 'there', 'to')
_THING = re.compile(r"'[^']*':?|\S+")


def words(line, prefix=''):
    """The arguments of a command line. {NAME} stands for the recorded replies of a fixture, and
    $'...' has escapes in it, as in a shell; PREFIX leads from the current directory to
    tests/golden."""
    plain = _ESCAPED.sub(lambda found: shlex.quote(
        found[1].encode().decode('unicode_escape')), line)
    fixtures = os.path.join(prefix, '../qemu-fixtures')

    def capture(found):
        name = found[1] if '/' in found[1] else f'{VERSION}/{found[1]}'
        return f'capture:{fixtures}/{name}/capture.json'
    return [_FIXTURE.sub(capture, word) for word in shlex.split(plain)]


@dataclasses.dataclass
class Message:
    """An expected message of an entry: its label, and the things it names."""
    kind: str  # "exit 2" for an error, or "warning"
    label: str = ''
    things: list = dataclasses.field(default_factory=list)

    def text(self):
        return ' '.join(filter(None, [self.kind, self.label, *self.things]))


@dataclasses.dataclass
class Entry:
    """Commands, and the one result that all of them have."""
    comments: list
    commands: list  # as they are written
    stdin: str = ''
    status: int = 0
    messages: list = dataclasses.field(default_factory=list)
    output: str = ''
    line: int = 0

    def text(self):
        lines = [*self.comments, *(f'$ {command}'.rstrip() for command in self.commands)]
        lines += [f'< {line}'.rstrip() for line in self.stdin.splitlines()]
        lines += [message.text() for message in self.messages]
        return '\n'.join(lines) + '\n' + self.output


def message_of(kind, text):
    """The expected message that TEXT, "LABEL THING...", describes."""
    label, *things = _THING.findall(text) or ['']
    return Message(kind, label, things)


def _message(line):
    """The expected message of a line, or None."""
    match = re.fullmatch(r'(exit \d+|warning)(?: (.*))?', line)
    return message_of(match[1], match[2] or '') if match else None


def _entry(text, line):
    lines = text.split('\n')
    entry = Entry([], [], line=line)
    while lines and lines[0].startswith('#'):
        entry.comments.append(lines.pop(0))
    entry.line += len(entry.comments)
    while lines and lines[0].startswith('$'):
        entry.commands.append(lines.pop(0)[2:])
    while lines and lines[0].startswith('<') and not lines[0][1:2].strip():
        entry.stdin += lines.pop(0)[2:] + '\n'
    while lines and _message(lines[0]):
        entry.messages.append(_message(lines.pop(0)))
    entry.status = sum(int(message.kind[5:]) for message in entry.messages
                       if message.kind.startswith('exit'))
    entry.output = '\n'.join(lines) + '\n' if lines else ''
    return entry


def parse(text):
    """The text before the first entry, and the entries."""
    chunks = _ENTRY.split('\n\n' + text.removesuffix('\n'))
    head, line = chunks[0].removeprefix('\n\n'), 1
    entries = []
    line += len(head.split('\n')) + 1 if head else 0
    for chunk in chunks[1:]:
        entries.append(_entry(chunk, line))
        line += len(chunk.split('\n')) + 1
    return head, entries


def read(path):
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        return parse(file.read())


def text_of(head, entries):
    return '\n'.join(([head + '\n'] if head else []) + [entry.text() for entry in entries])


def write(path, head, entries):
    """Fails if the file would be read differently from the entries because of an output."""
    text = text_of(head, entries)
    if text_of(*parse(text)) != text or len(parse(text)[1]) != len(entries):
        raise ValueError(f'{path}: an output looks like an entry, or does not end with a line: '
                         'make it a directory')
    with open(path, 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.write(text)


def files():
    return sorted(path for path in glob.glob(os.path.join(GOLDEN, '*.txt')) if path != MESSAGES)


# ---- messages ----

def without_context(message, things):
    """MESSAGE without the context in front of it that THINGS name, as in "vda: "."""
    for thing in things:
        if thing.endswith(':') and message.startswith(thing + ' '):
            message = message[len(thing) + 1:]
    return message


def is_named(thing, message):
    return re.search(rf'(?<![\w-]){re.escape(thing)}(?![\w-])', message) is not None


def form(message, things=()):
    """The common form of all messages of one wording."""
    for thing in sorted(things, key=len, reverse=True):
        message = re.sub(rf'(?<![\w*-]){re.escape(thing)}(?![\w*-])', '*', message)
    return _LIST.sub('*', _VARIABLE.sub('*', message))


def things_of(message, command):
    """The things that a message appears to name: quoted words, and options and indexes of the
    command."""
    context = re.match(rf'(?:{_DISK}|{_QUOTED}):(?= )', message)
    things = [context[0]] if context else []
    rest = without_context(message, things)
    for word in re.findall(rf'{_QUOTED}|{_CHARACTER}|(?<!\S)-[\w.-]*\w|(?<!\S)\d+\b', rest):
        is_index = word.isdigit()
        if word[0] in "'U" or (f'[{word}]' if is_index else word) in command:
            things += [word] if word not in things else []
    return things


def slug(message, taken):
    """A label for a new message."""
    reason = re.sub('^.*?NAME[^:]*: ', '', message)
    some = re.findall(r'[a-z]+', form(reason).lower())
    some = [word for word in some if word not in _SMALL][:4]
    label = base = '-'.join(some) or 'message'
    number = 1
    while label in taken:
        number += 1
        label = f'{base}-{number}'
    return label


def read_messages(path=MESSAGES):
    """{label: the message}"""
    with open(path, encoding='utf-8') as file:
        lines = [line for line in file.read().splitlines() if line and line[0] != '#']
    return dict(line.split(': ', 1) for line in lines)


def write_messages(texts, path=MESSAGES):
    with open(path, encoding='utf-8') as file:
        head = [line for line in file.read().splitlines() if line.startswith('#')]
    lines = [f'{label}: {text}' for label, text in sorted(texts.items())]
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join([*head, '', *lines]) + '\n')


@dataclasses.dataclass
class Printed:
    """An expected message of an entry, and the message that was printed."""
    place: str
    expected: Message
    message: str

    @property
    def plain(self):
        return without_context(self.message, self.expected.things)

    @property
    def form(self):
        return form(self.plain, self.expected.things)


class Wording:
    """The text of each message, which is compared once: one entry has exactly the text, and the
    others have its form."""

    def __init__(self, texts):
        self.texts = texts  # {label: text}
        self.printed = []
        self.things = {}  # {text: the things that entries expect of messages with that text}

    def add(self, place, expected, message):
        self.printed.append(Printed(place, expected, message))

    def _index(self):
        self.things = {}
        for printed in self.printed:
            self.things.setdefault(printed.plain, []).append(printed.expected.things)

    def _is_of(self, printed, label):
        """TRUE if a message has the wording of LABEL. A thing that both name, such as an option,
        may differ."""
        text = self.texts.get(label)
        if text is None:
            return False
        own, lists = printed.form, [printed.expected.things, *self.things.get(text, [])]
        return any(own == form(text, things) for things in lists)

    def faults(self):
        """(place, fault) of each message that is not the expected one"""
        self._index()
        for printed in self.printed:
            missing = [thing for thing in printed.expected.things
                       if not is_named(thing, printed.message)]
            label = printed.expected.label
            if missing:
                yield printed.place, f'{", ".join(missing)} is not named in: {printed.message}'
            elif label not in self.texts:
                yield printed.place, f"no message '{label}' in messages.txt: {printed.message}"
            elif not self._is_of(printed, label):
                yield printed.place, (f"this is not the message '{label}' of messages.txt: "
                                      f'{printed.message}')

    def faults_of_texts(self):
        """The faults of the texts, after all messages were added."""
        labels = {printed.expected.label for printed in self.printed}
        examples = {(printed.expected.label, printed.plain): printed for printed in self.printed}
        forms = {}
        for label, text in self.texts.items():
            example = examples.get((label, text))
            if label not in labels:
                yield f"'{label}' is not printed for any entry"
            elif example is None:
                yield f"'{label}' is not printed as it stands here: {text}"
            elif forms.setdefault(example.form, label) != label:
                yield f"'{label}' is the same message as '{forms[example.form]}'"

    def regenerate(self, command_of, is_all):
        """Set the expected things, labels and texts from the printed messages. COMMAND_OF has the
        command of each place; unless IS_ALL, no text is removed."""
        for printed in self.printed:
            expected = printed.expected
            kept = [thing for thing in expected.things if is_named(thing, printed.message)]
            if not kept and (expected.things or not expected.label):
                kept = things_of(printed.message, command_of[printed.place])
            expected.things = kept
        self._index()
        self._keep_labels()
        for printed in self.printed:
            if not self._is_of(printed, printed.expected.label):
                printed.expected.label = self._label(printed)
        if is_all:
            used = {printed.expected.label for printed in self.printed}
            self.texts = {label: text for label, text in self.texts.items() if label in used}

    def _keep_labels(self):
        """An entry keeps its label if its message has a new wording, and no other label has that
        wording."""
        by_label = {}
        for printed in self.printed:
            by_label.setdefault(printed.expected.label, []).append(printed)
        for label, text in list(self.texts.items()):
            ours = by_label.get(label, [])
            same = [printed for printed in ours if self._is_of(printed, label)]
            if not same:
                same = [printed for printed in ours if not self._labels_of(printed)]
            if same and text not in [printed.plain for printed in same]:
                example = next((printed for printed in same if all(
                    is_named(thing, text) for thing in printed.expected.things)), same[0])
                self.texts[label] = example.plain

    def _labels_of(self, printed):
        return [label for label in self.texts if self._is_of(printed, label)]

    def _label(self, printed):
        """The label of this wording, or a new label."""
        labels = self._labels_of(printed)
        if labels:
            return labels[0]
        label = slug(printed.plain, self.texts)
        self.texts[label] = printed.plain
        return label
