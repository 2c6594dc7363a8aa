#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands between a crash and its recovery, and faults of the journal."""

import collections
import json
import os
import resource
import subprocess

import crash
import images
import live
import qblk
import qemu
from block_jobs import SLOW, TestCase, end
from fault_relay import LOST, RECEIVED, FaultRelay, Point

CHANGES = ('block-commit', 'block-stream', 'blockdev-', 'job-', 'block-job-', 'human-')


class LeftBehind(TestCase):
    """A job continues in QEMU after qblk was killed."""

    def leave(self, *arguments, **options):
        self.boot(depth=3, data='4M', **options)
        running = self.begin(arguments[0], self.process.socket, 'vda', *arguments[1:], *SLOW)
        running.kill()
        running.communicate()
        self.assertNotEqual(crash.journals(), [])

    def hurry(self):
        """Let the interrupted job complete."""
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})

    def tearDown(self):
        self.assertEqual(crash.journals(), [])

    def test_a_changing_command_first_completes_an_interrupted_operation(self):
        states = collections.Counter()
        copy = os.path.join(self.directory, 'copy.qcow2')
        for command in (('pull', 'vda'), ('commit', 'vda', '--pivot'),
                        ('copy', 'vda', copy, '--pivot')):
            with self.subTest(command[0]):
                self.setUp()
                self.leave('commit', '--top', 'vda[1]')
                self.hurry()
                left = crash.journals()
                errors = self.qblk(command[0], self.process.socket, *command[1:],
                                   status=qblk.REFUSED).errors
                self.assertIn("commit of 'vda', interrupted in stage 'started': would be", errors)
                self.assertEqual(crash.journals(), left)
                result = self.qblk(command[0], self.process.socket, *command[1:], '--recover')
                self.assertIn("commit of 'vda', interrupted in stage 'started': completed",
                              result.errors)
                self.assert_no_jobs()
                top, _, base = self.files
                self.assert_files({'pull': top, 'commit': base, 'copy': copy}[command[0]])
                states['finished first'] += 1
        crash.report('a command that changes a VM, after a crash', states)

    def test_a_reading_command_does_not_resume_it(self):
        self.leave('commit', '--top', 'vda[1]')
        left = crash.journals()
        for command in ('list', 'chain', 'jobs'):
            self.assertEqual(self.qblk(command, self.process.socket).errors, '')
        self.qblk('pull', self.process.socket, 'vda', '--dry-run', status=qblk.REFUSED)
        self.assertEqual(crash.journals(), left)
        self.hurry()
        self.qblk('recover', self.process.socket)
        crash.report('a command that reads, after a crash', {'left as it is': 4})

    def test_an_abort_does_not_complete_the_operation_first(self):
        device = '/machine/peripheral/vda/virtio-backend'
        for name in ('vda', 'qblk-pull-vda', device):
            with self.subTest(name):
                self.setUp()
                self.leave('pull')
                self.assertEqual(self.qblk('job', self.process.socket, name, '--abort').errors, '')
                self.assert_untouched()

    def test_a_cancelled_job_is_rolled_back(self):
        self.leave('pull')
        job = self.process.qmp.execute('query-jobs')[0]['id']
        self.process.qmp.execute('job-cancel', {'id': job})
        self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'id': job, 'status': 'concluded'})
        self.assertIn('rolled back', self.qblk('recover', self.process.socket).text)
        self.assert_untouched()


class Journal(crash.TestCase):
    """Each stage is on disk before its commands are sent."""

    kind = crash.KINDS[0]

    def test_without_a_journal_nothing_is_sent(self):
        states = collections.Counter()
        for kind in crash.KINDS:
            with self.subTest(kind.name), self.guest(kind) as relay:
                blocked = os.path.join(self.directory, 'file')
                with open(blocked, 'wb'):
                    pass
                result = self.qblk(*kind.arguments(self.vm, self.directory), '--state-dir',
                                   os.path.join(blocked, 'state'), status=qblk.FAILED)
                self.assertIn('--state-dir', result.errors)
                self.assertEqual([command for command in relay.commands()
                                  if command.startswith(CHANGES)], [])
                states['nothing sent'] += 1
        crash.report('there is no place for the journal', states)

    def test_a_second_qblk_on_one_disk_is_refused(self):
        """It uses a second monitor of the same QEMU, before the first qblk has sent anything."""
        others = []

        def second():
            others.append(qblk.run(*self.kind.arguments(self.other, self.directory)))

        second_monitor = ['-chardev', 'socket,id=more,path=more.sock,server=on,wait=off',
                          '-mon', 'chardev=more,mode=control']
        with self.guest(self.kind, Point(None, LOST, 'block-commit'), second, more=second_monitor):
            self.other = os.path.join(self.directory, 'other.sock')
            with FaultRelay(self.other, os.path.join(self.directory, 'more.sock')) as relay:
                self.start_qblk(self.kind)
                self.assertEqual(others[0].status, qblk.REFUSED, msg=str(others[0]))
                self.assertIn('another qblk process is working on this disk', others[0].errors)
                self.assertEqual([command for command in relay.commands()
                                  if command.startswith(CHANGES)], [])
                self.assert_no_jobs()
                self.assertEqual(crash.journals(), [])
        crash.report('two qblk on one disk', {'second refused': 1})


class Unread(crash.TestCase):
    def test_a_journal_without_a_chain_belongs_to_no_image(self):
        kind = crash.kind_of('pull')
        with self.guest(kind):
            end(self.begin(*kind.arguments(self.vm, self.directory), *SLOW))
            self.process.kill()
            name, = crash.journals()
            path = os.path.join(crash.journal_directory(), name)
            with open(path, encoding='utf-8') as file:
                header, *stages = file.readlines()
            header = json.loads(header)
            header['plan']['before'] = []
            with open(path, 'w', encoding='utf-8') as file:
                file.writelines([json.dumps(header) + '\n', *stages])
            text = self.qblk('recover', f'image:{self.files[0]}').text
            self.assertEqual(text, 'no interrupted operation is known for '
                             f"'{self.files[0]}'\n")
            output = self.qblk('recover', status=qblk.NO_CONNECTION).errors
            self.assertIn('qblk recover image:IMAGE', output)
            self.assertEqual(crash.journals(), [name])


class Mark(crash.TestCase):
    def test_a_mark_that_cannot_be_written_is_reported(self):
        """After the reply to the pivot, the names of the new marks beside the image and in the
        state directory are taken."""
        kind = crash.kind_of('commit --pivot')
        def strike():
            os.mkdir(self.files[0] + crash.MARK + '.new')
            with open(os.path.join(crash.journal_directory(), 'merged'), 'wb'):
                pass

        with self.guest(kind, Point(None, RECEIVED, 'answer to job-complete'), strike):
            status, output = self.start_qblk(kind)
            self.assertEqual(status, qblk.FAILED, msg=output)
            self.assertIn("the chain of 'vda' was changed as planned, but", output)
            self.assertIn(f"do not use '{self.files[0]}', its data", output)
            self.assertEqual(crash.journals(), [])
            self.assertEqual(self.chain_of('vda'), kind.after)
            self.process.kill()
            disk = self.arguments(kind)
            with qemu.Process(self.directory, disk) as self.process:
                output = self.qblk('commit', self.vm, 'vda', '--pivot', status=qblk.REFUSED).errors
                self.assertIn('may have been merged into', output)
            self.qblk('recover', f'image:{self.files[0]}', status=qblk.FAILED)
        crash.report('the mark cannot be made final', {'told': 1})


class Full(TestCase):
    def test_a_journal_that_cannot_be_written_rolls_the_job_back(self):
        states = collections.Counter()
        for options in (('commit', '--pivot'), ('pull',)):
            with self.subTest(options[0]):
                self.setUp()
                self.boot(depth=3, data='4M')
                running = self.begin(options[0], self.process.socket, 'vda', *options[1:], *SLOW,
                                     restore_signals=False)  # a reached limit is an error then
                size = os.path.getsize(os.path.join(crash.journal_directory(), crash.journals()[0]))
                resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (size, size))
                job = self.process.qmp.execute('query-jobs')[0]['id']
                self.process.qmp.execute('block-job-set-speed', {'device': job, 'speed': 0})
                text = self.finish(running, qblk.JOB_FAILED)
                self.assertIn('cannot write the journal', text)
                self.assertIn("the chain of 'vda' is unchanged", text)
                self.assertEqual(crash.journals(), [])
                self.assertEqual([name for name in os.listdir(self.directory)
                                  if crash.MARK in name],
                                 [])
                self.assert_untouched()
                states['before'] += 1
        crash.report('the place for the journal is full in mid-job', states)

    def test_a_full_destination_rolls_the_copy_back(self):
        place = os.path.join(self.directory, 'small')
        os.mkdir(place)
        mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place],
                               capture_output=True, text=True, check=False)
        if mount.returncode != 0:
            self.skipTest(mount.stderr)
        self.addCleanup(subprocess.run, ['umount', '-l', place], check=True)
        self.make(3)
        images.write(self.files[-1], offset='8M', length='4M', compressed=True)
        self.remember()
        self.run_qemu(self.disk('blockdev'))
        result = self.qblk('copy', self.process.socket, 'vda', os.path.join(place, 'copy.qcow2'),
                           '--pivot', status=qblk.JOB_FAILED)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assertEqual(crash.journals(), [])
        self.assert_untouched()
        crash.report('the place for a copy is full in mid-job', {'before': 1})


if __name__ == '__main__':
    live.main()
