#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All XML in the golden cases and tables matches libvirt's schema, except for EXCEPTIONS, each with
its reason. An exception that is no longer needed is a failure, unless its reason is an old libvirt.

Skipped without libvirt's schema or xmllint.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import golden_table  # noqa: E402  pylint: disable=wrong-import-position
import rng  # noqa: E402  pylint: disable=wrong-import-position

NVME = "libvirt 9.0 has neither bus='nvme' nor such targets; newer ones do"
DATA_STORE = 'libvirt 9.0 has no <dataStore>; 10.10 does'
PRIVATE = 'qblk keeps unknown elements, which the schema does not allow'

DEPEND_ON_LIBVIRT = (NVME, DATA_STORE)

# By the name of a case, or the command of an entry of a table
EXCEPTIONS = {
    'data-file-xml': DATA_STORE,
    'many-buses-xml': NVME,
    'xml domain:inputs/odd.xml': PRIVATE,
    'xml {serials}': NVME,
}


def of_cases():
    for entry in os.scandir(HERE):
        path = os.path.join(entry.path, 'stdout')
        if os.path.exists(path):
            with open(path, 'rb') as file:
                yield entry.name, file.read()


def of_tables():
    for path in golden_table.files():
        for entry in golden_table.read(path)[1]:
            yield entry.commands[0], entry.output.encode(errors='surrogateescape')


def expected():
    """The XML of each case and entry that prints some, by name."""
    return {name: text for name, text in [*of_cases(), *of_tables()]
            if text.startswith((b'<disk', b'<devices'))}


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
        print(f'{name} is valid or does not exist: remove it from EXCEPTIONS')
    print(f'{len(fragments)} documents, {len(faults)} of them not valid')
    return 1 if stale or not fragments or set(faults) - set(EXCEPTIONS) else check_newest(fragments)


def check_newest(fragments):
    """The exit status: 1 if the newest schema does not allow one of FRAGMENTS."""
    if not rng.available(rng.NEWEST):
        print("without the newest schema of libvirt; `scripts/qemu-matrix fetch libvirt` gets it")
        return 0
    faults = rng.check(fragments, rng.NEWEST)
    wrong = {name: fault for name, fault in faults.items() if EXCEPTIONS.get(name) != PRIVATE}
    for name, fault in sorted(wrong.items()):
        print(f'newest schema: {name}: {fault}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
