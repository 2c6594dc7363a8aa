# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that crash certain versions of QEMU do not reach them through the bridge, whichever
client sends them. Each test sends the same commands to QEMU itself and through the bridge."""

import contextlib
import json
import os
import threading

import block_jobs
import bridge
import images
import live
import qemu
import qmp
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio

STREAM = {'job-id': 'j', 'device': 'disk-3', 'auto-dismiss': False}


def human(line):
    return 'human-monitor-command', {'command-line': line}


class TestCase(block_jobs.OneDisk):
    """A guest that is started for each way to talk to it."""

    path = None

    def each_way(self):
        """Yields True for QEMU itself, and False for a bridge."""
        for is_direct in (True, False):
            with self.subTest(direct=is_direct):
                self.setUp()
                self.path = os.path.join(self.directory, 'bridge.sock')
                yield is_direct

    @contextlib.contextmanager
    def clients(self, is_direct):
        """A function that connects one more client."""
        with contextlib.ExitStack() as stack:
            if is_direct:
                yield lambda: self.process.qmp
            else:
                stack.enter_context(bridge.Bridge(self.process.socket, listen=self.path))
                yield lambda: stack.enter_context(qmp.Qmp.connect(self.path))

    def job_is(self, status):
        return lambda: [job['status'] for job in self.process.qmp.execute('query-jobs')] == [status]

    def assert_dies(self, *commands, says=None):
        with self.assertRaises(ConnectionError):
            for command, arguments in commands:
                self.process.qmp.execute(command, arguments)
            self.process.qmp.execute('query-version')
        if says:
            self.assertIn(says, self.process.printed())
        self.process.kill()

    def assert_refused(self, client, command, arguments, message):
        """It is refused, and QEMU lives."""
        reply = client.ask(command, arguments)
        self.assertEqual(reply['error']['class'], 'GenericError', msg=str(reply))
        self.assertIn(message, reply['error']['desc'])
        self.process.qmp.execute('query-version')


class Nodes(TestCase):
    """The nodes are queried while a stream job has changed the graph and is not dismissed."""

    QUERIES = (('query-named-block-nodes', {'flat': True}), ('query-named-block-nodes', None),
               human('info block -n'), human('info block disk-1'))

    def is_deadly(self):
        return qemu.dies_of_node_queries(self.process.qmp.execute('query-version'))

    def boot_with_stream(self):
        self.boot()
        self.process.qmp.execute('block-stream', STREAM)
        self.wait_for(self.job_is('concluded'))

    def test_a_query_is_kept_back_and_refused(self):
        for is_direct in self.each_way():
            self.boot_with_stream()
            with self.clients(is_direct) as connect:
                if not self.is_deadly():
                    for command, arguments in self.QUERIES:
                        connect().execute(command, arguments)
                elif is_direct:
                    self.assert_dies(self.QUERIES[0])
                else:
                    self.refuse_all()
        for query in self.QUERIES[1:]:
            self.setUp()
            self.boot_with_stream()
            if self.is_deadly():
                self.assert_dies(query)

    def refuse_all(self):
        """They are kept back together."""
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(bridge.connect(self.path)) for _ in self.QUERIES]
            for client, (command, arguments) in zip(clients, self.QUERIES):
                client.send(json.dumps({'execute': command, 'arguments': arguments or {}}).encode())
            for client in clients:
                self.assertIn(b"stream job 'j' is concluded and not dismissed", client.reply())
        self.process.qmp.execute('query-version')

    def test_a_query_is_answered_once_the_job_is_dismissed(self):
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.boot_with_stream()
        with self.clients(False) as connect, bridge.connect(self.path) as reader:
            reader.send(b'{"execute": "query-named-block-nodes", "id": "kept back"}')
            other = connect()
            other.execute('query-jobs')
            other.execute('job-dismiss', {'id': 'j'})
            reply = reader.reply()
            self.assertIn(b'"id": "kept back"', reply)
            self.assertIn(b'"disk-3"', reply)

    def test_queries_all_the_time_while_streams_end(self):
        self.read_while_streams_end('query-named-block-nodes', {'flat': True})

    def test_commands_of_the_bridge_while_streams_end(self):
        """They query the nodes, too, and may be refused while a job is not dismissed."""
        for command in ('qblk-query-chains', 'qblk-query-xml'):
            with self.subTest(command=command):
                self.setUp()
                self.read_while_streams_end(command, {})

    def read_while_streams_end(self, command, arguments):
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.boot()
        with self.clients(False) as connect:
            runner, reader = connect(), connect()
            done = threading.Event()
            counts = []

            def read():
                while not done.is_set():
                    reply = reader.ask(command, arguments)
                    if command.startswith('query'):
                        self.assertIn('return', reply)
                    counts.append(reply)

            thread = threading.Thread(target=read)
            thread.start()
            for number in range(10):
                runner.execute('block-stream', {**STREAM, 'auto-finalize': number % 2 == 0})
                if number % 2:
                    self.wait_for(self.job_is('pending'))
                    runner.execute('job-finalize', {'id': 'j'})
                self.wait_for(self.job_is('concluded'))
                runner.execute('job-dismiss', {'id': 'j'})
            done.set()
            thread.join()
            self.process.qmp.execute('query-version')
            self.assertGreater(len(counts), 10 if command.startswith('query') else 1)


class Twice(TestCase):
    """A mirror with `replaces` is completed a second time while it is not in sync."""

    WAYS = (('job-complete', {'id': 'copy'}), ('block-job-complete', {'device': 'copy'}),
            human('block_job_complete copy'))

    def start_copy(self, client, **more):
        """The destination takes twenty seconds for each write."""
        client.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'slow', 'size': 64 << 20,
                                        'latency-ns': 20000000000})
        client.execute('blockdev-mirror', {'job-id': 'copy', 'device': 'disk-1', 'target': 'slow',
                                           'sync': 'none', **more})
        self.wait_for(self.job_is('ready'))
        self.guest_writes('1M')

    def test_by_another_client_when_the_first_has_gone(self):
        for command, arguments in self.WAYS:
            for is_direct in self.each_way():
                self.boot(depth=2)
                with self.clients(is_direct) as connect:
                    first = connect()
                    self.start_copy(first, replaces='disk-1')
                    first.execute('job-complete', {'id': 'copy'})
                    if qemu.version() >= (10, 0):
                        connect().execute(command, arguments)
                    elif is_direct:
                        self.assert_dies((command, arguments), says='error_setv')
                    else:
                        first.close()
                        self.assert_refused(connect(), command, arguments,
                                            "job 'copy' was told to complete before")

    def test_the_first_client_is_gone_before_the_answer(self):
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.boot(depth=2)
        with self.clients(False) as connect:
            other = connect()
            self.start_copy(other, replaces='disk-1')
            with bridge.connect(self.path) as first:
                first.send(b'{"execute": "job-complete", "arguments": {"id": "copy"}}')
            replies = [other.ask('job-complete', {'id': 'copy'}) for _ in range(2)]
            self.process.qmp.execute('query-version')
            if qemu.version() < (10, 0):
                self.assertIn('was told to complete before', replies[1]['error']['desc'])

    def test_without_replaces_qemu_decides(self):
        for is_direct in self.each_way():
            self.boot(depth=2)
            with self.clients(is_direct) as connect:
                client = connect()
                self.start_copy(client)
                client.execute('job-complete', {'id': 'copy'})
                client.execute('job-complete', {'id': 'copy'})

    def test_a_completion_that_qemu_refuses_can_be_repeated(self):
        for is_direct in self.each_way():
            self.boot(depth=2)
            with self.clients(is_direct) as connect:
                client = connect()
                replies = [client.ask('job-complete', {'id': 'copy'})]
                client.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'target',
                                                'size': 64 << 20})
                client.execute('blockdev-mirror', {
                    'job-id': 'copy', 'device': 'disk-1', 'target': 'target', 'sync': 'full',
                    'replaces': 'disk-1', 'speed': 65536})
                replies += [client.ask('job-complete', {'id': 'copy'}) for _ in range(2)]
                for reply in replies:
                    self.assertIn('error', reply)
                    self.assertNotIn('before', reply['error']['desc'])
                client.execute('block-job-set-speed', {'device': 'copy', 'speed': 0})
                self.wait_for(self.job_is('ready'))
                client.execute('job-complete', {'id': 'copy'})
                self.wait_for(lambda: not client.execute('query-jobs'))

    def test_a_command_that_qemu_refuses_in_another_way_does_not_count(self):
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.boot(depth=2)
        with self.clients(False) as connect, bridge.Client(self.path) as other:
            client = connect()
            client.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'target',
                                            'size': 64 << 20})
            client.execute('blockdev-mirror', {
                'job-id': 'copy', 'device': 'disk-1', 'target': 'target', 'sync': 'full',
                'replaces': 'disk-1', 'speed': 65536})
            command, arguments = human('block_job_complete copy')
            self.assertIn('Error', client.execute(command, arguments))
            other.line()
            other.ask(b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}')
            self.assertIn(b'does not support OOB', other.ask(
                b'{"exec-oob": "job-complete", "arguments": {"id": "copy"}}'))
            client.execute('block-job-set-speed', {'device': 'copy', 'speed': 0})
            self.wait_for(self.job_is('ready'))
            client.execute('job-complete', {'id': 'copy'})
            self.wait_for(lambda: not client.execute('query-jobs'))


class CopyBeforeWrite(TestCase):
    """A node below a filter with bitmaps is replaced, and closed."""

    def setUp(self):
        super().setUp()
        if qemu.version() < (6, 2):
            self.skipTest('this graph needs QEMU 6.2')

    def is_deadly(self):
        return (6, 2) <= qemu.version() < (9, 1)

    def scratch(self):
        return blockdev(driver='qcow2', node_name='scratch', file=local(images.create(
            os.path.join(self.directory, 'scratch.qcow2'), size='64M')))

    def boot_with_filter(self):
        self.make(4)
        self.run_qemu(named_chain(self.files) + self.scratch()
                      + blockdev(driver='copy-before-write', node_name='cbw', file='disk-3',
                                 target='scratch') + virtio('cbw', id='vda'))

    def boot_with_inner_filter(self):
        top, upper, lower, base = self.make(4)
        self.run_qemu(qcow2(base) + qcow2(lower, backing=stem(base))
                      + qcow2(upper, backing=stem(lower)) + self.scratch()
                      + blockdev(driver='copy-before-write', node_name='cbw', file=stem(upper),
                                 target='scratch')
                      + qcow2(top, backing='cbw') + virtio(stem(top), id='vda'))

    def add_destination(self, client):
        client.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'dest', 'file': local(
            images.create(self.copy_path(), size='64M'))})

    def start_job(self, client, kind):
        more = {'job-id': 'j', 'device': 'cbw', 'auto-dismiss': False}
        if kind == 'commit':
            client.execute('block-commit', {**more, 'top-node': 'disk-3',
                                            'base-node': 'disk-base'})
        else:
            self.add_destination(client)
            client.execute('blockdev-mirror', {**more, 'target': 'dest', 'sync': 'full',
                                               'replaces': 'disk-3'})
        self.wait_for(self.job_is('ready'))

    def test_a_pivot(self):
        for kind in ('commit', 'copy'):
            for is_direct in self.each_way():
                self.boot_with_filter()
                with self.clients(is_direct) as connect:
                    client = connect()
                    self.start_job(client, kind)
                    if self.is_deadly() and not is_direct:
                        self.assert_refused(client, 'job-complete', {'id': 'j'},
                                            "filter 'cbw' (copy-before-write) above node 'disk-3' "
                                            'would crash this QEMU')
                        client.execute('job-cancel', {'id': 'j'})
                        continue
                    client.execute('job-complete', {'id': 'j'})
                    self.wait_for(self.job_is('concluded'))
                    client.execute('job-dismiss', {'id': 'j'})
                    if self.is_deadly():
                        self.assert_dies(('blockdev-del', {'node-name': 'disk-3'}),
                                         says='dirty_bitmaps')
                    else:
                        client.execute('blockdev-del', {'node-name': 'disk-3'})

    def test_a_commit_within_the_chain(self):
        commit = {'job-id': 'j', 'device': 'disk-3', 'top-node': 'disk-2',
                  'base-node': 'disk-base', 'auto-dismiss': False}
        for is_direct in self.each_way():
            self.boot_with_inner_filter()
            with self.clients(is_direct) as connect:
                client = connect()
                if self.is_deadly() and not is_direct:
                    self.assert_refused(client, 'block-commit', commit,
                                        "above node 'disk-2' would crash this QEMU")
                    continue
                client.execute('block-commit', commit)
                self.wait_for(self.job_is('concluded'))
                client.execute('job-dismiss', {'id': 'j'})
                if self.is_deadly():
                    self.assert_dies(('blockdev-del', {'node-name': 'disk-2'}),
                                     says='dirty_bitmaps')
                else:
                    client.execute('blockdev-del', {'node-name': 'disk-2'})

    def test_the_end_of_a_job_below_the_filter(self):
        """A backup has started above the filter of the job."""
        for end in ('job-cancel', 'job-complete'):
            for is_direct in self.each_way():
                self.boot(depth=3)
                with self.clients(is_direct) as connect:
                    client = connect()
                    self.add_destination(client)
                    client.execute('blockdev-add', {
                        'driver': 'qcow2', 'node-name': 'scratch', 'file': local(images.create(
                            os.path.join(self.directory, 'scratch.qcow2'), size='64M'))})
                    client.execute('blockdev-mirror', {
                        'job-id': 'j', 'device': 'disk-2', 'target': 'dest', 'sync': 'full',
                        'auto-dismiss': False, 'filter-node-name': 'mirror'})
                    self.wait_for(self.job_is('ready'))
                    client.execute('blockdev-add', {
                        'driver': 'copy-before-write', 'node-name': 'cbw', 'file': 'mirror',
                        'target': 'scratch'})
                    if self.is_deadly() and not is_direct:
                        self.assert_refused(client, end, {'id': 'j'}, "filter 'cbw'")
                        client.execute('blockdev-del', {'node-name': 'cbw'})
                    elif self.is_deadly():
                        with self.assertRaises(ConnectionError):
                            client.execute(end, {'id': 'j'})
                            self.wait_for(self.job_is('concluded'))
                        self.process.kill()
                        continue
                    client.execute(end, {'id': 'j'})
                    self.wait_for(self.job_is('concluded'))


class Compress(TestCase):
    """A mirror starts at a compress filter."""

    def test_a_mirror(self):
        for is_direct in self.each_way():
            self.make(3)
            self.run_qemu(named_chain(self.files) + blockdev(
                driver='compress', node_name='small', file='disk-2') + virtio('small', id='vda'))
            arguments = {'job-id': 'j', 'device': 'small', 'target': 'copy', 'sync': 'full',
                         'replaces': 'disk-2'}
            with self.clients(is_direct) as connect:
                client = connect()
                client.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'copy',
                                                'file': local(images.create(self.copy_path(),
                                                                            size='64M'))})
                if qemu.version() < (8, 0):
                    client.execute('blockdev-mirror', arguments)
                elif is_direct:
                    with self.assertRaises(TimeoutError):
                        client.ask('blockdev-mirror', arguments, timeout=2)
                    self.process.kill()
                else:
                    for command, arguments in (('blockdev-mirror', arguments),
                                               human('drive_mirror -f small /dev/null raw')):
                        self.assert_refused(client, command, arguments,
                                            'would stop responding when a copy starts at filter '
                                            "'small' (compress)")


class BusyBitmap(TestCase):
    """A node is deleted while an export uses its bitmap."""

    def test_a_node_is_deleted(self):
        for is_direct in self.each_way():
            self.boot(depth=2)
            with self.clients(is_direct) as connect:
                client = connect()
                client.execute('block-dirty-bitmap-add', {'node': 'disk-base', 'name': 'changes',
                                                          'disabled': True})
                client.execute('nbd-server-start', {'addr': {'type': 'unix', 'data': {
                    'path': os.path.join(self.directory, 'nbd.sock')}}})
                client.execute('block-export-add', {
                    'type': 'nbd', 'id': 'backup', 'bitmaps': ['changes'], 'node-name': 'disk-1'})
                client.execute('block-stream', {'job-id': 'j', 'device': 'disk-1'})
                self.wait_for(lambda: not client.execute('query-jobs'))
                delete = ('blockdev-del', {'node-name': 'disk-base'})
                if is_direct:
                    self.assert_dies(delete, says='bdrv_dirty_bitmap_busy')
                    continue
                self.assert_refused(client, *delete,
                                    "bitmap 'changes' of node 'disk-base' is in use")
                client.execute('block-export-del', {'id': 'backup', 'mode': 'hard'})
                client.wait_event('BLOCK_EXPORT_DELETED')
                client.execute(*delete)


if __name__ == '__main__':
    live.main()
