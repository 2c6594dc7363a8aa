/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Errors of the command line, the exit code for each error, and errors on standard error.
 */
#pragma once

#include "cli/print/output.h"

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

/** Returns: (transfer full): @error as an object, without hints and secrets */
QblkJson *qblk_report_error_json(const GError *error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_output_error(), or a line of JSON with "error" if @output is JSON. */
void qblk_report_error(const QblkOutput *output, const GError *error);

/**
 * Look for --json or -j.  An error of the command line can be found before that is parsed.
 *
 * @argv: (array zero-terminated=1): the program's name and its arguments
 */
gboolean qblk_report_is_json_asked(const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;
