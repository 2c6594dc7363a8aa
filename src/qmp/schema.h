/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a QEMU can do: its reply to query-qmp-schema.
 *
 * The names of types in it are numbers that mean nothing outside one reply; commands, members and
 * enum values keep their names.
 */
#pragma once

#include "base/json.h"

typedef struct QblkSchema QblkSchema;

/**
 * Read @reply, the array that query-qmp-schema returned; a reference to it is kept.  Fails with
 * QBLK_QMP_ERROR_PROTOCOL where it is no schema.  References to types that are not in it come to
 * light when they are followed.
 */
QblkSchema *qblk_schema_new(const QblkJson *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_schema_free(QblkSchema *schema);

/**
 * Whether @command takes an argument named @argument, in any of its variants.  FALSE where there is
 * no such command.
 */
gboolean qblk_schema_has_argument(const QblkSchema *schema, const char *command,
                                  const char *argument);

/**
 * Whether QEMU would take @command with @arguments (an object, or NULL for none), as far as their
 * shape goes: members known and none missing, types, enum values, variants, alternates.
 *
 * Fails with QBLK_QMP_ERROR_NOT_FOUND where there is no such command, ARGUMENT where an argument is
 * wrong, named by its path (`'blockdev-add': 'file.driver' is missing`), and PROTOCOL where the
 * schema contradicts itself.
 */
gboolean qblk_schema_check_command(const QblkSchema *schema, const char *command,
                                   const QblkJson *arguments,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSchema, qblk_schema_free)
