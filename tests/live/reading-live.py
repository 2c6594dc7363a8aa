# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading harms no guest: what every reading command sends to QEMU, word for word."""

import json
import os
import re

import live
import relay

SAFE = re.compile(r'query-[a-z-]+|qom-get|qom-list|x-debug-query-block-graph|qmp_capabilities')

COMMANDS = (['list'], ['chain'], ['chain', 'vda'], ['xml'], ['xml', 'vda'], ['resolve', 'vda'],
            ['resolve', 'vda[1]'], ['graph'], ['graph', '--format', 'dot'],
            ['graph', '--format', 'svg'], ['graph', '--format', 'json'], ['capture'], ['check'],
            ['check', 'vda'], ['jobs'],
            ['commit', 'vda', '--dry-run', '--shallow', '--active', '--pivot'],
            ['pull', 'vda', '--dry-run'])
EDGES = ([], ['--edges', 'blockstats'], ['--edges', 'debug-graph'])


class Reading(live.TestCase):
    def commands_of(self, topology, calls):
        """The names of the commands that reach QEMU during CALLS, and their arguments."""
        _, process = self.start(topology)
        path = os.path.join(self.folder, topology)
        with relay.Recorder(path, process.socket) as recorder:
            for call in calls:
                self.qblk(call[0], path, *call[1:])
            lines = recorder.sent
        return [json.loads(line) for line in lines]

    def test_nothing_is_sent_but_queries_and_the_handshake(self):
        sent = self.commands_of('virtio-5-deep', COMMANDS)
        names = {message['execute'] for message in sent}
        self.assertLessEqual({'query-block', 'query-named-block-nodes', 'qom-get',
                              'qmp_capabilities'}, names)
        self.assertEqual([name for name in names if not SAFE.fullmatch(name)], [])

    def test_nor_while_a_job_runs_or_edges_come_from_elsewhere(self):
        for topology in ('commit-ready', 'stream-pending', 'libvirt-aliases'):
            calls = [[command, *options] for command in ('list', 'jobs', 'capture')
                     for options in (EDGES if command == 'list' else EDGES[:1])]
            names = {message['execute'] for message in self.commands_of(topology, calls)}
            self.assertEqual([name for name in names if not SAFE.fullmatch(name)], [],
                             msg=topology)

    def test_nodes_are_asked_for_flat_only(self):
        for message in self.commands_of('virtio-5-deep', COMMANDS):
            if message['execute'] == 'query-named-block-nodes':
                self.assertEqual(message['arguments'], {'flat': True})


if __name__ == '__main__':
    live.main()
