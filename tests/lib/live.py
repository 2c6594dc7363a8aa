# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers for tests with a running QEMU."""

import contextlib
import os
import signal
import sys
import unittest
import xml.etree.ElementTree

import qblk
import qemu
from topologies import TOPOLOGIES

SKIPPED = 77  # meson's exit status for skipped tests

IN_CI = os.environ.get('CI') == 'true'


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = self.enterContext(qemu.directory())

    @contextlib.contextmanager
    def needing(self):
        """Skip the test if the body finds that something is unavailable; in CI, what should exist
        is a failure."""
        try:
            yield
        except qemu.Unavailable as reason:
            if IN_CI and isinstance(reason, qemu.Missing):
                raise
            self.skipTest(str(reason))

    def enterContext(self, cm):
        """As that of Python 3.11, and needing() what CM does."""
        with self.needing():
            value = cm.__enter__()
        self.addCleanup(cm.__exit__, None, None, None)
        return value

    @contextlib.contextmanager
    def running(self, name, **options):
        """Run a topology in a directory of its own; yields (topology, qemu.Process)."""
        with contextlib.ExitStack() as stack:
            home = stack.enter_context(qemu.directory())
            with self.needing():
                topology = TOPOLOGIES[name](home)
                process = stack.enter_context(topology.run(home, **options))
            yield topology, process

    def start(self, name, **options):
        """Run a topology for the rest of the test: (topology, qemu.Process)."""
        return self.enterContext(self.running(name, **options))

    @classmethod
    def setUpClass(cls):
        cls._shared = {}
        cls._ends = contextlib.ExitStack()
        cls.addClassCleanup(cls._ends.close)

    def share(self, name):
        """start() for a test that only reads: the tests of a class share one QEMU for each
        topology."""
        if name not in self._shared:
            self._shared[name] = self._ends.enter_context(self.running(name))
        return self._shared[name]

    def qblk(self, *arguments, status=qblk.DONE, **options):
        """Run qblk, which must end with STATUS; on failure there is a message, and nothing on
        stdout."""
        result = qblk.run(*arguments, **options)
        self.assertEqual(result.status, status, msg=str(result))
        if status != qblk.DONE:
            self.assertEqual(result.stdout, b'', msg=str(result))
            self.assertNotEqual(result.stderr, b'', msg=str(result))
        return result

    def resolve(self, vm, spec):
        text = self.qblk('resolve', vm, spec).text
        self.assertTrue(text.endswith('\n'), msg=repr(text))
        return text[:-1]

    def disk_xml(self, vm, target):
        return xml.etree.ElementTree.fromstring(self.qblk('xml', vm, target).stdout)


def disk_sources(disk):
    """The paths of a <disk>, top to bottom, and TRUE if <backingStore/> closes the chain."""
    files = []
    layer = disk
    while layer is not None and len(layer):
        source = layer.find('source')
        if source is not None:
            files.append(source.get('file') or source.get('dev') or source.get('name'))
        layer = layer.find('backingStore')
    return files, layer is not None


class Graph:
    """The children of each node of a running QEMU, reported by QEMU and not by qblk."""

    def __init__(self, client):
        self.nodes = {node['node-name']: node for node in
                      client.execute('query-named-block-nodes', {'flat': True})}
        graph = client.execute('x-debug-query-block-graph')
        names = {node['id']: node['name'] for node in graph['nodes']}
        self.edges = {(names[edge['parent']], edge['name'], names[edge['child']])
                      for edge in graph['edges']}

    def layers_of(self, path):
        """The format nodes on top of PATH; protocol nodes if it has no format node."""
        protocols = {name for name, node in self.nodes.items()
                     if node['drv'] in ('file', 'host_device') and node['file'] == path}
        formats = {parent for parent, child, name in self.edges
                   if name in protocols and child == 'file' and parent in self.nodes}
        # a slice is a second raw node between the image and its file
        above = {parent for parent, child, name in self.edges
                 if name in formats and child == 'file' and parent in self.nodes
                 and self.nodes[parent]['drv'] == self.nodes[name]['drv'] == 'raw'}
        return above or formats or protocols


class Loader(unittest.TestLoader):
    """Without the tests that are left out; one that is named is always run."""

    def getTestCaseNames(self, testCaseClass):  # pylint: disable=invalid-name
        names = super().getTestCaseNames(testCaseClass)
        return [name for name in names if not any(
            getattr(each, 'is_left_out', False)
            for each in (testCaseClass, getattr(testCaseClass, name)))]


class Result(unittest.TextTestResult):
    """For unittest the exit of the program is the end of one test, and it would start the next."""

    def addError(self, test, err):
        super().addError(test, err)
        if issubclass(err[0], SystemExit):
            self.stop()

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None and issubclass(err[0], SystemExit):
            self.stop()


def main(service=contextlib.nullcontext()):
    """Run the tests of the started file, with the SERVICE that they share."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))  # so that QEMU ends as well
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, for all that is started
    with contextlib.ExitStack() as stack:
        try:
            qemu.program('qemu-system-x86_64')
            qemu.program('qemu-img')
            stack.enter_context(service)
        except qemu.Unavailable as reason:
            print(reason, file=sys.stderr)
            sys.exit(1 if IN_CI else SKIPPED)
        program = unittest.main(exit=False, testLoader=Loader(), testRunner=unittest.TextTestRunner(
            verbosity=2, resultclass=Result))
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    skipped = [test for test, _ in result.skipped if not hasattr(test, 'test_case')]  # whole tests
    # scripts/compatibility-table reads this line
    print(f'{result.testsRun - len(skipped)} tests passed, {len(skipped)} skipped')
    if len(skipped) == result.testsRun:
        sys.exit(SKIPPED)
