# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk mend`: what `qblk check` finds is put right, and the guest reads the same data."""

import json
import os
import re
import shlex
import shutil
import subprocess

import block_jobs
import bitmaps
import brief
import crash
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class TestCase(block_jobs.OneDisk):
    def check(self):
        result = qblk.run('check', self.process.socket)
        is_clean = result.text == 'no differences\n'
        self.assertEqual(result.status, qblk.DONE if is_clean else qblk.FAILED, msg=str(result))
        return '' if is_clean else result.text

    def mend(self, *options, status=qblk.DONE):
        result = qblk.run('mend', self.process.socket, 'vda', *options)
        self.assertEqual(result.status, status, msg=str(result))
        return result

    def assert_mended(self):
        """Nothing is found, no job is left, and the images lead to the data of the guest."""
        self.assertEqual(self.check(), '')
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual(self.qblk('mend', self.process.socket).text, 'nothing to do\n')
        self.assert_same_content()

    def break_header(self, position, backing, backing_format='qcow2'):
        """Behind the back of QEMU."""
        images.rebase(self.files[position], backing, backing_format)
        self.assertNotEqual(self.check(), '')


class Headers(TestCase):
    """A header that names another file than the one that is open below."""

    def test_a_name_that_leads_nowhere(self):
        """A relative name stays relative."""
        for kind in block_jobs.KINDS:
            for position in brief.some((0, 1, 2)):
                with self.subTest(kind=kind, position=position):
                    self.setUp()
                    self.boot(kind)
                    below = self.files[position + 1]
                    for broken, mended in (('/nowhere/gone.qcow2', below),
                                           ('gone.qcow2', os.path.basename(below))):
                        self.break_header(position, broken, 'raw')
                        text = self.mend().text
                        self.assertIn(f"header has '{broken}'", text)
                        self.assertIn(f"\n  mended: backing file '{mended}' (qcow2)\n", text)
                        self.assertEqual(block_jobs.header(self.files[position]),
                                         (mended, 'qcow2'))
                    self.assert_mended()
                self.doCleanups()

    def test_a_name_that_leads_to_another_file(self):
        self.boot()
        other = images.create(os.path.join(self.directory, 'other.qcow2'), '64M')
        self.break_header(1, other)
        self.mend()
        self.assertEqual(block_jobs.header(self.files[1]), (self.files[2], 'qcow2'))
        self.assert_mended()

    def test_a_header_without_a_name(self):
        for position in brief.some((0, 1, 2)):
            with self.subTest(position=position):
                self.setUp()
                self.boot()
                self.break_header(position, '')
                self.mend()
                self.assertEqual(block_jobs.header(self.files[position]),
                                 (self.files[position + 1], 'qcow2'))
                self.assert_mended()
            self.doCleanups()

    def test_a_wrong_format(self):
        """The name stays as it is."""
        self.boot()
        name, _ = block_jobs.header(self.files[1])
        self.break_header(1, name, 'raw')
        self.assertIn(f"\n  mended: backing file '{name}' (qcow2)\n", self.mend().text)
        self.assertEqual(block_jobs.header(self.files[1]), (name, 'qcow2'))
        self.assert_mended()

    def test_a_raw_base(self):
        """change-backing-file would record the format qcow2."""
        self.boot_on_raw()
        self.break_header(1, 'gone.raw', 'qcow2')
        self.mend()
        self.assertEqual(block_jobs.header(self.files[1]), ('base.raw', 'raw'))
        self.assert_mended()

    def test_all_headers(self):
        self.boot()
        for position in range(3):
            self.break_header(position, f'/nowhere/{position}', 'raw')
        self.mend()
        self.assert_mended()

    def test_an_image_that_was_renamed(self):
        """The header gets the path that leads to the open file now."""
        self.boot()
        new = os.path.join(self.directory, 'below', 'renamed.qcow2')
        os.mkdir(os.path.dirname(new))
        os.rename(self.files[3], new)
        text = self.mend(status=qblk.FAILED).text
        self.assertIn("\n  mended: backing file 'below/renamed.qcow2' (qcow2)\n", text)
        self.assertIn('\n  remains: QEMU keeps the file open', text)
        self.assertEqual(block_jobs.header(self.files[2]), ('below/renamed.qcow2', 'qcow2'))
        self.assert_no_jobs()
        self.assert_same_content()

    def test_an_image_that_was_renamed_and_a_wrong_format(self):
        """Another file has its name, which is not written again."""
        self.boot()
        new = os.path.join(self.directory, 'renamed.qcow2')
        os.rename(self.files[2], new)
        images.create(self.files[2], '64M')
        images.rebase(self.files[1], os.path.basename(self.files[2]), 'raw')
        self.mend(status=qblk.FAILED)
        self.assertEqual(block_jobs.header(self.files[1]), ('renamed.qcow2', 'qcow2'))
        self.assert_same_content()

    def test_a_file_that_the_user_knows(self):
        """It has to be the one that QEMU has open."""
        self.boot()
        link = os.path.join(self.directory, 'link.qcow2')
        os.symlink(self.files[2], link)
        self.break_header(1, '/nowhere/gone.qcow2')
        for wrong in (self.files[3], os.path.join(self.directory, 'missing')):
            self.refuse('mend', self.process.socket, 'vda', '--backing', wrong,
                        message=f"'{wrong}' is not the file that QEMU has open below")
        for unused in ('vda', 'vda[2]'):
            self.refuse('mend', self.process.socket, 'vda', '--backing', f'{unused}={link}',
                        message=f"'{link}' is not used: nothing is wrong")
        self.refuse('mend', self.process.socket, 'vda', '--backing', link, '--backing',
                    f'vda[1]={link}', message='another --backing is for the same header')
        self.mend('--backing', f'vda[1]={link}')
        self.assertEqual(block_jobs.header(self.files[1]), (link, 'qcow2'))
        self.assert_mended()

    def test_a_file_that_is_not_needed(self):
        self.boot()
        self.refuse('mend', self.process.socket, 'vda', '--backing', self.files[1],
                    message=f"'{self.files[1]}' is not used: nothing is wrong")
        for position in (0, 1):
            self.break_header(position, f'/nowhere/{position}')
        self.refuse('mend', self.process.socket, 'vda', '--backing', self.files[1],
                    message="disk 'vda' has 2 wrong headers: use --backing LAYER=PATH")

    def boot_link(self):
        """QEMU looks the relative names in the header of the top up beside its link."""
        self.make()
        self.reference = block_jobs.copy_reference(4, self.directory)
        link = os.path.join(self.directory, 'links', 'link.qcow2')
        os.mkdir(os.path.dirname(link))
        os.symlink(self.files[0], link)
        self.run_qemu(named_chain([link, *self.files[1:]]) + virtio('link', id='vda'))
        return link

    def test_an_image_that_was_opened_by_a_link(self):
        """Only an absolute name leads to the same file from both directories."""
        link = self.boot_link()
        for broken in ('gone.qcow2', '../gone.qcow2'):
            self.break_header(0, broken)
            self.mend()
            self.assertEqual(block_jobs.header(self.files[0]), (self.files[1], 'qcow2'))
        self.assert_mended()
        self.assert_same_content(link)

    def test_an_image_with_two_names(self):
        self.boot()
        other = os.path.join(self.directory, 'links', 'other.qcow2')
        os.mkdir(os.path.dirname(other))
        os.link(self.files[0], other)
        self.break_header(0, 'gone.qcow2')
        self.mend()
        self.assertEqual(block_jobs.header(self.files[0]), (self.files[1], 'qcow2'))
        self.assert_mended()
        self.assert_same_content(other)

    def test_a_filter_between_the_layers(self):
        """Only the header of the same format can be written on all versions."""
        self.make(3)
        self.reference = block_jobs.copy_reference(3, self.directory)
        top, middle, base = self.files
        self.run_qemu(['-object', 'throttle-group,id=limits']
                      + qcow2(base, backing=None, read_only=True)
                      + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                                 file=stem(base), read_only=True)
                      + qcow2(middle, backing='limited', read_only=True)
                      + qcow2(top, backing=stem(middle)) + virtio(stem(top), id='vda'))
        self.break_header(1, 'gone.qcow2')
        self.mend()
        self.assertEqual(block_jobs.header(middle), (os.path.basename(base), 'qcow2'))
        self.assert_mended()

    def test_a_header_that_a_job_has_written(self):
        """Another client has started the job with a wrong name."""
        self.boot()
        top, middle, *below = self.files
        self.process.qmp.execute('block-commit', {
            'job-id': 'job0', 'device': stem(top), 'top-node': stem(middle),
            'base-node': stem(below[0]), 'backing-file': 'none.qcow2', 'auto-finalize': False,
            'auto-dismiss': False})
        result = self.qblk('job', self.process.socket, 'vda', '--wait', status=qblk.FAILED)
        self.assertIn("to repair it, use 'qblk mend'", result.errors)
        self.files = [top, *below]
        self.mend()
        self.assertEqual(block_jobs.header(top), (os.path.basename(below[0]), 'qcow2'))
        self.assert_mended()

    def test_no_node_is_queried_while_the_job_is_not_dismissed(self):
        """That would crash QEMU 7.2 after the job has concluded."""
        self.boot_on_raw()
        self.break_header(1, 'gone.raw', 'qcow2')
        log = qblk.run('-v', 'mend', self.process.socket, 'vda').errors
        sent = re.findall(r'"execute": ?"([a-z-]+)"', log)
        start, end = sent.index('job-finalize'), sent.index('job-dismiss')
        self.assertLess(sent.index('block-stream'), start)
        self.assertEqual(set(sent[start + 1:end]) - {'query-jobs'}, set(), msg=sent)
        self.assertIn('query-named-block-nodes', sent[end:])
        self.assert_mended()

    def test_the_command_that_check_prints(self):
        self.boot()
        self.break_header(1, 'gone.qcow2')
        result = qblk.run('check', self.process.socket, 'vda')
        line = result.text.splitlines()[-1]
        self.assertTrue(line.startswith('to mend it: qblk mend '), msg=line)
        words = shlex.split(line.removeprefix('to mend it: qblk '))
        self.assertIn('\n  mended: ', self.qblk(*words).text)
        self.assert_mended()

    def test_a_dry_run(self):
        self.boot()
        self.break_header(1, 'gone.qcow2')
        before = self.state()
        text = self.mend('--dry-run').text
        self.assertIn('change-backing-file', text)
        self.assertIn(f"\n  will be: backing file '{os.path.basename(self.files[2])}' (qcow2)\n",
                      text)
        plan, = json.loads(self.mend('--dry-run', '--json').stdout)['plans']
        self.assertEqual((plan['kind'], plan['state']), ('mend', 'planned'))
        self.assertEqual([mend['kind'] for mend in plan['mends']], ['backing-file'])
        self.assertEqual(self.state(), before)


class Bitmaps(TestCase):
    def boot_killed(self, position, depth=4, backing=None):
        """A QEMU was killed while the layer at POSITION was its active image, with a bitmap."""
        self.make(depth)
        self.reference = block_jobs.copy_reference(depth, self.directory)
        files = self.files[position:]
        for name in ('first', 'second'):
            images.add_bitmap(files[0], name)
        self.run_qemu(named_chain(files) + virtio(stem(files[0]), id='vda'))
        self.process.kill()
        images.add_bitmap(files[0], 'good')
        if backing is not None:
            images.rebase(files[0], backing, 'raw')
        self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))

    def assert_only_good(self, position):
        self.assertEqual(set(bitmaps.of_nodes(self.process)[stem(self.files[position])]), {'good'})

    def test_one_that_is_inconsistent(self):
        for position in brief.some((0, 1, 3)):
            with self.subTest(position=position):
                self.setUp()
                self.boot_killed(position)
                before = [block_jobs.header(path) for path in self.files]
                text = self.mend().text
                self.assertEqual(text.count('\n  mended: bitmap removed\n'), 2)
                self.assert_only_good(position)
                self.assertEqual([block_jobs.header(path) for path in self.files], before)
                self.assert_mended()
                self.assertEqual(set(bitmaps.in_file(self.files[position])), {'good'})
            self.doCleanups()

    def test_a_wrong_header_as_well(self):
        for position in (0, 1):
            with self.subTest(position=position):
                self.setUp()
                self.boot_killed(position, backing='gone.qcow2')
                self.mend()
                self.assert_only_good(position)
                self.assertEqual(block_jobs.header(self.files[position]),
                                 (os.path.basename(self.files[position + 1]), 'qcow2'))
                self.assert_mended()
            self.doCleanups()


class Leftovers(TestCase):
    """What operations have left in QEMU and beside the images."""

    def nodes_of_qblk(self):
        return {name for name in self.nodes() if name.startswith('qblk-')}

    def leave_copy(self):
        """A copy whose job another client has ended: its nodes and its result are left."""
        copy = os.path.join(self.directory, 'copy.qcow2')
        self.qblk('copy', self.process.socket, 'vda', copy)
        qmp = self.process.qmp
        qmp.execute('block-job-cancel', {'device': 'qblk-copy-vda'})
        qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'qblk-copy-vda', 'status': 'concluded'})
        return copy

    def assert_remain(self, *commands):
        """mend changes nothing, and prints these QMP COMMANDS."""
        before = (self.nodes(), self.process.qmp.execute('query-jobs'))
        result = self.mend(status=qblk.FAILED)
        found = re.findall(r'\n  remains: it is not known whether another client still needs it: '
                           r"if none does, use 'qblk mend' with --leftovers, or "
                           r'(?:delete|dismiss) it with the QMP command (.*)\n', result.text)
        self.assertEqual([(command['execute'], *command['arguments'].values())
                          for command in map(json.loads, found)], list(commands))
        self.assertNotIn('mended:', result.text)
        self.assertEqual((self.nodes(), self.process.qmp.execute('query-jobs')), before)
        return found

    def test_nodes_and_a_job(self):
        """Nothing proves whose they are. The commands that are printed remove them."""
        self.boot()
        self.leave_copy()
        self.assertEqual(self.nodes_of_qblk(), {'qblk-vda-1', 'qblk-vda-1-file'})
        text = self.check()
        for name in ('qblk-copy-vda', 'qblk-vda-1', 'qblk-vda-1-file'):
            self.assertIn(f"'{name}'", text)
        self.assertNotIn('to mend it', text)
        for line in self.assert_remain(('blockdev-del', 'qblk-vda-1'),
                                       ('blockdev-del', 'qblk-vda-1-file'),
                                       ('job-dismiss', 'qblk-copy-vda')):
            command = json.loads(line)
            self.process.qmp.execute(command['execute'], command['arguments'])
        self.assertEqual(self.nodes_of_qblk(), set())
        self.assert_mended()

    def test_a_node_of_a_user_with_such_a_name(self):
        self.boot()
        self.process.qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'qblk-vda-1'})
        self.assert_remain(('blockdev-del', 'qblk-vda-1'))
        self.break_header(1, 'gone.qcow2')
        self.assertIn('\n  mended: backing file', self.mend(status=qblk.FAILED).text)
        self.assertIn('qblk-vda-1', self.nodes())

    def test_the_nodes_of_another_qblk(self):
        """It has its journal in another directory, and was stopped before it used its node."""
        self.boot()
        log = os.path.join(self.directory, 'overlay.qcow2')
        images.create(log, backing=self.files[0])
        other = {'driver': 'file', 'filename': log, 'node-name': 'qblk-vda-1-file'}
        self.process.qmp.execute('blockdev-add', other)
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'qblk-vda-1', 'file': 'qblk-vda-1-file',
            'backing': None})
        self.assert_remain(('blockdev-del', 'qblk-vda-1'), ('blockdev-del', 'qblk-vda-1-file'))
        self.process.qmp.execute('blockdev-snapshot', {'node': stem(self.files[0]),
                                                       'overlay': 'qblk-vda-1'})
        self.assertEqual(self.mend().text, 'nothing to do\n')

    def test_nodes_that_are_used_and_those_of_others(self):
        self.boot()
        self.leave_copy()
        qmp = self.process.qmp
        qmp.execute('job-dismiss', {'id': 'qblk-copy-vda'})
        qmp.execute('blockdev-add', {'driver': 'raw', 'node-name': 'user', 'file': 'qblk-vda-1'})
        other = images.raw(self.directory, 'other.raw')
        for name in ('qblk-vdb-1', 'qblk-vda-x', 'mine'):
            qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': name})
        qmp.execute('blockdev-create', {'job-id': 'mine', 'options': {
            'driver': 'file', 'filename': other, 'size': 65536}})
        qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'mine', 'status': 'concluded'})
        before = self.nodes()
        self.assertEqual(self.mend().text, 'nothing to do\n')
        self.assertEqual(self.nodes(), before)
        self.assertEqual([job['id'] for job in qmp.execute('query-jobs')], ['mine'])

    def removals(self, text):
        """The commands that a dry run has printed in TEXT."""
        return re.findall(r'^     (blockdev-del|job-dismiss) \{"[a-z-]+":"(.*)"\}$', text, re.M)

    def add_nodes(self, *names):
        for name in names:
            self.process.qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': name})

    def test_the_user_has_them_removed(self):
        """The job is dismissed first, and of an image its node is deleted before its file."""
        self.boot()
        self.leave_copy()
        self.add_nodes('qblk-vda-x', 'qblk-vdb-1')
        before = (self.nodes(), self.process.qmp.execute('query-jobs'))
        text = self.mend('--leftovers', '--dry-run').text
        self.assertEqual(self.removals(text),
                         [('job-dismiss', 'qblk-copy-vda'), ('blockdev-del', 'qblk-vda-1'),
                          ('blockdev-del', 'qblk-vda-1-file')])
        self.assertEqual((self.nodes(), self.process.qmp.execute('query-jobs')), before)
        text = self.mend('--leftovers').text
        self.assertEqual(text.count('\n  mended: node deleted\n'), 2)
        self.assertEqual(text.count('\n  mended: job dismissed\n'), 1)
        self.assertEqual(self.nodes_of_qblk(), {'qblk-vda-x', 'qblk-vdb-1'})
        self.assert_mended()

    def test_of_all_disks(self):
        self.boot()
        self.add_nodes('qblk-vda-1', 'qblk-vda-12')
        text = self.qblk('mend', self.process.socket, '--leftovers').text
        self.assertEqual(text.count('\n  mended: node deleted\n'), 2)
        self.assertEqual(self.nodes_of_qblk(), set())
        self.assert_mended()

    def fail_job(self, name):
        qmp = self.process.qmp
        qmp.execute('blockdev-create', {'job-id': name, 'options': {
            'driver': 'file', 'filename': '/nowhere/x', 'size': 65536}})
        qmp.wait_event('JOB_STATUS_CHANGE', {'id': name, 'status': 'concluded'})

    def test_a_job_that_blocks_its_disk(self):
        """The disk cannot be changed while it exists, and can be afterwards."""
        self.boot()
        top, middle, base, *below = self.files
        qmp = self.process.qmp
        qmp.execute('block-commit', {
            'job-id': 'qblk-commit-vda', 'device': stem(top), 'top-node': stem(middle),
            'base-node': stem(base), 'auto-dismiss': False})
        qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'qblk-commit-vda', 'status': 'concluded'})
        self.files = [top, base, *below]
        self.qblk('commit', self.process.socket, 'vda', '--top', 'vda[1]',
                  status=qblk.REFUSED)
        self.assertEqual(self.removals(self.mend('--leftovers', '--dry-run').text),
                         [('job-dismiss', 'qblk-commit-vda')])
        self.assertIn('\n  mended: job dismissed\n', self.mend('--leftovers').text)
        qmp.execute('blockdev-del', {'node-name': stem(middle)})
        self.assert_mended()

    def test_the_error_of_a_failed_job_is_printed(self):
        """It is printed before the job is dismissed, and the id of that can be used again."""
        self.boot_on_raw()
        self.fail_job('qblk-mend-vda-header')
        error = self.process.qmp.execute('query-jobs')[0]['error']
        self.assertIn(error, self.check())
        self.break_header(1, 'gone.raw', 'qcow2')  # a job with this id writes it
        result = self.mend('--leftovers')
        self.assertIn(f"warning: job 'qblk-mend-vda-header' had failed: {error}\n",
                      result.errors)
        self.assertEqual(block_jobs.header(self.files[1]), ('base.raw', 'raw'))
        self.assert_mended()

    def kill_copy(self):
        """A copy that was killed. Its job has ended since: its nodes, and a journal, are left."""
        copy = os.path.join(self.directory, 'copy.qcow2')
        running = self.begin('copy', self.process.socket, 'vda', copy, '--pivot',
                             *block_jobs.SLOW)
        running.kill()
        running.wait()
        qmp = self.process.qmp
        qmp.execute('block-job-cancel', {'device': 'qblk-copy-vda', 'force': True})
        qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'qblk-copy-vda', 'status': 'concluded'})
        before = self.nodes_of_qblk()
        self.assertEqual(before, {'qblk-vda-1', 'qblk-vda-1-file'})
        return before

    def test_nodes_that_a_journal_needs(self):
        """They are those of an operation that was interrupted."""
        self.boot(data='4M')
        before = self.kill_copy()
        for options in ((), ('--leftovers',)):
            self.qblk('mend', self.process.socket, 'vda', *options, status=qblk.REFUSED)
            self.assertEqual(self.nodes_of_qblk(), before)
        self.qblk('recover', self.process.socket)
        self.assertEqual(self.check(), '')

    def test_nodes_of_a_killed_operation_whose_journal_is_lost(self):
        self.boot(data='4M')
        self.kill_copy()
        shutil.rmtree(crash.journal_directory())
        self.assert_remain(('blockdev-del', 'qblk-vda-1'), ('blockdev-del', 'qblk-vda-1-file'),
                           ('job-dismiss', 'qblk-copy-vda'))
        result = self.mend('--leftovers')
        self.assertIn("warning: job 'qblk-copy-vda' had failed: ", result.errors)
        self.assertEqual(self.nodes_of_qblk(), set())
        self.assert_mended()

    def test_nodes_that_a_running_operation_names(self):
        """The VM of a journal does not matter. The rest is removed."""
        self.boot(data='4M')
        other = self.process
        running = self.begin('copy', other.socket, 'vda',
                             os.path.join(self.directory, 'copy.qcow2'), *block_jobs.SLOW)
        home = self.directory
        with qemu.directory() as self.directory:
            self.make(2)
            self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))
            self.add_nodes('qblk-vda-1', 'qblk-vda-2')
            self.fail_job('qblk-copy-vda')
            self.assertIn("'qblk-vda-2'", self.check())
            self.assertNotIn("'qblk-vda-1'", self.check())
            text = self.mend('--leftovers', status=qblk.FAILED).text
            journal, = (os.path.join(crash.journal_directory(), name)
                        for name in crash.journals())
            self.assertEqual(text.count(f"\n  remains: the journal '{journal}' names it: "), 2)
            self.assertEqual(self.nodes_of_qblk(), {'qblk-vda-1'})
            self.assertEqual([job['id'] for job in self.process.qmp.execute('query-jobs')],
                             ['qblk-copy-vda'])
        self.directory, self.process = home, other
        self.interrupt(running)
        self.assertEqual(self.nodes_of_qblk(), set())

    def test_an_image_has_none(self):
        """The process that opens it is new."""
        self.make()
        result = self.qblk('mend', f'image:{self.files[0]}', '--leftovers', status=qblk.USAGE)
        self.assertIn('option --leftovers needs a running QEMU', result.errors)

    def test_marks_of_files_that_do_not_exist(self):
        """One beside a deleted overlay, one beside a later file of its name."""
        self.boot()
        top = self.files.pop(0)
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--shallow')
        mark = top + '.qblk-merged'
        self.assertTrue(os.path.exists(mark))
        self.assertEqual(self.check(), '')
        os.unlink(top)
        self.assertIn(f"'{mark}' marks a file that does not exist any longer", self.check())
        self.assertIn('will be: mark removed', self.mend('--dry-run').text)
        self.assertTrue(os.path.exists(mark))
        self.assertIn('\n  mended: mark removed\n', self.mend().text)
        self.assertFalse(os.path.exists(mark))
        self.assert_mended()

    def test_the_mark_of_a_stale_image_stays(self):
        self.boot()
        top = self.files.pop(0)
        self.qblk('commit', self.process.socket, 'vda', '--pivot', '--shallow')
        self.assertEqual(self.mend().text, 'nothing to do\n')
        self.assertTrue(os.path.exists(top + '.qblk-merged'))


class Images(block_jobs.OneDisk):
    """No QEMU has the images open."""

    def make_copies(self, *wrong):
        """A chain, and a copy of it whose headers qemu-img has put right. WRONG are a position, a
        backing string and a format each."""
        qemu.program('qemu-storage-daemon')
        self.make()
        self.reference = block_jobs.copy_reference(4, self.directory)
        copies = os.path.join(self.directory, 'copies')
        os.mkdir(copies)
        right = [shutil.copy(path, copies) for path in self.files]
        for position, backing, backing_format in wrong:
            images.rebase(self.files[position], backing, backing_format)
            images.rebase(right[position], os.path.basename(self.files[position + 1]))
        return right

    def mend(self, *options, status=qblk.DONE):
        result = qblk.run('mend', f'image:{self.files[0]}', *options)
        self.assertEqual(result.status, status, msg=str(result))
        return result

    def assert_same_headers(self, right):
        self.assertEqual([block_jobs.header(path) for path in self.files],
                         [block_jobs.header(path) for path in right])
        self.assertEqual(self.qblk('check', f'image:{self.files[0]}').text, 'no differences\n')
        self.assertEqual(self.qblk('mend', f'image:{self.files[0]}').text, 'nothing to do\n')
        for image in (self.files[0], right[0]):
            done = subprocess.run(
                qemu.program('qemu-img') + ['compare', '-F', 'raw', image, self.reference],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)
        for path in self.files:
            subprocess.run(qemu.program('qemu-img') + ['check', '-q', path], check=True)

    def test_a_name_that_leads_nowhere(self):
        for position in brief.some((0, 1, 2)):
            with self.subTest(position=position):
                self.setUp()
                right = self.make_copies((position, 'gone.qcow2', 'qcow2'))
                below = self.files[position + 1]
                for command in ('check', 'mend'):
                    self.assertIn(f"use 'qblk mend image:{self.files[0]} --backing PATH'",
                                  self.qblk(command, f'image:{self.files[0]}',
                                            status=qblk.FAILED).errors)
                result = self.mend('--backing', below)
                self.assertIn('known from --backing only', result.errors)
                self.assertIn(f"\n  mended: backing file '{os.path.basename(below)}' (qcow2)\n",
                              result.text)
                self.assert_same_headers(right)
            self.doCleanups()

    def link(self, make):
        """A name of the top in a directory of its own, by os.symlink or os.link."""
        link = os.path.join(self.directory, 'links', 'link.qcow2')
        os.mkdir(os.path.dirname(link))
        make(self.files[0], link)
        return link

    def test_a_header_that_is_right_but_not_from_a_link(self):
        """It stays, also if the user knows the file."""
        right = self.make_copies()
        link = self.link(os.symlink)
        before = [read(path) for path in self.files]
        for command in (['check'], ['mend'], ['mend', '--backing', self.files[1]]):
            errors = self.qblk(command[0], f'image:{link}', *command[1:],
                               status=qblk.FAILED).errors
            self.assertIn(f"open it by its real path '{self.files[0]}'", errors)
            self.assertNotIn('--backing', errors)
        self.assertEqual([read(path) for path in self.files], before)
        self.assert_same_headers(right)

    def test_a_link_below_the_top(self):
        self.make_copies()
        link = os.path.join(self.directory, 'links', 'link.qcow2')
        os.mkdir(os.path.dirname(link))
        os.symlink(self.files[1], link)
        images.rebase(self.files[0], 'links/link.qcow2')
        errors = self.mend('--backing', self.files[2], status=qblk.FAILED).errors
        self.assertIn(f"the header above it has to name it '{self.files[1]}'", errors)

    def test_an_image_with_two_names(self):
        """An absolute name leads to the same file from both directories."""
        for make in (os.symlink, os.link):
            with self.subTest(make):
                self.setUp()
                self.make_copies((0, 'gone.qcow2', 'qcow2'))
                link = self.link(make)
                self.qblk('mend', f'image:{link}', '--backing', self.files[1])
                self.assertEqual(block_jobs.header(self.files[0]), (self.files[1], 'qcow2'))
                for image in (link, self.files[0]):
                    self.assertEqual(self.qblk('check', f'image:{image}').text, 'no differences\n')
                    done = subprocess.run(
                        qemu.program('qemu-img') + ['compare', '-F', 'raw', image, self.reference],
                        capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)
            self.doCleanups()

    def test_two_names_that_lead_nowhere(self):
        right = self.make_copies((0, 'gone.qcow2', 'qcow2'), (2, 'lost.qcow2', 'qcow2'))
        self.mend('--backing', f'vda={self.files[1]}', '--backing', f'vda[2]={self.files[3]}')
        self.assert_same_headers(right)

    def test_an_image_that_does_not_fit(self):
        self.make_copies((1, 'gone.qcow2', 'qcow2'))
        before = [block_jobs.header(path) for path in self.files]
        larger = images.create(os.path.join(self.directory, 'larger.qcow2'), '128M')
        raw = images.raw(self.directory, 'raw.img', 64 << 20)
        for wrong, text in ((larger, 'is larger than'), (self.files[0], 'the chain forms a cycle'),
                            (raw, 'raw.img'), ('/nowhere/at-all', 'No such file')):
            with self.subTest(wrong):
                result = qblk.run('mend', f'image:{self.files[0]}', '--backing', wrong)
                self.assertIn(result.status, (qblk.FAILED, qblk.REFUSED), msg=str(result))
                self.assertIn(text, result.errors)
                self.assertEqual(result.text, '')
                self.assertEqual([block_jobs.header(path) for path in self.files], before)

    def test_an_image_in_the_middle_of_another_chain(self):
        """A layer between the two would be lost."""
        self.make_copies((0, 'gone.qcow2', 'qcow2'))
        errors = self.mend('--backing', self.files[2], '--dry-run').errors
        self.assertIn(f"'{self.files[2]}' is the backing file of '{self.files[1]}' as well", errors)
        errors = self.mend('--backing', self.files[1], '--dry-run').errors
        self.assertNotIn('as well', errors)

    def test_a_file_that_another_header_names(self):
        """A name that leads to a file is not replaced by what the user names."""
        self.make_copies()
        before = [read(path) for path in self.files]
        for layer in ('', 'vda='):
            errors = self.mend('--backing', layer + self.files[2], status=qblk.REFUSED).errors
            self.assertIn(f"'{self.files[2]}' is not used: nothing is wrong", errors)
        self.assertEqual([read(path) for path in self.files], before)

    def test_one_name_for_two_headers(self):
        """The second header would get the same file."""
        right = self.make_copies((0, 'gone.qcow2', 'qcow2'), (1, 'lost.qcow2', 'qcow2'))
        before = [read(path) for path in self.files]
        errors = self.mend('--backing', self.files[1], status=qblk.FAILED).errors
        self.assertIn("2 wrong headers", errors)
        self.assertIn("use --backing LAYER=PATH, such as 'vda[1]=PATH'", errors)
        self.assertEqual([read(path) for path in self.files], before)
        self.mend('--backing', f'vda[1]={self.files[2]}', '--backing', f'vda={self.files[1]}')
        self.assert_same_headers(right)

    def test_a_format_that_the_image_does_not_have(self):
        """A damaged header looks like a raw image: that is warned of."""
        right = self.make_copies()
        for base in (self.files[3], right[3]):
            block_jobs.flatten(base, base + '.raw')
            os.rename(base + '.raw', base)
        images.rebase(right[2], os.path.basename(self.files[3]), 'raw')
        self.assertIn('is taken for raw because it has the magic of no format',
                      self.mend().errors)
        self.assertEqual(block_jobs.header(self.files[2]), block_jobs.header(right[2]))
        self.assertEqual(self.mend().text, 'nothing to do\n')
        for image in (self.files[0], right[0]):
            done = subprocess.run(
                qemu.program('qemu-img') + ['compare', '-F', 'raw', image, self.reference],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def test_a_damaged_header_is_not_taken_for_raw(self):
        """Only the user can know that such an image is raw."""
        self.make_copies()
        with open(self.files[2], 'r+b') as file:
            file.write(bytes(512))
        before = [read(path) for path in self.files]
        spec = 'vda[1]'
        for options in ((), ('--dry-run',)):
            text = self.mend(*options, status=qblk.FAILED).text
            self.assertIn(f"remains: '{self.files[2]}' has the magic of no format, but not the "
                          f"size of '{self.files[1]}' either", text)
            self.assertIn(f"use --backing-format '{spec}=raw'", text)
        self.assertEqual([read(path) for path in self.files], before)
        for value in ('raw', f'{spec}=raw'):
            output = self.mend('--dry-run', '--backing-format', value)
            self.assertIn('is raw is known from --backing-format only', output.errors)
            self.assertIn('(raw)', output.text)
        self.assertEqual([read(path) for path in self.files], before)

    def test_a_bitmap(self):
        right = self.make_copies()
        for position in (0, 1):
            images.add_bitmap(self.files[position], f'bitmap-{position}')
            with self.subTest(position):
                self.run_qemu(named_chain(self.files[position:])
                              + virtio(stem(self.files[position]), id='vda'))
                self.process.kill()
        for position in (0, 1):
            images.add_bitmap(self.files[position], 'good')
        self.assertEqual(self.mend().text.count('\n  mended: bitmap removed\n'), 2)
        self.assert_same_headers(right)
        for position in (0, 1):
            self.assertEqual(set(bitmaps.in_file(self.files[position])), {'good'})

    def test_a_dry_run(self):
        self.make_copies((1, 'gone.qcow2', 'qcow2'))
        before = [read(path) for path in self.files]
        self.assertIn('change-backing-file', self.mend('--dry-run', '--backing',
                                                       self.files[2]).text)
        self.assertEqual([read(path) for path in self.files], before)


class Remains(TestCase):
    def test_a_disk_with_a_job(self):
        self.boot(data='4M')
        self.break_header(0, 'gone.qcow2')
        self.qblk('commit', self.process.socket, 'vda', '--top', 'vda[1]', '--detach',
                  *block_jobs.SLOW)
        before = [block_jobs.header(path) for path in self.files]
        self.assertIn("\n  remains: disk 'vda' has a job already",
                      self.mend(status=qblk.FAILED).text)
        self.assertEqual([block_jobs.header(path) for path in self.files], before)

    def test_a_protocol_node_without_a_format(self):
        """QEMU before 9.0 would record the format "file"."""
        self.boot_on_raw(raw_node=False)
        self.break_header(1, 'gone.raw', 'raw')
        result = qblk.run('mend', self.process.socket)
        if result.status == qblk.DONE:
            self.assertEqual(block_jobs.header(self.files[1]), ('base.raw', 'raw'))
            self.assert_mended()
        else:
            self.assertEqual(result.status, qblk.FAILED, msg=str(result))
            self.assertIn('this QEMU would record a wrong format', result.text)
            self.assertEqual(block_jobs.header(self.files[1]), ('gone.raw', 'raw'))


if __name__ == '__main__':
    live.main()
