#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interrupted operation is resumed on its own VM, through any of its monitors, and on no other;
one that cannot be resumed blocks nothing else."""

import json
import os
from unittest import mock

import block_jobs
import crash
import live
import qblk
import qemu
from block_jobs import SLOW
from topologies.options import drive, named_chain, stem, virtio


class TestCase(block_jobs.TestCase):
    def tearDown(self):
        for name in crash.journals():
            os.unlink(os.path.join(crash.journal_directory(), name))

    def leave(self, vm, *arguments):
        """Start a slow job on VM, and kill its qblk."""
        block_jobs.end(self.begin(arguments[0], vm, 'vda', *arguments[1:], *SLOW))
        self.assertEqual(len(crash.journals()), 1)

    def hurry(self):
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})

    def start_another(self, target='vda', uuid=None):
        """Start another QEMU at the same sockets, with the same images."""
        with mock.patch.object(qemu, 'FIXED_UUID', uuid):
            self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id=target))


class Ways(TestCase):
    """One QEMU with two monitors, one of which does not show the process."""

    def test_an_operation_is_resumed_through_another_monitor(self):
        for back in (False, True):
            with self.subTest(back=back):
                self.setUp()
                self.boot(depth=3, data='4M', tcp=True)
                ways = [self.process.socket, f'tcp:{self.process.tcp}']
                left, other = reversed(ways) if back else ways
                self.leave(left, 'commit', '--top', 'vda[1]')
                self.hurry()
                self.assertIn('completed', self.qblk('recover', other).text)
                self.assertEqual(crash.journals(), [])
                self.assert_no_jobs()
                top, _, base = self.files
                self.assert_files(top, base)
                self.assert_same_content()


class AnotherVm(TestCase):
    """Another VM answers at the address of the one that crashed."""

    def test_its_jobs_do_not_change(self):
        for command in ('commit --top vda[1]', 'pull', 'commit --pivot'):
            name, *options = command.split()
            with self.subTest(command):
                self.setUp()
                self.boot(depth=3, data='4M')
                self.leave(self.process.socket, name, *options)
                left = crash.journals()
                self.process.kill()
                self.start_another()
                # a job of its own with the same id
                block_jobs.end(self.begin(name, self.process.socket, 'vda', *options,
                                          '--state-dir', self.directory, *SLOW))
                jobs = [job['id'] for job in self.process.qmp.execute('query-jobs')]
                result = self.qblk('recover', status=qblk.NO_CONNECTION)
                self.assertIn(f"another VM now answers at '{self.process.socket}'", result.errors)
                self.assertIn(f'qblk recover image:{self.files[0]}', result.errors)
                self.assertEqual([job['id'] for job in self.process.qmp.execute('query-jobs')],
                                 jobs)
                self.assertEqual(crash.journals(), left)
                self.assertEqual(self.qblk('recover', self.process.socket).text,
                                 'no operation was interrupted\n')
                self.assertEqual(crash.journals(), left)
                self.tearDown()


class NotInTheWay(TestCase):
    """An operation that cannot be resumed does not block other disks."""

    def test_a_disk_that_is_gone(self):
        self.boot(depth=3, data='4M')
        uuid = self.process.qmp.execute('query-uuid')['UUID']
        self.leave(self.process.socket, 'commit', '--top', 'vda[1]')
        self.process.kill()
        self.start_another('vdb', uuid)
        result = self.qblk('recover', self.process.socket, status=qblk.NOT_FOUND)
        path = os.path.join(crash.journal_directory(), crash.journals()[0])
        for part in ("the interrupted commit of 'vda'", "no disk 'vda'",
                     f'qblk recover image:{self.files[0]}', f"remove the journal '{path}'"):
            self.assertIn(part, result.errors)
        result = self.qblk('commit', self.process.socket, 'vdb', '--top', 'vdb[1]')
        self.assertIn("warning: the interrupted commit of 'vda'", result.errors)
        self.process.quit()
        self.assertIn(f'boot from: {self.files[0]}',
                      self.qblk('recover', f'image:{self.files[0]}').text)
        self.assertEqual(crash.journals(), [])
        self.assert_same_content()

    def test_a_file_that_is_not_a_journal(self):
        self.boot(depth=3, data='4M')
        self.leave(self.process.socket, 'commit', '--top', 'vda[1]')
        self.hurry()
        garbage = os.path.join(crash.journal_directory(), 'garbage.journal')
        with open(garbage, 'w', encoding='ascii') as file:
            file.write('garbage\n')
        result = self.qblk('pull', self.process.socket, 'vda', '--recover')
        self.assertIn("commit of 'vda', interrupted in stage 'started': completed", result.errors)
        result = self.qblk('recover', status=qblk.FAILED)
        self.assertIn(f"remove '{garbage}'", result.errors)
        self.assertEqual(self.qblk('recover', self.process.socket).text,
                         'no operation was interrupted\n')
        self.process.quit()
        result = self.qblk('recover', f'image:{self.files[0]}')
        self.assertIn(f"'{garbage}': ", result.errors)
        self.assertNotIn('no operation', result.text)
        self.assert_same_content()

    def test_resumed_operations_are_reported_if_another_one_fails(self):
        for json in ((), ('--json',)):
            with self.subTest(json=json):
                self.setUp()
                self.boot(depth=3, data='4M')
                self.leave(self.process.socket, 'commit', '--top', 'vda[1]')
                self.hurry()
                garbage = os.path.join(crash.journal_directory(), 'garbage.journal')
                with open(garbage, 'w', encoding='ascii') as file:
                    file.write('garbage\n')
                result = self.qblk(*json, 'recover', status=qblk.FAILED)
                self.assertEqual(result.text, '')
                first, second = result.errors.splitlines()
                done = "commit of 'vda', interrupted in stage 'started': completed"
                if json:
                    self.assertEqual(result.json_lines[0]['notice'], {'message': done})
                else:
                    self.assertEqual(first, f'qblk: {done}')
                self.assertIn(f"remove '{garbage}'", second)
                self.assertEqual(crash.journals(), ['garbage.journal'])
                self.tearDown()

    def test_an_operation_of_a_running_qblk(self):
        self.boot(depth=3, data='4M', tcp=True)
        running = self.begin('pull', self.process.socket, 'vda', *SLOW)
        for vm in ((), (f'tcp:{self.process.tcp}',)):
            self.assertEqual(self.qblk('recover', *vm).text,
                             "pull of 'vda': another qblk is working on it\n")
        self.interrupt(running)
        self.assert_untouched()


class Check(TestCase):
    """`check image:` reports the verdict of `recover image:`, and does not resolve the
    operation."""

    def check(self, image, status):
        result = qblk.run('check', f'image:{image}')
        self.assertEqual(result.status, status, msg=str(result))
        self.assertEqual(result.stderr, b'', msg=str(result))
        return result.text

    def test_an_overlay_that_was_merged(self):
        self.boot(depth=3)
        top, _, base = self.files
        self.assertEqual(self.qblk('check', f'image:{base}').text, 'no differences\n')
        self.qblk('commit', self.process.socket, 'vda', '--pivot')
        self.process.quit()
        output = f'boot from: {base}\n  (it has all data)\nno longer in use: {top}\n'
        self.assertEqual(self.check(top, qblk.FAILED), output)
        self.assertEqual(self.check(base, qblk.DONE), 'no differences\n')
        self.assert_same_content(base)

    def test_an_overlay_that_was_merged_by_recover(self):
        self.boot(depth=3, data='4M')
        top, _, base = self.files
        self.leave(self.process.socket, 'commit', '--pivot')
        self.hurry()
        self.assertIn('completed', self.qblk('recover', self.process.socket).text)
        self.process.quit()
        self.assertIn(f'boot from: {base}\n', self.check(top, qblk.FAILED))
        self.assert_same_content(base)

    def test_an_interrupted_operation(self):
        self.boot(depth=3, data='4M')
        self.leave(self.process.socket, 'commit', '--pivot')
        left = crash.journals()
        self.process.kill()
        output = f'boot from: {self.files[0]}\n  (the job had not ended)\n'
        self.assertEqual(self.check(self.files[0], qblk.FAILED), output)
        self.assertEqual(crash.journals(), left)
        self.assertEqual(self.qblk('recover', f'image:{self.files[0]}').text, output)
        self.assertEqual(self.check(self.files[0], qblk.DONE), 'no differences\n')
        self.assert_same_content()


class Marked(TestCase):
    """The effects of the marks of merged overlays."""

    def test_an_overlay_merged_into_a_merged_overlay(self):
        self.boot(depth=3)
        top, middle, base = self.files
        for _ in range(2):
            self.qblk('commit', self.process.socket, 'vda', '--shallow', '--pivot')
        self.guest_writes('40M')
        self.process.quit()
        output = self.qblk('recover', f'image:{top}').text
        self.assertEqual(output, f'boot from: {base}\n  (it has all data)\n'
                               f'no longer in use: {top}\nno longer in use: {middle}\n')
        self.assert_same_content(base)

    def test_a_job_that_another_client_has_ended(self):
        self.boot(depth=3, data='4M')
        top, _, base = self.files
        self.leave(self.process.socket, 'commit', '--pivot')
        self.hurry()
        self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'ready'})
        self.process.qmp.execute('block-job-cancel', {'device': 'qblk-active-commit-vda'})
        self.process.qmp.wait_event('JOB_STATUS_CHANGE', {'status': 'concluded'})
        self.assertIn('rolled back', self.qblk('recover', self.process.socket).text)
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.guest_writes('40M')
        self.process.quit()
        self.assertEqual(self.qblk('check', f'image:{top}').text, 'no differences\n')
        self.assert_same_content(top)

    def test_an_image_that_qemu_knows_by_a_relative_name(self):
        self.make(2, data='4M')
        self.remember()
        top, base = self.files
        disk = drive(os.path.basename(top), id='drive0') + virtio('drive0', id='vda')
        self.run_qemu(disk)
        self.leave(self.process.socket, 'commit', '--pivot')
        self.process.kill()
        output = self.qblk('recover', f'image:{top}').text
        self.assertEqual(output, f'boot from: {top}\n  (the job had not ended)\n')
        self.assertEqual(crash.journals(), [])
        self.run_qemu(disk)
        self.leave(self.process.socket, 'commit', '--pivot')
        self.hurry()
        self.assertIn('completed', self.qblk('recover', self.process.socket).text)
        self.process.quit()
        self.assertIn(f'boot from: {base}\n', self.qblk('recover', f'image:{top}').text)
        self.assert_same_content(base)


class IncompleteCopy(TestCase):
    """QEMU ends during a copy: the copy is recognized from both ends, by any name."""

    def test_from_both_ends(self):
        for end in ((), ('--pivot',), ('--finish',)):
            for by_copy in (False, True):
                with self.subTest(end=end, by_copy=by_copy):
                    self.setUp()
                    self.boot(depth=2, data='4M')
                    copy = os.path.join(self.directory, 'copy.qcow2')
                    link = os.path.join(self.directory, 'link')
                    os.symlink(os.path.basename(copy), link)
                    block_jobs.end(self.begin('copy', self.process.socket, 'vda', copy, *end,
                                              *SLOW))
                    self.process.kill()
                    image = os.path.basename(link) if by_copy else self.files[0]
                    for command in ('check', 'recover'):
                        if command == 'check' and by_copy:
                            continue  # the copy has no format yet that can be trusted
                        result = qblk.run('--json', command, f'image:{image}', cwd=self.directory)
                        verdict = json.loads(result.stdout)
                        self.assertEqual(verdict['boot'], self.files[0])
                        self.assertEqual(verdict['incomplete'], copy)
                        self.assertEqual(verdict['unused'], [])
                    self.assertEqual(crash.journals(), [])
                    again = json.loads(qblk.run('--json', 'recover', f'image:{copy}').stdout)
                    self.assertEqual((again['boot'], again['incomplete'], again['unused']),
                                     (self.files[0], copy, []))
                    self.assert_same_content()
                    self.tearDown()


class InUse(TestCase):
    """The verdict on an image needs a guest that has ended."""

    def test_the_image_of_a_guest_that_runs_is_refused(self):
        for layered in (False, True):
            with self.subTest(layered=layered):
                self.setUp()
                self.make(3, directory=block_jobs.layered_file_system(self) if layered else None)
                self.run_qemu(named_chain(self.files) + virtio(stem(self.files[0]), id='vda'))
                result = self.qblk('recover', f'image:{self.files[0]}', status=qblk.REFUSED)
                holder = 'another process' if layered else 'process '
                self.assertIn(f"'{self.files[0]}' is in use by {holder}", result.errors)
                self.assertEqual(result.text, '')


if __name__ == '__main__':
    live.main()
