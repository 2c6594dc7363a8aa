/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON that may still be text.
 *
 * A value takes nine times as much memory as its text.  A large reply is kept as text that
 * qblk_json_check() has accepted, and only the element that is read is a value.
 */
#pragma once

#include "base/json.h"

/** A text that qblk_json_check() has accepted. */
typedef struct QblkJsonText QblkJsonText;

/**
 * @bytes: to which a reference is taken
 * @unit_depth: for qblk_json_check()
 *
 * Returns: (transfer full) (nullable): NULL if the check does not accept the text
 */
QblkJsonText *qblk_json_text_new(GBytes *bytes, guint unit_depth) G_GNUC_WARN_UNUSED_RESULT;

QblkJsonText *qblk_json_text_ref(QblkJsonText *text);
void qblk_json_text_unref(QblkJsonText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJsonText, qblk_json_text_unref)

/** A value, or the text of one; neither if it is absent.  All is borrowed. */
typedef struct {
    const QblkJson *json;
    const char *text;
    gsize length;              /* of the text, in bytes */
    const QblkJsonText *owner; /* of the text */
} QblkJsonView;

/** @json: (nullable) */
QblkJsonView qblk_json_view_new(const QblkJson *json);

/** Returns: a view of all of @text */
QblkJsonView qblk_json_view_new_text(const QblkJsonText *text);

gboolean qblk_json_view_is_absent(QblkJsonView view);
gboolean qblk_json_view_is_array(QblkJsonView view);
gboolean qblk_json_view_is_object(QblkJsonView view);

/** Returns: the member @key of an object; absent if it has no such member, or is no object */
QblkJsonView qblk_json_view_get(QblkJsonView object, const char *key);

/** Returns: the number of elements of an array, else 0; reads all of a text */
gsize qblk_json_view_length(QblkJsonView array);

/**
 * Returns: FALSE if no string in @view has the part @ascii, which is printable and has no quotes,
 * backslashes or braces; a value that is not text may have it
 */
gboolean qblk_json_view_may_contain(QblkJsonView view, const char *ascii);

/** Returns: (transfer full): the value of @view, which is not absent */
QblkJson *qblk_json_view_parse(QblkJsonView view) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the value of @object, which is text, with null in place of @member */
QblkJson *qblk_json_view_parse_without(QblkJsonView object,
                                       QblkJsonView member) G_GNUC_WARN_UNUSED_RESULT;

/** A walk over the elements of an array. */
typedef struct {
    QblkJsonView array;
    gsize position;    /* of the next element */
    const char *at;    /* its text, or the space before it */
    QblkJson *element; /* owned: the last one that was parsed, or NULL */
} QblkJsonWalk;

/** @array: anything else has no elements */
QblkJsonWalk qblk_json_walk_new(QblkJsonView array);

/** Returns: (nullable): the next element, until the next call; NULL at the end */
const QblkJson *qblk_json_walk_next(QblkJsonWalk *walk);

/** Returns: FALSE at the end; @element is the next one, which is not parsed */
gboolean qblk_json_walk_next_view(QblkJsonWalk *walk, QblkJsonView *element);

void qblk_json_walk_clear(QblkJsonWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkJsonWalk, qblk_json_walk_clear)
