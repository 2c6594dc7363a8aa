# SPDX-License-Identifier: LGPL-2.1-or-later
"""Capture files: recorded replies of one QEMU, as `qblk capture` writes them."""

import json
import re

_QUERIES = [
    ('query-version', None),
    ('query-name', None),
    ('query-uuid', None),
    ('query-status', None),
    ('query-migrate', None),
    ('query-jobs', None),
    ('query-block-jobs', None),
    ('query-block', None),
    ('query-block-exports', None),
    ('query-chardev', None),
    ('query-named-block-nodes', {'flat': True}),
    ('x-debug-query-block-graph', None),
    ('query-blockstats', None),
    ('query-blockstats', {'query-nodes': True}),
    ('query-pci', None),
]

# The address of a device; most devices have only some of these, and the refusal is recorded as
# well.
_PROPERTIES = ('type', 'parent_bus', 'addr', 'channel', 'scsi-id', 'lun', 'unit', 'serial', 'port',
               'nsid', 'bus')


def record(client, node_query_is_safe=True):
    """Send CLIENT all queries of the reading commands. Returns the capture."""
    replies = []

    def ask(command, arguments=None):
        reply = client.ask(command, arguments)
        entry = {'execute': command}
        if arguments:
            entry['arguments'] = arguments
        answer = 'return' if 'return' in reply else 'error'
        entry[answer] = reply[answer]
        replies.append(entry)
        return entry.get('return')

    def ask_device(path, seen):
        """Query the properties of the object at PATH, its parents and the owner of its bus."""
        while path and path not in seen:
            seen.add(path)
            values = {name: ask('qom-get', {'path': path, 'property': name})
                      for name in _PROPERTIES}
            ask_device((values['parent_bus'] or '').rpartition('/')[0], seen)
            path = path.rpartition('/')[0]

    blocks = []
    for command, arguments in _QUERIES:
        if command == 'query-named-block-nodes' and not node_query_is_safe:
            continue
        value = ask(command, arguments)
        if command == 'query-block':
            blocks = value or []
    seen = set()
    for block in blocks:
        qdev = block.get('qdev', '')
        ask_device(qdev, seen)
        if qdev and '/' not in qdev:
            # A bare id is a partial QOM path. For NVMe it also matches the bus of that name, and
            # then qom-get finds no device.
            ask_device('/machine/peripheral/' + qdev, seen)
    return {'qblk-capture': 1, 'replies': replies}


# Control characters, directions and so on, which qblk escapes as well
_SHOWN = re.compile('[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]')


def _escape(match):
    return f'\\u{ord(match[0]):04X}'


def dump(capture):
    """The text of a capture file: one reply in each line, so that a difference names the
    command."""
    lines = ',\n'.join('  ' + _SHOWN.sub(_escape, json.dumps(reply, ensure_ascii=False))
                       for reply in capture['replies'])
    return '{"qblk-capture": %d, "replies": [\n%s\n]}\n' % (capture['qblk-capture'], lines)
