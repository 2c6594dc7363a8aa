/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the process ends with.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_EXIT_DONE = 0,
    QBLK_EXIT_FAILED = 1,
    QBLK_EXIT_USAGE = 2,
    QBLK_EXIT_NO_SUCH = 3,       /* disk, index or layer */
    QBLK_EXIT_REFUSED = 4,       /* unsafe, or the chain changed */
    QBLK_EXIT_NO_CONNECTION = 5, /* or a busy monitor, or a timeout */
    QBLK_EXIT_JOB = 6,           /* the block job failed or was cancelled */
} QblkExitCode;

/** The exit code for @error. */
int qblk_exit_code(const GError *error);
