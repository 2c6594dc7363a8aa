# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many of its cases a test tries: all with --full (QBLK_FULL), few with QBLK_BRIEF, which is
set on QEMUs other than the installed one, under sanitizers and under valgrind."""

import os

IS_FULL = bool(os.environ.get('QBLK_FULL'))
IS_BRIEF = bool(os.environ.get('QBLK_BRIEF')) and not IS_FULL


def leave_out(test):
    """Decorate a test, or a class of tests, that is left out if QBLK_BRIEF is set: another version
    of QEMU changes nothing of what it shows."""
    test.is_left_out = IS_BRIEF
    return test


def some(items):
    """ITEMS, or the first and the last."""
    return items if not IS_BRIEF or len(items) < 3 else (items[0], items[-1])


def each(cases, step):
    """Each STEP-th of CASES, which are thousands, or eleven times fewer."""
    return cases if IS_FULL else cases[::step * 11 if IS_BRIEF else step]
