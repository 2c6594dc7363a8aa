# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crashes of the machine: all data that qblk wrote without a sync are lost, as a library that is
loaded before it (lib/synced-shim.c) records them."""

import os
import shutil
import unittest.mock

import crash
import qblk
import qemu


def key(path):
    status = os.lstat(path)
    return f'{status.st_dev:x}-{status.st_ino:x}'


class TestCase(crash.TestCase):
    synced = None  # the directory with the content of a disk

    def start_qblk(self, kind):
        # a new one, or old inodes would have old content
        self.synced = self.enterContext(qemu.directory())
        shim = {'LD_PRELOAD': os.environ['QBLK_SYNCED_SHIM'], 'SYNCED': self.synced}
        with unittest.mock.patch.dict(os.environ, shim):
            return super().start_qblk(kind)

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
