/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/hmp.h"

#include <string.h>

/* What HMP takes for a space. */
#define SEPARATORS " \t\n\v\f\r"

static const struct {
    const char *name;
    const char *command; /* of QMP */
} rows[] = {
    {"block_job_complete", "block-job-complete"},
    {"block_job_cancel", "block-job-cancel"},
    {"drive_mirror", "drive-mirror"},
};

/* TRUE if `info block` with these words looks at all nodes: with -n, and with a name, in quotes or
 * not, which may be that of a node. */
static gboolean
lists_nodes(const GPtrArray *words)
{
    for (guint i = 2; i < words->len; i++) {
        if (strcmp(words->pdata[i], "-v") != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The id as HMP reads it: a word, perhaps in quotes. */
static char *
read_id(const GPtrArray *words)
{
    for (guint i = 1; i < words->len; i++) {
        const char *word = words->pdata[i];
        if (word[0] != '-') {
            char *id = g_strdup(word[0] == '"' ? word + 1 : word);
            if (word[0] == '"' && g_str_has_suffix(id, "\"")) {
                id[strlen(id) - 1] = '\0';
            }
            return id;
        }
    }
    return NULL;
}

/* Returns: (transfer full): of const char *, in @parts: those that are not empty */
static GPtrArray *
keep_words(char **parts)
{
    GPtrArray *words = g_ptr_array_new();
    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0') {
            g_ptr_array_add(words, parts[i]);
        }
    }
    return words;
}

static gboolean
is_word(const GPtrArray *words, guint position, const char *a, const char *b)
{
    const char *word = position < words->len ? words->pdata[position] : NULL;
    return g_strcmp0(word, a) == 0 || (word != NULL && g_strcmp0(word, b) == 0);
}

const char *
qblk_hmp_translate(const char *line, QblkJson **arguments)
{
    g_auto(GStrv) parts = g_strsplit_set(line, SEPARATORS, -1);
    g_autoptr(GPtrArray) words = keep_words(parts);
    if (is_word(words, 0, "info", "i") && is_word(words, 1, "block", NULL) && lists_nodes(words)) {
        *arguments = qblk_json_new_object();
        return "query-named-block-nodes";
    }

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *id = is_word(words, 0, rows[i].name, NULL) ? read_id(words) : NULL;
        if (id != NULL) {
            *arguments = qblk_json_new_object();
            qblk_json_set_string(*arguments, "device", id);
            return rows[i].command;
        }
    }
    return NULL;
}
