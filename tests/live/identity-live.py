# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on chains in which the name of an image does not lead to the file that QEMU has open."""

import itertools

import brief
import live
import misnamed
import qblk
from misnamed import JOBS, KINDS

POSITIONS = ('top', 'upper', 'lower', 'base')


def in_turn(cases, start=0):
    """(kind of disk, case) with each kind for each of CASES with --full, otherwise with the kinds
    in turn; with QBLK_BRIEF for each third case, from that of the number START."""
    kinds = tuple(KINDS)
    for number, case in enumerate(cases):
        if brief.IS_FULL:
            yield from ((kind, case) for kind in kinds)
        elif not brief.IS_BRIEF or number % 3 == start:
            yield kinds[(number + number // 4) % len(kinds)], case


class OneImage(misnamed.TestCase):
    def test_a_link_leads_to_the_image(self):
        for kind, (job, position) in in_turn(itertools.product(JOBS, range(4))):
            with self.subTest(image=POSITIONS[position], job=job, kind=kind):
                self.setUp()
                self.boot_on(kind)
                misnamed.link(self.files[position])
                self.guest_writes('40M')
                result = self.run_job(JOBS[job][0])
                self.assertEqual(result.status, qblk.DONE, msg=str(result))
                self.assertNotIn('warning', result.errors)
                self.assert_result(job)
            self.doCleanups()


if __name__ == '__main__':
    live.main()
