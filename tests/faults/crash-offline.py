# SPDX-License-Identifier: LGPL-2.1-or-later
"""qblk, or the storage daemon that works for it on an image, is killed at each message between the
two. Then `qblk recover` completes the operation or rolls it back: the image that it names has all
data, the chain is the one before or after, and nothing is left over."""

import collections
import contextlib
import json
import os
import shutil
import subprocess
import traceback

import brief
import crash
import daemon_relay
import images
import live
import qblk
import qemu
from crash import KEPT, Kind
from fault_relay import LOST, RECEIVED, UNANSWERED, Point

TOP = KEPT[0]
ACTIVE_COMMIT = Kind('commit --pivot --delete', ('disk-base',))
COPY = Kind('copy --finish', KEPT, holds='copy')
COPY_PIVOT = Kind('copy --pivot --shallow', ('copy', 'disk-1', 'disk-base'))
KINDS = [
    Kind('commit --top vda[1] --delete', (TOP, 'disk-base')),
    ACTIVE_COMMIT,
    Kind('commit --pivot --shallow', ('disk-1', 'disk-base'), leaves_mark=True),
    Kind('commit --keep-overlay', KEPT, holds='disk-base'),
    Kind('pull', (TOP,)),
    Kind('rebase vda[2]', (TOP, 'disk-base')),
    COPY,
    COPY_PIVOT,
    Kind('snapshot --file vda=new.qcow2', ('new', *KEPT)),
]
SECRET = ('--object', 'secret,id=key0,data=secret')
BACKING = {'t.qcow2': ',backing.encrypt.format=luks,backing.encrypt.key-secret=key0'}
NEED_FLUSH = ('commit --top', 'pull', 'rebase')  # refused on QEMU 5.2, which cannot flush a node

# In ordinary runs: what a job goes through, once each, and with each kind what ends it.
COMMON = ('blockdev-create', 'answer to blockdev-create', 'transaction', 'block-commit',
          'job-dismiss', 'quit', 'JOB_STATUS_CHANGE running', 'JOB_STATUS_CHANGE concluded')
OF_EACH_KIND = ('job-complete', 'job-finalize', 'block-job-cancel', 'JOB_STATUS_CHANGE ready',
                'JOB_STATUS_CHANGE pending')

LAST = ('quit', 'answer to quit')  # the daemon may have ended before it is killed


class TestCase(crash.TestCase):
    def setUp(self):
        super().setUp()
        if not os.environ.get('QBLK_QEMU_STORAGE_DAEMON', 'qemu-storage-daemon'):
            self.skipTest('this version of QEMU has no storage daemon')
        if qemu.version() < (6, 1):
            self.kinds = [kind for kind in KINDS if not kind.name.startswith(NEED_FLUSH)]
        else:
            self.kinds = KINDS

    @contextlib.contextmanager
    def images(self, kind, victim=None, point=None):
        """A copy of the images, and the daemon that strikes at POINT."""
        with qemu.directory() as self.directory:
            self.disks = ['vda']
            self.copy_disk('vda')
            shutil.rmtree(crash.journal_directory(), ignore_errors=True)
            programs = os.path.join(self.directory, 'bin')
            os.mkdir(programs)
            self.command = daemon_relay.install(programs)
            self.settings = daemon_relay.Settings(os.path.join(self.directory, 'messages'), victim,
                                                  point)
            self.variables = self.settings.environment(self.command, programs)
            yield
            shutil.rmtree(crash.journal_directory(), ignore_errors=True)

    def run_qblk(self, *arguments, cwd=None, **variables):
        return subprocess.run(qblk.command(arguments), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=qblk.TIMEOUT, check=False, text=True,
                              cwd=cwd, env={**qblk.environment(), **variables})

    def work(self, kind):
        arguments = kind.arguments(f'image:{self.path(TOP)}', self.directory)
        return self.run_qblk(*arguments, cwd=self.directory, **self.variables)

    def left(self):
        """The images and marks in the directory, without the common part of their names."""
        return {name.replace('.qcow2', '') for name in os.listdir(self.directory)
                if '.qcow2' in name}

    def expected_files(self, kind, state):
        """The files after KIND has ended in STATE, and those that may be there."""
        deletes = '--delete' in kind.name
        files = set(kind.after if deletes and state == 'after' else KEPT)
        if state == 'after':
            files |= set(kind.after) | ({kind.holds} if kind.holds else set())
            if kind.leaves_mark:
                files |= {TOP + crash.MARK}
        return files

    def check_images(self):
        """No image is damaged, except an incomplete copy, which has a mark. A daemon that was
        killed may have allocated more than it used."""
        files = self.left()
        for name in files - {TOP + crash.MARK, 'copy' + crash.MARK}:
            path = self.path(name)
            if name == 'copy' and name + crash.MARK in files:
                continue
            done = subprocess.run(qemu.program('qemu-img') + ['check', '--output=json', path],
                                  capture_output=True, check=False)
            report = json.loads(done.stdout)
            self.assertEqual((report['check-errors'], report.get('corruptions', 0)), (0, 0),
                             msg=f'{name}: {done}')

    def assert_content(self, disk, path):
        """PATH has all data of DISK, byte by byte."""
        done = subprocess.run(qemu.program('qemu-img') + [
            'compare', '-f', 'qcow2', '-F', 'raw', path, self.path_of_reference(disk)],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    # ---- points ----

    def undisturbed(self, kind):
        """The messages of a complete operation."""
        if kind not in self.runs:
            with self.images(kind):
                done = self.work(kind)
                self.assertEqual(done.returncode, qblk.DONE, msg=done.stderr)
                self.assertEqual(crash.journals(), [])
                self.assertEqual(self.left(), self.expected_files(kind, 'after'))
                self.assert_content('vda', self.path(kind.after[0]))
                self.assertEqual(self.image_chain(self.path(kind.after[0])), kind.after)
                self.runs[kind] = self.settings.messages()
        return self.runs[kind]

    def is_chosen(self, kind, message, how):
        if brief.IS_FULL:
            return True
        if message.label in OF_EACH_KIND:
            sort = kind.name if self.each_kind_ends else None, message.label, how
        elif message.label in COMMON:
            sort = message.label, how
        else:
            return False
        is_new = sort not in self.seen
        self.seen.add(sort)
        return is_new

    def points(self, kind):
        for number, message in enumerate(self.undisturbed(kind)):
            for how in (LOST, UNANSWERED) if message.is_sent else (RECEIVED,):
                if self.is_chosen(kind, message, how):
                    yield message, Point(number, how)

    def each_kind_of_job(self, victim, promise):
        states = collections.Counter()
        for kind in self.kinds:
            for message, point in self.points(kind):
                with self.subTest(kind=kind.name, label=message.label, point=point):
                    state = 'LOST'
                    try:
                        state = self.judge(kind, victim, message, point)
                    except Exception:
                        print(f'{kind.name}, {message.label}, {point}:', flush=True)
                        traceback.print_exc()  # unittest prints it only at its end
                        raise
                    finally:
                        states[state] += 1
        crash.report(promise, states)

    # ---- judging ----

    def judge(self, kind, victim, message, point):
        with self.images(kind, victim, point):
            done = self.work(kind)
            if victim == daemon_relay.QBLK:
                self.assertEqual(done.returncode, -9, msg=done.stderr)
            elif message.label not in LAST:
                self.assertNotEqual(done.returncode, 0)
            if crash.journals():
                state = self.recover(kind, point)  # which waits for the end of the daemon
            else:
                self.settings.wait_for_end()
                state = self.find_state(kind)
            self.assertEqual(crash.journals(), [])
            self.check_images()
            return state

    def recover(self, kind, point):
        """`qblk recover`, for this image or for all; returns the state."""
        before = self.left()
        top = self.path(TOP)
        preview = self.recover_json('--dry-run', f'image:{top}')
        self.assertEqual((self.left(), len(crash.journals())), (before, 1))
        if point.number % 2:
            operation, = self.recover_json()['operations']
            self.assertIn(operation['outcome'], ('completed', 'rolled-back'))
            self.assertEqual(operation['vm'], f'image:{os.path.realpath(top)}')
            boot = preview['boot']
            is_after = operation['outcome'] == 'completed'
        else:
            verdict = self.recover_json(f'image:{top}')
            boot = verdict['boot']
            self.assertEqual(boot, preview['boot'])
            is_after = verdict['reason'] in ('it has all data', 'its chain is as planned')
        state = 'after' if is_after else 'before'
        self.assert_state(kind, state, boot)
        return state

    def recover_json(self, *arguments):
        done = self.run_qblk('--json', 'recover', *arguments)
        self.assertEqual(done.returncode, qblk.DONE, msg=done.stderr)
        return json.loads(done.stdout)

    def find_state(self, kind):
        """The state without a journal: the operation had not begun, or had ended."""
        for state, names in (('before', KEPT), ('after', kind.after)):
            top = self.path(names[0])
            if os.path.exists(top) and self.left() == self.expected_files(kind, state) \
                    and self.image_chain(top) == names:
                self.assert_state(kind, state, top)
                return f'{state}, without a journal'
        self.fail(f'neither before nor after: {self.left()}')

    def assert_state(self, kind, state, boot):
        chain = kind.after if state == 'after' else KEPT
        self.assertEqual(self.image_chain(boot), chain)
        self.assert_content('vda', boot)
        if state == 'after' and kind.holds:
            self.assert_content('vda', self.path(kind.holds))
        partial = {'copy', 'copy' + crash.MARK} if state == 'before' else set()
        files = self.left()
        self.assertIn(files - self.expected_files(kind, state), (set(), partial))


class First(TestCase):
    """What comes first if a command is about to change an image with an interrupted operation."""

    def interrupt(self, kind, label, how):
        self.enterContext(self.images(kind, daemon_relay.QBLK, Point(None, how, label)))
        self.assertEqual(self.work(kind).returncode, -9)
        self.settings.wait_for_end()
        return f'image:{self.path(TOP)}'

    def change(self, *arguments, status):
        done = self.run_qblk(*arguments, PATH=self.variables['PATH'].partition(':')[2])
        self.assertEqual(done.returncode, status, msg=done.stderr)
        return done.stderr

    def test_a_rollback_needs_permission(self):
        vm = self.interrupt(COPY, 'blockdev-mirror', UNANSWERED)
        errors = self.change('commit', vm, 'vda', '--pivot', status=qblk.REFUSED)
        self.assertIn('interrupted operations have to be recovered first', errors)
        self.assertIn(f"copy of '{self.path(TOP)}'", errors)
        self.assertEqual(len(crash.journals()), 1)
        self.change('commit', vm, 'vda', '--pivot', '--recover', status=qblk.DONE)
        self.assertEqual(crash.journals(), [])
        self.assert_content('vda', self.path('disk-base'))
        self.assertEqual(self.image_chain(self.path('disk-base')), ('disk-base',))
        self.assertIn('copy' + crash.MARK, self.left())

    def test_by_another_name_as_well(self):
        self.interrupt(COPY, 'blockdev-mirror', UNANSWERED)
        link = os.path.join(self.directory, 'link.qcow2')
        os.symlink(TOP + '.qcow2', link)
        self.assertIn('have to be recovered first',
                      self.change('commit', f'image:{link}', 'vda', '--pivot',
                                  status=qblk.REFUSED))

    def test_an_image_that_is_no_longer_active_is_not_changed(self):
        vm = self.interrupt(ACTIVE_COMMIT, 'job-complete', UNANSWERED)
        base = f"image:{self.path('disk-base')}"
        for options in ([], ['--recover']):
            errors = self.change('commit', vm, 'vda', '--pivot', *options, status=qblk.REFUSED)
            self.assertIn(f"run 'qblk recover {vm}', and use '{base}' afterwards", errors)
        self.assertEqual(self.recover_json(vm)['boot'], self.path('disk-base'))
        self.assertEqual(self.left(), {'disk-base'})
        self.assert_content('vda', self.path('disk-base'))

    def test_an_image_that_a_qemu_was_changing_is_not_changed(self):
        """QEMU and qblk have ended during a commit."""
        vm = self.interrupt(ACTIVE_COMMIT, 'block-commit', UNANSWERED)
        name, = crash.journals()
        path = os.path.join(crash.journal_directory(), name)
        with open(path, encoding='utf-8') as file:
            head, *stages = map(json.loads, file)
        head['vm']['address'] = '/run/vm.qmp'
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(line) + '\n' for line in (head, *stages))
        errors = self.change('pull', vm, 'vda', '--recover', status=qblk.REFUSED)
        self.assertIn(f"in '/run/vm.qmp' was interrupted, and may have changed this image: run "
                      f"'qblk recover {vm}' first", errors)
        self.assertEqual(self.recover_json(vm)['boot'], self.path(TOP))


class Written(TestCase):
    """A guest was started from the old image after qblk was killed."""

    def interrupt(self, kind, label, *command):
        self.enterContext(self.images(kind, daemon_relay.QBLK, Point(None, UNANSWERED, label)))
        if command:
            self.run_program('qemu-img', *command, self.path(TOP), 'bitmap')
        self.assertEqual(self.work(kind).returncode, -9)
        self.settings.wait_for_end()
        return f'image:{self.path(TOP)}'

    def run_program(self, name, *arguments):
        done = subprocess.run(qemu.program(name) + list(arguments), capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def check_kept(self, kind, label, verb):
        vm = self.interrupt(kind, label)
        self.run_program('qemu-io', '-c', 'write -q -P 99 64k 64k', self.path(TOP))
        files = self.left()
        after = self.path(kind.after[0])
        for command in (['recover', '--dry-run', vm], ['recover', vm], ['recover'],
                        ['recover', f'image:{after}'],
                        ['commit', vm, 'vda', '--pivot', '--recover']):
            done = self.run_qblk(*command, PATH=self.variables['PATH'].partition(':')[2])
            self.assertNotEqual(done.returncode, 0, msg=done.stdout)
            self.assertIn(f"'{self.path(TOP)}' was written after it was {verb} '{after}'",
                          done.stderr)
            self.assertNotIn('all data', done.stdout + done.stderr)
            self.assertEqual((self.left(), len(crash.journals())), (files, 1))
        self.run_program('qemu-io', '-c', 'read -q -P 99 64k 64k', self.path(TOP))

    def test_an_image_that_was_merged(self):
        self.check_kept(ACTIVE_COMMIT, 'job-complete', 'merged into')

    def test_an_image_whose_chain_is_cleaned_up(self):
        self.check_kept(ACTIVE_COMMIT, 'job-dismiss', 'merged into')

    def test_an_image_that_was_copied(self):
        self.check_kept(COPY_PIVOT, 'job-complete', 'copied to')

    def test_what_qemu_writes_when_it_closes_the_image_is_no_data(self):
        """QEMU stores the bitmaps of the old image after the last stage has begun."""
        vm = self.interrupt(ACTIVE_COMMIT, 'job-complete', 'bitmap', '--add')
        name, = crash.journals()
        journal = os.stat(os.path.join(crash.journal_directory(), name))
        self.assertGreater(os.stat(self.path(TOP)).st_mtime_ns, journal.st_mtime_ns)
        self.assertEqual(self.recover_json(vm)['boot'], self.path('disk-base'))
        self.assertEqual(self.left(), {'disk-base'})
        self.assert_content('vda', self.path('disk-base'))


class Encrypted(TestCase):
    """Recovery needs no key: headers are not encrypted."""

    def test_a_commit_is_completed(self):
        self.enterContext(self.images(ACTIVE_COMMIT, daemon_relay.QBLK,
                                      Point(None, UNANSWERED, 'job-complete')))
        base, top, key = (os.path.join(self.directory, name) for name in ('b.qcow2', 't.qcow2',
                                                                          'key'))
        with open(key, 'w', encoding='utf-8') as file:
            file.write('secret')
        options = [f'encrypt.{option}' for option in ('format=luks', 'key-secret=key0',
                                                      'iter-time=10')]
        for path, more in ((base, {}), (top, {'backing': 'b.qcow2'})):
            images.create_encrypted(path, size='1M', options=options, **more,
                                    extra=[*SECRET, *(['-u'] if more else [])])
        self.run_io(top, '-c', 'write -q -P 5 64k 64k')
        done = self.run_qblk('commit', f'image:{top}', 'vda', '--pivot', '--delete', '--secret',
                             f'key0={key}', **self.variables)
        self.assertEqual(done.returncode, -9, msg=done.stderr)
        self.assertEqual(self.recover_json(f'image:{top}')['boot'], base)
        self.assertFalse(os.path.exists(top))
        self.run_io(base, '-c', 'read -q -P 5 64k 64k', '-c', 'read -q -P 0 128k 896k')

    def run_io(self, path, *commands):
        done = subprocess.run(
            qemu.program('qemu-io') + [*SECRET, *commands, '--image-opts',
                                       f'driver=qcow2,file.filename={path},encrypt.format=luks,'
                                       'encrypt.key-secret=key0' + BACKING.get(
                                           os.path.basename(path), '')],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ''), msg=done.stderr)


class Killed(TestCase):
    def test_qblk(self):
        self.each_kind_of_job(daemon_relay.QBLK, 'qblk is killed while it works on an image')

    def test_the_daemon(self):
        self.each_kind_ends = False
        self.each_kind_of_job(daemon_relay.DAEMON,
                              'the storage daemon is killed while it works on an image')


if __name__ == '__main__':
    live.main()
