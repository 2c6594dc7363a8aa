# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headers of image:PATH that record a wrong format of the backing file, or none: `qblk mend` makes
of them what `qemu-img rebase -u -F` makes of a copy, and no other command changes the chain."""

import hashlib
import os
import shutil
import subprocess

import block_jobs
import brief
import images
import live
import qblk
import qemu
import storage_daemon

BASE, RAW, MIDDLE, TOP = 'base.qcow2', 'base.img', 'middle.qcow2', 'top.qcow2'
EXTENSION = bytes.fromhex('e2792aca')  # of the backing format
CHANGES = (['commit', 'vda', '--pivot'], ['pull', 'vda'], ['rebase', 'vda', 'vda[1]'],
           ['copy', 'vda', '{}/copy.qcow2', '--finish'], ['snapshot', 'vda', '--suffix', 'new'])


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def digest(path):
    return hashlib.sha256(read(path)).hexdigest()


def set_format(path, backing_format):
    """Change only the format in the header of PATH; None removes it, as a header of a QEMU before
    6.1 lacks it."""
    name, _ = block_jobs.header(path)
    images.rebase(path, name, backing_format or 'raw')
    if backing_format is None:
        with open(path, 'r+b') as file:
            start = file.read(4096)
            file.seek(start.index(EXTENSION))
            file.write(bytes.fromhex('01020304'))  # an extension that QEMU ignores


class TestCase(live.TestCase):
    def setUp(self):
        super().setUp()
        if not storage_daemon.is_there():
            self.skipTest('this version of QEMU has no storage daemon')
        storage_daemon.put_in_path(self)
        self.addCleanup(lambda: self.assertEqual(storage_daemon.running(self.directory), []))

    def chain(self, *names):
        """Images from the base to the top, with relative names; each hides a part of those below.
        A name with .img is of a raw image, if it is the base. Returns their paths from the top."""
        backing = None
        self.files = []
        for number, name in enumerate(names):
            path = os.path.join(self.directory, name)
            fmt = 'raw' if name == RAW else 'qcow2'
            images.create(path, '4M', fmt=fmt, backing=backing and backing[0],
                          backing_format=backing and backing[1])
            images.write(path, pattern=number + 1, offset=f'{number * 512}k', length='1M', fmt=fmt)
            backing = (name, fmt)
            self.files.insert(0, path)
        self.reference = os.path.join(self.directory, 'reference.raw')
        block_jobs.flatten(self.files[0], self.reference)
        return self.files

    def run_on_top(self, command, *options, status=qblk.DONE):
        """check and mend print what they have found, and exit with 1."""
        result = qblk.run(command, f'image:{self.files[0]}', *options)
        self.assertEqual(result.status, status, msg=str(result))
        return result

    def contents(self):
        return {name: digest(os.path.join(self.directory, name))
                for name in os.listdir(self.directory)
                if os.path.isfile(os.path.join(self.directory, name))}

    def assert_no_change(self, text, status, commands=CHANGES):
        """Each of COMMANDS would change the chain, is refused with TEXT, and changes nothing."""
        before = self.contents()
        for command, *options in commands:
            with self.subTest(command):
                options = [option.format(self.directory) for option in options]
                errors = self.run_on_top(command, *options, status=status).errors
                self.assertIn(text, errors)
                self.assertIn(f"'qblk mend image:{self.files[0]}", errors)
        self.assertEqual(self.contents(), before)

    def assert_like_rebase(self, broken, right):
        """The headers, and nothing else, were written as `qemu-img rebase -u -F` does it on copies
        of BROKEN, {position: format in the copy}."""
        for position, path in enumerate(self.files):
            copy = path + '.copy'
            shutil.copy(broken[position], copy)
            if position in right:
                name, _ = block_jobs.header(copy)
                images.rebase(copy, name, right[position])
            self.assertEqual(digest(path), digest(copy), msg=path)
            os.unlink(copy)
        self.assertEqual(self.run_on_top('check').text, 'no differences\n')
        self.assertEqual(self.run_on_top('mend').text, 'nothing to do\n')
        done = subprocess.run(
            qemu.program('qemu-img') + ['compare', '-F', 'raw', self.files[0], self.reference],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, msg=done.stdout + done.stderr)

    def keep(self):
        """Copies of the files as they are."""
        kept = os.path.join(self.directory, 'kept')
        os.makedirs(kept, exist_ok=True)
        return [shutil.copy(path, kept) for path in self.files]


class Proven(TestCase):
    """The file shows that the header is wrong."""

    def test_each_wrong_format(self):
        for names, position, wrong, right in brief.some((
                ((RAW, MIDDLE, TOP), 1, 'qcow2', 'raw'),
                ((BASE, MIDDLE, TOP), 1, 'vmdk', 'qcow2'),
                ((BASE, MIDDLE, TOP), 0, 'vmdk', 'qcow2'),
                ((RAW, TOP), 0, 'qcow2', 'raw'))):
            with self.subTest(names=names, position=position, wrong=wrong):
                self.setUp()
                self.chain(*names)
                set_format(self.files[position], wrong)
                below = self.files[position + 1]
                spec = 'vda' if position == 0 else f'vda[{position}]'
                self.assertEqual(
                    self.run_on_top('check', status=qblk.FAILED).text.split('\n')[0],
                    f"{spec}: backing format: header has '{wrong}', running chain has '{right}'")
                self.assertIn(f"its backing file '{below}', which is {right}",
                              self.run_on_top('chain', status=qblk.FAILED).errors)
                self.assert_no_change(f'records the format {wrong}', qblk.FAILED,
                                      CHANGES if names[-3:] == (RAW, MIDDLE, TOP) else CHANGES[:1])

                broken = self.keep()
                before = self.contents()
                self.run_on_top('mend', '--dry-run')
                self.assertEqual(self.contents(), before)
                self.assertIn(f"\n  mended: backing file '{os.path.basename(below)}' ({right})\n",
                              self.run_on_top('mend').text)
                self.assert_like_rebase(broken, {position: right})
            self.doCleanups()

    def test_a_format_that_is_not_recorded(self):
        """QEMU would probe it at each start. The name of the file confirms it."""
        self.chain(BASE, MIDDLE, TOP)
        set_format(self.files[1], None)
        self.assertIn("vda[1]: backing format: header has none, running chain has 'qcow2'",
                      self.run_on_top('check', status=qblk.FAILED).text)
        broken = self.keep()
        self.run_on_top('mend')
        self.assertEqual(block_jobs.header(self.files[1]), (BASE, 'qcow2'))
        self.assertNotEqual(digest(self.files[1]), digest(broken[1]))

    def test_a_link(self):
        """An absolute name stays absolute, and a relative one of a link stays as it is."""
        self.chain(RAW, TOP)
        for name in (self.files[1], RAW):
            images.rebase(self.files[0], name, 'qcow2')
            link = os.path.join(self.directory, 'link.qcow2')
            os.symlink(self.files[0], link)
            self.qblk('mend', f'image:{link}')
            self.assertEqual(block_jobs.header(self.files[0]), (name, 'raw'))
            os.unlink(link)


class Undecided(TestCase):
    """A guest can write the header of an image into a raw image."""

    def test_raw_over_qcow2(self):
        """The header is wrong, which only the user knows."""
        for position in (0, 1):
            with self.subTest(position):
                self.setUp()
                self.chain(BASE, MIDDLE, TOP)
                set_format(self.files[position], 'raw')
                below = self.files[position + 1]
                spec = 'vda' if position == 0 else 'vda[1]'
                self.assertIn(f"{spec}: backing format: header has 'raw', but '{below}' looks like "
                              'qcow2\n', self.run_on_top('check', status=qblk.FAILED).text)
                self.assert_no_change(f"'{below}' looks like qcow2", qblk.REFUSED,
                                      CHANGES if position == 0 else CHANGES[:1])

                broken = self.keep()
                self.assertIn(f"\n  remains: '{below}' looks like qcow2, but a guest can write that"
                              f" into a raw image: use --backing-format '{spec}=qcow2', or",
                              self.run_on_top('mend', status=qblk.FAILED).text)
                self.assertEqual([digest(path) for path in self.files],
                                 [digest(path) for path in broken])
                option = 'qcow2' if position == 0 else f'{spec}=qcow2'
                result = self.run_on_top('mend', '--backing-format', option)
                self.assertIn('known from --backing-format only', result.errors)
                self.assert_like_rebase(broken, {position: 'qcow2'})
                self.assertIn('is not used', self.run_on_top(
                    'mend', '--backing-format', option, status=qblk.USAGE).errors)
            self.doCleanups()

    def attack(self):
        """A raw base whose guest has written a qcow2 header that names another file."""
        secret = images.create(os.path.join(self.directory, 'secret.qcow2'), '4M')
        images.write(secret, pattern=0x77, length='1M')
        lure = images.create(os.path.join(self.directory, 'lure'), '4M', backing=secret)
        self.chain(RAW, TOP)
        with open(self.files[1], 'r+b') as file:
            file.write(read(lure)[:1 << 18])
        os.unlink(lure)
        block_jobs.flatten(self.files[0], self.reference)

    def test_a_guest_that_has_written_a_header(self):
        """The header is right. The other file is never opened."""
        self.attack()
        self.run_on_top('check', status=qblk.FAILED)
        self.run_on_top('mend', status=qblk.FAILED)
        self.assert_no_change('looks like qcow2', qblk.REFUSED, CHANGES[:1])
        for command in (['chain'], ['check', '--backing-format', 'raw']):
            self.assertNotIn('secret', self.run_on_top(*command).text)
        self.assertEqual(
            self.run_on_top('mend', '--backing-format', 'raw').text, 'nothing to do\n')
        if qemu.version() >= (6, 1):  # the daemon of 5.2 lacks the commands of a commit
            self.run_on_top('commit', 'vda', '--pivot', '--backing-format', 'raw')
            self.assertEqual(digest(self.files[1]), digest(self.reference))

    def test_a_guest_whose_base_has_no_recorded_format(self):
        """QEMU would open the file that the guest names."""
        self.attack()
        set_format(self.files[0], None)
        for command in ('chain', 'commit'):
            errors = self.run_on_top(command, status=qblk.REFUSED).errors
            self.assertIn(f"use 'qblk mend image:{self.files[0]} --backing-format qcow2', or the "
                          'same with raw', errors)
        self.assertIn("header has none, but '", self.run_on_top('check', status=qblk.FAILED).text)
        self.assertIn('\n  remains: ', self.run_on_top('mend', status=qblk.FAILED).text)
        self.assertEqual(block_jobs.header(self.files[0]), (RAW, None))
        self.assertIn(f"\n  mended: backing file '{RAW}' (raw)\n",
                      self.run_on_top('mend', '--backing-format', 'raw').text)
        self.assertEqual(block_jobs.header(self.files[0]), (RAW, 'raw'))
        block_jobs.flatten(self.files[0], self.files[0] + '.raw')
        self.assertEqual(digest(self.files[0] + '.raw'), digest(self.reference))

    def test_a_guest_that_has_encrypted_its_disk(self):
        """LUKS at the start of a raw image is usual."""
        self.chain(RAW, TOP)
        with open(self.files[1], 'r+b') as file:
            file.write(b'LUKS\xba\xbe\0\1')
        self.assertEqual(self.run_on_top('check').text, 'no differences\n')

    def test_each_header_of_a_chain(self):
        """One is proven by the file as soon as the other is decided."""
        self.chain(BASE, MIDDLE, TOP)
        set_format(self.files[0], 'raw')
        set_format(self.files[1], 'vmdk')
        broken = self.keep()
        self.run_on_top('mend', '--backing-format', 'qcow2')
        self.assert_like_rebase(broken, {0: 'qcow2', 1: 'qcow2'})

    def test_two_that_the_user_decides(self):
        self.chain(BASE, MIDDLE, TOP)
        set_format(self.files[0], 'raw')
        set_format(self.files[1], 'raw')
        broken = self.keep()
        self.assertIn("such as 'vda[1]=FORMAT'", self.run_on_top(
            'mend', '--backing-format', 'qcow2', status=qblk.USAGE).errors)
        self.run_on_top('mend', '--backing-format', 'vda=qcow2', '--backing-format', 'vda[1]=qcow2')
        self.assert_like_rebase(broken, {0: 'qcow2', 1: 'qcow2'})

    def test_a_wrong_word(self):
        self.chain(RAW, TOP)
        set_format(self.files[0], 'qcow2')
        before = self.contents()
        for word in ('vda=qcow2', 'vda=vmdk'):
            self.assertIn('it looks like raw', self.run_on_top(
                'mend', '--backing-format', word, status=qblk.FAILED).errors)
        self.assertEqual(self.contents(), before)

    def test_a_file_that_was_moved_as_well(self):
        self.chain(BASE, TOP)
        images.rebase(self.files[0], 'gone.qcow2', 'raw')
        options = ['--backing', self.files[1]]
        self.assertIn('or specify the format with --backing-format',
                      self.run_on_top('mend', *options, status=qblk.FAILED).errors)
        self.run_on_top('mend', *options, '--backing-format', 'qcow2')
        self.assertEqual(block_jobs.header(self.files[0]), (BASE, 'qcow2'))


if __name__ == '__main__':
    live.main()
