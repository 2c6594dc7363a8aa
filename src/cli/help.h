/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The text of help, within 80 columns.
 */
#pragma once

#include "cli/command.h"

/** Append the help of qblk: its commands, the forms of a VM, the exit status. */
void qblk_help_print(GString *text);

/** Append the help of @command: how it is used, its options, an example. */
void qblk_help_print_command(const QblkCommand *command, GString *text);
