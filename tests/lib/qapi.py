# SPDX-License-Identifier: LGPL-2.1-or-later
"""A schema in the language of QEMU, QAPI, and values that are checked by it."""

import json

BUILTIN = {'str': str, 'int': int, 'bool': bool, 'any': object, 'null': type(None)}
KINDS = ('command', 'event', 'struct', 'enum', 'union', 'alternate')


class Schema:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            text = ''.join(line for line in file if not line.startswith('#'))
        self.definitions = {}
        decoder, at, text = json.JSONDecoder(), 0, text.replace("'", '"').strip()
        while at < len(text):
            definition, at = decoder.raw_decode(text, at)
            while text[at:at + 1].isspace():
                at += 1
            for kind in KINDS:
                if kind in definition:
                    self.definitions[definition[kind]] = definition

    def check_return(self, command, value):
        """Raise ValueError unless VALUE is what COMMAND returns."""
        expected = self.definitions[command].get('returns')
        if expected is None:
            _require(value == {}, command, value)
        else:
            self._check(expected, value, command)

    def check_event(self, event):
        self._check_members(self.definitions[event['event']]['data'], event['data'],
                            event['event'])

    def members(self, data):
        """All members of DATA, a struct or an object of members."""
        if isinstance(data, dict):
            return data
        definition = self.definitions[data]
        base = self.members(definition['base']) if 'base' in definition else {}
        return {**base, **definition['data']}

    def _check(self, expected, value, place):
        if isinstance(expected, list):
            _require(isinstance(value, list), place, value)
            for number, each in enumerate(value):
                self._check(expected[0], each, f'{place}[{number}]')
        elif expected in BUILTIN:
            _require(isinstance(value, BUILTIN[expected]), place, value)
            _require(expected != 'int' or not isinstance(value, bool), place, value)
        elif 'alternate' in self.definitions[expected]:
            choices = self.definitions[expected]['data'].values()
            _require(isinstance(value, tuple(BUILTIN[choice] for choice in choices)), place, value)
        elif 'enum' in self.definitions[expected]:
            _require(value in self.definitions[expected]['data'], place, value)
        else:
            self._check_members(expected, value, place)

    def _check_members(self, data, value, place):
        members = self.members(data)
        _require(isinstance(value, dict), place, value)
        known = {name.lstrip('*'): (name, expected) for name, expected in members.items()}
        _require(value.keys() <= known.keys(), place, value)
        for name, (full, expected) in known.items():
            _require(name in value or full.startswith('*'), f'{place}.{name}', value)
            if name in value:
                self._check(expected, value[name], f'{place}.{name}')


def _require(condition, place, value):
    if not condition:
        raise ValueError(f'{place} is not as in the schema: {value!r}')
