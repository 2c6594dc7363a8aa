# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes of image:PATH: what qblk makes of an image is what `qemu-img commit`, `rebase` and
`convert` make of a copy of it; images in use are refused; keys stay secret."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import bitmaps
import brief
import images
import live
import qblk
import qemu
import storage_daemon
from topologies.options import named_chain

TOP, MIDDLE, LOWER, BASE = 'top.qcow2', 'middle.qcow2', 'lower.qcow2', 'base.qcow2'
LACKS = qemu.version() < (6, 1)  # its daemon cannot flush a node


def run(tool, *arguments, cwd=None):
    done = subprocess.run([*qemu.program(tool), *map(str, arguments)], cwd=cwd,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{tool} {arguments}: {os.fsdecode(done.stderr)}')
    return done.stdout


def digest(path, options):
    """The hash of all that a guest would read of the image PATH."""
    raw = path + '.raw'
    run('qemu-img', 'convert', *options, '-O', 'raw', path, raw)
    with open(raw, 'rb') as file:
        found = hashlib.sha256(file.read()).hexdigest()
    os.unlink(raw)
    return found


def state(directory, without=()):
    """{file: (content, backing string, backing format)} of all images in DIRECTORY, which are
    clean."""
    found = {}
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if name in without or not name.endswith(('.qcow2', '.img')):
            continue
        fmt = 'raw' if name.endswith('.img') else 'qcow2'
        info = json.loads(run('qemu-img', 'info', '--output=json', '-f', fmt, path))
        if fmt == 'qcow2':
            run('qemu-img', 'check', '-q', '-f', fmt, path)
        found[name] = (digest(path, ['-f', fmt]), info.get('backing-filename'),
                       info.get('backing-filename-format'))
    return found


class TestCase(live.TestCase):
    def setUp(self):
        super().setUp()
        if not storage_daemon.is_there():
            self.skipTest('this version of QEMU has no storage daemon')
        storage_daemon.put_in_path(self)
        self.addCleanup(lambda: self.assertEqual(storage_daemon.running(self.directory), []))

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def chain(self, directory='a', base=BASE):
        """Four layers with relative backing strings; each hides a part of those below."""
        os.makedirs(self.path(directory), exist_ok=True)
        backing = None
        for number, name in enumerate((base, LOWER, MIDDLE, TOP)):
            path = self.path(directory, name)
            fmt = 'raw' if name.endswith('.img') else 'qcow2'
            images.create(path, '8M', fmt=fmt, backing=backing and backing[0],
                          backing_format=backing and backing[1])
            images.write(path, pattern=number + 1, offset='%dk' % (number * 512), length='1M',
                         fmt=fmt)
            images.write(path, pattern=number + 17, offset='%dM' % (4 + number), length='64k',
                         fmt=fmt)
            backing = (name, fmt)
        return self.path(directory, TOP)

    def change(self, *arguments, **options):
        """Run a changing command on the image in the directory `a`."""
        return self.qblk(arguments[0], 'image:' + self.path('a', TOP), *arguments[1:], **options)

    def refused_flush(self, *arguments):
        before = state(self.path('a'))
        errors = self.change(*arguments, status=qblk.REFUSED).errors
        self.assertIn("lacks 'blockdev-reopen', which QEMU has since 6.1", errors)
        self.assertEqual(state(self.path('a')), before)


class LikeQemuImg(TestCase):
    """Each change is made by qblk in the directory `a`, and by qemu-img in `b`."""

    def compare(self, command, tools, base=BASE, gone=(), flushes=False):
        with self.subTest(command):
            for directory in ('a', 'b'):
                shutil.rmtree(self.path(directory), ignore_errors=True)
            self.chain('a', base)
            shutil.copytree(self.path('a'), self.path('b'))
            if flushes and LACKS:
                self.refused_flush(*command)
                return
            self.change(*command)
            for arguments in tools:
                run('qemu-img', *arguments, cwd=self.path('b'))
            self.assertEqual(state(self.path('a'), gone), state(self.path('b'), gone))

    def test_commits_of_the_active_layer(self):
        for base in brief.some([BASE, 'base.img']):
            self.compare(['commit', '--pivot'],
                         [['commit', '-q', '-d', '-f', 'qcow2', '-b', base, TOP]], base,
                         gone=(TOP, MIDDLE, LOWER))
            self.compare(['commit', '--pivot', '--shallow'],
                         [['commit', '-q', '-d', '-f', 'qcow2', TOP]], base, gone=(TOP,))
        self.compare(['commit', '--keep-overlay', '--shallow'],
                     [['commit', '-q', '-d', '-f', 'qcow2', TOP]], gone=(TOP,))

    def test_commits_within_the_chain(self):
        for base in brief.some([BASE, 'base.img']):
            fmt = 'raw' if base == 'base.img' else 'qcow2'
            self.compare(['commit', '--top', 'vda[1]', '--base', 'vda[2]'],
                         [['commit', '-q', '-d', '-f', 'qcow2', MIDDLE],
                          ['rebase', '-u', '-f', 'qcow2', '-b', LOWER, '-F', 'qcow2', TOP]],
                         base, gone=(MIDDLE,), flushes=True)
            self.compare(['commit', '--top', 'vda[2]', '--base', 'vda[3]'],
                         [['commit', '-q', '-d', '-f', 'qcow2', LOWER],
                          ['rebase', '-u', '-f', 'qcow2', '-b', base, '-F', fmt, MIDDLE]],
                         base, gone=(LOWER,), flushes=True)

    def test_pulls(self):
        self.compare(['pull'], [['rebase', '-f', 'qcow2', '-b', '', TOP]], flushes=True)
        self.compare(['pull', '--base', 'vda[3]'],
                     [['rebase', '-f', 'qcow2', '-b', BASE, '-F', 'qcow2', TOP]], flushes=True)
        self.compare(['rebase', 'vda[2]'],
                     [['rebase', '-f', 'qcow2', '-b', LOWER, '-F', 'qcow2', TOP]], flushes=True)

    def test_copies(self):
        for end in ('--finish', '--pivot'):
            for fmt, name in (('qcow2', 'copy.qcow2'), ('raw', 'copy.img')):
                self.compare(['copy', self.path('a', name), '--format', fmt, end],
                             [['convert', '-f', 'qcow2', '-O', fmt, TOP, name]])

    def test_a_shallow_copy_has_the_layers_below(self):
        top = self.chain()
        before = digest(top, ['-f', 'qcow2'])
        self.change('copy', self.path('a', 'copy.qcow2'), '--shallow', '--pivot')
        found = state(self.path('a'))
        self.assertEqual(found['copy.qcow2'],
                         (before, self.path('a', MIDDLE), 'qcow2'))

    def test_a_base_that_is_a_block_device(self):
        backing = images.raw(self.directory, 'disk.img', 8 << 20)
        self.enterContext(qemu.loop_device(self.path('device'), backing))
        top = images.create(self.path('top.qcow2'), size=None, backing=self.path('device'),
                            backing_format='raw')
        images.write(top, pattern=7, offset='1M', length='1M')
        before = digest(top, ['-f', 'qcow2'])
        self.qblk('commit', f'image:{top}', '--pivot')
        self.assertEqual(digest(self.path('device'), ['-f', 'raw']), before)


class Files(TestCase):
    def test_files_of_merged_layers_are_deleted(self):
        top = self.chain()
        before = digest(top, ['-f', 'qcow2'])
        self.change('commit', '--pivot', '--delete')
        self.assertEqual(sorted(os.listdir(self.path('a'))), [BASE])
        self.assertEqual(state(self.path('a')), {BASE: (before, None, None)})

    def test_bitmaps_are_carried_over(self):
        top = self.chain()
        for name in (MIDDLE, TOP):
            images.add_bitmap(self.path('a', name), 'backup')
        images.write(top, pattern=9, offset='3M', length='64k')
        self.change('commit', '--pivot', '--shallow')
        self.assertEqual(bitmaps.in_file(self.path('a', MIDDLE)), {'backup': ['auto']})
        run('qemu-img', 'check', '-q', self.path('a', MIDDLE))

        copy = self.path('copy.qcow2')
        self.qblk('copy', 'image:' + self.path('a', MIDDLE), copy, '--pivot')
        self.assertEqual(bitmaps.in_file(copy), {'backup': ['auto']})

    def test_a_failed_change_leaves_no_bitmap_in_use(self):
        top = self.chain()
        images.add_bitmap(top, 'backup')
        self.change('commit', '--top', 'vda[9]', status=qblk.NOT_FOUND)
        self.assertEqual(bitmaps.in_file(top), {'backup': ['auto']})

    def test_the_disk_may_be_named(self):
        self.chain()
        listed, = json.loads(self.change('list', '--json').stdout)['disks']
        self.change('commit', 'vda', '--expect', 'a' * 16, '--pivot', status=qblk.REFUSED)
        self.change('commit', 'vdb', '--pivot', status=qblk.NOT_FOUND)
        chain, = json.loads(self.change('chain', '--json').stdout)['chains']
        self.change('commit', '--expect', chain['fingerprint'], '--pivot')
        self.assertEqual(listed['target'], 'vda')

    def test_all_disks_are_the_one(self):
        self.chain()
        report = json.loads(self.change('commit', '--all-disks', '--pivot', '--json').stdout)
        self.assertEqual([plan['target'] for plan in report['plans']], ['vda'])

    @brief.leave_out
    def test_no_job_stays(self):
        self.chain()
        before = state(self.path('a'))
        for arguments, reason in (
                (['copy', self.path('copy.qcow2')], 'use --pivot, or --finish'),
                (['commit', '--active'], 'use --pivot, or --keep-overlay'),
                (['copy', self.path('copy.qcow2'), '--detach'], '')):
            self.assertIn(reason, self.change(*arguments, status=qblk.REFUSED).errors)
        for arguments in (['job', 'vda', '--pivot'], ['open-monitor', '/nowhere/m']):
            self.assertIn('needs a running QEMU',
                          self.change(*arguments, status=qblk.USAGE).errors)
        self.assertEqual(state(self.path('a')), before)
        self.assertFalse(os.path.exists(self.path('copy.qcow2')))

    @brief.leave_out
    def test_an_error_when_the_images_are_closed_is_reported(self):
        """The daemon ends with the status 0 if it could not write what is in its memory."""
        for end, reason in (('exit 3', 'exit status 3'),
                            ('echo "qemu-storage-daemon: Failed to flush" >&2', 'Failed to flush'),
                            ('kill -9 $$', 'signal 9')):
            with self.subTest(end):
                shutil.rmtree(self.path('a'), ignore_errors=True)
                self.chain()
                storage_daemon.put_in_path(self, f'{storage_daemon.command()} "$@"\n{end}')
                self.assertIn(reason, self.change('commit', '--pivot', '--shallow',
                                                  status=qblk.FAILED).errors)


class SharedLayers(TestCase):
    """Images of VMs that do not run, which no lock protects."""

    def other(self, directory, layer=BASE, name='other.qcow2'):
        """An image that is not in the chain, with LAYER as its backing file."""
        os.makedirs(self.path(directory), exist_ok=True)
        return images.create(self.path(directory, name),
                             backing=os.path.relpath(self.path('a', layer), self.path(directory)))

    def refused(self, other, layer, *arguments):
        before = digest(other, ['-f', 'qcow2'])
        errors = self.change('commit', *arguments, status=qblk.REFUSED).errors
        self.assertIn(f"'{other}' has '{self.path('a', layer)}' as its backing file", errors)
        self.assertEqual(digest(other, ['-f', 'qcow2']), before)

    def test_an_overlay_of_the_base(self):
        self.chain()
        other = self.other('a')
        for arguments in brief.some([['--pivot', '--delete'], ['--pivot'], ['--keep-overlay']]):
            self.refused(other, BASE, *arguments)
        merged = digest(self.path('a', TOP), ['-f', 'qcow2'])
        self.change('commit', '--pivot', '--shallow')  # does not write to the base
        self.assertEqual(digest(self.path('a', MIDDLE), ['-f', 'qcow2']), merged)

    def test_an_overlay_of_a_layer_that_leaves_the_chain(self):
        self.chain()
        for layer in brief.some([MIDDLE, TOP]):
            other = self.other('a', layer)
            self.refused(other, layer, '--pivot', '--delete')
            self.refused(other, layer, '--pivot')

    def test_an_overlay_in_the_directory_of_the_top(self):
        self.chain()
        top = self.other('vm', TOP, 'top.qcow2')
        other = self.other('vm')
        errors = self.qblk('commit', f'image:{top}', '--pivot', status=qblk.REFUSED).errors
        self.assertIn(f"'{other}' has '{self.path('vm', '../a', BASE)}' as its", errors)

    def test_what_is_no_overlay(self):
        self.chain()
        expected = digest(self.path('a', TOP), ['-f', 'qcow2'])
        images.raw(self.path('a'), 'raw.img', 1 << 20)
        images.create(self.path('a', 'alone.qcow2'), '1M')
        images.create(self.path('a', 'alone-above.qcow2'), backing='alone.qcow2')
        os.mkfifo(self.path('a', 'pipe.qcow2'))
        self.other('a', TOP)  # the top stays as it is
        self.change('commit', '--keep-overlay')
        self.assertEqual(digest(self.path('a', BASE), ['-f', 'qcow2']), expected)

    def test_it_can_be_allowed(self):
        self.chain()
        other, second = self.other('a'), self.other('a', LOWER, 'second.qcow2')
        expected = digest(self.path('a', TOP), ['-f', 'qcow2'])
        allowed = ['--ignore-user', os.path.relpath(other)]
        self.refused(second, LOWER, '--pivot', *allowed)
        errors = self.change('commit', '--pivot', '--ignore-user', self.path('a', MIDDLE),
                             *allowed, '--ignore-user', second, status=qblk.REFUSED).errors
        self.assertIn(f"'{self.path('a', MIDDLE)}' cannot be ignored", errors)
        self.change('commit', '--pivot', *allowed, '--ignore-user', second)
        self.assertEqual(digest(self.path('a', BASE), ['-f', 'qcow2']), expected)


class Snapshots(TestCase):
    def test_an_overlay_is_made_and_merged_again(self):
        top = self.chain()
        images.add_bitmap(top, 'backup')
        before = state(self.path('a'))
        overlay = self.path('a', 'overlay.qcow2')
        self.change('snapshot', '--file', f'vda={overlay}')
        found = state(self.path('a'))
        self.assertEqual(found.pop('overlay.qcow2'), (before[TOP][0], TOP, 'qcow2'))
        self.assertEqual(found, before)
        images.write(overlay, pattern=99, offset='6M', length='64k')
        expected = digest(overlay, ['-f', 'qcow2'])
        self.qblk('commit', f'image:{overlay}', '--shallow', '--pivot', '--delete')
        self.assertEqual(state(self.path('a')), {**before, TOP: (expected, MIDDLE, 'qcow2')})
        self.assertEqual(bitmaps.in_file(top), {'backup': ['auto']})


class InUse(TestCase):
    @contextlib.contextmanager
    def guest(self, image, *options):
        """A QEMU that has IMAGE open."""
        drive = ','.join([f'if=none,id=d,format=qcow2,file={image}', *options])
        with qemu.directory() as home, qemu.Process(home, ['-drive', drive]) as process:
            yield process
            self.assertTrue(process.running)

    def test_the_image_of_a_guest(self):
        top = self.chain()
        for options in brief.some([[], ['file.locking=off']]):
            with self.subTest(options), self.guest(top, *options) as process:
                errors = self.change('commit', '--pivot', status=qblk.REFUSED).errors
                self.assertIn(f"'{top}' is in use by process {process.pid} (", errors)
                shown = self.change('commit', '--pivot', '--dry-run')
                self.assertIn('block-commit', shown.text)
                self.assertIn('is in use by', shown.errors)

    def test_a_base_that_another_guest_uses(self):
        self.chain()
        other = images.create(self.path('other.qcow2'), backing=self.path('a', LOWER))
        off = 'file.locking=off,backing.file.locking=off'
        for options in brief.some([[], [off]]):
            with self.subTest(options), self.guest(other, *options) as process:
                for layers in (['--base', 'vda[2]', '--pivot'], ['--keep-overlay']):
                    names = LOWER if layers[0] == '--base' else BASE
                    errors = self.change('commit', *layers, status=qblk.REFUSED).errors
                    self.assertIn(f"'{self.path('a', names)}' is in use by process "
                                  f'{process.pid} (', errors)

    def test_a_base_that_is_only_read_may_be_in_use(self):
        top = self.chain()
        other = images.create(self.path('a', 'other.qcow2'), backing=LOWER)
        with self.guest(other):
            before = digest(top, ['-f', 'qcow2', '-U'])
            self.change('commit', '--shallow', '--pivot')
            self.assertEqual(digest(self.path('a', MIDDLE), ['-f', 'qcow2', '-U']), before)

    def test_a_lower_layer_that_another_guest_writes_to(self):
        self.chain()
        with self.guest(self.path('a', LOWER)) as process:
            errors = self.change('commit', '--pivot', '--shallow', status=qblk.REFUSED).errors
            self.assertIn(f"'{self.path('a', LOWER)}' is in use by process {process.pid} (",
                          errors)

    def slow_copy(self, *options):
        """Start a copy that takes long; returns when its daemon writes."""
        copy = self.path('copy.qcow2')
        process = subprocess.Popen(
            qblk.command(['copy', 'image:' + self.path('a', TOP), copy, '--finish', '--bandwidth',
                          '1', *options]),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=qblk.environment(),
            start_new_session=True)
        deadline = time.monotonic() + 20
        while not os.path.exists(copy) or os.path.getsize(copy) < 1 << 20:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return process

    def test_two_commands_at_once(self):
        top = self.chain()
        before = digest(top, ['-f', 'qcow2'])
        with self.slow_copy() as first:
            errors = self.change('commit', '--pivot', status=qblk.REFUSED).errors
            self.assertIn(f"'{top}' is in use by process ", errors)
            _, problems = first.communicate(timeout=qblk.TIMEOUT)
            self.assertEqual(first.returncode, 0, msg=problems)
        self.assertEqual(digest(self.path('copy.qcow2'), ['-f', 'qcow2']), before)

    def test_ctrl_c_rolls_back(self):
        self.chain()
        images.add_bitmap(self.path('a', TOP), 'backup')
        before = state(self.path('a'))
        with self.slow_copy() as process:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            _, problems = process.communicate(timeout=qblk.TIMEOUT)
            self.assertEqual(process.returncode, qblk.JOB_FAILED, msg=problems)
            self.assertIn(b'was cancelled: interrupted', problems)
            self.assertNotIn(b'no job goes on', problems)
        self.assertEqual(state(self.path('a')), before)
        self.assertEqual(bitmaps.in_file(self.path('a', TOP)), {'backup': ['auto']})


    def test_a_second_signal_leaves_no_job(self):
        self.chain()
        before = state(self.path('a'))
        with self.slow_copy('--state-dir', self.path('state')) as process:
            for sent in (signal.SIGINT, signal.SIGTERM):
                os.kill(process.pid, sent)
            _, problems = process.communicate(timeout=qblk.TIMEOUT)
            self.assertIn(b'interrupted', problems)
            self.assertEqual(b'was detached' in problems, b'no job goes on' in problems)
        self.assertEqual(state(self.path('a')), before)


class Encrypted(TestCase):
    SECRET = 'correct horse'

    def setUp(self):
        super().setUp()
        for name, text in (('key', self.SECRET), ('other', 'battery staple'), ('wrong', 'x')):
            with open(self.path(name), 'w', encoding='ascii') as file:
                file.write(text)

    def encrypted(self, name, secret, fmt='qcow2', **options):
        prefix = 'encrypt.' if fmt == 'qcow2' else ''
        return images.create_encrypted(
            self.path(name), size='4M', fmt=fmt,
            extra=['--object', f'secret,id=key0,data={secret}', *(['-u'] if options else [])],
            options=[*(['encrypt.format=luks'] if prefix else []),
                     f'{prefix}key-secret=key0', f'{prefix}iter-time=10'], **options)

    def open_options(self, name, fmt='qcow2', key='key'):
        prefix = 'encrypt.' if fmt == 'qcow2' else ''
        return ['--object', f'secret,id=k,file={self.path(key)}', '--image-opts',
                f'driver={fmt},file.filename={self.path(name)},{prefix}key-secret=k']

    def write(self, name, fmt, key, pattern, offset):
        options = self.open_options(name, fmt, key)
        run('qemu-io', *options[:3], '-c', f'write -q -P {pattern} {offset} 64k',
            options[3] + (',backing=' if name == 'top.qcow2' else ''))

    def content(self, name, fmt='qcow2', key='key'):
        options = self.open_options(name, fmt, key)
        run('qemu-img', 'convert', *options, '-O', 'raw', self.path('out.img'))
        with open(self.path('out.img'), 'rb') as file:
            return file.read()

    def pair(self, fmt='qcow2', key='key', secret=SECRET):
        """An encrypted base with an encrypted overlay."""
        base = 'base.qcow2' if fmt == 'qcow2' else 'base.luks'
        self.encrypted(base, secret, fmt)
        self.encrypted('top.qcow2', self.SECRET, backing=base, backing_format=fmt)
        self.write(base, fmt, key, 1, '0')
        self.write('top.qcow2', 'qcow2', 'key', 2, '1M')
        return f'image:{self.path("top.qcow2")}', base

    def merged(self, base):
        """The data of the disk: those of BASE, with what pair() writes to the overlay."""
        return base[:1 << 20] + b'\2' * 65536 + base[(1 << 20) + 65536:]

    def test_a_commit_with_the_key(self):
        for fmt in ('qcow2', 'luks'):
            with self.subTest(fmt):
                vm, base = self.pair(fmt)
                expected = self.merged(self.content(base, fmt))
                result = self.qblk('-v', 'commit', vm, '--pivot', '--delete', '--secret',
                                   f'k={self.path("key")}')
                self.assertTrue(expected.startswith(b'\1' * 65536))
                self.assertTrue(self.content(base, fmt) == expected)
                self.assertNotIn(self.SECRET, result.text + result.errors)
                self.assertFalse(os.path.exists(self.path('top.qcow2')))

    def test_a_pull_with_two_keys(self):
        vm, base = self.pair(key='other', secret='battery staple')
        secrets = ['--secret', f'top.qcow2={self.path("key")}',
                   '--secret', f'{self.path(base)}={self.path("other")}']
        if LACKS:
            self.assertIn('blockdev-reopen',
                          self.qblk('pull', vm, *secrets, status=qblk.REFUSED).errors)
            return
        expected = self.merged(self.content(base, key='other'))
        result = self.qblk('-v', 'pull', vm, *secrets)
        self.assertTrue(self.content('top.qcow2') == expected)
        for secret in (self.SECRET, 'battery staple'):
            self.assertNotIn(secret, result.text + result.errors)

    def test_reading_with_the_key(self):
        vm, base = self.pair()
        secret = ['--secret', f'k={self.path("key")}']
        for command in ('list', 'chain', 'xml', 'graph', 'capture', 'check'):
            with self.subTest(command):
                self.assertNotIn(self.SECRET, self.qblk(command, *secret, vm).text)
        chain, = json.loads(self.qblk('chain', '--json', *secret, vm).stdout)['chains']
        self.assertEqual([os.path.basename(layer['file']) for layer in chain['layers']],
                         ['top.qcow2', base])

    def test_wrong_and_missing_keys(self):
        vm, base = self.pair(key='other', secret='battery staple')
        before = self.content(base, key='other')
        top, below = self.path('top.qcow2'), self.path(base)
        key, other, wrong = (self.path(name) for name in ('key', 'other', 'wrong'))
        for secrets, message in (
                ([], f"'{top}' is encrypted: specify its key with --secret ID=FILE"),
                ([f'k={wrong}'], 'is not the key of'),
                ([f'top.qcow2={key}'], 'is not the key of'),
                ([f'top.qcow2={key}', f'x={other}'], f"'{below}' is encrypted, and no secret"),
                ([f'top.qcow2={key}', f'base.qcow2={self.path("none")}'], 'No such file'),
                ([self.SECRET], 'invalid secret: use ID=FILE')):
            with self.subTest(secrets):
                options = [word for secret in secrets for word in ('--secret', secret)]
                result = qblk.run('commit', vm, '--pivot', *options)
                self.assertNotEqual(result.status, 0)
                self.assertIn(message, result.errors)
                self.assertNotIn(self.SECRET, result.errors)
        self.assertTrue(self.content(base, key='other') == before)


class OfAUser(live.TestCase):
    """A storage daemon that another program has started."""

    def test_a_node_is_flushed_by_reopening_it(self):
        files = images.chain(self.directory, 'disk', 3)
        before = digest(files[0], ['-f', 'qcow2'])
        layers = ['--top', 'vda[1]', '--base', 'vda[2]']
        with qemu.Process(self.directory, named_chain(files), daemon=True) as process:
            if LACKS:
                errors = self.qblk('commit', process.socket, 'vda', *layers,
                                   status=qblk.REFUSED).errors
                self.assertIn("lacks 'blockdev-reopen', which QEMU has since 6.1", errors)
                return
            result = self.qblk('commit', process.socket, 'vda', *layers)
            self.assertIn('loses options that QEMU does not report', result.errors)
            nodes = process.qmp.execute('query-named-block-nodes', {'flat': True})
            self.assertNotIn('disk-1', [node['node-name'] for node in nodes])
            process.kill()  # nothing is written when it ends
        self.assertEqual(digest(files[0], ['-f', 'qcow2']), before)
        run('qemu-img', 'check', '-q', files[0])


if __name__ == '__main__':
    live.main()
