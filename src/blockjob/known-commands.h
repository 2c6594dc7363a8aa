/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Commands and arguments that each QEMU of a range of versions has, so that no schema, which takes
 * QEMU longer than a short job, is needed to know it.
 *
 * Distributions add what is new to older versions, but remove nothing: what is not known here may
 * be supported all the same.  A storage daemon has fewer commands than a QEMU of its version.
 */
#pragma once

#include "base/json.h"
#include "graph/replies.h"

/** The arguments that a command has since a version.
 *
 * An argument is its path, "options.size"; of a list "actions[].data".  It is one with any value
 * that is not an object or a list, or "PATH=VALUE|VALUE" with one of these: a text, "@" for any
 * text, or "null".
 */
typedef struct {
    const char *command;
    QblkQemuVersion since;
    const char *tag;           /* an argument that decides which others there are, or NULL */
    const char *arguments[12]; /* a NULL at the end; @tag is one, too */
} QblkKnownCommand;

/** Returns: (nullable): row @index of the table; NULL after the last one */
const QblkKnownCommand *qblk_known_commands_get_row(guint index);

/** Returns: TRUE if the table is about QEMUs of @version: one between the oldest and the newest
 * that it was compared with */
gboolean qblk_known_commands_cover(const QblkQemuVersion *version);

/** Returns: TRUE if each QEMU of @version, which the table covers, has @command with all of
 * @arguments (nullable); FALSE if that is not known */
gboolean qblk_known_commands_has(const QblkQemuVersion *version, const char *command,
                                 const QblkJson *arguments);
