/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a command: descriptions of GLib's form, in groups, and the words of a command line
 * that are read by them.
 *
 * An option is --NAME or -LETTER; with an argument --NAME=ARGUMENT, --NAME ARGUMENT, -LETTER
 * ARGUMENT or -LETTERARGUMENT.  Letters without an argument can share a word.  A name is not
 * abbreviated.  A word of its own that is one of the options is never an argument.  These kinds are
 * supported: G_OPTION_ARG_NONE, _INT, _INT64, _DOUBLE, _STRING, _FILENAME and the arrays of both.
 * With G_OPTION_FLAG_OPTIONAL_ARG a _STRING has the argument after '=', or "".
 */
#pragma once

#include <glib.h>

/** The order in which help lists the options. */
typedef enum {
    QBLK_OPTION_GROUP_OWN,    /* of the command */
    QBLK_OPTION_GROUP_CHANGE, /* of the commands that change a VM */
    QBLK_OPTION_GROUP_COMMON, /* of most commands */
} QblkOptionGroup;

typedef struct {
    GOptionEntry entry; /* its texts are borrowed */
    QblkOptionGroup group;
    const char *refusal; /* borrowed: why the command does not accept it; NULL: it does */
    gboolean is_given;   /* it was read */
} QblkOption;

typedef struct QblkOptionTable QblkOptionTable;

/**
 * Create an empty table.
 *
 * @command: what is run, for messages, such as "qblk list"
 */
QblkOptionTable *qblk_option_table_new(const char *command);
void qblk_option_table_free(QblkOptionTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOptionTable, qblk_option_table_free)

/**
 * Add options of the command itself.  If an option has the name or the letter of an earlier one,
 * the earlier one is used.
 *
 * @entries: ended by an entry without a name; copied, except for their texts
 */
void qblk_option_table_add(QblkOptionTable *table, const GOptionEntry *entries);

/** The same for another group. */
void qblk_option_table_add_group(QblkOptionTable *table, QblkOptionGroup group,
                                 const GOptionEntry *entries);

/** Add one common option.  @refusal: (nullable): why the command does not accept it */
void qblk_option_table_add_common(QblkOptionTable *table, const GOptionEntry *entry,
                                  const char *refusal);

/** Returns: (transfer none): what the table belongs to, such as "qblk list" */
const char *qblk_option_table_get_command(const QblkOptionTable *table);

guint qblk_option_table_get_n_options(const QblkOptionTable *table);

/** Returns: (transfer none): until an option is added */
QblkOption *qblk_option_table_get_option(const QblkOptionTable *table, guint index);

/** Returns: (transfer none) (nullable): the option with this name, of @length bytes */
QblkOption *qblk_option_table_find(const QblkOptionTable *table, const char *name, gsize length);

/** Returns: (transfer none) (nullable): the option with this letter */
QblkOption *qblk_option_table_find_letter(const QblkOptionTable *table, char letter);

/** Returns: TRUE if @option is one of @table that help lists: not hidden, refused or replaced */
gboolean qblk_option_table_lists(const QblkOptionTable *table, const QblkOption *option);

/** Returns: TRUE if an argument belongs to the option, or can */
gboolean qblk_option_has_argument(const QblkOption *option);

/** Returns: TRUE if the option can be given several times, and each argument counts */
gboolean qblk_option_is_repeatable(const QblkOption *option);

/** Set the usage error for an option with a refusal.  Always FALSE. */
gboolean qblk_option_table_refuse(const QblkOptionTable *table, const QblkOption *option,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
