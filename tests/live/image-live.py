# SPDX-License-Identifier: LGPL-2.1-or-later
"""image:PATH: an image without a QEMU, or one that a QEMU has open at the same time."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
import unittest

import brief
import images
import listener
import live
import qblk
import qemu
import rng

MARK = b'qblk-image-file'  # a node that only the daemon of an image has


def daemons():
    """The storage daemons that this test started: those with the PATH of the test."""
    found = []
    path = b'PATH=' + os.fsencode(os.environ['PATH'])
    for name in os.listdir('/proc'):
        with contextlib.suppress(OSError):
            if name.isdigit():
                with open(f'/proc/{name}/cmdline', 'rb') as line, \
                        open(f'/proc/{name}/environ', 'rb') as variables:
                    if MARK in line.read() and path in variables.read().split(b'\0'):
                        found.append(int(name))
    return found


def state(path):
    info = os.stat(path)
    with open(path, 'rb') as file:
        return info.st_mtime_ns, info.st_size, hashlib.sha256(file.read()).hexdigest()


class Images(live.TestCase):
    def setUp(self):
        super().setUp()
        if not os.environ.get('QBLK_QEMU_STORAGE_DAEMON', 'qemu-storage-daemon'):
            self.skipTest('this version of QEMU has no storage daemon')
        self.use_daemon_under_test()

    def use_daemon_under_test(self):
        """Put the daemon of the version under test into the PATH of qblk."""
        command = qemu.program('qemu-storage-daemon')
        wrapper = self.path('bin/qemu-storage-daemon')
        os.mkdir(os.path.dirname(wrapper))
        with open(wrapper, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\nexec %s "$@"\n' % ' '.join(
                f"'{word}'" for word in [qemu.shutil.which(command[0]), *command[1:]]))
        os.chmod(wrapper, 0o755)
        before = os.environ['PATH']
        os.environ['PATH'] = os.path.dirname(wrapper) + os.pathsep + before
        self.addCleanup(os.environ.__setitem__, 'PATH', before)

    def path(self, name):
        return os.path.join(self.directory, name)

    def layers(self, path, *options):
        report = json.loads(self.qblk('chain', '--json', *options, f'image:{path}', 'vda').stdout)
        chain, = report['chains']
        self.assertEqual(daemons(), [])
        return [(layer['file'], layer['format']) for layer in chain['layers']]

    def refused(self, path, *options, status=qblk.FAILED):
        begin = time.monotonic()
        errors = self.qblk('chain', *options, f'image:{path}', status=status).errors
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(daemons(), [])
        self.assertEqual(errors.count('\n'), 1, msg=errors)
        return errors

    def make(self, name, **options):
        return images.create(self.path(name), size='1M', extra=options.pop('extra', ()), **options)

    def test_every_reading_command_reads_it(self):
        files = images.chain(self.directory, 'disk', 3)
        before = [state(path) for path in files]
        vm = f'image:{files[0]}'
        for command in ('list', 'chain', 'xml', 'graph', 'jobs', 'capture', 'check'):
            with self.subTest(command):
                self.qblk(command, vm)
        self.assertEqual(self.resolve(vm, 'vda[2]'), files[2])
        self.assertEqual(live.disk_sources(self.disk_xml(vm, 'vda')), (files, True))
        self.assertEqual([state(path) for path in files], before)
        self.assertEqual(daemons(), [])

    @brief.leave_out
    def test_its_disk_is_vda_or_has_the_given_target(self):
        path = self.make('disk.qcow2')
        chain, = json.loads(self.qblk('chain', '--json', f'image:{path}').stdout)['chains']
        self.assertEqual((chain['target'], chain['name-source']), ('vda', 'image'))
        chain, = json.loads(self.qblk('chain', '--json', '--target', 'sda=qblk-image',
                                      f'image:{path}').stdout)['chains']
        self.assertEqual((chain['target'], chain['name-source']), ('sda', 'user'))

    @brief.leave_out
    def test_its_fingerprint_is_always_the_same(self):
        files = images.chain(self.directory, 'disk', 3)
        chain, = json.loads(self.qblk('chain', '--json', f'image:{files[0]}').stdout)['chains']
        self.qblk('chain', '--expect', chain['fingerprint'], f'image:{files[0]}', 'vda')

    @brief.leave_out
    def test_a_capture_of_it_reads_the_same(self):
        files = images.chain(self.directory, 'disk', 3)
        capture = self.path('capture.json')
        with open(capture, 'wb') as file:
            file.write(self.qblk('capture', f'image:{files[0]}').stdout)
        self.assertEqual(self.qblk('chain', f'capture:{capture}').text,
                         self.qblk('chain', f'image:{files[0]}').text)

    @unittest.skipUnless(rng.available(), 'no libvirt schema or no xmllint')
    @brief.leave_out
    def test_its_xml_is_valid(self):
        files = images.chain(self.directory, 'disk', 3)
        self.assertEqual(rng.check({'disk': self.qblk('xml', f'image:{files[0]}', 'vda').stdout}),
                         {})

    def test_it_may_be_in_use(self):
        topology, process = self.start('virtio-5-deep')
        for path in topology.chains['vda']:  # each is locked by a guest
            with self.subTest(path):
                self.assertEqual(self.layers(path)[0][0], path)
        self.assertEqual([file for file, _ in self.layers(topology.chains['vda'][0])],
                         topology.chains['vda'])
        self.assertTrue(process.running)

    @brief.leave_out
    def test_names_are_relative_to_the_directory_of_the_image(self):
        os.makedirs(self.path('a/b'))
        self.make('base.qcow2')
        middle = self.make('a/middle.qcow2', backing='../base.qcow2')
        self.make('a/b/top.qcow2', backing='../middle.qcow2')
        os.symlink('b', self.path('a/link'))
        files = [file for file, _ in self.layers(self.path('a/b/top.qcow2'))]
        self.assertEqual([os.path.realpath(file) for file in files],
                         [os.path.realpath(file) for file in
                          (self.path('a/b/top.qcow2'), middle, self.path('base.qcow2'))])
        self.assertEqual(len(self.layers(self.path('a/link/top.qcow2'))), 3)
        text = self.qblk('chain', 'image:top.qcow2', cwd=self.path('a/b')).text
        self.assertIn(self.path('a/b/top.qcow2'), text)

    @brief.leave_out
    def test_a_missing_backing_file_is_named(self):
        self.make('base.qcow2')
        path = self.make('top.qcow2', backing='base.qcow2')
        os.unlink(self.path('base.qcow2'))
        errors = self.refused(path)
        self.assertIn(f"backing file of '{path}'", errors)
        self.assertIn(self.path('base.qcow2'), errors)
        self.assertIn('does not exist', errors)
        self.assertIn('nowhere.qcow2', self.refused(self.path('nowhere.qcow2')))

    @brief.leave_out
    def test_a_cycle_is_reported_with_its_names(self):
        one, two = self.make('one.qcow2'), self.path('two.qcow2')
        self.make('two.qcow2', backing='one.qcow2')
        images.rebase(one, 'two.qcow2')
        os.symlink('one.qcow2', self.path('again.qcow2'))
        for path in (one, two, self.path('again.qcow2')):
            errors = self.refused(path)
            self.assertIn('forms a cycle', errors)
            self.assertIn(one, errors.replace('again', 'one'))
        images.rebase(one, one)
        self.assertIn('forms a cycle', self.refused(one))

    def test_200_layers(self):
        files = images.empty_chain(self.directory, 'deep', 200)
        self.assertEqual([file for file, _ in self.layers(files[0], '-t', '60')], files)

    # ---- formats ----

    @brief.leave_out
    def test_a_raw_image_is_never_probed(self):
        self.make('secret.qcow2')
        evil = self.path('disk.img')  # a guest can write this into its raw disk
        images.create(evil, size='1M', backing=self.path('secret.qcow2'))
        errors = self.refused(evil, status=qblk.REFUSED)
        self.assertIn(f"'{evil}' looks like qcow2, but a guest can write that into a raw image: "
                      "use 'qblk --format qcow2 COMMAND' or 'qblk --format raw COMMAND'", errors)
        self.assertEqual(self.layers(evil, '--format', 'raw'), [(evil, 'raw')])
        self.assertEqual(len(self.layers(evil, '--format', 'qcow2')), 2)
        for command in ('list', 'chain', 'xml', 'jobs', 'capture', 'check'):
            with self.subTest(command):
                self.qblk(command, f'image:{evil}', '--format', 'raw')
        for arguments in (['--format', 'qcow2', 'graph', f'image:{evil}'],
                          ['graph', f'image:{evil}', '--format', 'qcow2']):
            self.assertIn('secret', self.qblk(*arguments).text)

    @brief.leave_out
    def test_the_format_comes_from_the_header_of_the_overlay(self):
        evil = self.path('base.img')
        images.create(evil, size='1M')
        explicit = self.make('explicit.qcow2', backing=evil, backing_format='raw')
        self.assertEqual(self.layers(explicit), [(explicit, 'qcow2'), (evil, 'raw')])
        other = self.make('other.qcow2', backing=evil, backing_format='qcow2')
        self.assertEqual(self.layers(other), [(other, 'qcow2'), (evil, 'qcow2')])

    def test_a_protocol_as_the_format_of_a_backing_file_means_raw(self):
        """QEMU before 9.0 writes it if a raw image is open without a raw node."""
        base = self.path('base.img')
        images.create(base, size='1M')  # a guest can write this
        top = self.make('top.qcow2', backing=base, backing_format='file', extra=['-u'])
        self.assertEqual(self.layers(top), [(top, 'qcow2'), (base, 'raw')])
        result = qblk.run('check', f'image:{top}')
        self.assertEqual(result.status, qblk.FAILED)
        self.assertIn(f"header has 'file', but '{base}' looks like qcow2\n", result.text)
        result = self.qblk('check', f'image:{top}', '--backing-format', 'raw')
        self.assertEqual(result.text, 'no differences\n')

    @brief.leave_out
    def test_a_header_without_a_format_does_not_allow_probing(self):
        evil = self.path('base.img')
        images.create(evil, size='1M')
        good, plain = self.make('good.qcow2'), images.raw(self.directory, 'plain.img')
        text = images.raw(self.directory, 'text.img')
        with open(text, 'r+b') as file:
            file.write(b'#\nversion=1\n')  # QEMU would detect vmdk
        for backing, layers in ((evil, None), (good, 'qcow2'), (plain, 'raw'), (text, 'raw')):
            with self.subTest(backing):
                path = self.path('top.qcow2')
                self.make('top.qcow2', backing=backing, extra=['-u'])
                forget_backing_format(path)
                if layers is None:
                    self.assertIn(f"'{evil}' looks like", self.refused(path, status=qblk.REFUSED))
                else:
                    self.assertEqual(self.layers(path), [(path, 'qcow2'), (backing, layers)])

    @brief.leave_out
    def test_a_wrong_format_is_reported(self):
        plain = images.raw(self.directory, 'plain.img')
        for name in ('qcow2', 'qcow', 'qed', 'vmdk', 'vhdx', 'vdi'):
            with self.subTest(name):
                self.assertIn('plain.img', self.refused(plain, '--format', name))
        self.assertIn("unknown image format 'nonsense'",
                      self.refused(plain, '--format', 'nonsense', status=qblk.USAGE))
        self.qblk('list', '--format', 'raw', '/nowhere', status=qblk.USAGE)

    def test_other_formats(self):
        for name in ('qcow', 'qed', 'vdi', 'vhdx', 'vmdk', 'vpc'):
            with self.subTest(name):
                path = images.create(self.path(f'disk.{name}'), size='1M', fmt=name)
                self.assertEqual(self.layers(path), [(path, name)])

    # ---- images that a header may name ----

    @brief.leave_out
    def test_a_header_can_name_local_files_only(self):
        for name in ('nbd://127.0.0.1:1/x', 'http://user:hunter2@127.0.0.1:1/x', 'nbd:unix:/x',
                     'json:{"driver":"nbd","path":"/x"}', 'fat:/etc'):
            with self.subTest(name):
                path = self.make('top.qcow2', backing=name, backing_format='raw', extra=['-u'])
                errors = self.qblk('chain', f'image:{path}', status=qblk.REFUSED).errors
                self.assertIn('not a local file', errors)
                self.assertNotIn('hunter2', errors)
                self.assertEqual(daemons(), [])

    def test_no_layer_connects_to_a_hidden_parent(self):
        """QEMU takes the parent of a VMDK from any place in its descriptor."""
        images.raw(self.directory, 'flat.raw')
        name, connections = self.path('nbd.sock'), []
        for hint in ('parentFileNameHint="%s"', ' x="" parentFileNameHint="%s"',
                     'parentFileNameHint: %s"', 'parentFileNameHint\0\0%s"'):
            with open(self.path('base.vmdk'), 'w', encoding='utf-8') as file:
                file.write('# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n'
                           'createType="monolithicFlat"\nRW 2048 FLAT "flat.raw" 0\n'
                           + hint % f'nbd:unix:{name}' + '\n')
            top = self.make('top.qcow2', backing=self.path('base.vmdk'), backing_format='vmdk',
                            extra=['-u'])
            for path in (self.path('base.vmdk'), top):
                with self.subTest(hint, path=path), Visitors(name, connections):
                    errors = self.qblk('chain', f'image:{path}', status=qblk.REFUSED).errors
                    self.assertIn('not a local file', errors)
        self.assertEqual((connections, daemons()), ([], []))

    @brief.leave_out
    def test_a_json_name_of_a_local_file_is_followed(self):
        base = self.make('base.qcow2')
        name = 'json:' + json.dumps({'driver': 'qcow2', 'file': {'driver': 'file',
                                                                 'filename': base}})
        path = self.make('top.qcow2', backing=name, extra=['-u'])
        self.assertEqual(self.layers(path), [(path, 'qcow2'), (base, 'qcow2')])

    @brief.leave_out
    def test_a_data_file_is_found_beside_its_image(self):
        os.mkdir(self.path('sub'))
        path = self.make('sub/top.qcow2', options=[f'data_file={self.path("sub/top.raw")}'])
        self.assertEqual(self.layers(path), [(path, 'qcow2')])
        self.assertIn('top.raw', self.qblk('xml', f'image:{path}').text)
        os.unlink(self.path('sub/top.raw'))
        self.assertIn('top.raw', self.refused(path))

    # ---- names ----

    @brief.leave_out
    def test_any_name_is_one_argument(self):
        for name in ('a,b=c.qcow2', 'a:b.qcow2', 'json:{}.qcow2', '-x.qcow2', 'two words.qcow2',
                     'a\nb.qcow2', '"q"\\.qcow2', 'ü.qcow2', "'$(id)'.qcow2"):
            with self.subTest(name):
                images.create(self.path('plain.qcow2'), size='1M')
                os.rename(self.path('plain.qcow2'), self.path(name))
                self.assertEqual(self.layers(self.path(name)), [(self.path(name), 'qcow2')])
                self.qblk('list', f'image:{name}', cwd=self.directory)

    @brief.leave_out
    def test_a_path_that_is_not_a_file_is_refused_with_its_name(self):
        os.mkfifo(self.path('pipe'))
        self.assertIn('pipe', self.refused(self.path('pipe')))
        self.assertIn('directory', self.refused(self.directory))
        self.assertIn('/dev/null', self.refused('/dev/null'))
        broken = os.fsdecode(os.fsencode(self.directory) + b'/\xff.qcow2')
        images.create(self.path('plain.qcow2'), size='1M')
        os.rename(self.path('plain.qcow2'), broken)
        self.assertIn('not valid UTF-8', self.refused(broken))

    # ---- the daemon ----

    @brief.leave_out
    def test_without_a_storage_daemon_the_package_is_named(self):
        path = self.make('disk.qcow2')
        os.environ['PATH'] = self.directory
        self.assertIn('qemu-system-common', self.refused(path, status=qblk.NO_CONNECTION))

    @brief.leave_out
    def test_a_daemon_that_hangs_or_dies_is_an_error(self):
        path = self.make('disk.qcow2')
        for script, status, text in (('exec sleep 60', qblk.NO_CONNECTION, 'not open after 0.5'),
                                     ('kill -9 $$', qblk.FAILED, 'signal 9'),
                                     ('exit 3', qblk.FAILED, 'failed without a message'),
                                     ('echo oops >&2; exit 1', qblk.FAILED, 'oops')):
            with self.subTest(script):
                with open(self.path('bin/qemu-storage-daemon'), 'w', encoding='utf-8') as file:
                    file.write(f'#!/bin/sh\n{script}\n')
                self.assertIn(text, self.refused(path, '-t', '0.5', status=status))

    @brief.leave_out
    def test_no_daemon_outlives_qblk(self):
        path = self.make('disk.qcow2')
        # this one never sends a greeting, so that qblk still runs when it is killed
        with open(self.path('bin/qemu-storage-daemon'), 'w', encoding='utf-8') as file:
            file.write('#!/usr/bin/env python3\nimport time\ntime.sleep(100)\n')
        program = subprocess.Popen(qblk.command(['list', '-t', '60', f'image:{path}']),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with program:
            self.wait(lambda: daemons())
            program.send_signal(signal.SIGKILL)
        self.wait(lambda: not daemons())

    def wait(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class Visitors(listener.Listener):
    """Records its clients, and serves none of them."""

    def __init__(self, path, seen):
        super().__init__(path)
        self._seen = seen

    def serve(self, client):
        self._seen.append(client)


def forget_backing_format(path):
    """Remove the format of the backing file from a qcow2 header; qemu-img would not create such a
    header."""
    with open(path, 'r+b') as file:
        data = file.read(65536)
        at = data.index(bytes.fromhex('e2792aca'))
        file.seek(at)
        file.write(bytes.fromhex('12345678'))


if __name__ == '__main__':
    live.main()
