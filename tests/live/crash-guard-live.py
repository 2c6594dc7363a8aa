# SPDX-License-Identifier: LGPL-2.1-or-later
"""A query that would crash this QEMU is not sent."""

import json

import live
import qblk
import qemu


class CrashGuard(live.TestCase):
    def test_a_concluded_stream_is_refused_and_qemu_lives(self):
        self.assert_refused('stream-concluded')

    def test_a_stream_that_may_conclude_at_any_moment_is_refused(self):
        self.assert_refused('stream-running-undismissed')

    def test_jobs_are_listed_anyway(self):
        _, process = self.start('stream-concluded')
        job = json.loads(self.qblk('--json', 'jobs', process.socket).stdout)['jobs'][0]
        self.assertEqual((job['id'], job['target'], job['state']), ('stream0', 'vda', 'concluded'))

    def assert_refused(self, name):
        _, process = self.start(name)
        broken = qemu.dies_of_node_queries(process.qmp.execute('query-version'))
        for command in ('list', 'chain', 'xml', 'graph'):
            with self.subTest(command):
                result = qblk.run(command, process.socket)
                process.qmp.execute('query-version')
                if broken:
                    self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
                    self.assertEqual(result.stdout, b'')
                    self.assertIn('stream0', result.errors)
                else:
                    self.assertEqual(result.status, qblk.DONE, msg=str(result))

    def test_after_the_dismissal_everything_is_read_again(self):
        _, process = self.start('stream-concluded')
        process.qmp.execute('job-dismiss', {'id': 'stream0'})
        self.assertEqual(self.resolve(process.socket, 'vda[1]'), 'disk-base')

    def test_a_pending_stream_can_be_read(self):
        _, process = self.start('stream-pending')
        self.assertEqual(self.resolve(process.socket, 'vda[2]'), 'disk-base')


if __name__ == '__main__':
    live.main()
