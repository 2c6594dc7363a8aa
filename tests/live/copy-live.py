# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk copy` on a running QEMU: the copy has the guest's data, and no image stays open."""

import hashlib
import itertools
import os
import shutil
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
from block_jobs import FILTERS, KINDS, SLOW, header
from topologies.options import blockdev, drive, local, named_chain, qcow2, stem, virtio



def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).digest()


class TestCase(block_jobs.TestCase):
    @property
    def dest(self):
        return os.path.join(self.directory, 'copy.img')

    def copy(self, *arguments, dest=None, **options):
        return self.qblk('copy', self.process.socket, 'vda', self.dest if dest is None else dest,
                         *arguments, **options)

    def job(self, *arguments, **options):
        return self.qblk('job', self.process.socket, 'vda', *arguments, **options)

    def refuse_copy(self, *arguments, dest=None, **options):
        self.refuse('copy', self.process.socket, 'vda', self.dest if dest is None else dest,
                    *arguments, **options)

    def our_nodes(self):
        return sorted(name for name in self.nodes() if name.startswith('qblk-'))

    def assert_cancelled(self):
        """Of a cancelled copy only its file may exist."""
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual(self.our_nodes(), [])
        if os.path.exists(self.dest):
            self.assert_closed(self.dest)


class EachKind(TestCase):
    def each(self, kinds, shallow, check):
        """Call CHECK for each of KINDS of disk, with the options and the layers below the copy."""
        for kind in kinds:
            with self.subTest(kind=kind, shallow=shallow):
                self.setUp()
                self.boot(kind)
                below = self.files[1:] if shallow else []
                check(['--shallow'] if shallow else [], below)
                self.assert_no_jobs()
                self.assertEqual(self.filters(), FILTERS.get(kind, []))
                self.assertEqual(header(self.dest),
                                 (self.files[1], 'qcow2') if shallow else (None, None))
                self.assert_same_content(self.dest)

    def assert_pivoted(self, below):
        self.assert_files(self.dest, *below)
        self.assert_closed(*[path for path in self.files if path not in below])
        self.guest_writes('50M')

    def test_pivot_switches_the_guest_to_the_copy(self):
        def check(shallow, below):
            self.copy(*shallow, '--pivot')
            self.assert_pivoted(below)
        self.each(KINDS, False, check)
        self.each(KINDS, True, check)

    def test_finish_keeps_the_guest_on_the_source(self):
        def check(shallow, _):
            text = self.copy(*shallow, '--finish').text
            self.assertIn(self.dest, text)
            self.assert_files(*self.files)
            self.assertEqual(self.our_nodes(), [])
            self.assert_closed(self.dest)
        self.each(KINDS, False, check)
        self.each(('drive', 'cor'), True, check)

    def test_neither_leaves_the_job_ready(self):
        def check(shallow, below):
            text = self.copy(*shallow).text
            self.assertIn(f'qblk job {self.process.socket} vda --pivot', text)
            job, = self.process.qmp.execute('query-jobs')
            self.assertEqual(job['status'], 'ready')
            self.assertEqual(self.chain()['mirror']['ready'], True)
            self.refuse_copy(dest=self.dest + '2', message=job['id'])
            self.job('--pivot')
            self.assert_pivoted(below)
        self.each(brief.some(('anonymous', 'drive-throttle', 'both')), False, check)
        self.each(('blockdev', 'cor'), True, check)


class Formats(TestCase):
    def test_raw_qcow2_and_qed(self):
        for fmt, end in brief.some(tuple(itertools.product(('raw', 'qcow2', 'qed'),
                                                           ('--finish', '--pivot')))):
            with self.subTest(fmt=fmt, end=end):
                self.setUp()
                self.boot()
                self.copy('--format', fmt, end)
                info = block_jobs.image_info(self.dest)
                self.assertEqual((info['format'], info['virtual-size']), (fmt, 64 << 20))
                self.assertEqual(self.chain()['layers'][0]['format'],
                                 fmt if end == '--pivot' else 'qcow2')
                self.assert_same_content(self.dest)

    def test_qed_over_the_same_base(self):
        self.boot()
        self.copy('--format', 'qed', '--shallow', '--pivot')
        self.assert_files(self.dest, *self.files[1:])
        self.assertEqual(header(self.dest), (self.files[1], None))  # qed stores no format
        self.assert_same_content(self.dest)

    @brief.leave_out
    def test_an_invalid_format(self):
        self.boot()
        self.refuse_copy('--format', 'vmdk', message='--reuse-external')
        self.refuse_copy('--format', 'raw', '--shallow', message='raw')
        self.refuse_copy('--format', 'nonsense', message='nonsense')
        self.assertFalse(os.path.exists(self.dest))

    @brief.leave_out
    def test_an_odd_size(self):
        """A qcow2 image can end within a cluster, a raw image within a block of 64 KiB."""
        for fmt in ('raw', 'qcow2'):
            with self.subTest(fmt):
                self.setUp()
                path = images.create(os.path.join(self.directory, 'odd.qcow2'), size='1049088')
                images.write(path, pattern=5, offset=1048576, length=512)
                self.files = [path]
                self.remember()
                self.run_qemu(named_chain(self.files) + virtio('odd', id='vda'))
                self.copy('--format', fmt, '--pivot')
                self.assert_files(self.dest)
                self.assert_same_content(self.dest)


@brief.leave_out
class Place(TestCase):
    def test_a_layer_of_the_chain_cannot_be_the_destination(self):
        self.boot()
        link, hard = (os.path.join(self.directory, name) for name in ('link', 'hard'))
        os.symlink(self.files[2], link)
        os.link(self.files[2], hard)
        for dest in brief.some((*self.files, link, hard)):
            for options in ((), ('--reuse-external',), ('--reuse-external', '--shallow')):
                with self.subTest(dest=os.path.basename(dest), options=options):
                    self.refuse_copy(*options, '--pivot', dest=dest)

    def test_a_layer_of_another_disk_cannot_be_the_destination(self):
        self.make()
        other = images.create(os.path.join(self.directory, 'other.qcow2'))
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda')
                      + drive(other, id='vdb') + virtio('vdb', id='vdb'))
        self.refuse_copy('--reuse-external', dest=other, message='already open in QEMU')

    def test_a_relative_path_is_relative_to_the_directory_of_qblk(self):
        self.boot()
        directory = os.path.join(self.directory, 'sub')
        os.mkdir(directory)
        self.copy('--pivot', dest='copy.qcow2', cwd=directory)
        self.assert_files(os.path.join(directory, 'copy.qcow2'))
        self.assert_same_content(os.path.join(directory, 'copy.qcow2'))

    def test_a_relative_path_of_a_layer_is_refused(self):
        self.boot()
        before = self.state()
        self.copy('--reuse-external', dest='./' + os.path.basename(self.files[1]),
                  cwd=self.directory, status=qblk.REFUSED)
        self.assertEqual(self.state(), before)

    def test_an_existing_network_image_is_not_overwritten(self):
        """qblk cannot see what exists there, and QEMU would truncate it."""
        self.boot(tcp=True)
        vm = f'tcp:{self.process.tcp}'
        images.create(self.dest, '64M')
        images.write(self.dest, pattern=5)
        with open(self.dest, 'rb') as file:
            before = file.read()
        self.refuse('copy', vm, 'vda', self.dest, '--pivot', message='--reuse-external')
        with open(self.dest, 'rb') as file:
            self.assertEqual(file.read(), before)
        self.qblk('copy', vm, 'vda', self.dest, '--pivot', '--reuse-external')
        self.assert_same_content(self.dest)

    def test_an_existing_file_is_not_overwritten(self):
        self.boot()
        with open(self.dest, 'wb') as file:
            file.write(b'precious')
        self.refuse_copy('--pivot', message="not an image of format 'qcow2': use another name")
        self.refuse_copy('--format', 'raw', '--pivot', message='--reuse-external')
        with open(self.dest, 'rb') as file:
            self.assertEqual(file.read(), b'precious')
        images.create(self.dest, '64M')
        self.refuse_copy('--pivot', message='use another name, or --reuse-external')

    def test_a_destination_that_is_not_a_file(self):
        self.boot()
        self.refuse_copy(dest=self.directory, message='neither a file nor a block device')
        self.refuse_copy(dest='/dev/null', message='neither a file nor a block device')
        self.refuse_copy('--blockdev', message='does not exist')
        self.refuse_copy('--reuse-external', message='does not exist')
        self.refuse_copy(dest='', status=qblk.USAGE)

    def test_a_missing_directory(self):
        self.boot()
        result = self.copy('--pivot', dest=os.path.join(self.directory, 'no', 'copy'),
                           status=qblk.JOB_FAILED)
        self.assertIn('No such file or directory', result.errors)
        self.assertNotIn('is incomplete', result.errors)
        self.assert_cancelled()
        self.assert_same_content()

    def test_twice_in_a_row(self):
        self.boot()
        second = os.path.join(self.directory, 'second.img')
        for dest in (self.dest, second, os.path.join(self.directory, 'third.img')):
            self.copy('--pivot', dest=dest)
            self.assert_files(dest)
            self.assertEqual(len(self.our_nodes()), 2)
        self.assert_closed(self.dest, second, *self.files)
        self.assert_same_content(dest)

    def test_an_odd_name(self):
        self.boot()
        dest = os.path.join(self.directory, 'a "copy", of: it=%s\\ é.img')
        self.copy('--pivot', dest=dest)
        self.assert_files(dest)
        shutil.copy(dest, self.dest)  # qemu-img would parse a protocol from the name
        self.assert_same_content(self.dest)


@brief.leave_out
class Reused(TestCase):
    def make_dest(self, size='64M', fmt='qcow2', **options):
        return images.create(self.dest, size=size, fmt=fmt, **options)

    def test_full(self):
        for fmt in brief.some(('raw', 'qcow2', 'vmdk')):
            with self.subTest(fmt):
                self.setUp()
                self.boot()
                self.make_dest(fmt=fmt)
                self.copy('--reuse-external', '--format', fmt, '--pivot')
                self.assertEqual(self.chain()['layers'][0]['format'], fmt)
                self.assert_files(self.dest)
                self.assert_closed(*self.files)
                self.assert_same_content(self.dest)

    def test_the_old_content_of_the_destination_is_discarded(self):
        self.boot()
        self.make_dest()
        images.write(self.dest, pattern=0xee, length='64M')
        self.copy('--reuse-external', '--pivot')
        self.assert_same_content(self.dest)

    def test_shallow_over_the_same_base(self):
        self.boot()
        self.make_dest(backing=os.path.basename(self.files[1]))
        self.copy('--reuse-external', '--shallow', '--pivot')
        self.assert_files(self.dest, *self.files[1:])
        self.assert_closed(self.files[0])
        self.assertEqual(header(self.dest), (os.path.basename(self.files[1]), 'qcow2'))
        self.assert_same_content(self.dest)

    def test_shallow_over_another_image_with_the_same_content(self):
        for end in ('--pivot', '--finish'):
            with self.subTest(end):
                self.setUp()
                self.boot()
                other = os.path.join(self.directory, 'other.qcow2')
                subprocess.run(qemu.program('qemu-img') + ['convert', '-U', '-O', 'qcow2',
                                                           self.files[1], other], check=True)
                self.make_dest(backing=other)
                self.copy('--reuse-external', '--shallow', end)
                if end == '--pivot':
                    self.assert_files(self.dest, other)
                    self.assert_closed(*self.files)
                else:
                    self.assert_files(*self.files)
                    self.assert_closed(self.dest, other)
                self.assert_same_content(self.dest)

    def test_an_image_of_another_size_is_refused(self):
        self.boot()
        for size in ('63M', '65M'):
            self.make_dest(size)
            self.refuse_copy('--reuse-external', '--pivot', message='same size')

    def test_a_shallow_copy_needs_a_backing_file(self):
        self.boot()
        self.make_dest()
        self.refuse_copy('--reuse-external', '--shallow', '--pivot', message='no backing image')

    def test_a_full_copy_must_not_have_a_backing_file(self):
        self.boot()
        other = images.create(os.path.join(self.directory, 'other.qcow2'))
        self.make_dest(backing=other)
        self.refuse_copy('--reuse-external', '--pivot', message='other.qcow2')

    def test_an_image_of_another_format_than_specified(self):
        self.boot()
        self.make_dest(fmt='raw')
        self.refuse_copy('--reuse-external', '--pivot', message=self.dest, status=qblk.FAILED)

    def test_an_image_that_another_process_has_locked(self):
        self.boot()
        self.make_dest()
        with block_jobs.lock_holder(self.dest) as holder:
            self.refuse_copy('--reuse-external', '--pivot', message=f'process {holder.pid} (')
        self.assert_cancelled()


class DataFiles(TestCase):
    """Images whose data are in a file of their own."""

    def boot_with_data_files(self):
        """The data file of the active layer is a part of a file, with two nodes."""
        paths = [os.path.join(self.directory, name)
                 for name in ('top.qcow2', 'top.data', 'base.qcow2', 'base.data')]
        top, top_data, base, base_data = paths
        images.create(base, options=[f'data_file={base_data}'])
        images.write(base, pattern=8, offset='2M')
        images.create(top, backing=base, options=[f'data_file={top_data}'])
        images.write(top, pattern=9, offset='3M')
        self.files = [top, base]
        self.remember()
        self.run_qemu(blockdev(driver='file', node_name='base-data', filename=base_data)
                      + qcow2(base, data_file='base-data', read_only=True)
                      + blockdev(driver='file', node_name='top-data', filename=top_data)
                      + blockdev(driver='raw', node_name='top-part', file='top-data', offset=0,
                                 size=64 << 20)
                      + qcow2(top, data_file='top-part', backing='base') + virtio('top', id='vda'))
        return top_data, base_data

    def test_they_are_closed_and_named_after_a_copy(self):
        for options, named in (((), 2), (('--shallow',), 1)):
            with self.subTest(options=options):
                self.setUp()
                data = self.boot_with_data_files()
                before = [digest(path) for path in data]
                text = self.copy('--pivot', *options).text
                for number, path in enumerate(data):
                    line = f'no longer in use (not deleted): {path}\n'
                    self.assertEqual(line in text, number < named)
                self.assert_closed(*data[:named], *self.files[:named])
                left = {'qblk-vda-1', 'qblk-vda-1-file'}
                if options:
                    left |= {'base', 'base-file', 'base-data'}
                self.assertEqual(self.nodes(), left)
                self.guest_writes('50M')
                self.assert_same_content(self.dest)
                self.assertEqual([digest(path) for path in data], before)

    def test_they_are_kept_with_the_source(self):
        data = self.boot_with_data_files()
        text = self.copy('--finish').text
        self.assertNotIn('no longer in use', text)
        self.assertLessEqual({'top-data', 'top-part', 'base-data'}, self.nodes())
        self.assert_same_content(self.dest)
        self.assertTrue(all(os.path.exists(path) for path in data))

    def test_a_deleted_image_leaves_its_data_file(self):
        top_data, _ = self.boot_with_data_files()
        text = self.qblk('commit', self.process.socket, 'vda', '--pivot', '--delete').text
        self.assertIn(f'no longer in use (not deleted): {top_data}\n', text)
        self.assertFalse(os.path.exists(self.files[0]))
        self.assertTrue(os.path.exists(top_data))
        self.assert_same_content(self.files[1])


class Kept(TestCase):
    def test_the_cache_mode_of_the_active_layer(self):
        for cache in ({'direct': False, 'no-flush': False}, {'direct': True, 'no-flush': False},
                      {'direct': False, 'no-flush': True}):
            with self.subTest(cache):
                self.setUp()
                self.make(2)
                self.remember()
                top = stem(self.files[0])
                self.run_qemu(named_chain(self.files[1:])
                              + blockdev(driver='qcow2', node_name=top, cache=cache,
                                         backing=stem(self.files[1]),
                                         file=local(self.files[0], cache=cache))
                              + virtio(top, id='vda'))
                self.copy('--pivot')
                nodes = [node for node in self.process.qmp.execute(
                    'query-named-block-nodes', {'flat': True})
                    if node['node-name'].startswith('qblk-')]
                self.assertEqual(len(nodes), 2)
                for node in nodes:
                    self.assertEqual(node['cache']['direct'], cache['direct'])
                    self.assertFalse(node['cache']['no-flush'], msg='flushes are never ignored')
                self.assert_same_content(self.dest)

    def test_a_throttle_still_limits(self):
        self.boot('throttle')
        self.copy('--pivot')
        limits = self.process.qmp.execute('qom-get', {'path': '/objects/limits',
                                                      'property': 'limits'})
        self.assertEqual(limits['bps-total'], 1 << 30)
        graph = live.Graph(self.process.qmp)
        self.assertIn(('limited', 'file', 'qblk-vda-1'), graph.edges)

    def test_zeroes_are_still_detected(self):
        self.make(1)
        self.remember()
        top = stem(self.files[0])
        self.run_qemu(blockdev(driver='qcow2', node_name=top, detect_zeroes='unmap',
                               discard='unmap', file=local(self.files[0], discard='unmap'))
                      + virtio(top, id='vda'))
        self.copy('--pivot')
        node, = [node for node in self.process.qmp.execute('query-named-block-nodes',
                                                           {'flat': True})
                 if node['node-name'] == 'qblk-vda-1']
        self.assertEqual(node['detect_zeroes'], 'unmap')
        self.assert_same_content(self.dest)


if __name__ == '__main__':
    live.main()
