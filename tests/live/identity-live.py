# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on chains in which the name of an image does not lead to the file that QEMU has open."""

import itertools
import os
import shutil
import signal

import block_jobs
import brief
import images
import live
import misnamed
import qblk
from misnamed import JOBS, KINDS, LOSSES

POSITIONS = ('top', 'upper', 'lower', 'base')

# What becomes of a job if one image was replaced by another file, renamed or deleted. Refused: it
# would be opened again by its name, written to, or named in a header. Warned: its data are only
# read, or it is below the layers that the job deals with.
EXPECTED = '''
                  top      upper    lower    base
commit            refused  warned   refused  warned
commit --pivot    warned   warned   warned   refused
pull              refused  warned   warned   warned
pull --base       refused  warned   refused  warned
copy              warned   warned   warned   warned
copy --shallow    warned   refused  warned   warned
'''


def cells():
    """(job, position, outcome) for each entry of EXPECTED."""
    for line in EXPECTED.strip().splitlines()[1:]:
        job, *outcomes = line.rsplit(None, len(POSITIONS))
        for position, outcome in enumerate(outcomes):
            yield job.strip(), position, outcome


def in_turn(cases, start=0):
    """(kind of disk, case) with each kind for each of CASES with --full, otherwise with the kinds
    in turn, from START on; with QBLK_BRIEF for each fourth case."""
    kinds = tuple(KINDS)
    for number, case in enumerate(cases):
        if brief.IS_FULL:
            yield from ((kind, case) for kind in kinds)
        elif not brief.IS_BRIEF or number % 4 == start:
            yield kinds[(start + number + number // 4) % len(kinds)], case


class OneImage(misnamed.TestCase):
    """One image of the chain has lost its name."""

    def try_all(self, situation):
        """On other versions of QEMU each entry of EXPECTED is tried in one of the situations."""
        start = tuple(LOSSES).index(situation)
        for kind, (job, position, outcome) in in_turn(cells(), start):
            with self.subTest(situation=situation, image=POSITIONS[position], job=job, kind=kind,
                              expected=outcome):
                self.setUp()
                self.boot_on(kind)
                LOSSES[situation](self.files[position])
                self.guest_writes('40M')
                getattr(self, 'assert_' + outcome)(job, position)
            self.doCleanups()

    def test_another_file_has_the_name(self):
        self.try_all('replaced')

    def test_the_image_was_renamed(self):
        self.try_all('renamed')

    def test_the_image_was_deleted(self):
        self.try_all('deleted')

    def test_the_image_was_renamed_and_another_file_has_the_name(self):
        self.try_all('displaced')

    def test_a_link_leads_to_the_image(self):
        for kind, (job, position) in in_turn(itertools.product(JOBS, range(4))):
            with self.subTest(image=POSITIONS[position], job=job, kind=kind):
                self.setUp()
                self.boot_on(kind)
                misnamed.link(self.files[position])
                self.guest_writes('40M')
                result = self.run_job(job)
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assertNotIn('warning', result.errors)
                self.assert_result(job)
            self.doCleanups()


class OtherImages(misnamed.TestCase):
    def test_a_raw_base(self):
        """It has no header that could show what it is."""
        for has_node in (True, False):
            with self.subTest(has_node=has_node):
                self.setUp()
                self.boot_on_raw(has_node)
                self.names = self.files
                self.hold()
                misnamed.replace(self.files[2])
                self.assert_refused('commit --pivot', 2)
            self.doCleanups()

    def test_a_block_device(self):
        """Its name is a link that leads to another device later, as of a volume group."""
        base = images.create(self.loop_device('base'))
        images.write(base, pattern=5, offset='2M')
        self.files = [base]
        for name in ('lower', 'upper', 'top'):
            path = os.path.join(self.directory, name + '.qcow2')
            self.files.insert(0, images.create(path, backing=self.files[0]))
        self.names = self.files
        self.remember()
        self.run_qemu(KINDS['drive'](self.files))
        self.hold()
        other = images.create(self.loop_device('other'))
        os.rename(other, base)
        before = self.everything()
        result = self.run_job('commit --pivot')
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertIn(f"'{base}'", result.errors)
        self.assertEqual(self.everything(), before)
        self.assert_warns('pull', 3)
        self.assert_result('pull')

    def test_an_external_data_file(self):
        """QEMU opens it again together with its image."""
        self.make(2)
        data = os.path.join(self.directory, 'data.raw')
        middle = images.create(os.path.join(self.directory, 'middle.qcow2'), backing=self.files[0],
                               options=[f'data_file={data}'])
        images.write(middle, pattern=8, offset='2M')
        top = images.create(os.path.join(self.directory, 'top.qcow2'), backing=middle)
        upper = images.create(os.path.join(self.directory, 'upper.qcow2'), backing=top)
        images.write(top, pattern=9, offset='4M')
        self.files = [upper, top, middle, *self.files]
        self.names = self.files
        self.remember()
        self.run_qemu(KINDS['drive'](self.files))
        self.hold()
        shutil.copy(data, data + '.new')
        os.rename(data + '.new', data)
        before = self.everything()
        result = self.run_job('commit')
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertIn(f"'{data}'", result.errors)
        self.assertEqual(self.everything(), before)
        self.assert_guest_reads()
        text = f"vda[2]: '{data}' is another file now"
        self.assertIn(text, self.qblk('chain', self.process.socket).text)
        self.assertIn(text, qblk.run('check', self.process.socket).text)


class InMidJob(misnamed.TestCase):
    """An image loses its name while the job runs."""

    def test_a_file_that_is_put_back(self):
        """A commit opens its base again by its name at its end, also if it is cancelled: it waits
        until the file is back. Other jobs may be cancelled before."""
        for job, position in (('commit', 2), ('commit --pivot', 3), ('pull --base', 2),
                              ('copy --shallow', 1)):
            with self.subTest(job=job, image=POSITIONS[position]):
                self.setUp()
                self.boot('blockdev', data='4M')
                self.names = self.files
                self.hold()
                running = self.begin(*self.arguments(job), *block_jobs.SLOW)
                path = self.files[position]
                misnamed.displace(path)
                self.unlimit()
                running.wait()
                self.assertNotEqual(running.returncode, qblk.DONE)
                self.assertIn(f"'{path}'", running.stderr.read().decode())
                self.assert_guest_reads_each_layer()
                os.rename(path + '.moved', path)
                self.qblk('recover', self.process.socket)
                self.assert_no_jobs()
                self.assert_guest_reads()
                top, *_ = self.open_files()
                self.assert_same_content(top)
                self.assertEqual(misnamed.tree(qblk.state_home()), {})
            self.doCleanups()

    def test_a_commit_that_the_user_cancels(self):
        """It is not cancelled until the file is back."""
        for job, position in (('commit', 2), ('commit --pivot', 3)):
            for how in ('Ctrl-C', '--abort'):
                with self.subTest(job=job, how=how):
                    self.setUp()
                    self.boot('blockdev', data='4M')
                    self.names = self.files
                    self.hold()
                    running = self.begin(*self.arguments(job), *block_jobs.SLOW)
                    path = self.files[position]
                    misnamed.displace(path)
                    if how == 'Ctrl-C':
                        running.send_signal(signal.SIGINT)
                    else:
                        running.kill()
                        running = self.begin('job', self.process.socket, 'vda', '--abort')
                    running.wait()
                    self.assertNotEqual(running.returncode, qblk.DONE)
                    self.assertIn(f"'{path}'", running.stderr.read().decode())
                    self.assert_guest_reads_each_layer()
                    os.rename(path + '.moved', path)
                    self.qblk('job', self.process.socket, 'vda', '--abort')
                    self.assert_files(*self.files)
                    self.assert_no_jobs()
                    self.assert_guest_reads()
                self.doCleanups()

    def unlimit(self):
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})

    def test_the_base_of_an_active_commit_before_the_pivot(self):
        self.boot('blockdev')
        self.names = self.files
        self.hold()
        self.qblk('commit', self.process.socket, 'vda', '--active', '--detach')
        self.process.qmp.wait_event('BLOCK_JOB_READY')
        misnamed.replace(self.files[3])
        before = self.everything()
        result = qblk.run('job', self.process.socket, 'vda', '--pivot')
        self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
        self.assertTrue(self.is_named(3, result.errors), msg=str(result))
        self.assertEqual(self.everything(), before)

    def test_the_overlay_of_an_active_commit(self):
        """Not the file that has its name is marked as merged, but the overlay."""
        for lose in (misnamed.rename, misnamed.displace):
            with self.subTest(lose=lose.__name__):
                self.setUp()
                self.boot('blockdev', data='4M')
                self.names = self.files
                self.hold()
                running = self.begin(*self.arguments('commit --pivot'), *block_jobs.SLOW)
                top = self.files[0]
                lose(top)
                self.unlimit()
                running.wait()
                self.assertEqual(running.returncode, qblk.REFUSED)
                self.assertIn(f"'{top}'", running.stderr.read().decode())
                self.assertFalse(os.path.exists(f'{top}.qblk-merged'))
                self.assert_no_jobs()
                self.assert_guest_reads_each_layer()
                os.rename(top + '.moved', top)
                self.qblk(*self.arguments('commit --pivot'))
                self.assert_guest_reads()
                self.qblk('recover', f'image:{top}', status=qblk.DONE)
            self.doCleanups()

    def test_a_copy_that_lost_its_name(self):
        """It is not reported as done under a name that another image has."""
        self.boot('blockdev', data='4M')
        self.names = self.files
        self.hold()
        copy = os.path.join(self.directory, misnamed.COPY)
        running = self.begin('copy', self.process.socket, 'vda', copy, '--finish',
                             *block_jobs.SLOW)
        misnamed.displace(copy)
        self.unlimit()
        running.wait()
        self.assertEqual(running.returncode, qblk.REFUSED)
        self.assertIn(f"'{copy}'", running.stderr.read().decode())
        self.assert_no_jobs()
        for path in (copy, copy + '.moved'):
            os.unlink(path)

        self.qblk('copy', self.process.socket, 'vda', copy)
        misnamed.displace(copy)
        for end in ('--finish', '--pivot'):
            result = qblk.run('job', self.process.socket, 'vda', end)
            self.assertEqual(result.status, qblk.REFUSED, msg=str(result))
            self.assertIn(f"'{copy}'", result.errors)
        ended = self.qblk('job', self.process.socket, 'vda', '--abort')
        self.assertIn(f'copy of the disk: {copy}.moved\n', ended.text)
        self.assert_no_jobs()
        self.assert_guest_reads()

    def test_an_interrupted_commit_waits_for_its_base(self):
        """It is neither completed nor rolled back until the file is back."""
        self.boot('blockdev', data='4M')
        self.names = self.files
        self.hold()
        self.begin(*self.arguments('commit --pivot'), *block_jobs.SLOW).kill()
        misnamed.displace(self.files[3])
        self.unlimit()
        self.process.qmp.wait_event('BLOCK_JOB_READY')
        result = qblk.run('recover', self.process.socket)
        self.assertNotEqual(result.status, qblk.DONE, msg=str(result))
        self.assertIn(f"'{self.files[3]}'", result.errors)
        self.assert_files(*self.files)
        self.assert_guest_reads_each_layer()
        os.rename(self.files[3] + '.moved', self.files[3])
        self.qblk('recover', self.process.socket)
        self.assert_files(self.files[3])
        self.assert_guest_reads()
        self.assert_same_content(self.files[3])


class SeveralImages(misnamed.TestCase):
    locking = {}  # of the disk that take_snapshot() makes

    def try_pairs(self, change, pairs):
        """CHANGE the names of two images: both have to be accepted by EXPECTED."""
        expected = {(job, position): outcome for job, position, outcome in cells()}
        for kind, (pair, job) in in_turn(itertools.product(pairs, JOBS)):
            refused = [position for position in pair if expected[job, position] == 'refused']
            with self.subTest(images=[POSITIONS[position] for position in pair], job=job, kind=kind,
                              refused=refused):
                self.setUp()
                self.boot_on(kind)
                change(*(self.files[position] for position in pair))
                self.guest_writes('40M')
                if refused:
                    self.assert_refused(job, *refused)
                else:
                    self.assert_warned(job, *pair)
            self.doCleanups()

    def test_two_images_have_exchanged_their_names(self):
        self.try_pairs(misnamed.swap, ((0, 1), (1, 2), (2, 3)))

    def test_an_image_has_the_name_of_another(self):
        self.try_pairs(misnamed.take, ((0, 1), (2, 1), (2, 3), (3, 1)))

    def open_read_only(self, number, path):
        """Open the file with the node of NUMBER, which QEMU never opens again. The disk is the last
        of four."""
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': f'n{number}', 'read-only': number < 3,
            'file': {'driver': 'file', 'filename': path},
            'backing': f'n{number - 1}' if number > 0 else None})
        if number == 3:
            self.add_disk('n3')

    def test_all_images_had_one_name(self):
        """The headers lead through the very files that QEMU has open, and are written with the
        names that these have now. A base is opened by its name, which is that of another image."""
        for job in JOBS:
            with self.subTest(job=job):
                self.setUp()
                self.boot_of_one_name(self.open_read_only)
                self.guest_writes('40M')
                if job.startswith('commit'):
                    self.assert_refused(job, JOBS[job][1][-1 if 'pivot' in job else 1])
                else:
                    self.assert_warns(job, 1)
                    self.assert_result(job)
            self.doCleanups()

    def take_snapshot(self, number, path):
        """Open the file as an overlay of the disk. QEMU opens the image below it read-only, by a
        name that is the overlay's now: this disk has lost its data before qblk sees it."""
        self.process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': f'n{number}', 'backing': None,
            'file': {'driver': 'file', 'filename': path, **self.locking}})
        if number > 0:
            self.process.qmp.execute('blockdev-snapshot', {'node': f'n{number - 1}',
                                                           'overlay': f'n{number}'})
        else:
            self.add_disk('n0')

    def test_each_overlay_got_the_name_of_the_image_below_it(self):
        """As Proxmox VE and OpenNebula take snapshots. After the first one, both images are the
        file that their name leads to."""
        for number, job in enumerate(JOBS):
            for depth in (4,) if 'vda[1]' in JOBS[job][0] or 'vda[2]' in JOBS[job][0] else (2, 4):
                self.locking = {'locking': 'off'} if number % 2 == 0 else {}
                with self.subTest(job=job, depth=depth, **self.locking):
                    self.setUp()
                    self.boot_of_one_name(self.take_snapshot, depth)
                    self.assert_refused(job)
                self.doCleanups()


if __name__ == '__main__':
    live.main()
