# SPDX-License-Identifier: LGPL-2.1-or-later
"""`--all-disks`: the jobs of all disks complete, or all are rolled back."""

import json
import os

import block_jobs
import images
import live
import qblk
from block_jobs import SLOW
from topologies.options import drive, virtio


class TestCase(block_jobs.TestCase):
    own_socket = True  # for --delete
    other = ()

    def boot_two(self, data='4M', other_base=None):
        """vda over self.files, vdb over self.other, and drives without a backing file."""
        self.make(3, data)
        self.remember()
        directory = os.path.join(self.directory, 'other')
        os.mkdir(directory)
        mine = self.files
        self.other = self.make(3, data, directory=directory)
        self.files = mine
        if other_base is not None:
            base = images.create(other_base)
            images.rebase(self.other[1], base)
            images.write(self.other[1], offset='8M', length='8M', compressed=True)
            self.other[2] = base
        single = images.create(os.path.join(self.directory, 'single.qcow2'))
        self.run_qemu(drive(self.files[0], id='a') + virtio('a', id='vda')
                      + drive(self.other[0], id='b') + virtio('b', id='vdb')
                      + drive(single, id='c') + virtio('c', id='vdc')
                      + ['-drive', 'if=ide,media=cdrom'])

    def chain_files(self, disk):
        chain, = json.loads(self.qblk('--json', 'chain', self.process.socket,
                                      disk).stdout)['chains']
        return [os.path.realpath(layer['file']) for layer in chain['layers']]

    def open_now(self):
        """The top images of vda and vdb, from QEMU and not through the monitor that qblk uses."""
        return [device['inserted']['file'] for device in self.process.qmp.execute('query-block')
                if device['device'] in ('a', 'b')]

    def states(self):
        return {job['id']: job['status'] for job in self.process.qmp.execute('query-jobs')}

    def hurry(self, job):
        self.process.qmp.execute('block-job-set-speed', {'device': job, 'speed': 0})

    def assert_both(self, first, second):
        self.assert_no_jobs()
        for disk, files in (('vda', first), ('vdb', second)):
            self.assertEqual(self.chain_files(disk), [os.path.realpath(path) for path in files])

    def assert_contents(self, first, second):
        self.assert_same_content(first)
        self.assert_same_content(second)  # both disks were created with the same data


class AllDisks(TestCase):
    def test_a_second_run_has_nothing_to_do(self):
        self.boot_two()
        for command in (('commit', '--pivot'), ('pull',)):
            self.qblk(command[0], self.process.socket, '--all-disks', *command[1:])
            again = self.qblk(command[0], self.process.socket, '--all-disks', *command[1:])
            self.assertEqual(again.text, 'nothing to do\n')
        output = json.loads(self.qblk('--json', 'pull', self.process.socket, '--all-disks').stdout)
        self.assertEqual(output['plans'], [])
        self.assertEqual({disk['target']: disk['reason'] for disk in output['skipped']},
                         {'vda': 'it has only one layer', 'vdb': 'it has only one layer',
                          'vdc': 'it has only one layer', 'hda': 'the drive is empty'})

    def test_commit(self):
        self.boot_two()
        result = self.qblk('commit', self.process.socket, '--all-disks', '--pivot')
        self.assertIn('vdc', result.errors)
        self.assertIn('one layer', result.errors)
        self.assertIn('drive is empty', result.errors)
        self.assert_both(self.files[2:], self.other[2:])
        self.assert_closed(*self.files[:2], *self.other[:2])
        self.assert_contents(self.files[2], self.other[2])

    def test_pull(self):
        self.boot_two()
        self.qblk('pull', self.process.socket, '--all-disks')
        self.assert_both(self.files[:1], self.other[:1])
        self.assert_closed(*self.files[1:], *self.other[1:])
        self.assert_contents(self.files[0], self.other[0])

    def test_with_delete(self):
        self.boot_two()
        self.qblk('commit', self.process.socket, '--all-disks', '--pivot', '--delete')
        for path in (*self.files, *self.other):
            self.assertEqual(os.path.exists(path), path in (self.files[2], self.other[2]))

    def test_invalid_combinations(self):
        self.boot_two()
        for options in (('vda', '--all-disks'), (), ('--all-disks', '--base', 'vda[1]')):
            self.qblk('commit', self.process.socket, '--pivot', *options, status=qblk.USAGE)
        # within the chain: without --pivot the active layers would be committed
        self.qblk('commit', self.process.socket, '--all-disks', status=qblk.REFUSED)


class Together(TestCase):
    """No chain is changed before all jobs are ready for it."""

    COMMANDS = ((('commit', '--pivot'), 'qblk-active-commit-', 'ready', 2),
                (('pull',), 'qblk-pull-', 'pending', 0))

    def begin_both(self, command):
        name, *rest = command
        running = self.begin(name, self.process.socket, '--all-disks', *rest, *SLOW)
        self.wait_for(lambda: len(self.states()) == 2)
        return running

    def test_the_fast_one_waits_for_the_slow_one(self):
        for command, job, waits, left in self.COMMANDS:
            for fast, slow in (('vda', 'vdb'), ('vdb', 'vda')):
                with self.subTest(command=command, fast=fast):
                    self.setUp()
                    self.boot_two()
                    running = self.begin_both(command)
                    self.hurry(job + fast)
                    self.wait_for(lambda: self.states()[job + fast] == waits)
                    self.assertEqual(self.states()[job + slow], 'running')
                    self.assertEqual(self.open_now(), [self.files[0], self.other[0]])
                    self.hurry(job + slow)
                    self.finish(running, qblk.DONE)
                    keep = slice(left, 3 if left else 1)
                    self.assert_both(self.files[keep], self.other[keep])
                    self.assert_contents(self.files[left], self.other[left])

    def test_an_interrupt_cancels_both(self):
        for command, job, waits, _ in self.COMMANDS:
            with self.subTest(command):
                self.setUp()
                self.boot_two()
                running = self.begin_both(command)
                self.hurry(job + 'vda')
                self.wait_for(lambda: self.states()[job + 'vda'] == waits)
                self.assertIn(': interrupted', self.interrupt(running))
                self.assert_both(self.files, self.other)
                self.assert_contents(self.files[0], self.other[0])

    def test_a_failed_job_cancels_the_other(self):
        mount = block_jobs.small_file_system(self, '2m')
        self.boot_two('256k', other_base=os.path.join(mount, 'base.qcow2'))
        result = self.qblk('commit', self.process.socket, '--all-disks', '--pivot',
                           status=qblk.JOB_FAILED)
        self.assertIn('No space left on device', result.errors)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assertIn("the chain of 'vdb' is unchanged", result.errors)
        self.assert_both(self.files, self.other)
        self.assert_same_content()

    def test_a_refused_job_cancels_the_other(self):
        self.boot_two()
        with block_jobs.lock_holder(self.other[2], '-r') as holder:
            result = self.qblk('commit', self.process.socket, '--all-disks', '--pivot',
                               status=qblk.JOB_FAILED)
            self.assertIn(f'process {holder.pid}', result.errors)
        self.assert_both(self.files, self.other)
        self.assert_same_content()

    def test_detached_jobs_are_reported_with_the_commands_that_end_them(self):
        self.boot_two()
        text = self.qblk('pull', self.process.socket, '--all-disks', *SLOW, '--detach').text
        for disk in ('vda', 'vdb'):
            self.assertIn(f'qblk job {self.process.socket} {disk} --wait', text)
            self.hurry(f'qblk-pull-{disk}')
            self.qblk('job', self.process.socket, disk, '--wait')
        self.assert_both(self.files[:1], self.other[:1])


if __name__ == '__main__':
    live.main()
