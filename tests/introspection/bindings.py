# SPDX-License-Identifier: LGPL-2.1-or-later
"""The namespace Qblk of GObject-introspection, and a base class for tests with it."""

import os
import sys

import live

try:
    import gi
    gi.require_version('Qblk', '0')
    from gi.repository import GLib, Qblk
except (ImportError, ValueError) as error:
    print(f'no namespace Qblk: {error}', file=sys.stderr)
    sys.exit(1 if live.IN_CI else live.SKIPPED)

TIMEOUT_MS = 10000


class Methods:
    """What tests of programs need; it is beside a TestCase of tests/lib."""

    def connect(self, process):
        return Qblk.Client.connect(process.socket, TIMEOUT_MS)

    def fetch(self, process):
        return Qblk.Snapshot.fetch(self.connect(process), None)

    def fails(self, domain, code, function, *arguments):
        """FUNCTION must fail with that error; returns its message."""
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments)
        error = caught.exception
        self.assertTrue(error.matches(domain, code), msg=repr(error))
        return error.message

    def own_file(self, name):
        return os.path.join(self.directory, name)

    def run_loop(self, loop):
        """Run LOOP until it is quit; fails if that takes too long."""
        late = []
        guard = GLib.timeout_add(TIMEOUT_MS, lambda: late.append(True) or loop.quit())
        loop.run()
        self.assertEqual(late, [])
        GLib.source_remove(guard)


class TestCase(Methods, live.TestCase):
    pass


main = live.main
