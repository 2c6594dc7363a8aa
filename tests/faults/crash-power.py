#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine loses its power at messages of jobs: QEMU, qblk and all data that qblk wrote without
a sync are lost. `qblk recover image:` names the image to boot from.

Data that QEMU wrote stay: when they reach the disk is QEMU's responsibility."""

import json
import os
import shutil
import unittest.mock

import crash
import live
import qblk
import qemu


def key(path):
    status = os.lstat(path)
    return f'{status.st_dev:x}-{status.st_ino:x}'


class PowerLoss(crash.TestCase):
    """The jobs after which an image is stale, and those that QEMU only started."""

    kinds = [crash.kind_of(name) for name in ('commit --pivot', 'copy --pivot', 'job --pivot',
                                              'commit --all-disks --pivot')]
    each_kind_ends = False
    promise = 'the power is lost'

    def setUp(self):
        super().setUp()
        self.synced = self.enterContext(qemu.directory())  # the content of a disk

    def test_the_image_to_boot_has_all_data(self):
        self.each_kind(self.promise, self.judge)

    def start_qblk(self, kind):
        shim = {'LD_PRELOAD': os.environ['QBLK_SYNCED_SHIM'], 'SYNCED': self.synced}
        with unittest.mock.patch.dict(os.environ, shim):
            return super().start_qblk(kind)

    def judge(self, kind, point, *_):
        writes = point.number % 2 == 1

        def strike():
            if writes:
                self.guest_changes()
            self.kill_qblk()
            self.process.kill()

        self.synced = self.enterContext(qemu.directory())  # else old inodes would have old content
        with self.guest(kind, point, strike):
            status, _ = self.start_qblk(kind)
            if self.process.running:  # this time there were fewer messages
                self.process.kill()
            self.lose_what_is_not_synced()
            marked = self.marked_images()
            states = [self.judge_image(kind, disk, status == qblk.DONE, writes)
                      for disk in kind.disks]
            for disk, state in zip(kind.disks, states):
                if kind.leaves_mark and state == 'after':
                    self.assertIn(self.path(*crash.names_of(disk, crash.KEPT[:1])), marked)
            return crash.together(states)

    def marked_images(self):
        """The images that the marks on disk name."""
        images = []
        for directory in self.directory, self.stored_marks():
            marks = os.listdir(directory) if os.path.isdir(directory) else []
            for mark in (mark for mark in marks if mark.endswith(crash.MARK)):
                with open(os.path.join(directory, mark), encoding='utf-8') as file:
                    images.append(json.load(file)['image'])
        return images

    @staticmethod
    def stored_marks():
        return os.path.join(crash.journal_directory(), 'merged')

    def lose_what_is_not_synced(self):
        """Restore journals and marks as they are on disk."""
        for directory, part in ((crash.journal_directory(), '.journal'),
                                (self.stored_marks(), crash.MARK)):
            if os.path.basename(directory) in self.entries(os.path.dirname(directory)):
                self.lose(directory, part)
            else:
                shutil.rmtree(directory, ignore_errors=True)
        self.lose(self.directory, crash.MARK)

    def lose(self, directory, part):
        """In DIRECTORY, keep only synced content of the files that have PART in their names."""
        for name in os.listdir(directory):
            if part in name and not os.path.isdir(os.path.join(directory, name)):
                os.unlink(os.path.join(directory, name))
        for name, inode in self.entries(directory).items():
            if part in name and not os.path.isdir(os.path.join(directory, name)):
                with open(os.path.join(directory, name), 'wb') as file:
                    file.write(self.on_disk(inode))

    def entries(self, directory):
        """The names in DIRECTORY at its last sync, each with its argument for on_disk()."""
        is_there = os.path.isdir(directory)
        lines = self.on_disk(key(directory)).decode().splitlines() if is_there else []
        return {name: inode for inode, name in (line.split(' ', 1) for line in lines)}

    def on_disk(self, inode):
        try:
            with open(os.path.join(self.synced, inode), 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return b''


class StoredMarks(PowerLoss):
    """Nothing can be written beside the images: the marks are in the state directory."""

    promise = 'the power is lost with marks in the state directory'
    kinds = PowerLoss.kinds[:1] + PowerLoss.kinds[3:]

    def copy_disk(self, disk):
        super().copy_disk(disk)
        top, *_ = crash.names_of(disk, crash.KEPT)
        os.mkdir(self.path(top) + crash.MARK + '.new')


if __name__ == '__main__':
    live.main()
