# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of the bridge itself: their replies, events and errors, and what becomes of an
operation if the bridge is killed."""

import json
import os

import block_jobs
import bridge
import brief
import live
import qapi
import qblk
import qmp
from fault_relay import LOST, RECEIVED, UNANSWERED, FaultRelay, Point

SCHEMA = qapi.Schema(os.path.join(os.path.dirname(__file__), '../../src/bridge/qblk-bridge.json'))
SLOW = {'bandwidth': 65536}


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def start_bridge(self, vm=None, *arguments):
        self.socket = os.path.join(self.directory, 'bridge.sock')
        self.reading = os.path.join(self.directory, 'reading.sock')
        self.bridge = self.enterContext(bridge.Bridge(
            vm or self.process.socket, *arguments, listen=self.socket, read_only=self.reading,
            until=self.reading))

    def connect(self, path=None):
        return self.enterContext(qmp.Qmp.connect(path or self.socket))

    def execute(self, client, command, **arguments):
        """Execute a command of the bridge, whose reply is as in the schema."""
        arguments = {name.replace('_', '-'): value for name, value in arguments.items()}
        value = client.execute(command, arguments)
        SCHEMA.check_return(command, value)
        return value

    def refused(self, client, command, **arguments):
        arguments = {name.replace('_', '-'): value for name, value in arguments.items()}
        reply = client.ask(command, arguments)
        self.assertIn('error', reply, msg=str(reply))
        return reply['error']

    def wait_event(self, client, name, **data):
        event = client.wait_event(name, data)
        self.assertEqual(set(event['timestamp']), {'seconds', 'microseconds'})
        SCHEMA.check_event(event)
        return event['data']

    def wait_end(self, client, operation, state='completed'):
        """The result of the last event of OPERATION."""
        while True:
            data = self.wait_event(client, 'QBLK_OPERATION', operation=operation)
            if 'result' in data:
                self.assertEqual(data['state'], state, msg=str(data))
                return data['result']

    def journals(self):
        directory = os.path.join(qblk.state_home(), 'qblk')
        names = os.listdir(directory) if os.path.isdir(directory) else []
        return [os.path.join(directory, name) for name in names if name.endswith('.journal')]


class Reading(TestCase):

    def setUp(self):
        super().setUp()
        self.boot()
        self.start_bridge()
        self.client = self.connect()

    def test_replies_are_those_of_the_command(self):
        commands = [('list', 'qblk-query-chains', {}), ('list', 'qblk-query-chains',
                                                        {'disk': 'vda'}),
                    ('resolve', 'qblk-resolve', {'layer': 'vda[2]'}),
                    ('xml', 'qblk-query-xml', {}), ('xml', 'qblk-query-xml', {'disk': 'vda'}),
                    ('check', 'qblk-check', {'disk': 'vda'})]
        replies = [self.execute(self.connect(self.reading), command, **arguments)
                   for _, command, arguments in commands]
        self.bridge.stop()
        for (name, _, arguments), reply in zip(commands, replies):
            expected = json.loads(self.qblk('--json', name, self.process.socket,
                                            *arguments.values()).stdout)
            del expected['schema'], expected['command']
            self.assertEqual(reply, expected)

    def test_the_peer_is_qemu(self):
        for path, read_only in ((self.socket, False), (self.reading, True)):
            peer = self.execute(self.connect(path), 'qblk-query-peer')
            with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as file:
                start = int(file.read().rpartition(')')[2].split()[19])
            self.assertEqual(peer, {'pid': self.process.pid, 'start': start,
                                    'address': self.process.socket, 'read-only': read_only,
                                    'full': self.socket})

    def test_commands_are_listed(self):
        names = {command['name'] for command in self.client.execute('query-commands')}
        self.assertLessEqual({name for name, definition in SCHEMA.definitions.items()
                              if 'command' in definition}, names)

    def test_wrong_arguments_are_refused_as_by_qemu(self):
        def errors_of(command, *cases):
            return [self.client.ask(command, arguments)['error'] for arguments in cases]

        own = errors_of('qblk-query-chains', {'query-nodes': 1}, {'other': True})
        own += errors_of('qblk-cancel', {}, {'operation': 1})
        others = errors_of('query-blockstats', {'query-nodes': 1}, {'other': True})
        others += errors_of('block-job-cancel', {}, {'device': 1})
        self.assertEqual(own[0]['class'], others[0]['class'])
        self.assertEqual(own[0]['desc'], "Parameter 'query-nodes' is unexpected")
        self.assertEqual(own[1:3], [others[1], {**others[2], 'desc': others[2]['desc'].replace(
            'device', 'operation')}])
        self.assertEqual(own[3]['desc'], others[3]['desc'].replace('device', 'operation'))

    def test_errors_name_what_is_wrong(self):
        error = self.refused(self.client, 'qblk-query-chains', disk='vdz')
        self.assertEqual(error['class'], 'DeviceNotFound')
        self.assertIn("'vdz'", error['desc'])
        error = self.refused(self.client, 'qblk-resolve', layer='vda[9]')
        self.assertEqual(error['class'], 'GenericError')
        self.assertIn("no index 9", error['desc'])
        self.assertIn("'op-7'", self.refused(self.client, 'qblk-cancel', operation='op-7')['desc'])

    def test_a_client_that_only_reads_changes_nothing(self):
        before = self.state_through_bridge()
        client = self.connect(self.reading)
        for name, definition in SCHEMA.definitions.items():
            if 'command' in definition and name in (
                    'qblk-plan', 'qblk-commit', 'qblk-pull', 'qblk-copy', 'qblk-snapshot',
                    'qblk-recover', 'qblk-cancel'):
                self.assertIn('read-only', self.refused(client, name)['desc'])
        self.assertEqual(self.state_through_bridge(), before)

    def state_through_bridge(self):
        return self.execute(self.client, 'qblk-query-chains'), self.nodes()

    def test_a_plan_changes_nothing(self):
        before = self.state_through_bridge()
        plan = self.execute(self.client, 'qblk-plan', operation='commit', disk='vda', pivot=True)
        self.assertEqual(plan['plans'][0]['kind'], 'active-commit')
        self.assertEqual(plan['plans'][0]['target'], 'vda')
        self.assertIn('block-commit', [step['execute'] for step in plan['plans'][0]['steps']])
        self.assertEqual(self.state_through_bridge(), before)
        self.assertEqual(self.journals(), [])
        self.assertEqual(self.execute(self.client, 'qblk-query-operations'), [])


class Changing(TestCase):

    def setUp(self):
        super().setUp()
        self.boot(data='4M')
        self.start_bridge()
        self.client = self.connect()

    def test_a_commit_runs_while_another_client_reads(self):
        other = self.connect(self.reading)
        started = self.execute(self.client, 'qblk-commit', disk='vda', top='vda[1]',
                               base='vda[3]', delete=True, bandwidth=16 << 20)
        self.assertEqual(started['plans'][0]['kind'], 'commit')
        depths = set()
        while True:
            disk, = self.execute(other, 'qblk-query-chains')['disks']
            depths.add(len(disk['layers']))
            operation, = self.execute(other, 'qblk-query-operations')
            if 'result' in operation:
                break
        self.assertEqual(depths, {4, 2})
        result = self.wait_end(self.client, started['operation'])
        self.assertEqual(result, self.wait_end(other, started['operation']))
        self.assertEqual(result, operation['result'])
        self.assertEqual([(disk['disk'], disk['state']) for disk in result['disks']],
                         [('vda', 'done')])
        self.assertFalse(result['has-journal'])
        self.assertEqual(self.journals(), [])
        self.assertEqual([os.path.exists(file) for file in self.files],
                         [True, False, False, True])
        self.assert_same_content()

    def test_a_copy_tells_its_progress(self):
        copy = os.path.join(self.directory, 'copy.qcow2')
        started = self.execute(self.client, 'qblk-copy', disk='vda', destination=copy,
                               pivot=True, buf_size=65536, bandwidth=5 << 20)
        events = []
        while not events or 'result' not in events[-1]:
            events.append(self.wait_event(self.client, 'QBLK_OPERATION',
                                          operation=started['operation']))
        self.assertEqual(events[-1]['state'], 'completed', msg=str(events[-1]))
        done = [event['done'] for event in events if 'done' in event]
        self.assertEqual(done, sorted(done))
        self.assertGreater(len(set(done)), 1)
        states = [event['state'] for event in events[:-1]]
        self.assertEqual(states, sorted(states, key=['starting', 'running', 'waiting', 'changing',
                                                     'cleaning', 'completed'].index))
        self.assert_same_content(copy)

    def test_a_second_operation_on_the_disk_is_refused(self):
        started = self.execute(self.client, 'qblk-commit', disk='vda', top='vda[1]', **SLOW)
        self.wait_event(self.client, 'QBLK_OPERATION', state='running')
        other = self.connect()
        for command in ('qblk-pull', 'qblk-commit'):
            error = self.refused(other, command, disk='vda')
            self.assertIn('vda', error['desc'])
            self.assertIn('job', error['desc'])
        self.assertEqual(self.execute(other, 'qblk-cancel', operation=started['operation']), {})
        result = self.wait_end(self.client, started['operation'], 'cancelled')
        self.assertIn("the chain of 'vda' is unchanged", result['error']['desc'])
        self.assertIn('it is cancelled', self.refused(
            other, 'qblk-cancel', operation=started['operation'])['desc'])
        self.assertEqual(self.journals(), [])
        self.bridge.stop()
        self.assert_untouched()

    def test_of_two_that_start_at_once_one_is_refused(self):
        other = self.connect()
        arguments = {'disk': 'vda', 'top': 'vda[1]'}
        message = json.dumps({'execute': 'qblk-commit', 'arguments': arguments}).encode() + b'\n'
        results = []
        for client in (self.client, other):
            client._socket.sendall(message)  # pylint: disable=protected-access
        for client in (self.client, other):
            reply = client._receive()  # pylint: disable=protected-access
            while 'event' in reply:
                client._events.append(reply)  # pylint: disable=protected-access
                reply = client._receive()  # pylint: disable=protected-access
            results.append(reply)
        ends = []
        for client, reply in zip((self.client, other), results):
            if 'error' in reply:
                self.assertRegex(reply['error']['desc'],
                                 "'op-1' \\(qblk-commit\\) works on disk 'vda'|'vda' .*job")
                ends.append('failed')
                continue
            operation = reply['return']['operation']
            data = {}
            while 'result' not in data:
                data = self.wait_event(client, 'QBLK_OPERATION', operation=operation)
            ends.append(data['state'])
        self.assertEqual(sorted(ends), ['completed', 'failed'])
        self.bridge.stop()
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()

    def test_snapshots_are_taken_and_merged_again(self):
        overlay = os.path.join(self.directory, 'overlay.qcow2')
        self.execute(self.client, 'qblk-subscribe')
        started = self.execute(self.client, 'qblk-snapshot', disks=['vda'],
                               file=[f'vda={overlay}'])
        self.wait_end(self.client, started['operation'])
        change = self.wait_event(self.client, 'QBLK_CHAIN_CHANGED', disk='vda')
        self.guest_writes('40M')
        disk, = self.execute(self.client, 'qblk-query-chains')['disks']
        self.assertEqual(disk['fingerprint'], change['new'])
        self.assertEqual([os.path.realpath(layer['file']) for layer in disk['layers']],
                         [os.path.realpath(file) for file in (overlay, *self.files)])
        started = self.execute(self.client, 'qblk-commit', disk='vda', shallow=True, pivot=True,
                               delete=True, expect=disk['fingerprint'])
        self.wait_end(self.client, started['operation'])
        self.assertIn('has changed', self.refused(
            self.client, 'qblk-pull', disk='vda', expect=disk['fingerprint'])['desc'])
        self.assertFalse(os.path.exists(overlay))
        self.assert_same_content()

    def test_a_detached_job_is_left_alone(self):
        started = self.execute(self.client, 'qblk-commit', disk='vda', active=True, detach=True)
        result = self.wait_end(self.client, started['operation'])
        self.assertEqual(result['disks'][0]['state'], 'started')
        self.assertEqual(len(self.client.execute('query-jobs')), 1)
        self.bridge.stop()
        self.qblk('job', self.process.socket, 'vda', '--wait', '--pivot')
        self.assert_files(self.files[3])
        self.assert_same_content(self.files[3])


class Ending(TestCase):
    """The bridge or QEMU ends during an operation."""

    def begin_commit(self, *arguments, **options):
        """A bridge with ARGUMENTS, and its commit, which runs. Returns its id."""
        self.boot(data='4M')
        self.start_bridge(None, *arguments)
        self.client = self.connect()
        options = {'top': 'vda[1]', 'base': 'vda[3]', **options}
        started = self.execute(self.client, 'qblk-commit', disk='vda', **options)
        self.wait_event(self.client, 'QBLK_OPERATION', state='running')
        return started['operation']

    def interrupted(self, more=''):
        """What the bridge prints if op-1 was interrupted."""
        return (f"qblk: operation 'op-1' (qblk-commit) was interrupted: use 'qblk recover "
                f"{self.process.socket}'{more}")

    def image_hint(self):
        return f" (if QEMU has ended, use 'qblk recover image:{self.files[0]}')"

    def test_a_signal_waits_for_the_operation(self):
        operation = self.begin_commit(bandwidth=16 << 20)
        self.assertEqual(self.bridge.stop(), qblk.DONE, msg=self.bridge.lines)
        self.wait_end(self.client, operation)
        self.assertEqual(self.journals(), [])
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()

    def assert_left(self, operation):
        """The bridge ends, and leaves OPERATION, which a recovery completes."""
        result = self.wait_end(self.client, operation, 'interrupted')
        self.assertTrue(result['has-journal'])
        self.assertIn(f"use 'qblk recover {self.process.socket}'", result['error']['desc'])
        self.assertEqual(self.bridge.wait(), qblk.JOB_FAILED)
        self.assertEqual(self.bridge.lines[-1], self.interrupted())
        self.assertEqual(len(self.journals()), 1)
        job, = self.process.qmp.execute('query-block-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})
        self.assertIn('completed', self.qblk('recover', self.process.socket).text)
        self.assertEqual(self.journals(), [])
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()

    def test_the_stop_timeout_leaves_the_operation_to_recovery(self):
        operation = self.begin_commit('--stop-timeout', '0', **SLOW)
        self.bridge.process.terminate()
        self.assert_left(operation)

    def test_the_second_signal_leaves_the_operation_to_recovery(self):
        operation = self.begin_commit(**SLOW)
        for _ in range(2):
            self.bridge.process.terminate()
            self.wait_for(lambda: not os.path.exists(self.socket))  # it has seen the signal
        self.assert_left(operation)

    def test_the_end_of_qemu_names_the_recovery(self):
        self.begin_commit(**SLOW)
        self.process.kill()
        self.assertEqual(self.bridge.wait(), qblk.JOB_FAILED, msg=self.bridge.lines)
        self.assertEqual(self.bridge.lines[-1], self.interrupted(self.image_hint()))
        self.assertIn(self.process.socket, self.bridge.lines[-2])  # closed, or broken
        self.assertEqual(len(self.journals()), 1)
        self.qblk('recover', f'image:{self.files[0]}')
        self.assertEqual(self.journals(), [])
        self.assert_same_content()

    def test_a_bridge_that_waits_for_the_next_qemu_names_the_recovery(self):
        self.begin_commit('--reconnect', **SLOW)
        self.process.kill()
        self.bridge.wait_line('was interrupted')
        self.assertIn(self.interrupted(self.image_hint()), self.bridge.lines)
        self.assertEqual(self.bridge.stop(), qblk.DONE)
        self.qblk('recover', f'image:{self.files[0]}')
        self.assertEqual(self.journals(), [])


class Subscribing(TestCase):

    def setUp(self):
        super().setUp()
        self.boot()
        self.start_bridge()
        self.client = self.connect(self.reading)

    def fingerprint(self):
        disk, = self.execute(self.client, 'qblk-query-chains')['disks']
        return disk['fingerprint']

    def commit(self, client, top, base):
        """A commit without qblk."""
        names = [layer['node'] for layer in
                 self.execute(self.client, 'qblk-query-chains')['disks'][0]['layers']]
        client.execute('block-commit', {'job-id': 'raw', 'device': names[0],
                                        'top-node': names[top], 'base-node': names[base]})

    def test_a_change_by_another_client_is_seen(self):
        before = self.fingerprint()
        known = self.execute(self.client, 'qblk-subscribe')
        self.assertEqual(known, {'disks': [{'disk': 'vda', 'fingerprint': before}]})
        self.commit(self.connect(), 1, 2)
        change = self.wait_event(self.client, 'QBLK_CHAIN_CHANGED')
        self.assertEqual(change, {'disk': 'vda', 'old': before, 'new': self.fingerprint()})
        self.assertNotEqual(change['old'], change['new'])

    def test_a_job_of_another_monitor_is_seen(self):
        before = self.fingerprint()
        self.execute(self.client, 'qblk-subscribe')
        self.commit(self.process.qmp, 1, 2)
        change = self.wait_event(self.client, 'QBLK_CHAIN_CHANGED')
        self.assertEqual((change['old'], change['new']), (before, self.fingerprint()))

    def test_disks_come_and_go(self):
        self.execute(self.client, 'qblk-subscribe')
        full = self.connect()
        full.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'empty',
                                      'read-zeroes': True})
        full.execute('device_add', {'driver': 'virtio-blk-pci', 'id': 'vdb', 'drive': 'empty'})
        change = self.wait_event(self.client, 'QBLK_CHAIN_CHANGED', disk='vdb')
        self.assertIsNone(change['old'])
        self.assertIsNotNone(change['new'])

    def test_others_get_no_event(self):
        other = self.connect()
        self.execute(self.client, 'qblk-subscribe')
        self.commit(other, 1, 2)
        self.wait_event(self.client, 'QBLK_CHAIN_CHANGED')
        other.execute('query-status')
        seen = [event['event'] for event in other._events]  # pylint: disable=protected-access
        self.assertNotIn('QBLK_CHAIN_CHANGED', seen)


class Killed(TestCase):
    """The bridge is killed at each of these messages, and `qblk recover` on the monitor itself
    completes the operation or rolls it back."""

    points = brief.some((
        Point(None, LOST, 'block-commit'),
        Point(None, UNANSWERED, 'block-commit'),
        Point(None, RECEIVED, 'JOB_STATUS_CHANGE running'),
        Point(None, RECEIVED, 'JOB_STATUS_CHANGE ready'),
        Point(None, LOST, 'job-complete'),
        Point(None, UNANSWERED, 'job-complete'),
        Point(None, RECEIVED, 'JOB_STATUS_CHANGE concluded'),
        Point(None, UNANSWERED, 'job-dismiss'),
    ))

    def kill_bridge(self):
        self.bridge.kill()

    def test_recovery_ends_what_the_bridge_began(self):
        for point in self.points:
            with self.subTest(point=point):
                self.setUp()
                self.boot(data='1M')
                vm = os.path.join(self.directory, 'vm.sock')
                with FaultRelay(vm, self.process.socket, point, self.kill_bridge) as relay:
                    self.start_bridge(vm)
                    client = self.connect()
                    self.execute(client, 'qblk-commit', disk='vda', pivot=True)
                    self.bridge.process.wait()
                    self.assertTrue(relay.settled.wait(qblk.TIMEOUT))
                    self.assertTrue(relay.has_struck)
                self.assertEqual(len(self.journals()), 1)
                self.qblk('recover', self.process.socket)
                self.assertEqual(self.journals(), [])
                self.assert_no_jobs()
                top = self.open_files()[0]
                self.assertIn(top, [os.path.realpath(self.files[0]),
                                    os.path.realpath(self.files[3])])
                self.assert_same_content(top)

    def test_the_journal_leads_to_the_monitor(self):
        self.boot(data='4M')
        self.start_bridge()
        client = self.connect()
        self.execute(client, 'qblk-commit', disk='vda', pivot=True, **SLOW)
        self.wait_event(client, 'QBLK_OPERATION', state='running')
        with open(self.journals()[0], encoding='utf-8') as file:
            vm = json.loads(file.readline())['vm']
        self.assertEqual((vm['address'], vm['pid']), (self.process.socket, self.process.pid))
        self.bridge.kill()
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})
        self.qblk('recover')
        self.assert_no_jobs()
        self.assert_same_content(self.open_files()[0])

    def test_the_next_bridge_recovers(self):
        self.boot(data='4M')
        self.start_bridge()
        client = self.connect()
        self.execute(client, 'qblk-commit', disk='vda', top='vda[1]', **SLOW)
        self.wait_event(client, 'QBLK_OPERATION', state='running')
        self.bridge.kill()
        self.start_bridge()
        client = self.connect()
        error = self.refused(client, 'qblk-pull', disk='vda')
        self.assertIn('interrupted operations have to be recovered first', error['desc'])
        shown = self.execute(client, 'qblk-recover', dry_run=True)
        self.assertEqual([each['outcome'] for each in shown['operations']], ['would-complete'])
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})
        started = self.execute(client, 'qblk-recover')
        result = self.wait_end(client, started['operation'])
        self.assertEqual([each['outcome'] for each in result['recovery']['operations']],
                         ['completed'])
        self.assertEqual(self.journals(), [])
        self.bridge.stop()
        self.assert_no_jobs()
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()


if __name__ == '__main__':
    live.main()
