/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The arguments of the commands of the bridge: tables of members, and reading an object by them as
 * strictly as QEMU reads those of its own commands.
 */
#pragma once

#include "base/json.h"

typedef enum {
    QBLK_LOCAL_STRING,  /* char *, owned */
    QBLK_LOCAL_STRINGS, /* char **, owned */
    QBLK_LOCAL_BOOLEAN, /* gboolean */
    QBLK_LOCAL_INTEGER, /* gint64; stays as it was if the member is absent */
} QblkLocalType;

/** One member.  A table ends with a NULL name. */
typedef struct {
    const char *name;
    QblkLocalType type;
    gboolean is_required;
    gsize offset;              /* of the field in the target */
    const char *const *values; /* (nullable): all values of a string; NULL: any */
} QblkLocalMember;

/** Two members of which one excludes, or needs, the other; FALSE and no member are the same.  A
 * table ends with a NULL name. */
typedef struct {
    const char *first, *second;
    gboolean is_needed; /* @first needs @second; FALSE: they exclude each other */
} QblkLocalRule;

/**
 * Read @arguments into the struct @target.
 *
 * @arguments: (nullable): an object; NULL: an empty one
 * @tables: (array zero-terminated=1): the tables of the members
 * @target: all zero, or with defaults of integers; to be cleared with
 *   qblk_local_arguments_clear(), also on error
 *
 * Returns: FALSE with QBLK_QMP_ERROR_ARGUMENT and a message as those of QEMU
 */
gboolean qblk_local_arguments_read(const QblkJson *arguments, const QblkLocalMember *const *tables,
                                   gpointer target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_local_arguments_clear(const QblkLocalMember *const *tables, gpointer target);

/** Check @arguments (nullable) by the table @rules.  FALSE with QBLK_QMP_ERROR_ARGUMENT. */
gboolean qblk_local_arguments_check(const QblkJson *arguments, const QblkLocalRule *rules,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the member @name in @tables */
const QblkLocalMember *qblk_local_member_find(const QblkLocalMember *const *tables,
                                              const char *name);

/** Set QBLK_QMP_ERROR_ARGUMENT with a message as of printf().  Returns: FALSE. */
#define qblk_local_refuse(error, ...)                                                              \
    (g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, __VA_ARGS__), FALSE)
