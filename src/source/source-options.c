/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-options.h"

#include "base/host-port.h"

#include <string.h>

typedef struct {
    char *text;
    gboolean used;
} Value;

struct QblkSourceOptions {
    GTree *values; /* key -> Value, both owned, in the order of the keys */
};

static void
value_free(gpointer data)
{
    Value *value = data;

    g_free(value->text);
    g_free(value);
}

static int
compare_keys(gconstpointer a, gconstpointer b, gpointer user_data)
{
    return g_strcmp0(a, b);
}

QblkSourceOptions *
qblk_source_options_new(void)
{
    QblkSourceOptions *options = g_new0(QblkSourceOptions, 1);

    options->values = g_tree_new_full(compare_keys, NULL, g_free, value_free);
    return options;
}

void
qblk_source_options_free(QblkSourceOptions *options)
{
    if (options == NULL) {
        return;
    }

    g_tree_unref(options->values);
    g_free(options);
}

void
qblk_source_options_set(QblkSourceOptions *options, const char *key, const char *value)
{
    if (value == NULL) {
        return;
    }

    Value *copy = g_new0(Value, 1);
    copy->text = g_strdup(value);
    g_tree_insert(options->values, g_strdup(key), copy);
}

gboolean
qblk_source_options_set_host(QblkSourceOptions *options, const char *text, const char *host_key,
                             const char *port_key, GError **error)
{
    g_auto(QblkHostPort) parts = {0};
    const char *reason;

    if (!qblk_host_port_parse(text, &parts, &reason)) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
        return FALSE;
    }

    qblk_source_options_set(options, host_key, parts.host);
    qblk_source_options_set(options, port_key, parts.port);
    return TRUE;
}

/* ---- from JSON ---- */

typedef struct {
    QblkSourceOptions *options;
    const char *prefix; /* empty, or ends in a dot */
    GError **error;
} Target;

static gboolean add_value(QblkSourceOptions *options, const char *key, const QblkJson *value,
                          GError **error);

static gboolean
add_member(const char *key, const QblkJson *value, gpointer user_data)
{
    const Target *target = user_data;
    g_autofree char *full = g_strconcat(target->prefix, key, NULL);

    return add_value(target->options, full, value, target->error);
}

static gboolean
add_array(QblkSourceOptions *options, const char *key, const QblkJson *array, GError **error)
{
    for (gsize i = 0; i < qblk_json_length(array); i++) {
        g_autofree char *full = g_strdup_printf("%s.%" G_GSIZE_FORMAT, key, i);

        if (!add_value(options, full, qblk_json_at(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Returns: (nullable): a string, a whole number or a boolean as QEMU writes it in options; NULL if
 * @value is anything else */
static char *
scalar_text(const QblkJson *value)
{
    gint64 number;

    if (qblk_json_is(value, QBLK_JSON_STRING)) {
        return g_strdup(qblk_json_string(value));
    }
    if (qblk_json_integer(value, &number)) {
        return g_strdup_printf("%" G_GINT64_FORMAT, number);
    }
    if (qblk_json_is(value, QBLK_JSON_BOOLEAN)) {
        return g_strdup(qblk_json_true(value) ? "on" : "off");
    }
    return NULL;
}

static gboolean
add_scalar(QblkSourceOptions *options, const char *key, const QblkJson *value, GError **error)
{
    if (g_tree_lookup(options->values, key) != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "option '%s' occurs twice",
                    key);
        return FALSE;
    }

    /* null is a value only of "backing": no backing file. */
    g_autofree char *text = scalar_text(value);
    if (text == NULL && !g_str_has_suffix(key, "backing")) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "option '%s' must be a string, an integer or a boolean", key);
        return FALSE;
    }
    if (text != NULL && strstr(text, "\xef\xbf\xbd") != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "option '%s' contains U+FFFD, which replaces bytes that are not UTF-8", key);
        return FALSE;
    }

    qblk_source_options_set(options, key, text);
    return TRUE;
}

static gboolean
add_value(QblkSourceOptions *options, const char *key, const QblkJson *value, GError **error)
{
    if (qblk_json_is(value, QBLK_JSON_OBJECT)) {
        g_autofree char *prefix = g_strconcat(key, ".", NULL);
        return qblk_source_options_add_json(options, prefix, value, error);
    }
    if (qblk_json_is(value, QBLK_JSON_ARRAY)) {
        return add_array(options, key, value, error);
    }
    return add_scalar(options, key, value, error);
}

gboolean
qblk_source_options_add_json(QblkSourceOptions *options, const char *prefix, const QblkJson *object,
                             GError **error)
{
    Target target = {options, prefix, error};

    return qblk_json_each(object, add_member, &target);
}

/* ---- access ---- */

const char *
qblk_source_options_take(QblkSourceOptions *options, const char *prefix, const char *key)
{
    g_autofree char *full = g_strconcat(prefix, key, NULL);
    Value *value = g_tree_lookup(options->values, full);

    if (value == NULL) {
        return NULL;
    }

    value->used = TRUE;
    return value->text;
}

typedef struct {
    const char *prefix;
    gboolean found;
} Search;

static gboolean
match_prefix(gpointer key, gpointer value, gpointer user_data)
{
    Search *search = user_data;

    search->found = g_str_has_prefix(key, search->prefix);
    return search->found;
}

gboolean
qblk_source_options_has_below(const QblkSourceOptions *options, const char *prefix)
{
    Search search = {prefix, FALSE};

    g_tree_foreach(options->values, match_prefix, &search);
    return search.found;
}

static gboolean
mark_used(gpointer key, gpointer value, gpointer user_data)
{
    const char *prefix = user_data;

    if (g_str_has_prefix(key, prefix)) {
        ((Value *)value)->used = TRUE;
    }
    return FALSE; /* go on */
}

void
qblk_source_options_ignore_below(QblkSourceOptions *options, const char *prefix)
{
    g_autofree char *copy = g_strdup(prefix);

    g_tree_foreach(options->values, mark_used, copy);
}

static gboolean
collect_unused(gpointer key, gpointer value, gpointer keys)
{
    if (!((const Value *)value)->used) {
        g_ptr_array_add(keys, key);
    }
    return FALSE; /* go on */
}

GPtrArray *
qblk_source_options_unused(const QblkSourceOptions *options)
{
    GPtrArray *keys = g_ptr_array_new();

    g_tree_foreach(options->values, collect_unused, keys);
    return keys;
}
