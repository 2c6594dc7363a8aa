#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine loses its power at messages of jobs: QEMU, qblk and all data that qblk wrote without
a sync are lost. `qblk recover image:` names the image to boot from.

Data that QEMU wrote stay: when they reach the disk is QEMU's responsibility."""

import json
import os

import crash
import live
import power_loss
import qblk


class PowerLoss(power_loss.TestCase):
    """The jobs after which an image is stale, and those that QEMU only started."""

    kinds = [crash.kind_of(name) for name in ('commit --pivot', 'copy --pivot', 'job --pivot',
                                              'commit --all-disks --pivot')]
    each_kind_ends = False
    promise = 'the power is lost'

    def test_the_image_to_boot_has_all_data(self):
        self.each_kind(self.promise, self.judge)

    def judge(self, kind, point, *_):
        writes = point.number % 2 == 1

        def strike():
            if writes:
                self.guest_changes()
            self.kill_qblk()
            self.process.kill()

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
