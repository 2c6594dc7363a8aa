/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/keyval.h"

#include "base/json.h"

#include <string.h>

static GHashTable *
keyval_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static gboolean
add_member(const char *key, const QblkJson *value, gpointer user_data)
{
    GHashTable *keyval = user_data;
    const char *string = qblk_json_string(value);
    gint64 number;

    if (string != NULL) {
        g_hash_table_insert(keyval, g_strdup(key), g_strdup(string));
    } else if (qblk_json_integer(value, &number)) {
        g_hash_table_insert(keyval, g_strdup(key), g_strdup_printf("%" G_GINT64_FORMAT, number));
    } else if (qblk_json_is(value, QBLK_JSON_BOOLEAN)) {
        g_hash_table_insert(keyval, g_strdup(key), g_strdup(qblk_json_true(value) ? "on" : "off"));
    }
    return TRUE;
}

static GHashTable *
parse_json(const char *text)
{
    GHashTable *keyval = keyval_new();
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);

    if (json != NULL && qblk_json_is(json, QBLK_JSON_OBJECT)) {
        (void)qblk_json_each(json, add_member, keyval);
    }
    return keyval;
}

/* Returns: (transfer full): the text up to the next single comma; @at is behind that, or at the
 * end */
static char *
take_value(const char **at)
{
    GString *value = g_string_new(NULL);

    for (;;) {
        gsize length = strcspn(*at, ",");
        g_string_append_len(value, *at, (gssize)length);
        *at += length;
        if (**at == '\0') {
            break;
        }
        *at += 1;
        if (**at != ',') {
            break;
        }
        g_string_append_c(value, ',');
        *at += 1;
    }
    return g_string_free(value, FALSE);
}

GHashTable *
qblk_keyval_parse(const char *text, const char *first)
{
    if (text[0] == '{') {
        return parse_json(text);
    }

    GHashTable *keyval = keyval_new();
    const char *at = text;
    while (*at != '\0') {
        gsize length = strcspn(at, "=,");
        if (at[length] == '=') {
            char *key = g_strndup(at, length);
            at += length + 1;
            g_hash_table_insert(keyval, key, take_value(&at));
        } else if (first != NULL && at == text) {
            g_hash_table_insert(keyval, g_strdup(first), take_value(&at));
        } else {
            g_hash_table_insert(keyval, take_value(&at), g_strdup("on"));
        }
    }
    return keyval;
}

const char *
qblk_keyval_get(GHashTable *keyval, const char *key)
{
    return g_hash_table_lookup(keyval, key);
}

gboolean
qblk_keyval_is_on(GHashTable *keyval, const char *key)
{
    static const char *const words[] = {"on", "yes", "true", "y", NULL};
    const char *value = qblk_keyval_get(keyval, key);
    return value != NULL && g_strv_contains(words, value);
}
