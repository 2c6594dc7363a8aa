# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk jobs`: jobs in each of their states."""

import live


class Jobs(live.TestCase):
    def jobs(self, name):
        _, process = self.share(name)
        return self.qblk('jobs', process.socket).text

    def assert_job(self, name, *words):
        text = self.jobs(name)
        for word in ('vda', *words):
            self.assertIn(word, text)

    def test_each_is_shown_with_its_disk_kind_and_state(self):
        for name, words in {'commit-running': ('commit', 'running'),
                            'commit-ready': ('commit', 'ready'),
                            'commit-ready-drive': ('commit', 'ready'),
                            'commit-middle-running': ('commit', 'running'),
                            'mirror-running': ('running',),
                            'mirror-ready': ('ready',),
                            'stream-running': ('running',),
                            'stream-pending': ('pending',)}.items():
            with self.subTest(name):
                self.assert_job(name, *words)

    def test_a_guest_without_jobs_shows_an_empty_table(self):
        self.assertNotIn('vda', self.jobs('virtio-5-deep'))

    def test_a_job_shows_in_the_list_of_disks(self):
        _, process = self.share('commit-running')
        self.assertIn('commit', self.qblk('list', process.socket).text)


if __name__ == '__main__':
    live.main()
