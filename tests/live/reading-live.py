# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that read: the exact QMP commands that each of them sends to QEMU."""

import json
import os
import re

import brief
import live
import qblk
import relay

SAFE = re.compile(r'query-[a-z-]+|qblk-query-peer|qom-get|qom-list|'
                  r'x-debug-query-block-graph|qmp_capabilities')

# All commands but those of ELSE: two connect to no VM, one changes it, one serves others, and
# watch-live looks at what the last one sends
COMMANDS = (['list'], ['chain'], ['chain', 'vda'], ['xml'], ['xml', 'vda'], ['resolve', 'vda'],
            ['resolve', 'vda[1]'], ['graph'], ['graph', '--format', 'dot'],
            ['graph', '--format', 'svg'], ['graph', '--format', 'json'], ['capture'], ['check'],
            ['check', 'vda'], ['metrics'], ['jobs'], ['jobs', '--watch'], ['job', 'vda'],
            ['recover'], ['list', '--domain', 'DOMAIN'], ['check', '--domain', 'DOMAIN'],
            ['commit', 'vda', '--dry-run', '--shallow', '--active', '--pivot'],
            ['pull', 'vda', '--dry-run'], ['rebase', 'vda', 'vda[2]', '--dry-run'],
            ['copy', 'vda', '/d/copy', '--dry-run', '--pivot'],
            ['snapshot', 'vda', '--dry-run'], ['snapshot', '--all-disks', '--dry-run'],
            ['mend', '--dry-run'], ['mend', 'vda', '--dry-run'])
ELSE = {'source', 'vms', 'open-monitor', 'bridge', 'watch'}
JOB = (['list'], *(['list', '--edges', edges] for edges in ('blockstats', 'debug-graph')), ['jobs'],
       ['job', 'vda'], ['capture'])


class Reading(live.TestCase):
    def commands_of(self, topology, calls):
        """The names of the commands that reach QEMU during CALLS, and their arguments."""
        _, process = self.start(topology)
        path = os.path.join(self.directory, topology)
        domain = path + '.xml'
        with open(domain, 'wb') as file:
            file.write(self.qblk('xml', process.socket, 'vda').stdout)
        with relay.Recorder(path, process.socket) as recorder:
            for call in calls:
                words = [domain if word == 'DOMAIN' else word for word in call[1:]]
                result = qblk.run(call[0], path, *words)
                # Behind the recorder the files of QEMU are not known.
                status = qblk.FAILED if call[0] in ('check', 'mend') else qblk.DONE
                self.assertEqual(result.status, status, msg=str(result))
            lines = recorder.sent
        return [json.loads(line) for line in lines]

    @brief.leave_out
    def test_each_command_is_covered(self):
        text = self.qblk('help').text
        names = set(re.findall(r'^  ([\w-]+) ', text[text.index('Look:'):text.index('Help:')],
                               re.M))
        self.assertEqual(names, {command[0] for command in COMMANDS} | ELSE)

    def test_only_queries_and_the_handshake_are_sent(self):
        sent = self.commands_of('virtio-5-deep', COMMANDS)
        names = {message['execute'] for message in sent}
        self.assertLessEqual({'query-block', 'query-named-block-nodes', 'qom-get',
                              'qmp_capabilities'}, names)
        self.assertEqual([name for name in names if not SAFE.fullmatch(name)], [])

    def test_only_queries_are_sent_during_a_job_and_for_other_sources_of_edges(self):
        ends = {'commit-ready': ('--pivot', '--finish', '--abort', '--pause', '--wait'),
                'stream-pending': ('--abort', '--wait'), 'libvirt-aliases': ()}
        for topology, options in ends.items():
            calls = [*JOB, *(['job', 'vda', end, '--dry-run'] for end in options)]
            names = {message['execute'] for message in self.commands_of(topology, calls)}
            self.assertEqual([name for name in names if not SAFE.fullmatch(name)], [],
                             msg=topology)

    def test_nodes_are_queried_with_flat_only(self):
        for message in self.commands_of('virtio-5-deep', COMMANDS):
            if message['execute'] == 'query-named-block-nodes':
                self.assertEqual(message['arguments'], {'flat': True})


if __name__ == '__main__':
    live.main()
