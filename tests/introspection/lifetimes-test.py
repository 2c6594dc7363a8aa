# SPDX-License-Identifier: LGPL-2.1-or-later
"""Objects stay valid after the object that they were got from was dropped.

A getter in C returns a child that belongs to its chain or snapshot. A binding copies a boxed type
that it does not own, and a copy is a reference, which keeps chain or snapshot.
"""

import gc

import bindings


class Lifetimes(bindings.TestCase):
    def test_a_chain_outlives_its_snapshot_and_client(self):
        _, process = self.share('virtio-5-deep')
        chain = self.fetch(process).chain('vda')
        gc.collect()
        self.assertEqual(chain.get_target(), 'vda')


if __name__ == '__main__':
    bindings.main()
