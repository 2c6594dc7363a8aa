/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Strings in the text of a command that name a layer, such as "vda[2]".
 *
 * No id of QEMU has a bracket, so such a string cannot mean anything else if it is the value of a
 * member that names a node or device.  A table has the names of these members.
 */
#pragma once

#include <glib.h>

/**
 * Find the strings that name layers in the members of a table, at any depth of @arguments.
 *
 * @command: whose arguments they are: a few members name a file in some commands
 * @arguments: the text of a JSON object that is valid; strings may be in single quotes
 *
 * Returns: (transfer full) (element-type utf8): each string once, in the order of the text
 */
GPtrArray *qblk_layer_text_find(const char *command, const char *arguments,
                                gsize length) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): @arguments with each such string replaced by its value in @layers; all
 * other bytes are as they were
 */
GString *qblk_layer_text_replace(const char *command, const char *arguments, gsize length,
                                 GHashTable *layers) G_GNUC_WARN_UNUSED_RESULT;
