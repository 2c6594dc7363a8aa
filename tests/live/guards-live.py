#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A job is refused if it would crash this QEMU, or if its images belong to another QEMU of a
migration; no lock of QEMU itself is reported as one of another process."""

import os

import block_jobs
import images
import live
import qblk
import qemu
from topologies.model import Topology
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio

def crashes():
    """TRUE if this QEMU crashes when a node below copy-before-write is replaced and closed. 7.2 was
    seen to; 5.2, 10.0 and 11.1 were not."""
    return (6, 2) <= qemu.version() < (9, 1)


PIVOTS = (('commit', '--pivot'), ('commit', '--pivot', '--base', 'vda[1]'), ('copy', '--pivot'))


class CopyBeforeWrite(block_jobs.OneDisk):
    """A filter that a backup has left, with its target, and a node that reads what it saves."""

    def setUp(self):
        super().setUp()
        if qemu.version() < (6, 2):
            self.skipTest('this graph needs QEMU 6.2')

    def scratch(self):
        return blockdev(driver='qcow2', node_name='scratch', file=local(images.create(
            os.path.join(self.directory, 'scratch.qcow2'), size='64M')))

    def filter_over(self, node, name='cbw'):
        return blockdev(driver='copy-before-write', node_name=name, file=node, target='scratch')

    def boot_with_filter(self, above=(), device='cbw'):
        self.make(4)
        self.remember()
        self.run_qemu(named_chain(self.files) + self.scratch()
                      + self.filter_over(stem(self.files[0])) + list(above)
                      + virtio(device, id='vda'))

    def reader(self):
        """Backup programs export it."""
        self.process.qmp.execute('blockdev-add', {
            'driver': 'snapshot-access', 'node-name': 'reader', 'file': 'cbw'})

    def remove_filter(self, *refused):
        """As the message tells."""
        result = self.job(*refused, status=qblk.REFUSED)
        text = result.errors
        self.assertIn("filter 'cbw' (copy-before-write) above node 'disk-3'", text)
        self.remove_as_told(text)
        self.assertEqual(self.filters(), [])
        self.assertNotIn('cbw', self.nodes())

    def assert_pivoted(self, *command):
        """The disk has all data, also those that the guest writes now."""
        self.assert_no_jobs()
        top = self.open_files()[0]
        self.assertNotEqual(top, os.path.realpath(self.files[0]))
        self.assertEqual(command[0] == 'copy', top == os.path.realpath(self.copy_path()))
        self.guest_writes('2M')
        self.assert_same_content(top)

    def test_this_qemu_crashes_if_it_is_in_the_table(self):
        self.boot_with_filter()
        client = self.process.qmp
        client.execute('block-commit', {'job-id': 'j', 'device': 'cbw', 'auto-dismiss': False,
                                        'top-node': 'disk-3', 'base-node': 'disk-base'})
        self.wait_for(lambda: client.execute('query-jobs')[0]['status'] == 'ready')
        client.execute('job-complete', {'id': 'j'})
        try:
            self.wait_for(lambda: client.execute('query-jobs')[0]['status'] == 'concluded')
            client.execute('job-dismiss', {'id': 'j'})
            client.execute('blockdev-del', {'node-name': 'disk-3'})
            client.execute('query-version')
            died = False
        except ConnectionError:
            died = True
            self.assertIn('dirty_bitmaps', self.process.printed())
            self.process.kill()
        self.assertEqual(died, crashes())

    def test_a_pivot(self):
        for command in PIVOTS:
            with self.subTest(command=command):
                self.setUp()
                self.boot_with_filter()
                self.guest_writes('40M')
                if crashes():
                    self.refuse_job(*command, message='would crash this QEMU (')
                    self.remove_filter(*command)
                self.job(*command)
                self.assert_pivoted(*command)

    def test_a_reader_of_the_filter_is_removed_as_well(self):
        self.boot_with_filter()
        self.reader()
        if crashes():
            self.remove_filter('commit', '--pivot')
            self.assertNotIn('reader', self.nodes())
        else:
            self.process.qmp.execute('blockdev-del', {'node-name': 'reader'})
        self.job('commit', '--pivot')
        self.assert_pivoted('commit')

    def test_below_another_filter(self):
        limits = ['-object', 'throttle-group,id=limits,x-bps-total=1073741824']
        self.boot_with_filter(limits + blockdev(driver='throttle', node_name='limited',
                                                throttle_group='limits', file='cbw'), 'limited')
        if crashes():
            for command in PIVOTS:
                self.refuse_job(*command, message='remove the filter, or end the backup')
        else:
            self.job('commit', '--pivot')
            self.assert_pivoted('commit')

    def test_above_another_filter(self):
        self.make(4)
        self.remember()
        self.run_qemu(['-object', 'throttle-group,id=limits,x-bps-total=1073741824']
                      + named_chain(self.files) + self.scratch()
                      + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                                 file=stem(self.files[0]))
                      + self.filter_over('limited') + virtio('cbw', id='vda'))
        self.job('commit', '--pivot')
        self.assert_pivoted('commit')

    def test_what_does_not_replace_the_node(self):
        self.boot_with_filter()
        self.job('commit', '--top', 'vda[1]', '--base', 'vda[2]')
        self.job('commit', '--keep-overlay')
        self.job('copy', '--finish')
        self.job('pull')
        self.assert_files(self.files[0])
        self.assertEqual(self.filters(), ['copy-before-write'])
        self.guest_writes('2M')
        self.assert_same_content()

    def test_an_existing_job(self):
        for command in (('commit', '--active'), ('copy',)):
            with self.subTest(command=command):
                self.setUp()
                self.boot_with_filter()
                self.job(*command)
                if crashes():
                    result = self.job('job', '--pivot', status=qblk.REFUSED)
                    self.assertIn('would crash this QEMU (', result.errors)
                    self.job('job', '--abort')
                    self.assert_no_jobs()
                    self.assert_files(*self.files)
                    self.assert_same_content()
                else:
                    self.job('job', '--pivot')
                    self.assert_pivoted(*command)

    def test_between_two_layers(self):
        self.make(4)
        self.remember()
        top, upper, lower, base = self.files
        self.run_qemu(qcow2(base) + qcow2(lower, backing=stem(base))
                      + qcow2(upper, backing=stem(lower)) + self.scratch()
                      + self.filter_over(stem(upper)) + qcow2(top, backing='cbw')
                      + virtio(stem(top), id='vda'))
        inner = ('commit', '--top', 'vda[1]', '--base', 'vda[2]')
        if crashes():
            self.refuse_job(*inner, message="above node 'disk-2' would crash this QEMU (")
        self.job('copy', '--pivot')
        self.assert_pivoted('copy')

    def test_the_filter_of_a_backup_that_runs(self):
        self.boot(depth=3, data='4M')
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'backup', 'file': local(images.create(
                os.path.join(self.directory, 'backup.qcow2'), size='64M'))})
        self.process.qmp.execute('blockdev-backup', {
            'job-id': 'backup0', 'device': stem(self.files[0]), 'target': 'backup', 'sync': 'full',
            'speed': 65536})
        result = self.job('commit', '--pivot', status=qblk.REFUSED)
        self.assertIn("has a job already: 'backup0'", result.errors)
        self.process.qmp.execute('job-cancel', {'id': 'backup0'})
        self.wait_for(lambda: not self.process.qmp.execute('query-jobs'))
        self.job('commit', '--pivot')
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])


JOBS = (('commit', '--pivot'), ('commit', '--keep-overlay'), ('commit', '--active'),
        ('commit', '--top', 'vda[1]'), ('pull',), ('copy', '--pivot'), ('copy', '--finish'))


class Migration(block_jobs.OneDisk):
    """The images belong to the other QEMU. Nothing is changed while they do."""

    def start_source(self):
        self.make(3)
        self.remember()
        self.run_qemu(self.disk('blockdev'))
        self.process.qmp.execute('cont')

    def start_destination(self):
        home = self.enterContext(qemu.directory())  # two processes have different sockets
        self.process = self.enterContext(Topology(
            self.disk('blockdev') + ['-incoming', 'defer']).run(home, own_socket=True))

    def run_state(self):
        return self.process.qmp.execute('query-status')['status']

    def end_migration(self):
        self.wait_for(lambda: self.process.qmp.execute('query-migrate').get('status')
                      == 'completed' and self.run_state() not in ('inmigrate', 'finish-migrate'))

    def migrate(self, path):
        self.process.qmp.execute('migrate', {'uri': f'exec:cat > {path}'})
        self.end_migration()

    def receive(self, path, late):
        if late:
            self.process.qmp.execute('migrate-set-capabilities', {'capabilities': [
                {'capability': 'late-block-activate', 'state': True}]})
        self.process.qmp.execute('migrate-incoming', {'uri': f'exec:cat {path}'})
        self.end_migration()

    def refuse_all(self, message):
        for command in JOBS:
            with self.subTest(command=command):
                self.refuse_job(*command, message=message)

    def assert_works(self):
        """As before, when the images are those of this QEMU."""
        self.guest_writes('2M')
        self.job('commit', '--pivot')
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])

    def test_a_guest_that_waits_for_its_migration(self):
        self.make(3)
        self.run_qemu(self.disk('blockdev') + ['-incoming', 'defer'])
        self.assertEqual(self.run_state(), 'inmigrate')
        self.refuse_all("in run state 'inmigrate'")
        self.refuse('commit', self.process.socket, '--all-disks', '--pivot',
                    message="in run state 'inmigrate'")

    def test_a_guest_that_has_migrated_away(self):
        self.start_source()
        self.migrate('/dev/null')
        self.assertEqual(self.run_state(), 'postmigrate')
        self.refuse_all("in run state 'postmigrate'")
        self.process.qmp.execute('cont')
        self.assert_works()

    def arrive(self, late):
        """A guest that has migrated and does not run yet. The source has ended."""
        state = os.path.join(self.directory, 'state')
        self.start_source()
        self.process.qmp.execute('stop')
        self.migrate(state)
        self.process.quit()
        self.start_destination()
        self.receive(state, late)
        self.assertEqual(self.run_state(), 'paused')

    def test_a_guest_that_arrives_and_is_activated_late(self):
        self.arrive(late=True)
        self.refuse_all("in run state 'paused'")
        self.process.qmp.execute('cont')
        self.assert_works()

    def test_a_guest_that_arrives(self):
        """It has its images if it is not to be activated late; from 10.0 on it is always late."""
        self.arrive(late=False)
        if qemu.version() >= (10, 0):
            self.refuse_all("in run state 'paused': node 'disk-2' is inactive")
            self.process.qmp.execute('cont')
        self.assert_works()

    def test_a_reset_after_the_migration(self):
        """The run state is that of a guest which was never started."""
        self.start_source()
        self.migrate('/dev/null')
        self.process.qmp.execute('system_reset')
        self.wait_for(lambda: self.run_state() != 'postmigrate')
        self.assertEqual(self.run_state(), 'prelaunch')
        if qemu.version() >= (10, 0):
            self.refuse_all("in run state 'prelaunch': node 'disk-2' is inactive")
        else:  # older ones do not report it, and refuse the job themselves
            result = self.job('commit', '--pivot', status=qblk.JOB_FAILED)
            self.assertIn('read-only', result.errors)
            self.assert_files(*self.files)


class Locks(block_jobs.OneDisk):
    def test_qemu_itself_is_not_another_process(self):
        """It has no lock on the active image, by which it could be told from others."""
        self.make(3)
        self.remember()
        top, middle, base = self.files
        unlocked = {'driver': 'file', 'filename': top, 'locking': 'off'}
        self.run_qemu(named_chain([middle, base])
                      + blockdev(driver='qcow2', node_name='top', file=unlocked,
                                 backing=stem(middle)) + virtio('top', id='vda'))
        with block_jobs.lock_holder(base, '-r') as holder:
            text = self.job('commit', '--top', 'vda[1]', status=qblk.JOB_FAILED).errors
            self.assertIn(f'process {holder.pid} (', text)
            self.assertNotIn(f'process {self.process.pid} (', text)
        self.job('commit', '--top', 'vda[1]')
        self.assert_files(top, base)
        self.assert_same_content(top)


if __name__ == '__main__':
    live.main()
