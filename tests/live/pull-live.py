# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk pull` on a running QEMU: the guest reads the same data before and after."""

import json
import os

import block_jobs
import brief
import images
import live
import qblk
import qemu
from block_jobs import FILTERS, KINDS, SLOW, header
from topologies.options import blockdev, named_chain, qcow2, stem, virtio



class Pull(block_jobs.TestCase):
    def pull(self, *arguments, **options):
        return self.qblk('pull', self.process.socket, 'vda', *arguments, **options)

    def test_pulled_data_survive_a_kill_of_qemu(self):
        for kind in ('blockdev', 'drive'):
            with self.subTest(kind):
                self.setUp()
                self.boot(kind, data='2M')
                self.qblk('pull', self.process.socket, 'vda')
                self.process.kill()
                self.assert_same_content()

    def test_each_base_on_each_kind_of_disk(self):
        for kind in KINDS:
            for base in (2, 3):
                with self.subTest(kind=kind, base=base):
                    self.setUp()
                    self.boot(kind)
                    self.pull('--base', f'vda[{base}]')
                    self.assert_files(self.files[0], *self.files[base:])
                    self.assert_no_jobs()
                    self.assert_closed(*self.files[1:base])
                    self.assertEqual(self.filters(), FILTERS.get(kind, []))
                    self.assertEqual(header(self.files[0]),
                                     (os.path.basename(self.files[base]), 'qcow2'))
                    self.assert_same_content()

    def test_without_a_base_the_active_layer_has_no_backing_file(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.setUp()
                self.boot(kind)
                self.pull()
                self.assert_files(self.files[0])
                self.assert_no_jobs()
                self.assert_closed(*self.files[1:])
                self.assertEqual(self.filters(), FILTERS.get(kind, []))
                self.assertEqual(header(self.files[0]), (None, None))
                self.assert_same_content()

    def test_keep_relative_keeps_a_relative_name(self):
        for kind in ('blockdev', 'drive'):
            with self.subTest(kind):
                self.setUp()
                self.boot(kind)
                self.pull('--base', 'vda[2]', '--keep-relative')
                self.assertEqual(header(self.files[0])[0], os.path.basename(self.files[2]))
                self.assert_same_content()

    def test_onto_a_raw_base(self):
        self.boot_on_raw()
        self.pull('--base', 'vda[2]')
        self.assert_files(self.files[0], self.files[-1])
        self.assertEqual(header(self.files[0]), (self.files[-1], 'raw'))
        self.assert_same_content()

    def test_from_a_network_base(self):
        export = images.create(os.path.join(self.directory, 'export.qcow2'))
        images.write(export, pattern=5)
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=export)
        images.write(top, pattern=6, offset='1M')
        self.files = [top]
        self.remember()
        socket = os.path.join(self.directory, 'nbd.sock')
        self.enterContext(qemu.nbd_server(socket, export))
        self.run_qemu(blockdev(driver='nbd', node_name='net', read_only=True,
                               server={'type': 'unix', 'path': socket})
                      + qcow2(top, backing='net') + virtio('top', id='vda'))
        self.pull()
        self.assert_files(top)
        self.assertNotIn('net', self.nodes())
        self.assert_same_content()

    def test_a_layer_of_another_disk_stays_open_and_is_not_reported_as_unused(self):
        self.make(2)
        other = images.create(os.path.join(self.directory, 'other.qcow2'), backing=self.files[1])
        self.remember()
        self.run_qemu(named_chain(self.files) + qcow2(other, backing=stem(self.files[1]))
                      + virtio(stem(self.files[0]), id='vda') + virtio('other', id='vdb'))
        text = self.pull().text
        self.assertNotIn(self.files[1], text)
        self.assert_files(self.files[0])
        self.assertIn(stem(self.files[1]), self.nodes())
        self.assert_same_content()

    def test_while_the_guest_writes(self):
        self.boot(data='8M')
        running = self.begin('pull', self.process.socket, 'vda', *SLOW)
        self.guest_writes('40M')
        self.guest_writes('512k')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.finish(running, qblk.DONE)
        self.assert_files(self.files[0])
        self.assert_same_content()

    def test_json_lists_the_files_that_are_no_longer_in_use(self):
        self.boot()
        plan, = json.loads(self.qblk('--json', 'pull', self.process.socket,
                                     'vda').stdout)['plans']
        self.assertEqual((plan['state'], plan['next']), ('done', []))
        self.assertEqual([file['file'] for file in plan['removed']], self.files[1:])


@brief.leave_out
class Refused(block_jobs.TestCase):
    def test_invalid_combinations_on_the_chain(self):
        self.boot(depth=3)
        for status, message, arguments in (
                (qblk.REFUSED, 'same layer', ('--base', 'vda')),
                (qblk.REFUSED, 'nothing to pull', ('--base', 'vda[1]')),
                (qblk.REFUSED, '--keep-relative', ('--keep-relative',)),
                (qblk.NOT_FOUND, 'no index 9', ('--base', 'vda[9]')),
                (qblk.NOT_FOUND, '/no/such', ('--base', '/no/such')),
                (qblk.REFUSED, '0123456789abcdef', ('--expect', '0123456789abcdef')),
                (qblk.USAGE, '--bandwidth', ('--bandwidth', '-1'))):
            with self.subTest(arguments):
                self.refuse('pull', self.process.socket, 'vda', *arguments, status=status,
                            message=message)

    def test_a_disk_without_backing(self):
        self.boot(depth=1)
        self.refuse('pull', self.process.socket, 'vda', message='nothing to pull')

    def test_a_chain_with_a_job(self):
        for name in brief.some(('commit-running', 'stream-running', 'stream-pending',
                                'stream-concluded')):
            with self.subTest(name), self.running(name) as (_, process):
                self.qblk('pull', process.socket, 'vda', status=qblk.REFUSED)
                self.assertEqual(len(process.qmp.execute('query-jobs')), 1)


@brief.leave_out
class MidJob(block_jobs.TestCase):
    ENDS = ((), ('--base', 'vda[2]'))

    def test_ctrl_c_cancels_the_job(self):
        self.interrupt_each('pull', self.ENDS)

    def test_a_time_limit_cancels_the_job(self):
        self.boot(data='4M')
        result = self.qblk('pull', self.process.socket, 'vda', *SLOW, '--time-limit', '0.3',
                           status=qblk.JOB_FAILED)
        self.assertIn('the time limit was reached', result.errors)
        self.assert_untouched()

    def test_qemu_is_killed(self):
        self.boot(data='4M')
        running = self.begin('pull', self.process.socket, 'vda', *SLOW)
        self.process.kill()
        self.assertIn("job 'qblk-pull-vda'", self.finish(running, qblk.NO_CONNECTION))
        self.assert_same_content()


class Faults(block_jobs.TestCase):
    def test_a_full_file_system(self):
        mount = block_jobs.small_file_system(self, '2m')
        self.make(2)
        images.write(self.files[1], offset='8M', length='8M', compressed=True)
        top = images.create(os.path.join(mount, 'top.qcow2'), backing=self.files[0])
        self.files = [top, *self.files]
        self.remember()
        self.run_qemu(named_chain(self.files) + virtio('top', id='vda'))
        result = self.qblk('pull', self.process.socket, 'vda', status=qblk.JOB_FAILED)
        self.assertIn('No space left on device', result.errors)
        self.assertIn("the chain of 'vda' is unchanged", result.errors)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assert_same_content()

    def test_a_layer_that_cannot_be_read(self):
        self.boot_unreadable()
        result = self.qblk('pull', self.process.socket, 'vda', status=qblk.JOB_FAILED)
        self.assertIn('failed: read error: Input/output error', result.errors)
        self.assert_no_jobs()
        self.assert_same_content()


if __name__ == '__main__':
    live.main()
