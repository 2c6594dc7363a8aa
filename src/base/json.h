/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON values.  Only base/json.c calls jansson.
 *
 * A reader that expects an object of a certain shape describes it as a table of fields, so that a
 * missing member or a wrong type is one error message, made in one place.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

typedef struct json_t QblkJson;

typedef enum {
    QBLK_JSON_STRING,  /* const char *, borrowed from the object */
    QBLK_JSON_INTEGER, /* gint64; the target is not changed if the member is absent */
    QBLK_JSON_BOOLEAN, /* gboolean */
    QBLK_JSON_OBJECT,  /* const QblkJson *, borrowed */
    QBLK_JSON_ARRAY,   /* const QblkJson *, borrowed */
    QBLK_JSON_ANY,     /* const QblkJson *, borrowed; null is a value, too */
} QblkJsonType;

/** One member of an object that is read into a struct.  A table ends with a NULL key. */
typedef struct {
    const char *key;
    QblkJsonType type;
    gboolean required;
    gsize offset; /* of the member in the target struct */
} QblkJsonField;

/** How a value is written. */
typedef enum {
    QBLK_JSON_COMPACT, /* one line */
    QBLK_JSON_INDENT,  /* for people: two spaces for each level */
    QBLK_JSON_SORTED,  /* one line, keys in order: equal values give equal text */
} QblkJsonStyle;

/**
 * Parse one complete JSON text of @length bytes.  Duplicate keys, bytes after the value, numbers of
 * more than 64 bits, invalid UTF-8, and texts beyond the limits QBLK_LIMIT_JSON_* are errors.
 *
 * Returns: (transfer full): the value, or NULL with QBLK_JSON_ERROR_SYNTAX
 */
QblkJson *qblk_json_parse(const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the value of @text, which qblk_json_print() has made: there are no
 * limits and no errors */
QblkJson *qblk_json_parse_printed(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Parse the value at the start of @text, which qblk_json_check() has accepted.
 *
 * @used: (out) (optional): the length of the value, after which there may be more
 *
 * Returns: (transfer full): the value; null, of @length bytes, if jansson does not accept it all
 * the same
 */
QblkJson *qblk_json_parse_checked(const char *text, gsize length,
                                  gsize *used) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the text of @json */
char *qblk_json_print(const QblkJson *json, QblkJsonStyle style) G_GNUC_WARN_UNUSED_RESULT;

QblkJson *qblk_json_ref(const QblkJson *json);
void qblk_json_unref(QblkJson *json);
QblkJson *qblk_json_copy(const QblkJson *json); /* deep */
gboolean qblk_json_equal(const QblkJson *a, const QblkJson *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJson, qblk_json_unref)

/* ---- making values; each function returns a new reference ---- */

QblkJson *qblk_json_new_object(void);
QblkJson *qblk_json_new_array(void);
QblkJson *qblk_json_new_null(void);
QblkJson *qblk_json_new_string(const char *value); /* bytes that are not UTF-8 become U+FFFD */
QblkJson *qblk_json_new_integer(gint64 value);

/** Set member @key to @value (transfer full); a previous value is replaced. */
void qblk_json_set(QblkJson *object, const char *key, QblkJson *value);
void qblk_json_set_string(QblkJson *object, const char *key, const char *value); /* NULL: null */
void qblk_json_set_integer(QblkJson *object, const char *key, gint64 value);
void qblk_json_set_boolean(QblkJson *object, const char *key, gboolean value);

/** Append @value (transfer full) to @array. */
void qblk_json_append(QblkJson *array, QblkJson *value);

/* ---- reading values; results are borrowed, and NULL if absent or of another type ---- */

gboolean qblk_json_is(const QblkJson *json, QblkJsonType type);
const char *qblk_json_string(const QblkJson *json);
gboolean qblk_json_integer(const QblkJson *json, gint64 *value);
gboolean qblk_json_true(const QblkJson *json);    /* FALSE for all but a boolean that is true */
gboolean qblk_json_is_null(const QblkJson *json); /* FALSE if it is absent */

const QblkJson *qblk_json_get(const QblkJson *object, const char *key);
const char *qblk_json_get_string(const QblkJson *object, const char *key);

gsize qblk_json_length(const QblkJson *json); /* of an array or object, else 0 */
const QblkJson *qblk_json_at(const QblkJson *array, gsize position);

/** Call @function for each member of @object in order, until it returns FALSE. */
typedef gboolean (*QblkJsonMember)(const char *key, const QblkJson *value, gpointer user_data);
gboolean qblk_json_each(const QblkJson *object, QblkJsonMember function, gpointer user_data);

/**
 * Read the members of @object that are in the table @fields into the struct @target.  Other members
 * are ignored.
 *
 * @what: names the object in errors ("query-block[3]")
 *
 * Returns: FALSE with QBLK_JSON_ERROR_TYPE; @target may be partly set then and must not be used
 */
gboolean qblk_json_read(const QblkJson *object, const QblkJsonField *fields, gpointer target,
                        const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the string that replaces @value; NULL to keep it */
typedef char *(*QblkJsonStringChange)(const char *key, const char *value, gpointer user_data);

/** Returns: (transfer full): a copy of @json after @change was called for each string but keys */
QblkJson *qblk_json_map_strings(const QblkJson *json, QblkJsonStringChange change,
                                gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
