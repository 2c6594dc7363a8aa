/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * All options of a command.
 */
#pragma once

#include "cli/command.h"
#include "cli/global-options.h"

/**
 * Create the table of the options after the name of @command: its own, and global ones.
 *
 * @own: of @command->options_size zeros, where its own options are stored
 * @global: after qblk_global_options_init()
 *
 * Returns: (transfer full): the table
 */
QblkOptionTable *qblk_command_options_new(const QblkCommand *command, gpointer own,
                                          QblkGlobalOptions *global);

/**
 * Add the options of all commands to @table, which refuse to be used and name these commands.
 *
 * @is_front: @table is that of the options before the command's name
 */
void qblk_command_options_add_foreign(QblkOptionTable *table, gboolean is_front);
