#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long time of backups every night: each round takes a snapshot of all disks, reads the images
that no longer change over NBD, and merges the overlays again, while the guest writes. Nothing is
left over in QEMU, in its directory or in that of the journals."""

import contextlib
import os
import random

import bitmaps
import brief
import images
import live
import nbd
import overlays
import qblk
from overlays import SIZE
from topologies.options import blockdev, local, named_chain, qcow2, stem, virtio

ROUNDS = 10 if brief.IS_BRIEF else 50
DISKS = ('vda', 'vdb', 'vdc')
BITMAP = 'night'
GRANULARITY = 65536


class Nightly(overlays.TestCase):
    def boot(self):
        """vda: a qcow2 image below a throttle node; vdb: two layers with relative backing strings;
        vdc: a raw image, which stores no bitmaps."""
        first = images.create(self.path('vda.qcow2'), str(SIZE))
        second = self.make_chain('vdb', 2)
        third = self.raw_image('vdc.raw')
        for image in (first, second[1], second[0]):
            images.add_bitmap(image, BITMAP, GRANULARITY)
        for name, image in zip(DISKS, (first, second[0], third)):
            self.add(name, image)
        self.tops = dict(zip(DISKS, ('vda', stem(second[0]), 'vdc')))
        self.dirty = {name: set() for name in DISKS}
        self.run_qemu(
            ['-object', 'throttle-group,id=limits,x-bps-total=4294967296'] + qcow2(first)
            + blockdev(driver='throttle', node_name='limited', throttle_group='limits', file='vda')
            + virtio('limited', id='vda') + named_chain(second)
            + virtio(stem(second[0]), id='vdb')
            + blockdev(driver='raw', node_name='vdc',
                       file=local(third, **{'node-name': 'vdc-file'}))
            + virtio('vdc', id='vdc'))
        self.images = {'vda': first, 'vdb': second[0], 'vdc': third}

    def guest_writes(self):
        """Each disk gets a piece of random place, size and pattern."""
        for name in DISKS:
            offset = self.random.randrange(SIZE // 512 - 1) * 512
            length = min(self.random.randrange(1, 256) * 512, SIZE - offset)
            self.write(name, offset, length, self.random.randrange(1, 256))
            self.dirty[name].update(range(offset // GRANULARITY,
                                          (offset + length - 1) // GRANULARITY + 1))

    def contents(self):
        return {name: bytes(disk.content) for name, disk in self.disks.items()}

    def assert_frozen(self, contents):
        """The images below the overlays have CONTENTS, while the guest writes."""
        for name, node in self.tops.items():
            self.export(name, node)
        self.guest_writes()
        for name in DISKS:
            self.assert_same(nbd.read(self.server, name), contents[name], f'frozen {name}')
        self.guest_writes()
        for name in DISKS:
            self.unexport(name)

    def night(self, number):
        vm = self.process.socket
        self.guest_writes()
        contents = self.contents()
        self.qblk('snapshot', vm, *DISKS, '--suffix', f'night-{number}')
        self.guest_writes()
        self.assert_frozen(contents)
        self.qblk('commit', vm, '--all-disks', '--shallow', '--pivot', '--delete')
        self.guest_writes()

    def state(self):
        """What must be the same before and after all rounds."""
        journals = qblk.state_home()
        return {'nodes': set(self.nodes()), 'jobs': self.process.qmp.execute('query-jobs'),
                'exports': self.process.qmp.execute('query-block-exports'),
                'descriptors': self.descriptors(),  # after QEMU has closed those of clients
                'files': self.files(), 'journals': _files_below(journals),
                'layers': {name: self.layers(name) for name in DISKS}}

    def descriptors(self):
        """The files that QEMU has open, and the number of its sockets."""
        directory = f'/proc/{self.process.pid}/fd'
        opened = []
        for name in os.listdir(directory):
            with contextlib.suppress(FileNotFoundError):
                opened.append(os.readlink(os.path.join(directory, name)))
        return sorted(path for path in opened if not path.startswith('socket:')), \
            sum(path.startswith('socket:') for path in opened)

    def assert_bitmaps(self):
        """The bitmaps have what the guest has written, and nothing else."""
        entries = bitmaps.of_nodes(self.process)
        for name in ('vda', 'vdb'):
            entry = entries[self.tops[name]][BITMAP]
            self.assertEqual((entry['persistent'], entry['recording'], entry['count']),
                             (True, True, len(self.dirty[name]) * GRANULARITY), msg=name)

    def test_nothing_is_left_over_after_many_rounds(self):
        self.random = random.Random(16)
        self.boot()
        backups = {name: self.path(f'{name}-backup') for name in ('vda', 'vdb')}
        for name, path in backups.items():
            with open(path, 'wb') as backup:
                backup.write(self.disks[name].content)

        before = self.state()
        for number in range(ROUNDS):
            self.night(number)
        self.assertEqual(self.state(), before)
        self.assert_bitmaps()
        self.assert_guest_data()

        for name, path in backups.items():
            bitmaps.back_up(self.process, self.tops[name], BITMAP, path)
            with open(path, 'rb') as backup:
                self.assert_same(backup.read(), bytes(self.disks[name].content), path)
        self.process.quit()
        for name, image in self.images.items():
            self.assert_same(self.data_of(image), bytes(self.disks[name].content), image)
        for name in ('vda', 'vdb'):
            self.assertEqual(bitmaps.in_file(self.images[name]), {BITMAP: ['auto']})


def _files_below(directory):
    return sorted(os.path.join(home, name) for home, _, names in os.walk(directory)
                  for name in names)


if __name__ == '__main__':
    live.main()
