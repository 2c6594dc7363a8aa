/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON values: the one door to jansson.
 *
 * Readers that expect a shape describe it as a table of fields, so that a missing field or a wrong
 * type is one error message made in one place, whatever the peer sent.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

typedef struct json_t QblkJson;

typedef enum {
    QBLK_JSON_STRING,  /* const char *, borrowed from the object */
    QBLK_JSON_INTEGER, /* gint64; an absent one leaves the target as it was */
    QBLK_JSON_BOOLEAN, /* gboolean */
    QBLK_JSON_OBJECT,  /* const QblkJson *, borrowed */
    QBLK_JSON_ARRAY,   /* const QblkJson *, borrowed */
    QBLK_JSON_ANY,     /* const QblkJson *, borrowed; null counts as a value */
} QblkJsonType;

/** One field of an object that is read into a struct.  A table ends with a NULL key. */
typedef struct {
    const char *key;
    QblkJsonType type;
    gboolean required;
    gsize offset; /* of the member in the target struct */
} QblkJsonField;

/** How a value is written. */
typedef enum {
    QBLK_JSON_COMPACT, /* one line */
    QBLK_JSON_INDENT,  /* for people: two spaces a level */
    QBLK_JSON_SORTED,  /* one line, keys in order: equal values give equal text */
} QblkJsonStyle;

/**
 * Parse one complete JSON text of @length bytes.  Refused: duplicate keys, bytes after the value,
 * nesting deeper than QBLK_LIMIT_JSON_DEPTH, numbers beyond 64 bits, invalid UTF-8.
 * Returns a new reference.
 */
QblkJson *qblk_json_parse(const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Write @json as text; never fails on a value made by this module. */
char *qblk_json_print(const QblkJson *json, QblkJsonStyle style) G_GNUC_WARN_UNUSED_RESULT;

QblkJson *qblk_json_ref(const QblkJson *json);
void qblk_json_unref(QblkJson *json);
QblkJson *qblk_json_copy(const QblkJson *json); /* deep */
gboolean qblk_json_equal(const QblkJson *a, const QblkJson *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJson, qblk_json_unref)

/* ---- making values; every one returns a new reference ---- */

QblkJson *qblk_json_new_object(void);
QblkJson *qblk_json_new_array(void);
QblkJson *qblk_json_new_null(void);
QblkJson *qblk_json_new_string(const char *value); /* bytes that are not UTF-8 become U+FFFD */
QblkJson *qblk_json_new_integer(gint64 value);

/** Put @value (its reference is taken) under @key, replacing what was there. */
void qblk_json_set(QblkJson *object, const char *key, QblkJson *value);
void qblk_json_set_string(QblkJson *object, const char *key, const char *value); /* NULL: null */
void qblk_json_set_integer(QblkJson *object, const char *key, gint64 value);
void qblk_json_set_boolean(QblkJson *object, const char *key, gboolean value);

/** Append @value to @array (its reference is taken). */
void qblk_json_append(QblkJson *array, QblkJson *value);

/* ---- looking at values; results are borrowed, NULL where absent or of another type ---- */

gboolean qblk_json_is(const QblkJson *json, QblkJsonType type);
const char *qblk_json_string(const QblkJson *json);
gboolean qblk_json_integer(const QblkJson *json, gint64 *value);
gboolean qblk_json_true(const QblkJson *json);    /* TRUE only for a true boolean */
gboolean qblk_json_is_null(const QblkJson *json); /* a null that is there */

const QblkJson *qblk_json_get(const QblkJson *object, const char *key);
const char *qblk_json_get_string(const QblkJson *object, const char *key);

gsize qblk_json_length(const QblkJson *json); /* of an array or object, else 0 */
const QblkJson *qblk_json_at(const QblkJson *array, gsize position);

/** Call @function for every member of @object in its order; stops when it returns FALSE. */
typedef gboolean (*QblkJsonMember)(const char *key, const QblkJson *value, gpointer user_data);
gboolean qblk_json_each(const QblkJson *object, QblkJsonMember function, gpointer user_data);

/**
 * Read the members of @object that @fields names into the struct at @target.  @what names the
 * object in errors ("query-block[3]").  Members not in the table are ignored; on failure @target
 * may be partly written and must not be used.
 */
gboolean qblk_json_read(const QblkJson *object, const QblkJsonField *fields, gpointer target,
                        const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * A copy of @json in which every string was passed through @change (which returns an owned string,
 * or NULL to keep it); object keys stay.
 */
typedef char *(*QblkJsonStringChange)(const char *key, const char *value, gpointer user_data);
QblkJson *qblk_json_map_strings(const QblkJson *json, QblkJsonStringChange change,
                                gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
