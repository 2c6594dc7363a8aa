/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-arguments.h"

/* ---- reading one value ---- */

static gboolean
refuse_type(const char *name, const char *type, GError **error)
{
    return qblk_local_refuse(error, "Invalid parameter type for '%s', expected: %s", name, type);
}

static gboolean
is_one_of(const char *text, const char *const *values)
{
    return values == NULL || g_strv_contains(values, text);
}

static gboolean
read_string(const QblkLocalMember *member, const QblkJson *value, gpointer field, GError **error)
{
    const char *text = qblk_json_string(value);
    if (text == NULL) {
        return refuse_type(member->name, "string", error);
    }
    if (!is_one_of(text, member->values)) {
        return qblk_local_refuse(error, "Parameter '%s' does not accept value '%s'", member->name,
                                 text);
    }

    *(char **)field = g_strdup(text);
    return TRUE;
}

static gboolean
read_strings(const QblkLocalMember *member, const QblkJson *value, gpointer field, GError **error)
{
    if (!qblk_json_is(value, QBLK_JSON_ARRAY)) {
        return refuse_type(member->name, "array", error);
    }

    gsize count = qblk_json_length(value);
    char **texts = g_new0(char *, count + 1);
    *(char ***)field = texts;
    for (gsize i = 0; i < count; i++) {
        const char *text = qblk_json_string(qblk_json_at(value, i));
        if (text == NULL) {
            g_autofree char *name = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", member->name, i);
            return refuse_type(name, "string", error);
        }
        texts[i] = g_strdup(text);
    }
    return TRUE;
}

static gboolean
read_boolean(const QblkLocalMember *member, const QblkJson *value, gpointer field, GError **error)
{
    if (!qblk_json_is(value, QBLK_JSON_BOOLEAN)) {
        return refuse_type(member->name, "boolean", error);
    }

    *(gboolean *)field = qblk_json_true(value);
    return TRUE;
}

static gboolean
read_integer(const QblkLocalMember *member, const QblkJson *value, gpointer field, GError **error)
{
    return qblk_json_integer(value, field) || refuse_type(member->name, "integer", error);
}

/* ---- types ---- */

static void
clear_string(gpointer field)
{
    g_clear_pointer((char **)field, g_free);
}

static void
clear_strings(gpointer field)
{
    g_clear_pointer((char ***)field, g_strfreev);
}

static const struct {
    gboolean (*read)(const QblkLocalMember *member, const QblkJson *value, gpointer field,
                     GError **error);
    void (*clear)(gpointer field); /* or NULL */
} types[] = {
    [QBLK_LOCAL_STRING] = {read_string, clear_string},
    [QBLK_LOCAL_STRINGS] = {read_strings, clear_strings},
    [QBLK_LOCAL_BOOLEAN] = {read_boolean, NULL},
    [QBLK_LOCAL_INTEGER] = {read_integer, NULL},
};

/* ---- an object ---- */

const QblkLocalMember *
qblk_local_member_find(const QblkLocalMember *const *tables, const char *name)
{
    for (; *tables != NULL; tables++) {
        for (const QblkLocalMember *member = *tables; member->name != NULL; member++) {
            if (g_str_equal(member->name, name)) {
                return member;
            }
        }
    }
    return NULL;
}

static gboolean
read_table(const QblkJson *arguments, const QblkLocalMember *table, char *target, GError **error)
{
    for (const QblkLocalMember *member = table; member->name != NULL; member++) {
        const QblkJson *value = qblk_json_get(arguments, member->name);
        if (value == NULL && member->is_required) {
            return qblk_local_refuse(error, "Parameter '%s' is missing", member->name);
        }
        if (value != NULL &&
            !types[member->type].read(member, value, target + member->offset, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

typedef struct {
    const QblkLocalMember *const *tables;
    const char *unknown; /* or NULL */
} Search;

static gboolean
is_known(const char *key, const QblkJson *value, gpointer user_data)
{
    Search *search = user_data;
    if (qblk_local_member_find(search->tables, key) == NULL) {
        search->unknown = key;
    }
    return search->unknown == NULL;
}

gboolean
qblk_local_arguments_read(const QblkJson *arguments, const QblkLocalMember *const *tables,
                          gpointer target, GError **error)
{
    for (const QblkLocalMember *const *table = tables; *table != NULL; table++) {
        if (!read_table(arguments, *table, target, error)) {
            return FALSE;
        }
    }

    Search search = {.tables = tables};
    if (arguments != NULL) {
        (void)qblk_json_each(arguments, is_known, &search);
    }
    return search.unknown == NULL ||
           qblk_local_refuse(error, "Parameter '%s' is unexpected", search.unknown);
}

void
qblk_local_arguments_clear(const QblkLocalMember *const *tables, gpointer target)
{
    for (; *tables != NULL; tables++) {
        for (const QblkLocalMember *member = *tables; member->name != NULL; member++) {
            if (types[member->type].clear != NULL) {
                types[member->type].clear((char *)target + member->offset);
            }
        }
    }
}

static gboolean
is_given(const QblkJson *arguments, const char *name)
{
    const QblkJson *value = qblk_json_get(arguments, name);
    return value != NULL && (!qblk_json_is(value, QBLK_JSON_BOOLEAN) || qblk_json_true(value));
}

gboolean
qblk_local_arguments_check(const QblkJson *arguments, const QblkLocalRule *rules, GError **error)
{
    for (const QblkLocalRule *rule = rules; rule->first != NULL; rule++) {
        gboolean has_second = is_given(arguments, rule->second);
        if (!is_given(arguments, rule->first) || has_second == rule->is_needed) {
            continue;
        }
        return rule->is_needed
                   ? qblk_local_refuse(error, "parameter '%s' needs '%s'", rule->first,
                                       rule->second)
                   : qblk_local_refuse(error, "parameters '%s' and '%s' exclude each other",
                                       rule->first, rule->second);
    }
    return TRUE;
}
