/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a QEMU supports: its reply to query-qmp-schema.
 *
 * The names of types in it are numbers that are valid in one reply only; commands, members and enum
 * values keep their names.
 */
#pragma once

#include "base/json.h"

typedef struct QblkSchema QblkSchema;

/**
 * Index a schema.  References to types that it does not contain are found when they are followed.
 *
 * @reply: the array that query-qmp-schema returned; a reference is kept
 *
 * Returns: (transfer full): the schema, or NULL with QBLK_QMP_ERROR_PROTOCOL if it is malformed
 */
QblkSchema *qblk_schema_new(const QblkJson *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void qblk_schema_free(QblkSchema *schema);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSchema, qblk_schema_free)

/** Returns: TRUE if @command exists and has an argument @argument in any of its variants. */
gboolean qblk_schema_has_argument(const QblkSchema *schema, const char *command,
                                  const char *argument);

/**
 * Check that this QEMU knows @command with all members and enum values in @arguments, which tells
 * whether it is too old or was built without a driver.  The types of values, and that no member is
 * missing, are not checked: they do not depend on the QEMU.
 *
 * @arguments: (nullable): an object
 *
 * Returns: TRUE, or FALSE with QBLK_QMP_ERROR_NOT_FOUND if the command does not exist, ARGUMENT if
 * a member or value is unknown, named by its path (`'file.driver' has no value 'x'`), or PROTOCOL
 * if the schema contradicts itself
 */
gboolean qblk_schema_supports(const QblkSchema *schema, const char *command,
                              const QblkJson *arguments, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- the types, borrowed from the schema; NULL if there is no such type ---- */

/** The type of the arguments of @command. */
const QblkJson *qblk_schema_arguments(const QblkSchema *schema, const char *command);

/** The type that member @key of @from names. */
const QblkJson *qblk_schema_follow(const QblkSchema *schema, const QblkJson *from, const char *key);

/** The object type whose members @object has in addition to those of @type, by its tag. */
const QblkJson *qblk_schema_variant(const QblkSchema *schema, const QblkJson *type,
                                    const QblkJson *object);

/** The entry of the member @name of @type, in the variant that @object is. */
const QblkJson *qblk_schema_member(const QblkSchema *schema, const QblkJson *type,
                                   const QblkJson *object, const char *name);

/** Returns: TRUE if @type is of the meta-type @meta, such as "enum". */
gboolean qblk_schema_is_meta(const QblkJson *type, const char *meta);

/** Returns: TRUE if @value is of the kind of JSON value that @type accepts, members aside. */
gboolean qblk_schema_accepts_kind(const QblkJson *type, const QblkJson *value);
