/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The command without its process: command lines, and what they do.
 *
 * In a line, {fixtures} stands for the recorded replies of QEMU 7.2.
 */
#pragma once

#include "cli/invocation.h"
#include "cli/vm.h"

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkInvocation, qblk_invocation_clear)

/** Read the arguments in @line, quoted as for a shell; @invocation is to be cleared either way. */
gboolean cli_check_parse(QblkInvocation *invocation, const char *line,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What `qblk LINE` prints, or NULL with its error. */
char *cli_check_run(const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The VM of `qblk LINE`; fails the test where it cannot be opened. */
QblkVm *cli_check_open(QblkInvocation *invocation, const char *line);

/** A VM argument for the capture @text; the file lives until @directory is removed. */
char *cli_check_capture(const char *directory, const char *text);

/** A new temporary directory, and its end with all files in it. */
char *cli_check_directory(void);
void cli_check_remove(char *directory);

/** What happened in a process of its own: what was printed, and how it ended. */
typedef struct {
    char *out;
    char *err;
    int status;
} CliCheckResult;
void cli_check_result_clear(CliCheckResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CliCheckResult, cli_check_result_clear)

/** Call @function in a child that ends with what it returns. */
CliCheckResult cli_check_fork(int (*function)(gconstpointer data), gconstpointer data);
