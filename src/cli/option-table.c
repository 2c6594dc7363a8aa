/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option-table.h"

#include "cli/exit-code.h"

#include <string.h>

struct QblkOptionTable {
    char *command;   /* owned */
    GArray *options; /* of QblkOption, owned */
};

QblkOptionTable *
qblk_option_table_new(const char *command)
{
    QblkOptionTable *table = g_new0(QblkOptionTable, 1);

    table->command = g_strdup(command);
    table->options = g_array_new(FALSE, FALSE, sizeof(QblkOption));
    return table;
}

void
qblk_option_table_free(QblkOptionTable *table)
{
    g_array_unref(table->options);
    g_free(table->command);
    g_free(table);
}

static void
add(QblkOptionTable *table, QblkOptionGroup group, const GOptionEntry *entry, const char *refusal)
{
    const QblkOption option = {.entry = *entry, .group = group, .refusal = refusal};
    g_array_append_val(table->options, option);
}

void
qblk_option_table_add_group(QblkOptionTable *table, QblkOptionGroup group,
                            const GOptionEntry *entries)
{
    for (const GOptionEntry *entry = entries; entry->long_name != NULL; entry++) {
        add(table, group, entry, NULL);
    }
}

void
qblk_option_table_add(QblkOptionTable *table, const GOptionEntry *entries)
{
    qblk_option_table_add_group(table, QBLK_OPTION_GROUP_OWN, entries);
}

void
qblk_option_table_add_common(QblkOptionTable *table, const GOptionEntry *entry, const char *refusal)
{
    add(table, QBLK_OPTION_GROUP_COMMON, entry, refusal);
}

const char *
qblk_option_table_get_command(const QblkOptionTable *table)
{
    return table->command;
}

guint
qblk_option_table_get_n_options(const QblkOptionTable *table)
{
    return table->options->len;
}

QblkOption *
qblk_option_table_get_option(const QblkOptionTable *table, guint index)
{
    return &g_array_index(table->options, QblkOption, index);
}

QblkOption *
qblk_option_table_find(const QblkOptionTable *table, const char *name, gsize length)
{
    for (guint i = 0; i < table->options->len; i++) {
        QblkOption *option = qblk_option_table_get_option(table, i);
        const char *long_name = option->entry.long_name;
        if (strlen(long_name) == length && memcmp(long_name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

QblkOption *
qblk_option_table_find_letter(const QblkOptionTable *table, char letter)
{
    for (guint i = 0; i < table->options->len; i++) {
        QblkOption *option = qblk_option_table_get_option(table, i);
        if (option->entry.short_name == letter) {
            return option;
        }
    }
    return NULL;
}

gboolean
qblk_option_table_lists(const QblkOptionTable *table, const QblkOption *option)
{
    const char *name = option->entry.long_name;
    gboolean is_hidden = (option->entry.flags & G_OPTION_FLAG_HIDDEN) != 0;

    return !is_hidden && option->refusal == NULL &&
           qblk_option_table_find(table, name, strlen(name)) == option;
}

gboolean
qblk_option_has_argument(const QblkOption *option)
{
    return option->entry.arg != G_OPTION_ARG_NONE;
}

gboolean
qblk_option_is_repeatable(const QblkOption *option)
{
    return option->entry.arg == G_OPTION_ARG_STRING_ARRAY ||
           option->entry.arg == G_OPTION_ARG_FILENAME_ARRAY;
}

gboolean
qblk_option_table_refuse(const QblkOptionTable *table, const QblkOption *option, GError **error)
{
    return qblk_usage_error(error, "option --%s is not valid for '%s': %s", option->entry.long_name,
                            table->command, option->refusal);
}
