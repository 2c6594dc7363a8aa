/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/qemu-config.h"

#include <string.h>

/* The group that is being read. */
typedef struct {
    char *name;         /* owned, or NULL before the first one */
    GHashTable *keyval; /* owned */
} Group;

static void
end_group(Group *group, QblkQemuLine *line)
{
    if (group->name != NULL) {
        qblk_qemu_line_add_group(line, group->name, group->keyval);
    }
    g_clear_pointer(&group->name, g_free);
    g_clear_pointer(&group->keyval, g_hash_table_unref);
}

/* Returns: (transfer full) (nullable): what is between the first two quotes of @text */
static char *
get_quoted(const char *text)
{
    const char *start = strchr(text, '"');
    const char *end = start == NULL ? NULL : strchr(start + 1, '"');
    return end == NULL ? NULL : g_strndup(start + 1, (gsize)(end - start) - 1);
}

/* [name "id"] or [name] */
static void
begin_group(Group *group, const char *text)
{
    char *id = get_quoted(text);

    group->name = g_strndup(text + 1, strcspn(text + 1, " ]"));
    group->keyval = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (id != NULL) {
        g_hash_table_insert(group->keyval, g_strdup("id"), id);
    }
}

/* key = "value" */
static void
add_key(Group *group, const char *text)
{
    char *value = get_quoted(text);

    if (value != NULL && group->keyval != NULL) {
        g_hash_table_insert(group->keyval, g_strndup(text, strcspn(text, " =\t")), value);
    } else {
        g_free(value);
    }
}

void
qblk_qemu_config_read(const char *text, QblkQemuLine *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Group group = {NULL, NULL};

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *at = lines[i] + strspn(lines[i], " \t");
        if (at[0] == '[') {
            end_group(&group, line);
            begin_group(&group, at);
        } else if (at[0] != '#') {
            add_key(&group, at);
        }
    }
    end_group(&group, line);
}
