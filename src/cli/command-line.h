/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The command line: help, options and arguments.
 */
#pragma once

#include "cli/invocation.h"

/**
 * Parse the command line.  Prints help or the version and ends the process if the command line asks
 * for it.
 *
 * @invocation: zeros; to be cleared with qblk_invocation_clear(), also on error
 * @argv: (array length=argc): the program's name and its arguments
 *
 * Returns: FALSE if the command line is not valid: QBLK_CLI_ERROR_USAGE, or QBLK_QMP_ERROR_ARGUMENT
 * for the VM argument.  Errors of files that options name are those of qblk_domain_read_file().
 */
gboolean qblk_command_line_parse(QblkInvocation *invocation, int argc, char **argv,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
