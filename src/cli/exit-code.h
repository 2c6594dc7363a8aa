/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Errors of the command line, and the exit code for each error.
 */
#pragma once

#include <glib.h>

#define QBLK_CLI_ERROR (qblk_cli_error_quark())
GQuark qblk_cli_error_quark(void);

typedef enum {
    QBLK_CLI_ERROR_USAGE, /* the command line is not valid */
} QblkCliError;

/** Set a usage error with a message as of printf().  Evaluates to FALSE. */
#define qblk_usage_error(error, ...)                                                               \
    (g_set_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, __VA_ARGS__), FALSE)

typedef enum {
    QBLK_EXIT_DONE = 0,
    QBLK_EXIT_FAILED = 1,
    QBLK_EXIT_USAGE = 2,
    QBLK_EXIT_NO_SUCH = 3,       /* disk, index or layer */
    QBLK_EXIT_REFUSED = 4,       /* unsafe, or the chain changed */
    QBLK_EXIT_NO_CONNECTION = 5, /* or a busy monitor, or a timeout */
    QBLK_EXIT_JOB = 6,           /* the block job failed or was cancelled */
} QblkExitCode;

/** Returns: the exit code for @error, a QblkExitCode. */
int qblk_exit_code(const GError *error);
