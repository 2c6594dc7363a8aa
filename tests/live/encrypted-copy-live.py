# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies that are encrypted, with the key of a file, or of a secret object that QEMU has. Nothing
that is printed or stored contains the key."""

import os
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local, virtio

KEY = 'hunter2-the-key'
PLAIN_TEXT = b'A' * 4096  # as the guest writes it
QUICK = {'luks': ['key-secret=k', 'iter-time=10'],
         'qcow2': ['encrypt.format=luks', 'encrypt.key-secret=k', 'encrypt.iter-time=10']}


class TestCase(block_jobs.TestCase):
    own_socket = True

    def path(self, name):
        return os.path.join(self.directory, name)

    def setUp(self):
        super().setUp()
        self.key = self.path('key')
        self.write_key(self.key)
        self.dest = self.path('copy')

    def write_key(self, path, key=KEY):
        with open(path, 'w', encoding='ascii') as file:
            file.write(key)

    def objects(self):
        return {item['name'] for item in
                self.process.qmp.execute('qom-list', {'path': '/objects'})
                if item['type'] == 'child<secret>'}

    def secret(self):
        return ('--secret', f'k={self.key}')

    def copy(self, *options, **more):
        result = self.qblk('copy', self.process.socket, 'vda', self.dest, *options, **more)
        self.assert_no_key(result.text + result.errors)
        return result

    def create_copy(self, *options):
        """A copy that QEMU encrypts. Repeated if QEMU finds the machine too fast, as in images.py;
        then all must be as before."""
        for _ in range(50):
            result = qblk.run('copy', self.process.socket, 'vda', self.dest, *options)
            if 'accurate CPU usage' not in result.errors:
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assert_no_key(result.text + result.errors)
                return result
            self.assert_unchanged()
            os.unlink(self.dest)
        return self.fail('QEMU could not time its key derivation in 50 attempts')

    def create_existing(self, fmt, key=KEY):
        """An image at the destination, made with a key that takes little time to check."""
        self.write_key(self.path('key-of-image'), key)
        images.create_encrypted(self.dest, fmt=fmt, options=QUICK[fmt],
                                extra=['--object', f'secret,id=k,data={key}'])

    def assert_no_key(self, text):
        self.assertNotIn(KEY, text)

    def assert_unchanged(self):
        self.assert_no_jobs()
        self.assert_files(*self.files)
        self.assertEqual([name for name in self.nodes() if name.startswith('qblk-')], [])
        self.assertEqual(self.objects(), set())

    def assert_same_when_decrypted(self, fmt):
        if self.process.running:
            self.process.quit()
        options = {'luks': 'key-secret=k', 'qcow2': 'encrypt.format=luks,encrypt.key-secret=k'}[fmt]
        done = subprocess.run(
            qemu.program('qemu-img') + [
                'compare', '--object', f'secret,id=k,file={self.key}', '--image-opts',
                f'driver={fmt},file.driver=file,file.filename={self.dest},{options}',
                f'driver=raw,file.driver=file,file.filename={self.reference}'],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)
        with open(self.dest, 'rb') as file:
            self.assertNotIn(PLAIN_TEXT, file.read())


class New(TestCase):
    def test_the_guest_uses_it(self):
        self.boot(depth=2)
        self.guest_writes('40M', pattern=0x41)
        self.create_copy('--format', 'qcow2', '--encrypt', 'k', *self.secret(), '--pivot')
        top, = self.chain()['layers']
        self.assertEqual((top['format'], top['encryption']), ('qcow2', 'luks'))
        self.assert_closed(*self.files)
        self.assertEqual(self.objects(), {'k'})
        self.guest_writes('50M', pattern=0x41)
        self.assert_same_when_decrypted('qcow2')

    def test_luks_has_the_only_secret_until_the_job_ends(self):
        self.boot(depth=2)
        self.create_copy('--format', 'luks', *self.secret(), '--finish')
        self.assert_unchanged()
        self.assert_same_when_decrypted('luks')

    @brief.leave_out
    def test_a_key_that_cannot_be_read(self):
        self.boot(depth=2)
        os.unlink(self.key)
        result = self.copy('--encrypt', 'k', *self.secret(), '--pivot', status=qblk.JOB_FAILED)
        self.assertIn('cannot let QEMU read the secret', result.errors)
        self.assertIn(self.key, result.errors)
        self.assert_unchanged()
        self.assertFalse(os.path.exists(self.dest))


class Existing(TestCase):
    def check(self, fmt):
        self.create_existing(fmt)
        self.boot(depth=2)
        self.copy('--format', fmt, '--reuse-external', '--encrypt', 'k', *self.secret(), '--pivot')
        self.assert_files(self.dest)
        self.assert_closed(*self.files)
        self.guest_writes('50M')
        self.assert_same_when_decrypted(fmt)

    def test_luks(self):
        self.check('luks')

    def test_qcow2(self):
        self.check('qcow2')

    def test_a_larger_luks_image(self):
        """Its size follows from that of its file, so a part of that is used."""
        self.create_existing('luks')
        size = os.path.getsize(self.dest)
        os.truncate(self.dest, size + (32 << 20))
        images.write(self.dest, pattern=0xee, offset=size, length='32M', fmt='raw')
        self.boot(depth=2)
        result = self.copy('--format', 'luks', '--reuse-external', *self.secret(), '--pivot')
        self.assertIn(f'only the first {size}, the header and the size of disk', result.errors)
        disk, = [disk for disk in self.process.qmp.execute('query-block') if 'inserted' in disk]
        self.assertEqual(disk['inserted']['image']['virtual-size'], 64 << 20)
        xml = self.qblk('xml', self.process.socket, 'vda').text
        self.assertIn(f"<slice type='storage' offset='0' size='{size}'/>", xml)
        self.assert_closed(*self.files)
        self.guest_writes('50M')
        self.process.quit()
        with open(self.dest, 'rb') as file:
            file.seek(size)
            self.assertEqual(file.read(), b'\xee' * (32 << 20))
        os.truncate(self.dest, size)
        self.assert_same_when_decrypted('luks')

    @brief.leave_out
    def test_an_image_of_another_size(self):
        images.create_encrypted(self.dest, size='63M', options=QUICK['qcow2'],
                                extra=['--object', f'secret,id=k,data={KEY}'])
        self.boot(depth=2)
        self.refuse_copy('--reuse-external', '--encrypt', 'k', *self.secret(),
                         message='a copy needs the same size')

    def test_an_object_that_qemu_has(self):
        self.create_existing('qcow2')
        self.make(2)
        self.reference = block_jobs.copy_reference(2, self.directory)
        self.run_qemu(['-object', f'secret,id=k,file={self.key}'] + self.disk('blockdev'))
        self.copy('--reuse-external', '--encrypt', 'k', '--finish')
        self.assertEqual(self.objects(), {'k'})
        self.assert_same_when_decrypted('qcow2')

    def test_a_wrong_key(self):
        self.create_existing('qcow2')
        self.boot(depth=2)
        self.write_key(self.key, 'wrong')
        result = self.copy('--reuse-external', '--encrypt', 'k', *self.secret(), '--pivot',
                           status=qblk.JOB_FAILED)
        self.assertIn('cannot open the copy', result.errors)
        self.assert_unchanged()

    def refuse_copy(self, *options, message):
        self.refuse('copy', self.process.socket, 'vda', self.dest, *options, message=message)
        self.assert_unchanged()

    def test_what_is_missing_is_named(self):
        self.create_existing('qcow2')
        self.boot(depth=2)
        self.refuse_copy('--reuse-external', message='is encrypted: use --encrypt ID')
        self.refuse_copy('--reuse-external', '--encrypt', 'k',
                         message="QEMU has no secret object 'k': use --secret k=FILE")
        self.refuse_copy('--reuse-external', '--format', 'raw', '--encrypt', 'k', *self.secret(),
                         message="format 'raw' cannot be encrypted")
        self.dest = self.path('new')
        self.refuse_copy('--format', 'raw', *self.secret(), message="secret 'k' is not used")
        self.refuse_copy('--format', 'luks', message='needs a key')

    def test_an_object_of_that_name_is_not_replaced(self):
        self.make(2)
        self.run_qemu(['-object', 'secret,id=k,data=other'] + self.disk('blockdev'))
        self.refuse('copy', self.process.socket, 'vda', self.dest, '--encrypt', 'k', *self.secret(),
                    message="QEMU already has an object 'k'")
        self.assertEqual(self.objects(), {'k'})

    @brief.leave_out
    def test_an_image_that_is_not_encrypted(self):
        images.create(self.dest)
        self.boot(depth=2)
        self.refuse_copy('--reuse-external', '--encrypt', 'k', *self.secret(),
                         message='is not encrypted: omit --encrypt')


class Kept(TestCase):
    """Data of an encrypted disk stay encrypted."""

    def test_a_copy_of_an_encrypted_disk_needs_no_permission(self):
        source = self.path('source.qcow2')
        images.create_encrypted(source, options=QUICK['qcow2'],
                                extra=['--object', f'secret,id=k,data={KEY}'])
        self.create_existing('luks')
        self.files = [source]
        self.reference = images.raw(self.directory, 'reference.raw', 64 << 20)
        self.run_qemu(['-object', f'secret,id=old,data={KEY}']
                      + blockdev(driver='qcow2', node_name='top', file=local(source),
                                 encrypt={'format': 'luks', 'key-secret': 'old'})
                      + virtio('top', id='vda'))
        self.guest_writes(0, pattern=0x41)
        self.copy('--format', 'luks', '--reuse-external', *self.secret(), '--pivot')
        self.assert_same_when_decrypted('luks')


class Secrecy(TestCase):
    def test_nothing_stored_or_printed_has_the_key(self):
        self.create_existing('luks')
        self.boot(depth=2, data='4M')
        state = self.path('state')
        options = ('--format', 'luks', '--reuse-external', *self.secret(), '--state-dir', state)
        self.copy(*options, '--dry-run')
        planned = self.qblk('--json', 'copy', self.process.socket, 'vda', self.dest, *options,
                            '--dry-run')
        self.assertIn(self.key, planned.text)
        self.assert_no_key(planned.text)

        running = self.begin('-v', 'copy', self.process.socket, 'vda', self.dest, *options,
                             '--pivot', *block_jobs.SLOW)
        stored = ''
        for name in os.listdir(state):
            with open(os.path.join(state, name), encoding='utf-8') as file:
                stored += file.read()
        self.assertIn(self.key, stored)
        self.assert_no_key(stored)
        errors = self.interrupt(running)
        self.assertIn('object-add', errors)
        self.assert_no_key(errors)
        self.assert_unchanged()


class Interrupted(TestCase):
    def begin_copy(self, *end):
        self.create_existing('luks')
        self.boot(depth=2, data='4M')
        running = self.begin('copy', self.process.socket, 'vda', self.dest, '--format', 'luks',
                             '--reuse-external', *self.secret(), *end, *block_jobs.SLOW)
        running.kill()
        running.communicate()

    def test_a_copy_is_resumed(self):
        for end, objects in (('--pivot', {'k'}), ('--finish', set())):
            with self.subTest(end):
                self.setUp()
                self.begin_copy(end)
                job, = self.process.qmp.execute('query-jobs')
                self.process.qmp.execute('block-job-set-speed', {'device': job['id'], 'speed': 0})
                self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status']
                              == 'ready')
                self.qblk('recover', self.process.socket)
                self.assertEqual(self.objects(), objects)
                self.assert_same_when_decrypted('luks')

    def test_a_copy_is_rolled_back(self):
        self.begin_copy('--pivot')
        job, = self.process.qmp.execute('query-jobs')
        self.process.qmp.execute('job-cancel', {'id': job['id']})
        self.wait_for(lambda: self.process.qmp.execute('query-jobs')[0]['status'] == 'concluded')
        self.qblk('recover', self.process.socket)
        self.assert_unchanged()


if __name__ == '__main__':
    live.main()
