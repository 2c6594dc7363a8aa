/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The descriptions of the options that all commands have, and which command accepts which.
 */
#pragma once

#include "cli/global-options.h"
#include "cli/option-table.h"

/**
 * Add the options to @table.
 *
 * @command: (nullable): the command after whose name the options are, which may refuse some, and
 *   whose own options, that are in @table already, replace global ones
 */
void qblk_global_table_add(QblkGlobalOptions *options, const QblkCommand *command,
                           QblkOptionTable *table);

/**
 * Check the options before the command's name.
 *
 * @front: to which qblk_global_table_add() has added the options, and nothing else
 *
 * Returns: FALSE with a usage error if @command does not accept one that was given
 */
gboolean qblk_global_table_check_front(const QblkOptionTable *front, const QblkCommand *command,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
