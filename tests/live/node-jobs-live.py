# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plan is refused if a layer that it needs has a job of another disk, or of no disk."""

import os

import block_jobs
import images
import live
import qblk
import qmp
from topologies.options import device, named_chain, qcow2, stem


class ForeignJobs(block_jobs.TestCase):
    """Disk vda shares its middle image 'disk-1' with an image that a job works on.  The device
    allows other writers, without which QEMU refuses most of these jobs by itself."""
    own_socket = True

    def boot_shared(self):
        self.make(4)
        self.remember()
        other = images.create(os.path.join(self.directory, 'other.qcow2'), backing=self.files[2])
        images.write(other, pattern=0, offset='8M', length='4M')  # as the guest of vda reads it
        self.run_qemu(named_chain(self.files) + qcow2(other, backing=stem(self.files[2]))
                      + device('virtio-blk-pci', drive=stem(self.files[0]), id='vda',
                               **{'share-rw': 'on'}))

    def begin_commit(self, **options):
        """A commit of another client, so slow that it does not end."""
        self.process.qmp.execute('block-commit', {
            'job-id': 'foreign', 'device': 'other', 'speed': 1, **options})

    def dest(self):
        return os.path.join(self.directory, 'copy.qcow2')

    def own_state(self):
        """What the job of the other client does not change."""
        return (self.nodes(), self.open_files(), self.jobs(),
                [self.bytes_of(path) for path in self.files[:2]], os.path.exists(self.dest()))

    def jobs(self):
        return [job['id'] for job in self.process.qmp.execute('query-jobs')]

    @staticmethod
    def bytes_of(path):
        with open(path, 'rb') as file:
            return file.read()

    def refuse_each(self, commands, what="node 'disk-1' of disk 'vda'"):
        for command, *options in commands:
            with self.subTest(command=command, options=options):
                before = self.own_state()
                result = self.qblk(command, self.process.socket, 'vda', *options,
                                   status=qblk.REFUSED)
                self.assertIn(f"{what} has a job already: 'foreign' (commit, running)",
                              result.errors)
                self.assertEqual(self.own_state(), before)

    def test_a_layer_that_a_commit_writes_to(self):
        self.boot_shared()
        self.begin_commit(**{'base-node': 'disk-1'})
        self.refuse_each([
            ('commit', '--top', 'vda[2]', '--base', 'vda[3]'),
            ('commit', '--top', 'vda[1]', '--base', 'vda[2]'),
            ('commit', '--top', 'vda[1]', '--base', 'vda[3]', '--dry-run'),
            ('pull', '--base', 'vda[2]'), ('pull',),
            ('copy', self.dest(), '--finish'), ('copy', self.dest(), '--shallow', '--pivot')])

    def test_a_layer_between_the_ends_of_a_commit(self):
        self.boot_shared()
        self.begin_commit(**{'top-node': 'disk-1', 'base-node': 'disk-base'})
        self.refuse_each([
            ('commit', '--top', 'vda[2]', '--base', 'vda[3]'),
            ('pull', '--base', 'vda[2]'), ('copy', self.dest(), '--pivot')],
            what="disk 'vda'")

    def test_the_guest_still_reads_its_data_and_other_layers_are_free(self):
        self.boot_shared()
        self.begin_commit(**{'base-node': 'disk-1'})
        self.refuse_each([('pull',)])
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--base', 'vda[1]')
        self.process.qmp.execute('block-job-cancel', {'device': 'foreign', 'force': True})
        self.wait_for(lambda: self.jobs() == [])
        self.qblk('pull', self.process.socket, 'vda')
        self.assert_files(self.files[1])
        self.assert_same_content(self.files[1])

    def test_qemu_itself_refuses_late_or_not_at_all(self):
        """What is refused would fail, or copy data that the other job changes."""
        self.boot_shared()
        self.begin_commit(**{'base-node': 'disk-1'})
        with self.assertRaises(qmp.QmpError):
            self.process.qmp.execute('block-stream', {
                'job-id': 'j', 'device': 'disk-3', 'base-node': 'disk-base'})
        target = images.create(self.dest(), '64M')
        self.process.qmp.execute('blockdev-add', {'driver': 'qcow2', 'node-name': 'target',
                                                  'file': {'driver': 'file', 'filename': target}})
        self.process.qmp.execute('blockdev-mirror', {
            'job-id': 'j', 'device': 'disk-3', 'target': 'target', 'sync': 'full'})


if __name__ == '__main__':
    live.main()
