# SPDX-License-Identifier: LGPL-2.1-or-later
"""The language of texts for people: words that are not used, and words that must be rare.

Names are those of the field, and sentences are short and plain, as in the manuals of QEMU, libvirt
and libnbd. The second column gives a better word.
"""

import os
import re

# A pattern, and a better word. Patterns match whole words in any case, across line ends, in all
# texts for people and in names of code.
WORDS = (
    (r'folders?', 'directory'),
    (r'tombstones?', 'mark of a merged image'),
    (r'bur(?:y|ied|ies)', 'merged into'),
    (r'doom(?:ed|s)?', 'to be deleted'),
    (r'(?:take|takes|taken|taking|took)(?: \w+)? back', 'roll back'),
    (r'(?:give|gives|given|gave) up', 'cancel'),
    (r'(?:take|takes|taken|taking|took)(?: \w+)? up', 'resume'),
    (r'(?:go|goes|going|gone|went) on with', 'resume; switch the guest to'),
    (r'gone over to|go over to|goes over to|went over to', 'switched to'),
    (r'(?:what|who|which) was left', 'interrupted operation'),
    (r'(?:no|any) way back|past (?:the )?return', 'committed, cannot be rolled back'),
    (r'(?-i:in step)', 'in sync'),
    (r'forg[eo]ts?(?:ten)? the job|job is forgotten', 'dismiss the job'),
    (r'not used any more', 'no longer in use'),
    (r'any more', 'no longer'),
    (r'in a circle', 'forms a cycle'),
    (r'begins? like', 'looks like, has the magic of'),
    (r'on the word of|word of somebody', 'because a header names it'),
    (r'how far it is|how far they are', 'progress'),
    (r'nobody|somebody|whoever|anybody', 'no client, another process, the caller'),
    (r'is heard|was heard|hears|heard of|not heard', 'receives, is received'),
    (r'there (?:is|are) none|(?-i:is none)|are none', 'does not exist; is not valid'),
    (r'stands? still', 'does not respond; is paused'),
    (r'the house|its rooms', 'source layout'),
    (r'is_past_return|is_sayable|peer_is_deaf|outwait|was_overtaken|leave_nothing',
     'a name that says what it is'),
    (r'will not hear of', 'is not informed of'),
    (r'what is said', 'what it reports'),
    (r'is no (?=[a-z])', 'is not a'),
    (r'of so much|so long as that', 'up to N'),
    (r'likewise,? where|and where none', 'if'),
    (r'lets? it stand', 'pause'),
    (r'meant well|ended well|ends well|goes well|went well|all went well', 'succeeded'),
    (r'to be had|can(?:not)? be had', 'available'),
    (r'is there already', 'exists'),
)

# A word, and its limit in 1000 words of comments and documents: the levels of libnbd and libvirt,
# with room for quotations.
DENSITIES = (
    (r'where', 2.5),
    (r'says?|said', 1.0),
    (r'none', 0.8),
)

READ = ('*.c', '*.h', '*.py', '*.sh', '*.md', '*.1', '*.build')

# Files that quote texts of other projects, or list the words.
EXEMPT = ('scripts/source_language.py', 'tests/check-source/*', 'tests/fuzz/corpus/*')

_COMPILED = [(re.compile(r'(?<![\w-])(?:' + pattern.replace(' ', r'[\s*#]+') + r')(?![\w-])', re.I),
              pattern, better) for pattern, better in WORDS]
_ANY = re.compile('|'.join(regex.pattern for regex, _, _ in _COMPILED), re.I)
_IDENTIFIER = re.compile(r'[A-Za-z]\w*_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*')
_WORDS_OF_NAMES = {'folder', 'folders', 'tombstone', 'buried', 'doomed', 'doom', 'heard',
                   'overtaken'}


def words(tree):
    """The words and phrases in scripts/source_language.py are not used."""
    for source in tree.readable:
        for regex, _, better in _COMPILED if _ANY.search(source.text) else ():
            for match in regex.finditer(source.text):
                yield source, source.line(match.start()), \
                    f"'{' '.join(match[0].split())}': write '{better}'"
        for match in _IDENTIFIER.finditer(source.text):
            parts = {part.lower() for part in re.findall(r'[A-Z]?[a-z]+|[A-Z]+', match[0])}
            if parts & _WORDS_OF_NAMES:
                yield source, source.line(match.start()), \
                    f"'{match[0]}': choose a name in plain terms"


# These are not prose: an annotation of GLib, `NULL: none` in the comment of a member, and the None
# of Python.
_ANNOTATION = re.compile(r'\(transfer none\)|(?:NULL|-?\d+): none\b')
_PYTHON_NONE = re.compile(r'\bNone\b')


def prose_of(source):
    """The sentences of a file: the comments of code, the whole text of a document."""
    if source.path.endswith(('.c', '.h')):
        return _ANNOTATION.sub('', ' '.join(re.findall(r'/\*.*?\*/', source.text, re.S)))
    if source.path.endswith(('.py', '.sh', '.build')) or '.' not in os.path.basename(source.path):
        comments = re.findall(r'#[^\n]*|""".*?"""', source.text, re.S)
        return _PYTHON_NONE.sub('', ' '.join(comments))
    return source.text


def density(tree):
    """Some words are not more frequent in comments and documents than in those of libnbd."""
    folders = {}
    for source in tree.readable:
        parts = os.path.dirname(source.path).split('/')
        folders.setdefault('/'.join(parts[:3 if parts[-1] == 'print' else 2]), []).append(source)
    for folder, sources in sorted(folders.items()):
        prose = ' '.join(map(prose_of, sources))
        total = len(re.findall(r"[A-Za-z']+", prose))
        for word, allowed in DENSITIES:
            count = len(re.findall(rf'\b(?:{word})\b', prose, re.I))
            if count > 3 and count > allowed * total / 1000:
                yield sources[0], 1, f"in '{folder or '.'}' '{word}' stands {count} times in " \
                    f'{total} words, {allowed} in 1000 are allowed'
