#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All XML that the golden cases expect is valid by libvirt's schema, except where EXCEPTIONS say
why it is not; an exception that is not needed any more is a failure, unless it is one that goes
with a newer libvirt.

Skipped without libvirt's schema or xmllint.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import rng  # noqa: E402  pylint: disable=wrong-import-position

NVME = "libvirt 9.0 has neither bus='nvme' nor such targets; newer ones do"
RELATIVE = 'a path is absolute in the schema, and QEMU was given a relative one'
LINE_BREAK = 'a path has no line breaks in the schema, and this file name has one'
DATA_STORE = 'libvirt 9.0 has no <dataStore>; 10.10 does'
PRIVATE = 'elements of others are carried along, for which the schema has no place'

DEPEND_ON_LIBVIRT = (NVME, DATA_STORE)

EXCEPTIONS = {
    'damaged-newline-in-name-xml': LINE_BREAK,
    'data-file-xml': DATA_STORE,
    'domain-odd-xml': PRIVATE,
    'many-buses-xml': NVME,
    'odd-names-xml-colon': RELATIVE,
    'odd-names-xml-line-break': LINE_BREAK,
    'odd-names-xml-relative': RELATIVE,
    'odd-names-xml-relative-backing': RELATIVE,
    'serials-xml': NVME,
}


def expected():
    """The XML of each case that prints some, by name."""
    found = {}
    for entry in os.scandir(HERE):
        try:
            with open(os.path.join(entry.path, 'stdout'), 'rb') as file:
                text = file.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if text.startswith(b'<'):
            found[entry.name] = text
    return found


def main():
    if not rng.available():
        print("libvirt's schema or xmllint is missing")
        return 1 if os.environ.get('CI') == 'true' else 77
    fragments = expected()
    faults = rng.check(fragments)
    for name, fault in sorted(faults.items()):
        if name not in EXCEPTIONS:
            print(f'{name}: {fault}')
    stale = [name for name, reason in EXCEPTIONS.items()
             if name not in faults and reason not in DEPEND_ON_LIBVIRT or name not in fragments]
    for name in stale:
        print(f'{name} is valid or gone: take it out of EXCEPTIONS')
    print(f'{len(fragments)} documents, {len(faults)} of them not valid')
    return 1 if stale or not fragments or set(faults) - set(EXCEPTIONS) else 0


if __name__ == '__main__':
    sys.exit(main())
