# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong command lines: exit status 2, a message, and nothing on stdout; and output that cannot be
written."""

import os
import subprocess

import block_jobs
import live
import qblk


class Usage(live.TestCase):
    def test_a_wrong_command_line_is_exit_2(self):
        for arguments in ((), ('no-such-command', '/run/vm.sock'), ('chain',), ('resolve',),
                          ('resolve', '/run/vm.sock'), ('--no-such-option', 'list', '/run/vm.sock'),
                          ('list', 'nonsense:'), ('list', 'tcp:localhost'),
                          ('list', 'tcp:localhost:99999'), ('list', 'fd:x'), ('list', 'fd:-1'),
                          ('--connect-timeout', 'soon', 'list', '/run/vm.sock'),
                          ('graph', '/run/vm.sock', '--format', 'painting')):
            with self.subTest(arguments):
                self.qblk(*arguments, status=qblk.USAGE)

    def test_a_wrong_command_line_is_reported_before_a_connection(self):
        self.qblk('graph', '/no/such.sock', '--format', 'painting', status=qblk.USAGE)

    def test_help_and_version_are_results(self):
        for words in (('--help',), ('--version',), ('-V',), ('help',), ('help', 'blockcommit'),
                      ('commit', '--help')):
            self.assertNotEqual(self.qblk(*words).stdout, b'')
            with open('/dev/full', 'wb') as full:
                self.assertEqual(qblk.status_with_stdout(*words, stdout=full), qblk.FAILED)

    def test_an_option_without_argument_takes_none(self):
        _, process = self.start('virtio-5-deep')
        before = self.qblk('chain', process.socket).stdout
        for words in (('commit', process.socket, 'vda', '--dry-run=no', '--pivot'),
                      ('commit', process.socket, 'vda', '--delete=no', '--pivot'),
                      ('commit', process.socket, 'vda', '--pivot=no'),
                      ('--json=no', 'chain', process.socket)):
            with self.subTest(words):
                errors = self.qblk(*words, status=qblk.USAGE).errors
                self.assertIn('takes no argument', errors)
        self.assertEqual(self.qblk('chain', process.socket).stdout, before)

    def test_a_short_option_has_its_argument_in_the_same_word(self):
        _, process = self.start('virtio-5-deep')
        self.assertEqual(self.qblk('-t1', 'list', process.socket).stdout,
                         self.qblk('list', process.socket, '-vt1').stdout)


class Failure(live.TestCase):
    def test_json_output_is_empty_on_failure_too(self):
        _, process = self.start('virtio-5-deep')
        self.qblk('--json', 'resolve', process.socket, 'vda[99]', status=qblk.NOT_FOUND)

    def test_a_full_stdout_is_a_failure(self):
        _, process = self.start('virtio-5-deep')
        with open('/dev/full', 'wb') as full:
            self.assertEqual(qblk.status_with_stdout('list', process.socket, stdout=full),
                             qblk.FAILED)


class Journal(block_jobs.TestCase):
    def test_without_a_writable_state_directory_nothing_is_done(self):
        self.boot()
        mount = block_jobs.small_file_system(self, '1M')
        subprocess.run(['mount', '-o', 'remount,ro', mount], check=True)
        for directory in (mount, os.path.join(mount, 'state')):
            with self.subTest(directory):
                self.refuse('pull', self.process.socket, 'vda', '--state-dir', directory,
                            status=qblk.FAILED, message='Read-only file system')


if __name__ == '__main__':
    live.main()
