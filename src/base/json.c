/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include "base/const-cast.h"
#include "base/json-scan.h"
#include "base/limits.h"

#include <jansson.h>
#include <string.h>

/* The limit of jansson is fixed when it is built; ours must not be higher. */
#ifdef JSON_PARSER_MAX_DEPTH
G_STATIC_ASSERT(QBLK_LIMIT_JSON_DEPTH <= JSON_PARSER_MAX_DEPTH);
#endif

static gboolean
check_limit(gsize count, gsize limit, const char *what, const char *name, GError **error)
{
    if (count > limit) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX,
                    "not JSON within the limits: more than %" G_GSIZE_FORMAT " %s (%s)", limit,
                    what, name);
        return FALSE;
    }

    return TRUE;
}

/* Called before parsing, because few bytes of text become many in memory. */
static gboolean
check_limits(const char *text, gsize length, GError **error)
{
    QblkJsonScan scan = {0};
    gsize done = 0;
    while (done < length && scan.depth <= QBLK_LIMIT_JSON_DEPTH) {
        done += qblk_json_scan(&scan, text + done, length - done, QBLK_LIMIT_JSON_DEPTH);
    }

    return check_limit(scan.deepest, QBLK_LIMIT_JSON_DEPTH, "nested levels",
                       "QBLK_LIMIT_JSON_DEPTH", error) &&
           check_limit(scan.containers, QBLK_LIMIT_JSON_CONTAINERS, "objects and arrays",
                       "QBLK_LIMIT_JSON_CONTAINERS", error) &&
           check_limit(scan.containers + scan.commas, QBLK_LIMIT_JSON_VALUES, "values",
                       "QBLK_LIMIT_JSON_VALUES", error);
}

QblkJson *
qblk_json_parse(const char *text, gsize length, GError **error)
{
    json_error_t cause;
    if (!check_limits(text, length, error)) {
        return NULL;
    }

    QblkJson *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
    if (json == NULL) {
        /* The text that follows may be a secret. */
        char *near = strstr(cause.text, " near ");
        if (near != NULL) {
            *near = '\0';
        }

        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX, "not JSON: %s at byte %d",
                    cause.text, cause.position);
    }

    return json;
}

QblkJson *
qblk_json_parse_printed(const char *text)
{
    QblkJson *json = json_loads(text, JSON_DECODE_ANY, NULL);
    g_assert(json != NULL);
    return json;
}

QblkJson *
qblk_json_parse_checked(const char *text, gsize length, gsize *used)
{
    json_error_t result = {0};
    gsize flags = JSON_DECODE_ANY | (used == NULL ? 0 : JSON_DISABLE_EOF_CHECK);
    QblkJson *json = json_loadb(text, length, flags, &result);
    if (used != NULL) {
        *used = json == NULL ? length : (gsize)result.position;
    }
    return json == NULL ? json_null() : json;
}

char *
qblk_json_print(const QblkJson *json, QblkJsonStyle style)
{
    static const size_t flags[] = {
        [QBLK_JSON_COMPACT] = JSON_COMPACT,
        [QBLK_JSON_INDENT] = JSON_INDENT(2),
        [QBLK_JSON_SORTED] = JSON_COMPACT | JSON_SORT_KEYS,
    };
    char *text = json_dumps(json, flags[style] | JSON_ENCODE_ANY);
    g_assert(text != NULL);
    /* jansson allocates with malloc and so does GLib since 2.46: g_free takes it. */
    return text;
}

/* jansson counts references in the value, and iterates with pointers that are not const; neither
 * changes the value itself. */
static QblkJson *
without_const(const QblkJson *json)
{
    return qblk_const_cast(json);
}

QblkJson *
qblk_json_ref(const QblkJson *json)
{
    return json_incref(without_const(json));
}

void
qblk_json_unref(QblkJson *json)
{
    json_decref(json);
}

QblkJson *
qblk_json_copy(const QblkJson *json)
{
    return json_deep_copy(json);
}

gboolean
qblk_json_equal(const QblkJson *a, const QblkJson *b)
{
    return json_equal(a, b) == 1;
}

QblkJson *
qblk_json_new_object(void)
{
    return json_object();
}

QblkJson *
qblk_json_new_array(void)
{
    return json_array();
}

QblkJson *
qblk_json_new_null(void)
{
    return json_null();
}

QblkJson *
qblk_json_new_string(const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    return json_string(valid);
}

QblkJson *
qblk_json_new_integer(gint64 value)
{
    return json_integer(value);
}

void
qblk_json_set(QblkJson *object, const char *key, QblkJson *value)
{
    int failed = json_object_set_new(object, key, value);
    g_assert(!failed);
}

void
qblk_json_set_string(QblkJson *object, const char *key, const char *value)
{
    qblk_json_set(object, key, value == NULL ? json_null() : qblk_json_new_string(value));
}

void
qblk_json_set_integer(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key, json_integer(value));
}

void
qblk_json_set_boolean(QblkJson *object, const char *key, gboolean value)
{
    qblk_json_set(object, key, json_boolean(value));
}

void
qblk_json_append(QblkJson *array, QblkJson *value)
{
    int failed = json_array_append_new(array, value);
    g_assert(!failed);
}

gboolean
qblk_json_is(const QblkJson *json, QblkJsonType type)
{
    if (json == NULL) {
        return FALSE;
    }

    switch (type) {
    case QBLK_JSON_STRING:
        return json_is_string(json);
    case QBLK_JSON_INTEGER:
        return json_is_integer(json);
    case QBLK_JSON_BOOLEAN:
        return json_is_boolean(json);
    case QBLK_JSON_OBJECT:
        return json_is_object(json);
    case QBLK_JSON_ARRAY:
        return json_is_array(json);
    case QBLK_JSON_ANY:
        return TRUE;
    }

    return FALSE;
}

const char *
qblk_json_string(const QblkJson *json)
{
    return json_string_value(json);
}

gboolean
qblk_json_integer(const QblkJson *json, gint64 *value)
{
    if (!json_is_integer(json)) {
        return FALSE;
    }

    *value = json_integer_value(json);
    return TRUE;
}

gboolean
qblk_json_is_null(const QblkJson *json)
{
    return json_is_null(json);
}

gboolean
qblk_json_true(const QblkJson *json)
{
    return json_is_true(json);
}

const QblkJson *
qblk_json_get(const QblkJson *object, const char *key)
{
    return json_object_get(object, key);
}

const char *
qblk_json_get_string(const QblkJson *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

gsize
qblk_json_length(const QblkJson *json)
{
    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const QblkJson *
qblk_json_at(const QblkJson *array, gsize position)
{
    return json_array_get(array, position);
}

gboolean
qblk_json_each(const QblkJson *object, QblkJsonMember function, gpointer user_data)
{
    const char *key;
    json_t *value;
    json_object_foreach(without_const(object), key, value)
    {
        if (!function(key, value, user_data)) {
            return FALSE;
        }
    }

    return TRUE;
}

static const char *const type_names[] = {
    [QBLK_JSON_STRING] = "a string",   [QBLK_JSON_INTEGER] = "an integer",
    [QBLK_JSON_BOOLEAN] = "a boolean", [QBLK_JSON_OBJECT] = "an object",
    [QBLK_JSON_ARRAY] = "an array",    [QBLK_JSON_ANY] = "a value",
};

static void
store_value(const QblkJsonField *field, const QblkJson *value, gpointer target)
{
    gpointer member = (char *)target + field->offset;
    switch (field->type) {
    case QBLK_JSON_STRING:
        *(const char **)member = json_string_value(value);
        return;
    case QBLK_JSON_INTEGER:
        *(gint64 *)member = json_integer_value(value);
        return;
    case QBLK_JSON_BOOLEAN:
        *(gboolean *)member = json_is_true(value);
        return;
    case QBLK_JSON_OBJECT:
    case QBLK_JSON_ARRAY:
    case QBLK_JSON_ANY:
        *(const QblkJson **)member = value;
        return;
    }
}

static void
set_field_error(const QblkJsonField *field, const QblkJson *value, const char *what, GError **error)
{
    if (value == NULL) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s: '%s' is missing", what,
                    field->key);
    } else {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s: '%s' is not %s", what,
                    field->key, type_names[field->type]);
    }
}

gboolean
qblk_json_read(const QblkJson *object, const QblkJsonField *fields, gpointer target,
               const char *what, GError **error)
{
    if (!json_is_object(object)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s is not an object", what);
        return FALSE;
    }

    for (const QblkJsonField *field = fields; field->key != NULL; field++) {
        const QblkJson *value = json_object_get(object, field->key);
        if (value == NULL && !field->required) {
            continue;
        }

        if (!qblk_json_is(value, field->type)) {
            set_field_error(field, value, what, error);
            return FALSE;
        }

        store_value(field, value, target);
    }

    return TRUE;
}

static QblkJson *
map_value(const char *name, const QblkJson *json, QblkJsonStringChange change, gpointer user_data)
{
    if (json_is_string(json)) {
        g_autofree char *changed = change(name, json_string_value(json), user_data);
        return changed == NULL ? qblk_json_ref(json) : qblk_json_new_string(changed);
    }

    if (json_is_array(json)) {
        QblkJson *array = json_array();
        size_t i;
        json_t *item;
        json_array_foreach(without_const(json), i, item)
        {
            qblk_json_append(array, map_value(name, item, change, user_data));
        }

        return array;
    }

    if (json_is_object(json)) {
        QblkJson *object = json_object();
        const char *key;
        json_t *value;
        json_object_foreach(without_const(json), key, value)
        {
            qblk_json_set(object, key, map_value(key, value, change, user_data));
        }

        return object;
    }

    return qblk_json_ref(json);
}

QblkJson *
qblk_json_map_strings(const QblkJson *json, QblkJsonStringChange change, gpointer user_data)
{
    return map_value(NULL, json, change, user_data);
}
