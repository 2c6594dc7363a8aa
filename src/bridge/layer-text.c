/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/layer-text.h"

#include "base/limits.h"
#include "bridge/json-tokens.h"

#include <string.h>

/* A member that names a node or a device; and the commands, actions of a transaction and drivers
 * in which it is a file or another name. */
typedef struct {
    const char *key;
    const char *except[4];
} Row;

static const Row rows[] = {
    {"backing", {NULL}},
    {"base-node", {NULL}},
    {"bottom", {NULL}},
    {"children", {NULL}}, /* of quorum */
    {"data-file", {NULL}},
    {"device", {NULL}},
    {"devices", {NULL}}, /* of snapshot-save */
    {"drive", {NULL}},   /* a property of devices, which are in no schema */
    {"file", {NULL}},
    {"header", {NULL}}, /* of luks */
    {"id", {NULL}},
    {"image", {"rbd"}},
    {"image-node-name", {NULL}},
    {"log", {NULL}}, /* of blklogwrites */
    {"node", {NULL}},
    {"node-name", {NULL}},
    {"overlay", {NULL}},
    {"parent", {NULL}},
    {"raw", {NULL}}, /* of blkverify */
    {"replaces", {NULL}},
    {"target", {"drive-backup", "drive-mirror", "change", "iscsi"}},
    {"test", {NULL}}, /* of blkverify */
    {"top-node", {NULL}},
    {"vmstate", {NULL}}, /* of snapshot-save */
};

/* Commands whose members of these names are all something else: files of secrets, devices of the
 * host. */
static const char *const others[] = {
    "chardev-add", "chardev-change", "netdev_add", "object-add", NULL,
};

/* A string that may name a layer. */
typedef struct {
    QblkJsonToken token;
    const Row *row;
    gboolean is_dropped;
} Candidate;

/* An object or array that is open. */
typedef struct {
    const Row *row; /* of the member whose value it is, which holds for elements of an array */
    gboolean is_object;
    QblkJsonToken kind; /* the value of its member `driver` or `type` */
    guint first;        /* of its candidates */
} Level;

typedef struct {
    GArray *levels;     /* of Level */
    GArray *candidates; /* of Candidate */
} Search;

static const Row *
find_row(QblkJsonToken key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (qblk_json_token_is(key, rows[i].key)) {
            return &rows[i];
        }
    }
    return NULL;
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
    gsize length = (gsize)(at - start);
    return length > 0 && *at == '[' && memchr(start, '[', length) == NULL &&
           memchr(start, '/', length) == NULL;
}

/* ---- the search ---- */

/* Drop the candidates from @first on that are something else in an object of @kind. */
static void
drop_exceptions(const Search *search, guint first, QblkJsonToken kind)
{
    for (guint i = first; i < search->candidates->len; i++) {
        Candidate *candidate = &g_array_index(search->candidates, Candidate, i);
        for (gsize j = 0; j < G_N_ELEMENTS(candidate->row->except); j++) {
            const char *except = candidate->row->except[j];
            if (except != NULL && qblk_json_token_is(kind, except)) {
                candidate->is_dropped = TRUE;
            }
        }
    }
}

static void
add_candidate(const Search *search, QblkJsonToken token, const Row *row)
{
    if (row != NULL && is_layer(token) && search->candidates->len < QBLK_LIMIT_COMMAND_LAYERS) {
        const Candidate candidate = {token, row, FALSE};
        g_array_append_val(search->candidates, candidate);
    }
}

static void
open_level(const Search *search, QblkJsonToken token, const Row *row)
{
    const Level level = {
        .row = row,
        .is_object = token.type == '{',
        .first = search->candidates->len,
    };
    g_array_append_val(search->levels, level);
}

static void
close_level(const Search *search)
{
    const Level level = g_array_index(search->levels, Level, search->levels->len - 1);
    if (level.kind.type == QBLK_JSON_TOKEN_STRING) {
        drop_exceptions(search, level.first, level.kind);
    }
    g_array_set_size(search->levels, search->levels->len - 1);
}

/* Take the first token of a value.  @key: of a member; in an array, its type is not a string */
static void
take_value(const Search *search, QblkJsonToken token, QblkJsonToken key)
{
    gboolean is_open = search->levels->len > 0;
    Level *level = is_open ? &g_array_index(search->levels, Level, search->levels->len - 1) : NULL;
    gboolean is_member = level != NULL && level->is_object;
    const Row *row = is_member ? find_row(key) : level != NULL ? level->row : NULL;
    if (is_member && (qblk_json_token_is(key, "driver") || qblk_json_token_is(key, "type"))) {
        level->kind = token;
    }

    if (token.type == '{' || token.type == '[') {
        open_level(search, token, row);
    } else {
        add_candidate(search, token, row);
    }
}

/* The text is valid, so a string before a colon is a key, and each other token but commas and
 * brackets that close begins a value. */
static void
search_text(const Search *search, QblkJsonTokens tokens)
{
    QblkJsonToken key = {QBLK_JSON_TOKEN_END, NULL, NULL};
    for (QblkJsonToken token = qblk_json_tokens_next(&tokens); token.type != QBLK_JSON_TOKEN_END;
         token = qblk_json_tokens_next(&tokens)) {
        QblkJsonTokens rest = tokens;
        if (token.type == '}' || token.type == ']') {
            close_level(search);
        } else if (token.type == QBLK_JSON_TOKEN_STRING &&
                   qblk_json_tokens_next(&rest).type == ':') {
            key = token;
            tokens = rest;
        } else if (token.type != ',') {
            take_value(search, token, key);
        }
    }
}

/* Returns: (transfer full) (element-type Candidate): those that may name a layer, and those that
 * are dropped */
static GArray *
find_candidates(const char *command, const char *arguments, gsize length)
{
    GArray *candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    if (memchr(arguments, '[', length) == NULL || g_strv_contains(others, command)) {
        return candidates;
    }

    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));
    const Search search = {levels, candidates};
    search_text(&search, (QblkJsonTokens){arguments, arguments + length});

    g_autofree char *quoted = g_strconcat("'", command, "'", NULL);
    const QblkJsonToken kind = {QBLK_JSON_TOKEN_STRING, quoted, quoted + strlen(quoted)};
    drop_exceptions(&search, 0, kind);
    return candidates;
}

/* ---- the result ---- */

GPtrArray *
qblk_layer_text_find(const char *command, const char *arguments, gsize length)
{
    GPtrArray *layers = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) candidates = find_candidates(command, arguments, length);
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);
        if (candidate->is_dropped) {
            continue;
        }
        g_autofree char *layer = qblk_json_token_value(candidate->token);
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
qblk_layer_text_replace(const char *command, const char *arguments, gsize length,
                        GHashTable *layers)
{
    GString *out = g_string_sized_new(length + 1);
    g_autoptr(GArray) candidates = find_candidates(command, arguments, length);
    const char *copied = arguments;
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);
        g_autofree char *layer = qblk_json_token_value(candidate->token);
        const char *node = candidate->is_dropped ? NULL : g_hash_table_lookup(layers, layer);
        if (node != NULL) {
            g_string_append_len(out, copied, candidate->token.start - copied);
            append_string(out, node);
            copied = candidate->token.end;
        }
    }
    g_string_append_len(out, copied, arguments + length - copied);
    return out;
}
