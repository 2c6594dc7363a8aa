#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twenty clients of one bridge do different things while a disk is committed through it."""

import contextlib
import json
import os
import tempfile
import threading

import block_jobs
import brief
import bridge
import images
import live
import qblk
from topologies.options import named_chain, stem, virtio

SPEED = ('--bandwidth', str(4 << 20), '--bytes')
DATA = '3M'  # in each layer
QUERIES = ('query-name', 'query-status', 'query-jobs', 'query-block', 'query-version')
GARBAGE = (b'}\n', b'{"execute": }\n', b'\xff\n', b'[[[[[]]]]]\n', b'{"a": 1, "a": 2}\n', b"{'a\n")
LARGE = b'{"execute": "query-qmp-schema"}'


class Many(block_jobs.TestCase):
    def setUp(self):
        super().setUp()
        self.ended = threading.Event()  # both operations have ended
        self.failed = []
        self.threads = []
        self.turns = {}
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.read_only = os.path.join(self.directory, 'read-only.sock')

    # ---- the guest ----

    def make_other(self):
        """The images of vdb, top first."""
        files = []
        for number in range(3):
            path = os.path.join(self.directory, f'other-{number}.qcow2')
            backing = os.path.basename(files[0]) if files else None
            files.insert(0, images.create(path, backing=backing))
            images.write(path, pattern=0x51 + number, offset=2 * number << 20, length=DATA)
            images.write(path, pattern=0x61 + number, offset=40 << 20, length='64k')
        return files

    def boot_two(self):
        self.make(4, DATA)
        self.reference = block_jobs.copy_reference(4, self.directory, DATA)
        self.others = self.make_other()
        self.other_reference = os.path.join(self.directory, 'other.raw')
        block_jobs.flatten(self.others[0], self.other_reference)
        self.run_qemu(self.disk('blockdev') + named_chain(self.others)
                      + virtio(stem(self.others[0]), id='vdb'))

    def guest_writes_once(self):
        """Over data that the commit copies, and elsewhere."""
        for offset in ('1M', '50M'):
            line = f'qemu-io -d /machine/peripheral/vda/virtio-backend "write -P 9 {offset} 64k"'
            reply = self.process.qmp.execute('human-monitor-command', {'command-line': line})
            self.assertNotIn('rror', reply)
            images.write(self.reference, pattern=9, offset=offset, length='64k', fmt='raw')

    # ---- clients ----

    def client(self, path=None):
        return contextlib.closing(bridge.connect(path or self.path))

    def play(self, name, function, *arguments):
        """Run FUNCTION in a thread."""
        def run():
            try:
                function(*arguments)
            except BaseException as error:  # pylint: disable=broad-exception-caught
                self.failed.append((name, repr(error)))
        self.threads.append(threading.Thread(target=run, name=name))
        self.threads[-1].start()

    def repeat(self, name, turn):
        """Call TURN until the operations have ended, and once more."""
        def run():
            has_ended = False
            while not has_ended:
                has_ended = self.ended.is_set()
                turn()
                self.turns[name] = self.turns.get(name, 0) + 1
        self.play(name, run)

    def command(self, *arguments, same=False):
        """A client that runs qblk; with SAME its output is always the same."""
        outputs = set()

        def turn():
            result = qblk.run(*arguments)
            self.assertEqual(result.status, qblk.DONE, msg=str(result))
            self.assertNotEqual(result.stdout, b'')
            outputs.add(result.stdout)
            self.assertTrue(len(outputs) == 1 or not same)
        self.repeat(' '.join(arguments), turn)

    def pipeline(self, name):
        """A client that sends many commands before it reads a reply."""
        client = self.enterContext(self.client())

        def turn():
            commands = [QUERIES[number % len(QUERIES)] for number in range(30)]
            client.send(b''.join(json.dumps({'execute': command, 'id': [name, number]}).encode()
                                 for number, command in enumerate(commands)))
            for number in range(len(commands)):
                reply = json.loads(client.reply())
                self.assertEqual(reply['id'], [name, number])
                self.assertIn('return', reply)
            client.events.clear()
        self.repeat(name, turn)

    def nodes_of_all(self, name):
        client = self.enterContext(self.client())

        def turn():
            client.send(b'{"execute": "query-named-block-nodes", "id": 1}' * 5)
            for _ in range(5):
                self.assertIn('return', json.loads(client.reply()))
        self.repeat('nodes ' + name, turn)

    def come_and_go(self):
        def turn():
            for text in (b'', b'{"execute": "qmp_capabilities"}', b'{"execute": "qmp_capa',
                         b'{"execute": "qmp_capabilities"}' + LARGE * 5):
                with bridge.Client(self.path) as client:
                    self.assertIn(b'QMP', client.line())
                    client.send(text)
        self.repeat('come and go', turn)

    def half_messages(self):
        client = self.enterContext(self.client())
        text = b'{"execute": "query-name", "id": "a half"}'

        def turn():
            for at in range(1, len(text), 7):
                client.send(text[:at])
                self.assertIn('return', self.enquirer.execute('query-name'))
                client.send(text[at:])
                self.assertEqual(json.loads(client.reply())['id'], 'a half')
        self.repeat('half messages', turn)

    def garbage(self):
        client = self.enterContext(self.client())

        def turn():
            for text in GARBAGE:
                client.send(text + b'\n{"execute": "query-name", "id": "after"}\n')
                errors = 0
                while 'id' not in (reply := json.loads(client.reply())):
                    self.assertEqual(reply['error']['class'], 'GenericError')
                    errors += 1
                self.assertGreater(errors, 0)
        self.repeat('garbage', turn)

    def out_of_band(self):
        client = self.enterContext(bridge.Client(self.path))
        client.line()
        client.ask(b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}')

        def turn():
            client.send(b'{"execute": "query-block", "id": 1}' * 4
                        + b'{"exec-oob": "migrate-pause", "id": 2}')
            replies = [json.loads(client.reply()) for _ in range(5)]
            self.assertEqual(sorted(reply['id'] for reply in replies), [1, 1, 1, 1, 2])
            error, = [reply for reply in replies if reply['id'] == 2]
            self.assertIn('error', error)
        self.repeat('out of band', turn)

    def descriptors(self):
        client = self.enterContext(self.client())
        file = self.enterContext(tempfile.TemporaryFile(dir=self.directory))

        def turn():
            client.send(b'{"execute": "getfd", "arguments": {"fdname": "a"}}', [file.fileno()])
            self.assertEqual(json.loads(client.reply()), {'return': {}})
            self.assertEqual(client.execute('closefd', {'fdname': 'a'}), {'return': {}})
            self.assertIn('error', client.execute('closefd', {'fdname': 'a'}))
        self.repeat('descriptors', turn)

    def watcher(self):
        client = self.enterContext(self.client(self.read_only))

        def turn():
            self.assertIn('return', client.execute('query-block'))
            for command in ('quit', 'stop', 'block-job-cancel', 'human-monitor-command'):
                self.assertIn('read-only', client.execute(command)['error']['desc'])
        self.repeat('read-only', turn)

    def deaf(self):
        """A client that never reads a reply."""
        client = self.enterContext(self.client())
        client.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.socket.send(LARGE * 1000)

    # ---- events ----

    def observe(self, seen):
        """Append all events to SEEN, from the first RESUME to the second."""
        client = self.enterContext(self.client())

        def run():
            while [event['event'] for event in seen].count('RESUME') < 2:
                seen.append(json.loads(client.line()))
        self.play('events', run)

    def mark(self):
        """Make the event RESUME."""
        self.process.qmp.execute('cont')
        self.process.qmp.execute('stop')

    def assert_events(self):
        """Each client has the events that QEMU has sent to its other monitor, in that order."""
        seen = self.seen[0]
        names = [event['event'] for event in seen]
        self.assertEqual(names.count('BLOCK_JOB_COMPLETED'), 2)
        first = names.index('RESUME')
        direct = self.process.qmp.events
        begin, end = (number for number, event in enumerate(direct) if event['event'] == 'RESUME')
        for events in self.seen:
            self.assertEqual(events[first:], direct[begin:end + 1])
        # the others have not negotiated
        self.assertEqual(json.loads(self.silent.ask(b'{"execute": "qmp_capabilities"}')),
                         {'return': {}})
        self.assertEqual(self.silent.events, [])

    # ---- all together ----

    def start_all(self, others):
        """Start all clients, and OTHERS."""
        self.enquirer = self.enterContext(self.client())
        self.silent = self.enterContext(bridge.Client(self.path))
        self.silent.line()
        self.seen = [[], [], []]
        for events in self.seen:
            self.observe(events)
        for name in 'abc':
            self.pipeline(name)
        others()
        self.come_and_go()
        self.half_messages()
        self.garbage()
        self.out_of_band()
        self.descriptors()
        self.watcher()
        self.deaf()

    def operate(self, second):
        """Two operations at once."""
        commands = (['commit', self.path, 'vda', '--top', 'vda[1]', *SPEED],
                    [*second, *SPEED])
        results = []

        def run(command):
            results.append(qblk.run(*command))
        for command in commands:
            self.play(command[0], run, command)
        self.wait_for(lambda: self.process.qmp.execute('query-jobs'))
        self.guest_writes_once()
        for thread in self.threads[-2:]:
            thread.join()
        for result in results:
            self.assertEqual(result.status, qblk.DONE, msg=str(result))
        self.assertEqual(len(results), 2)

    def lists(self):
        """Clients that run qblk."""
        self.command('list', self.path)
        self.command('--json', 'chain', self.path, 'vda')
        self.command('resolve', self.path, 'vdb[0]', same=True)

    def node_queries(self):
        """Clients whose queries can crash some QEMUs during a stream job."""
        for name in 'def':
            self.nodes_of_all(name)

    def test_while_two_disks_are_committed(self):
        self.run_all(['commit', self.path, 'vdb', '--top', 'vdb[1]'], self.lists)

    @brief.leave_out
    def test_while_one_disk_is_committed_and_one_is_pulled(self):
        self.run_all(['pull', self.path, 'vdb', '--base', 'vdb[2]'], self.node_queries)

    def run_all(self, second, others):
        self.boot_two()
        with bridge.Bridge(self.process.socket, listen=self.path,
                           read_only=self.read_only) as running:
            self.start_all(others)
            try:
                self.mark()
                self.operate(second)
                self.mark()
            finally:
                self.ended.set()
                for thread in self.threads:
                    thread.join()
            self.assertEqual(self.failed, [])
            self.assert_events()
            self.assertEqual(len(self.threads) + 3, 20)  # and those without a thread
            self.assertEqual(running.stop(), 0)
            self.assertEqual([line for line in running.lines if 'disconnected' in line], [])
        self.assert_files(self.files[0], self.files[-1])
        self.assert_no_jobs()
        self.assert_same_content()
        self.reference = self.other_reference
        self.assert_same_content(self.others[0])


if __name__ == '__main__':
    live.main()
