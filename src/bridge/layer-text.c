/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/layer-text.h"

#include "bridge/json-tokens.h"

#include <string.h>

/* The members that name a node or a device. */
static gboolean
is_name_key(QblkJsonToken key)
{
    static const char *const keys[] = {
        "backing", "base-node", "bottom", "data-file", "device",
        "file",    "id",        "node",   "node-name", "overlay",
        "parent",  "replaces",  "target", "top-node",  "image-node-name",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (qblk_json_token_is(key, keys[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: TRUE if @token is a string of the form NAME[NUMBER], for example "vda[2]" */
static gboolean
is_layer(QblkJsonToken token)
{
    if (token.type != QBLK_JSON_TOKEN_STRING || token.end - token.start < 6) {
        return FALSE;
    }

    const char *start = token.start + 1;
    const char *at = token.end - 2; /* the last character */
    if (*at-- != ']' || !g_ascii_isdigit(*at)) {
        return FALSE;
    }
    while (at > start && g_ascii_isdigit(*at)) {
        at--;
    }
    return at > start && *at == '[' && memchr(start, '[', (gsize)(at - start)) == NULL;
}

/* Find the next string that names a layer.  @key: the key of the value that is next, or nothing */
static gboolean
find_next(QblkJsonTokens *tokens, QblkJsonToken *found)
{
    QblkJsonToken last = {QBLK_JSON_TOKEN_END, NULL, NULL};
    gboolean is_after_name = FALSE;
    for (QblkJsonToken token = qblk_json_tokens_next(tokens); token.type != QBLK_JSON_TOKEN_END;
         token = qblk_json_tokens_next(tokens)) {
        if (is_after_name && is_layer(token)) {
            *found = token;
            return TRUE;
        }
        is_after_name = token.type == ':' && is_name_key(last);
        last = token;
    }
    return FALSE;
}

GPtrArray *
qblk_layer_text_find(const char *arguments, gsize length)
{
    GPtrArray *layers = g_ptr_array_new_with_free_func(g_free);
    if (memchr(arguments, '[', length) == NULL) {
        return layers;
    }

    QblkJsonTokens tokens = {arguments, arguments + length};
    QblkJsonToken token;
    while (find_next(&tokens, &token)) {
        g_autofree char *layer = qblk_json_token_value(token);
        if (!g_ptr_array_find_with_equal_func(layers, layer, g_str_equal, NULL)) {
            g_ptr_array_add(layers, g_steal_pointer(&layer));
        }
    }
    return layers;
}

/* Append @value as a JSON string. */
static void
append_string(GString *out, const char *value)
{
    g_string_append_c(out, '"');
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            g_string_append_c(out, '\\');
        }
        if ((guchar)*at < 0x20) {
            g_string_append_printf(out, "\\u%04x", (guchar)*at);
        } else {
            g_string_append_c(out, *at);
        }
    }
    g_string_append_c(out, '"');
}

GString *
qblk_layer_text_replace(const char *arguments, gsize length, GHashTable *layers)
{
    GString *out = g_string_sized_new(length + 1);
    QblkJsonTokens tokens = {arguments, arguments + length};
    const char *copied = arguments;
    QblkJsonToken token;
    while (find_next(&tokens, &token)) {
        g_autofree char *layer = qblk_json_token_value(token);
        const char *node = g_hash_table_lookup(layers, layer);
        if (node != NULL) {
            g_string_append_len(out, copied, token.start - copied);
            append_string(out, node);
            copied = token.end;
        }
    }
    g_string_append_len(out, copied, arguments + length - copied);
    return out;
}
