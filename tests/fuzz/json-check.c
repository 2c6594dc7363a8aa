/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text that is accepted is JSON within the limits, and its parts, taken from the text, have the
 * values of the parts of its value. */
#include "base/json-view.h"

#include "fuzz/fuzz.h"

static void
check_elements(QblkJsonView view, const QblkJson *json)
{
    g_auto(QblkJsonWalk) values = qblk_json_walk_new(view);
    g_auto(QblkJsonWalk) views = qblk_json_walk_new(view);
    QblkJsonView element;
    g_assert_cmpuint(qblk_json_view_length(view), ==, qblk_json_length(json));
    for (gsize i = 0; i < qblk_json_length(json); i++) {
        const QblkJson *expected = qblk_json_at(json, i);
        g_assert_true(qblk_json_equal(qblk_json_walk_next(&values), expected));
        g_assert_true(qblk_json_walk_next_view(&views, &element));
        g_autoptr(QblkJson) value = qblk_json_view_parse(element);
        g_assert_true(qblk_json_equal(value, expected));
    }
    g_assert_null(qblk_json_walk_next(&values));
    g_assert_false(qblk_json_walk_next_view(&views, &element));
}

static gboolean
check_member(const char *key, const QblkJson *expected, gpointer user_data)
{
    const QblkJsonView *object = user_data;
    QblkJsonView member = qblk_json_view_get(*object, key);
    g_autoptr(QblkJson) value = qblk_json_view_parse(member);
    g_assert_true(qblk_json_equal(value, expected));

    g_autoptr(QblkJson) without = qblk_json_view_parse_without(*object, member);
    g_assert_true(qblk_json_is_null(qblk_json_get(without, key)));
    return TRUE;
}

static void
check_members(QblkJsonView view, const QblkJson *json)
{
    if (qblk_json_is(json, QBLK_JSON_OBJECT)) {
        (void)qblk_json_each(json, check_member, &view);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(QblkJsonText) text = qblk_json_text_new(bytes, 2);
    if (text == NULL) {
        return 0;
    }

    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse((const char *)data, size, &error);
    g_assert_no_error(error);
    QblkJsonView view = qblk_json_view_new_text(text);
    check_members(view, json);
    if (qblk_json_view_is_array(view)) {
        check_elements(view, json);
    }
    return 0;
}
