# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk commit` on a running QEMU: the guest reads the same data before and after."""

import os
import shlex
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
from block_jobs import FILTERS, KINDS, SLOW, header
from topologies.options import blockdev, named_chain, qcow2, stem, virtio



class Inner(block_jobs.TestCase):
    def commit(self, *arguments, **options):
        return self.qblk('commit', self.process.socket, 'vda', *arguments, **options)

    def test_each_position_on_each_kind_of_disk(self):
        for kind in KINDS:
            for top, base in brief.some(((1, 2), (1, 3), (2, 3))):
                with self.subTest(kind=kind, top=top, base=base):
                    self.setUp()
                    self.boot(kind)
                    self.commit('--top', f'vda[{top}]', '--base', f'vda[{base}]')
                    left = self.files[:top] + self.files[base:]
                    self.assert_files(*left)
                    self.assert_no_jobs()
                    self.assert_closed(*self.files[top:base])
                    self.assertEqual(self.filters(), FILTERS.get(kind, []))
                    name, fmt = header(self.files[top - 1])
                    directory = os.path.dirname(self.files[0])
                    self.assertEqual(os.path.join(directory, name), self.files[base])
                    self.assertEqual(fmt, 'qcow2')
                    self.assert_same_content()

    def test_shallow_commits_one_layer_down(self):
        self.boot()
        self.commit('--top', 'vda[1]', '--shallow')
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_same_content()

    def test_without_a_base_it_commits_to_the_bottom(self):
        self.boot()
        self.commit('--top', 'vda[1]')
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()

    @brief.leave_out
    def test_layers_are_named_by_path_or_node(self):
        self.boot()
        self.commit('--top', self.files[1], '--base', 'node:' + stem(self.files[2]))
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_same_content()

    def test_keep_relative_keeps_a_relative_name(self):
        for kind in ('blockdev', 'drive'):
            with self.subTest(kind):
                self.setUp()
                self.boot(kind)
                self.commit('--top', 'vda[1]', '--base', 'vda[2]', '--keep-relative')
                self.assertEqual(header(self.files[0])[0], os.path.basename(self.files[2]))
                self.assert_same_content()

    @brief.leave_out
    def test_an_absolute_name_cannot_be_kept_relative(self):
        self.make(3)
        subprocess.run(qemu.program('qemu-img') + ['rebase', '-u', '-b', self.files[1], '-F',
                                                   'qcow2', self.files[0]], check=True)
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))
        self.refuse('commit', self.process.socket, 'vda', '--top', 'vda[1]', '--keep-relative',
                    message='not relative')

    @brief.leave_out
    def test_the_name_of_another_image_is_not_kept_relative(self):
        self.make(3)
        other = images.create(os.path.join(self.directory, 'other.qcow2'))
        subprocess.run(qemu.program('qemu-img') + ['rebase', '-u', '-b', os.path.basename(other),
                                                   '-F', 'qcow2', self.files[1]], check=True)
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))
        self.refuse('commit', self.process.socket, 'vda', '--top', 'vda[1]', '--keep-relative',
                    message='other.qcow2')

    def test_the_printed_command_repairs_a_header_that_names_another_file(self):
        """Another client has started the job with that name."""
        self.make(3)
        self.reference = block_jobs.copy_reference(3, self.directory)
        top, middle, base = self.files
        self.run_qemu(named_chain(self.files) + virtio(stem(top), id='vda'))
        self.process.qmp.execute('block-commit', {
            'job-id': 'job0', 'device': stem(top), 'top-node': stem(middle),
            'base-node': stem(base), 'backing-file': 'none.qcow2', 'auto-finalize': False,
            'auto-dismiss': False})
        result = self.qblk('job', self.process.socket, 'vda', '--wait', status=qblk.FAILED)
        command = result.errors.rpartition('run: ')[2].strip()
        self.process.quit()
        subprocess.run(shlex.join(qemu.program('qemu-img')) + command.removeprefix('qemu-img'),
                       shell=True, check=True)
        os.unlink(middle)
        self.assertEqual(header(top)[1], 'qcow2')
        self.assertEqual(os.path.join(self.directory, header(top)[0]), base)
        self.assert_same_content(top)

    def test_into_a_raw_base(self):
        self.boot_on_raw()
        self.commit('--top', 'vda[1]')
        self.assert_files(self.files[0], self.files[-1])
        self.assertEqual(header(self.files[0]), (self.files[-1], 'raw'))
        self.assert_same_content()

    def test_into_a_raw_base_that_has_no_raw_node(self):
        """QEMU before 9.0 writes the protocol as its format, unless it is told to mask it."""
        self.own_socket = True
        self.boot_on_raw(raw_node=False)
        self.commit('--top', 'vda[1]')
        self.assert_files(self.files[0], self.files[-1])
        stored = 'raw' if qemu.version() >= (9, 0) else 'file'
        self.assertEqual(header(self.files[0]), (self.files[-1], stored))
        self.assertEqual(self.qblk('check', self.process.socket).text, 'no differences\n')
        self.assert_same_content()

    def test_a_layer_with_a_data_file_is_closed_completely(self):
        self.make(2)
        data = os.path.join(self.directory, 'data.raw')
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=self.files[0],
                               options=[f'data_file={data}'])
        images.write(middle, pattern=8, offset='2M')
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        self.files = [top, middle, *self.files]
        self.remember()
        self.run_qemu(named_chain(self.files[2:])
                      + blockdev(driver='file', node_name='data', filename=data)
                      + qcow2(middle, backing=stem(self.files[2]), data_file='data')
                      + qcow2(top, backing='middle') + virtio('top', id='vda'))
        self.commit('--top', 'vda[1]', '--shallow')
        self.assert_closed(middle)
        self.assertNotIn('data', self.nodes())
        self.assert_same_content()

    def test_committed_data_survive_a_kill_of_qemu(self):
        """QEMU keeps metadata of a writable base in its memory until a flush."""
        self.make(2)
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=self.files[0])
        images.write(middle, pattern=8, offset='2M')
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        self.files = [top, middle, *self.files]
        self.remember()
        self.run_qemu(qcow2(self.files[3]) + qcow2(self.files[2], backing=stem(self.files[3]))
                      + qcow2(middle, backing=stem(self.files[2])) + qcow2(top, backing='middle')
                      + virtio('top', id='vda'))
        self.commit('--top', 'vda[1]', '--shallow')
        self.process.kill()
        self.assert_same_content()

    def test_while_the_guest_writes(self):
        self.boot(data='8M')
        running = self.begin('commit', self.process.socket, 'vda', '--top', 'vda[1]', *SLOW)
        self.guest_writes('40M')
        self.guest_writes('512k')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.finish(running, qblk.DONE)
        self.assert_files(self.files[0], self.files[3])
        self.assert_same_content()


class Active(block_jobs.TestCase):
    def test_pivot_for_each_kind_of_disk(self):
        for kind in KINDS:
            for base in brief.some((1, 2, 3)):
                with self.subTest(kind=kind, base=base):
                    self.setUp()
                    self.boot(kind)
                    self.qblk('commit', self.process.socket, 'vda', '--pivot', '--base',
                              f'vda[{base}]')
                    self.assert_files(*self.files[base:])
                    self.assert_no_jobs()
                    self.assert_closed(*self.files[:base])
                    self.assertEqual(self.filters(), FILTERS.get(kind, []))
                    self.assert_same_content(self.files[base])

    @brief.leave_out
    def test_a_disk_is_the_same_for_each_form_of_its_name(self):
        for target in ('system=disk-3', 'system=vda'):
            with self.subTest(target):
                self.setUp()
                self.boot()
                self.qblk('commit', self.process.socket, 'system', '--target', target, '--pivot')
                self.assert_files(self.files[3])

    def test_keep_overlay_makes_the_base_a_copy(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.setUp()
                self.boot(kind)
                self.qblk('commit', self.process.socket, 'vda', '--keep-overlay', '--shallow')
                self.assert_files(*self.files)
                self.assert_no_jobs()
                self.assertEqual(self.filters(), FILTERS.get(kind, []))
                self.assert_same_content()
                self.assert_same_content(self.files[1])

    def test_active_leaves_the_job_ready(self):
        self.boot()
        text = self.qblk('commit', self.process.socket, 'vda', '--active').text
        job, = self.process.qmp.execute('query-jobs')
        self.assertEqual(job['status'], 'ready')
        self.assertIn(job['id'], text)
        self.assertEqual(self.chain()['mirror']['ready'], True)
        self.refuse('commit', self.process.socket, 'vda', '--pivot', message=job['id'])
        self.process.qmp.execute('job-cancel', {'id': job['id']})
        self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'concluded'})
        self.process.qmp.execute('job-dismiss', {'id': job['id']})
        self.assert_same_content()

    def test_a_throttle_still_limits_after_the_pivot(self):
        self.boot('throttle')
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        limits = self.process.qmp.execute('qom-get', {'path': '/objects/limits',
                                                      'property': 'limits'})
        self.assertEqual(limits['bps-total'], 1 << 30)
        graph = live.Graph(self.process.qmp)
        self.assertIn(('limited', 'file', stem(self.files[3])), graph.edges)

    def test_while_the_guest_writes(self):
        self.boot(data='8M')
        running = self.begin('commit', self.process.socket, 'vda', '--pivot', *SLOW)
        self.guest_writes('40M')
        self.guest_writes('512k')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
        self.finish(running, qblk.DONE)
        self.assert_same_content(self.files[3])


@brief.leave_out
class Refused(block_jobs.TestCase):
    def test_invalid_combinations_on_the_chain(self):
        self.boot()
        for status, message, arguments in brief.some((
                (qblk.REFUSED, 'active layer', ()),
                (qblk.REFUSED, '--pivot', ('--top', 'vda[1]', '--pivot')),
                (qblk.REFUSED, 'same layer', ('--top', 'vda[2]', '--base', 'vda[2]')),
                (qblk.REFUSED, "'vda[3]' is below 'vda[2]'",
                 ('--top', 'vda[3]', '--base', 'vda[2]')),
                (qblk.REFUSED, 'is the bottom of its chain', ('--top', 'vda[3]')),
                (qblk.REFUSED, 'is the bottom of its chain', ('--top', 'vda[3]', '--shallow')),
                (qblk.REFUSED, '--keep-relative', ('--pivot', '--keep-relative')),
                (qblk.NOT_FOUND, 'vda[9]', ('--top', 'vda[9]')),
                (qblk.NOT_FOUND, 'vda[9]', ('--pivot', '--base', 'vda[9]')),
                (qblk.NOT_FOUND, '/no/such', ('--pivot', '--base', '/no/such')),
                (qblk.NOT_FOUND, 'nothing', ('--pivot', '--base', 'node:nothing')),
                (qblk.REFUSED, '0123456789abcdef', ('--pivot', '--expect', '0123456789abcdef')),
                (qblk.USAGE, '--pivot', ('--pivot', '--keep-overlay')),
                (qblk.USAGE, '--bandwidth', ('--pivot', '--bandwidth', '-1')),
                (qblk.USAGE, '--bandwidth', ('--pivot', '--bandwidth', '9223372036854775807')),
                (qblk.USAGE, '--time-limit', ('--pivot', '--time-limit', '-1')),
                (qblk.USAGE, '--bytes', ('--pivot', '--bytes')))):
            with self.subTest(arguments):
                self.refuse('commit', self.process.socket, 'vda', *arguments, status=status,
                            message=message.replace('vda[9]', 'no index 9'))

    def test_a_disk_that_does_not_exist(self):
        self.boot()
        self.refuse('commit', self.process.socket, 'vdb', status=qblk.NOT_FOUND, message='vdb')

    def test_a_dry_run_sends_nothing(self):
        self.boot()
        before = self.state()
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--dry-run')
        self.assertEqual(self.state(), before)

    def test_read_only_and_cdrom_and_empty(self):
        with self.running('read-only') as (_, process):
            for disk in ('vda',):
                self.qblk('commit', process.socket, disk, '--pivot', status=qblk.REFUSED)
        self.files = [images.raw(self.directory, 'cd.iso')]
        self.run_qemu(['-drive', f'if=ide,media=cdrom,file={self.files[0]},format=raw',
                       '-device', 'ide-cd,id=hdd,bus=ide.1,unit=1'])
        for disk in ('hda', 'hdd'):
            result = self.qblk('commit', self.process.socket, disk, status=qblk.REFUSED)
            self.assertRegex(result.errors, 'CD-ROM|empty')

    def test_a_layer_that_another_disk_uses(self):
        for name in ('shared-base', 'shared-base-file'):
            with self.subTest(name), self.running(name) as (_, process):
                result = self.qblk('commit', process.socket, 'vda', '--pivot',
                                   status=qblk.REFUSED)
                self.assertIn('also used by', result.errors)
                self.assertEqual(process.qmp.execute('query-jobs'), [])

    def test_a_chain_with_a_job(self):
        for name in brief.some(('commit-running', 'commit-middle-running', 'mirror-ready',
                                'stream-running', 'stream-pending')):
            with self.subTest(name), self.running(name) as (_, process):
                before = process.qmp.execute('query-jobs')
                self.qblk('commit', process.socket, 'vda', '--pivot', status=qblk.REFUSED)
                after = process.qmp.execute('query-jobs')
                self.assertEqual([job['id'] for job in after], [job['id'] for job in before])

    def test_a_guest_of_libvirt_without_force_managed(self):
        with self.running('libvirt-names') as (_, process):
            result = self.qblk('commit', process.socket, 'vda', '--pivot', status=qblk.REFUSED)
            self.assertIn('--force-managed', result.errors)

    def test_an_id_of_a_concluded_job(self):
        self.boot()
        copy = images.create(os.path.join(self.directory, 'copy.qcow2'))
        self.process.qmp.execute('blockdev-create', {
            'job-id': 'qblk-active-commit-vda',
            'options': {'driver': 'file', 'filename': copy, 'size': 0}})
        self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'concluded'})
        self.refuse('commit', self.process.socket, 'vda', '--pivot',
                    message='qblk-active-commit-vda')


@brief.leave_out
class MidJob(block_jobs.TestCase):
    ENDS = (('--top', 'vda[1]'), ('--pivot',), ('--keep-overlay',), ('--active',))

    def test_ctrl_c_cancels_the_job(self):
        self.interrupt_each('commit', self.ENDS)

    def test_a_time_limit_cancels_the_job(self):
        for end in brief.some(self.ENDS):
            with self.subTest(end):
                self.setUp()
                self.boot(data='4M')
                result = self.qblk('commit', self.process.socket, 'vda', *end, *SLOW,
                                   '--time-limit', '0.3', status=qblk.JOB_FAILED)
                self.assertIn('the time limit was reached', result.errors)
                self.assert_untouched()

    def test_qemu_is_killed(self):
        self.boot(data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--top', 'vda[1]', *SLOW)
        self.process.kill()
        text = self.finish(running, qblk.NO_CONNECTION)
        self.assertIn("job 'qblk-commit-vda'", text)
        self.assert_same_content()

    def test_a_second_client_waits_for_the_monitor(self):
        self.boot(data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--top', 'vda[1]', *SLOW)
        self.qblk('-t', '0.5', 'commit', self.process.socket, 'vda', '--pivot',
                  status=qblk.NO_CONNECTION)
        self.interrupt(running)
        self.assert_untouched()

    def test_a_job_that_another_client_cancels_is_reported(self):
        self.boot(data='4M')
        running = self.begin('commit', self.process.socket, 'vda', '--top', 'vda[1]', *SLOW)
        self.process.qmp.execute('job-cancel', {'id': 'qblk-commit-vda'})
        self.finish(running, qblk.JOB_FAILED)
        self.assert_untouched()


class Faults(block_jobs.TestCase):
    def test_a_full_file_system(self):
        mount = block_jobs.small_file_system(self, '2m')
        base = images.create(os.path.join(mount, 'base.qcow2'))
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=base)
        images.write(middle, pattern=3, length='8M', compressed=True)
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        self.files = [top, middle, base]
        self.remember()
        for end in (('--top', 'vda[1]'), ('--pivot',)):
            with self.subTest(end):
                self.run_qemu(named_chain(self.files) + virtio('top', id='vda'))
                result = self.qblk('commit', self.process.socket, 'vda', *end,
                                   status=qblk.JOB_FAILED)
                self.assertIn('No space left on device', result.errors)
                self.assertIn("the chain of 'vda' is unchanged", result.errors)
                self.assert_no_jobs()
                self.assert_files(*self.files)
                self.assert_same_content()

    def test_a_layer_that_cannot_be_read(self):
        self.boot_unreadable()
        result = self.qblk('commit', self.process.socket, 'vda', '--top', 'vda[1]',
                           status=qblk.JOB_FAILED)
        self.assertIn('Input/output error', result.errors)
        self.assert_no_jobs()
        self.assert_same_content()

    def test_a_base_that_another_process_has_locked(self):
        self.boot(depth=3)
        with block_jobs.lock_holder(self.files[2], '-r') as holder:
            result = self.qblk('commit', self.process.socket, 'vda', '--top', 'vda[1]',
                               status=qblk.JOB_FAILED)
            self.assertIn('lock', result.errors)
            self.assertIn(f'process {holder.pid} (', result.errors)
        self.assertIn('cannot start the job: QEMU refused', result.errors)
        self.assert_no_jobs()


if __name__ == '__main__':
    live.main()
