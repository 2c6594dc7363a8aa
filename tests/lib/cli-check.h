/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Command lines that are parsed and run in the process of the test.
 *
 * In a line, {fixtures} is replaced by the directory of the replies of QEMU 7.2.
 */
#pragma once

#include "cli/command-line.h"
#include "cli/command.h"
#include "cli/vm.h"

/** Parse @line, which is quoted as for a shell.  @invocation is to be cleared, also on error. */
gboolean cli_check_parse(QblkInvocation *invocation, const char *line,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the output of `qblk LINE`, or NULL with its error. */
char *cli_check_run(const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the VM of `qblk LINE`.  Fails the test if it cannot be opened. */
QblkVm *cli_check_open(QblkInvocation *invocation, const char *line);

/** Returns: the VM argument for a capture with the content @text, in a file in @directory. */
char *cli_check_capture(const char *directory, const char *text);

/** Create a temporary directory; remove it with all files in it. */
char *cli_check_directory(void);
void cli_check_remove(char *directory);

/** The output and the exit status of a child process. */
typedef struct {
    char *out;
    char *err;
    int status;
} CliCheckResult;
void cli_check_result_clear(CliCheckResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CliCheckResult, cli_check_result_clear)

/** Call @function in a child process, which exits with its result. */
CliCheckResult cli_check_fork(int (*function)(gconstpointer data), gconstpointer data);
