/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The command line: help, options and arguments.
 */
#pragma once

#include "cli/invocation.h"

/**
 * Parse the command line.  If it asks for help or for the version, the command of @invocation
 * prints that.
 *
 * @invocation: zeros; to be cleared with qblk_invocation_clear(), also on error
 * @argv: (array zero-terminated=1): the program's name and its arguments
 *
 * Returns: FALSE if the command line is not valid: QBLK_CLI_ERROR_USAGE, or QBLK_QMP_ERROR_ARGUMENT
 * for the VM argument.  Errors of files that options name are those of qblk_domain_read_file().
 */
gboolean qblk_command_line_parse(QblkInvocation *invocation, char *const *argv,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
