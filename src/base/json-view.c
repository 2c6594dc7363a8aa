/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text was checked: brackets match, strings end, and each member has a colon. */
#include "base/json-view.h"

#include "base/json-check.h"

#include <string.h>

struct QblkJsonText {
    gatomicrefcount references;
    GBytes *bytes; /* a reference */
    GArray *large; /* of QblkJsonSpan, in the order of their starts */
};

static int
compare_starts(gconstpointer a, gconstpointer b)
{
    const QblkJsonSpan *first = a, *second = b;
    return (first->start > second->start) - (first->start < second->start);
}

QblkJsonText *
qblk_json_text_new(GBytes *bytes, guint unit_depth)
{
    gsize length;
    const char *start = g_bytes_get_data(bytes, &length);
    g_autoptr(GArray) large = g_array_new(FALSE, FALSE, sizeof(QblkJsonSpan));
    if (!qblk_json_check(start, length, unit_depth, large)) {
        return NULL;
    }

    g_array_sort(large, compare_starts);
    QblkJsonText *text = g_new(QblkJsonText, 1);
    g_atomic_ref_count_init(&text->references);
    text->bytes = g_bytes_ref(bytes);
    text->large = g_steal_pointer(&large);
    return text;
}

QblkJsonText *
qblk_json_text_ref(QblkJsonText *text)
{
    g_atomic_ref_count_inc(&text->references);
    return text;
}

void
qblk_json_text_unref(QblkJsonText *text)
{
    if (text == NULL || !g_atomic_ref_count_dec(&text->references)) {
        return;
    }
    g_bytes_unref(text->bytes);
    g_array_unref(text->large);
    g_free(text);
}

QblkJsonView
qblk_json_view_new(const QblkJson *json)
{
    return (QblkJsonView){.json = json};
}

static gboolean
is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static const char *
skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at)) {
        at++;
    }
    return at;
}

QblkJsonView
qblk_json_view_new_text(const QblkJsonText *text)
{
    gsize length;
    const char *bytes = g_bytes_get_data(text->bytes, &length);
    const char *end = bytes + length;
    const char *start = skip_space(bytes, end);
    return (QblkJsonView){.text = start, .length = (gsize)(end - start), .owner = text};
}

gboolean
qblk_json_view_is_absent(QblkJsonView view)
{
    return view.json == NULL && view.text == NULL;
}

gboolean
qblk_json_view_is_array(QblkJsonView view)
{
    return view.text == NULL ? qblk_json_is(view.json, QBLK_JSON_ARRAY) : *view.text == '[';
}

gboolean
qblk_json_view_is_object(QblkJsonView view)
{
    return view.text == NULL ? qblk_json_is(view.json, QBLK_JSON_OBJECT) : *view.text == '{';
}

/* ---- text ---- */

/* Returns: the end of the string whose quote is at @at */
static const char *
skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') {
            at++;
        }
    }
    return at < end ? at + 1 : end;
}

/* Returns: (nullable): the end of the object or array whose bracket is at @at, if it is large */
static const char *
find_large(const QblkJsonText *text, const char *at)
{
    const QblkJsonSpan wanted = {.start = at};
    guint position;
    gboolean is_large = g_array_binary_search(text->large, &wanted, compare_starts, &position);
    return is_large ? g_array_index(text->large, QblkJsonSpan, position).end : NULL;
}

/* Returns: the end of the object or array whose bracket is at @at */
static const char *
skip_container(const char *at, const char *end)
{
    guint depth = 0;
    while (at < end) {
        char byte = *at;
        if (byte == '"') {
            at = skip_string(at, end);
            continue;
        }

        at++;
        if (byte == '{' || byte == '[') {
            depth++;
        } else if ((byte == '}' || byte == ']') && --depth == 0) {
            break;
        }
    }
    return at;
}

/* Returns: the end of the value at @at */
static const char *
skip_value(const QblkJsonText *text, const char *at, const char *end)
{
    if (at < end && *at == '"') {
        return skip_string(at, end);
    }
    if (at < end && (*at == '{' || *at == '[')) {
        const char *after = find_large(text, at);
        return after != NULL ? after : skip_container(at, end);
    }
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at)) {
        at++;
    }
    return at;
}

/* Returns: the start of the value or key at @at; NULL if its end is the closing bracket */
static const char *
find_start(const char *at, const char *end)
{
    const char *start = skip_space(at, end);
    return start == end || *start == ']' || *start == '}' ? NULL : start;
}

/* Returns: the start of the next value or key, or of the space before it; @at is behind a value or
 * key */
static const char *
skip_separator(const char *at, const char *end)
{
    const char *after = skip_space(at, end);
    return after < end && (*after == ',' || *after == ':') ? after + 1 : after;
}

/* Take the value or key at @at, in @parent.  Returns: FALSE if @at is at the closing bracket */
static gboolean
take_value(QblkJsonView parent, const char **at, QblkJsonView *value)
{
    const char *end = parent.text + parent.length;
    const char *start = find_start(*at, end);
    if (start == NULL) {
        return FALSE;
    }

    const char *after = skip_value(parent.owner, start, end);
    *value = (QblkJsonView){.text = start, .length = (gsize)(after - start), .owner = parent.owner};
    *at = skip_separator(after, end);
    return TRUE;
}

static gboolean
is_key(QblkJsonView key, const char *name)
{
    gsize length = strlen(name);
    return key.length == length + 2 && memcmp(key.text + 1, name, length) == 0;
}

static QblkJsonView
get_in_text(QblkJsonView object, const char *key)
{
    const char *at = object.text + 1;
    QblkJsonView name, value;
    while (take_value(object, &at, &name) && take_value(object, &at, &value)) {
        if (is_key(name, key)) {
            return value;
        }
    }
    return (QblkJsonView){0};
}

/* ---- values ---- */

QblkJsonView
qblk_json_view_get(QblkJsonView object, const char *key)
{
    if (!qblk_json_view_is_object(object)) {
        return (QblkJsonView){0};
    }
    return object.text == NULL ? qblk_json_view_new(qblk_json_get(object.json, key))
                               : get_in_text(object, key);
}

gsize
qblk_json_view_length(QblkJsonView array)
{
    if (array.text == NULL) {
        return qblk_json_length(array.json);
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(array);
    QblkJsonView element;
    while (qblk_json_walk_next_view(&walk, &element)) {
    }
    return walk.position;
}

gboolean
qblk_json_view_may_contain(QblkJsonView view, const char *ascii)
{
    if (view.text == NULL) {
        return view.json != NULL;
    }
    /* A string with escapes may have it written in another way: "\/dev", "\u002fdev". */
    return memmem(view.text, view.length, ascii, strlen(ascii)) != NULL ||
           memchr(view.text, '\\', view.length) != NULL;
}

QblkJson *
qblk_json_view_parse(QblkJsonView view)
{
    return view.text == NULL ? qblk_json_ref(view.json)
                             : qblk_json_parse_checked(view.text, view.length, NULL);
}

QblkJson *
qblk_json_view_parse_without(QblkJsonView object, QblkJsonView member)
{
    const char *after = member.text + member.length;
    GString *text = g_string_new_len(object.text, member.text - object.text);
    g_string_append(text, "null");
    g_string_append_len(text, after, object.text + object.length - after);

    QblkJson *json = qblk_json_parse_checked(text->str, text->len, NULL);
    g_string_free(text, TRUE);
    return json;
}

/* ---- walks ---- */

QblkJsonWalk
qblk_json_walk_new(QblkJsonView array)
{
    gboolean is_array = qblk_json_view_is_array(array);
    return (QblkJsonWalk){
        .array = is_array ? array : (QblkJsonView){0},
        .at = is_array && array.text != NULL ? array.text + 1 : NULL,
    };
}

gboolean
qblk_json_walk_next_view(QblkJsonWalk *walk, QblkJsonView *element)
{
    const QblkJsonView array = walk->array;
    if (array.text == NULL) {
        *element = qblk_json_view_new(qblk_json_at(array.json, walk->position));
    } else if (!take_value(array, &walk->at, element)) {
        *element = (QblkJsonView){0};
    }

    gboolean exists = !qblk_json_view_is_absent(*element);
    walk->position += exists ? 1 : 0;
    return exists;
}

/* The parser finds the end of the element. */
static gboolean
parse_next(QblkJsonWalk *walk)
{
    const char *end = walk->array.text + walk->array.length;
    const char *start = find_start(walk->at, end);
    if (start == NULL) {
        return FALSE;
    }

    gsize length;
    walk->element = qblk_json_parse_checked(start, (gsize)(end - start), &length);
    walk->at = skip_separator(start + length, end);
    walk->position++;
    return TRUE;
}

const QblkJson *
qblk_json_walk_next(QblkJsonWalk *walk)
{
    QblkJsonView element;
    qblk_json_walk_clear(walk);
    if (walk->array.text != NULL) {
        return parse_next(walk) ? walk->element : NULL;
    }
    return qblk_json_walk_next_view(walk, &element) ? element.json : NULL;
}

void
qblk_json_walk_clear(QblkJsonWalk *walk)
{
    g_clear_pointer(&walk->element, qblk_json_unref);
}
