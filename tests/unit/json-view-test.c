/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-view.h"

#include "base/json-check.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* @text: single quotes are double ones */
static QblkJsonText *
new_text(const char *text)
{
    char *quoted = g_strdelimit(g_strdup(text), "'", '"');
    g_autoptr(GBytes) bytes = g_bytes_new_take(quoted, strlen(quoted));
    return qblk_json_text_new(bytes, 0);
}

static void
assert_json(const QblkJson *json, const char *expected)
{
    g_autofree char *printed = qblk_json_print(json, QBLK_JSON_COMPACT);
    g_strdelimit(printed, "\"", '\'');
    assert_string_equal(printed, expected);
}

static void
assert_view(QblkJsonView view, const char *expected)
{
    g_autoptr(QblkJson) json = qblk_json_view_parse(view);
    assert_json(json, expected);
}

static void
only_valid_text_has_a_view(void **state)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("[1,]", 4);
    assert_null(qblk_json_text_new(bytes, 0));
    qblk_json_text_unref(NULL);
}

static void
a_view_outlives_no_owner(void **state)
{
    QblkJsonText *text = new_text(" [1] ");
    QblkJsonText *kept = qblk_json_text_ref(text);
    QblkJsonView view = qblk_json_view_new_text(text);
    qblk_json_text_unref(text);
    assert_view(view, "[1]");
    qblk_json_text_unref(kept);
}

/* A value and its text, with the same results. */
static void
check_both(const char *text, void (*check)(QblkJsonView view))
{
    g_autoptr(QblkJsonText) owner = new_text(text);
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    check(qblk_json_view_new_text(owner));
    check(qblk_json_view_new(json));
}

static void
check_members(QblkJsonView view)
{
    assert_true(qblk_json_view_is_object(view));
    assert_false(qblk_json_view_is_array(view));
    assert_false(qblk_json_view_is_absent(view));
    assert_view(qblk_json_view_get(view, "a"), "{'b':1,'return':2}");
    assert_view(qblk_json_view_get(view, "return"), "[1,'}]',[]]");
    assert_view(qblk_json_view_get(view, "c"), "-7");
    assert_view(qblk_json_view_get(view, "d"), "'x,\\\\y'");
    assert_view(qblk_json_view_get(view, "e"), "true");
    assert_true(qblk_json_view_is_absent(qblk_json_view_get(view, "b")));
    assert_true(qblk_json_view_is_absent(qblk_json_view_get(view, "retur")));
    assert_true(qblk_json_view_is_absent(qblk_json_view_get(view, "returns")));
    assert_int_equal(qblk_json_view_length(qblk_json_view_get(view, "return")), 3);
    assert_true(
        qblk_json_view_is_absent(qblk_json_view_get(qblk_json_view_get(view, "return"), "a")));
}

static void
members_are_found(void **state)
{
    check_both(" {'a' : {'b':1,'return':2} , 'return': [ 1, '}]' ,[]],'c':-7,'d':'x,\\\\y',"
               "'e': true }",
               check_members);
}

static void
check_elements(QblkJsonView view)
{
    static const char *const expected[] = {"1",       "'a,]'", "[[2],'']", "{'b':{'c':[]}}",
                                           "'\\\\''", "null",  "1.5"};
    g_auto(QblkJsonWalk) values = qblk_json_walk_new(view);
    g_auto(QblkJsonWalk) views = qblk_json_walk_new(view);
    assert_true(qblk_json_view_is_array(view));
    assert_int_equal(qblk_json_view_length(view), 7);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        QblkJsonView element;
        if (i != 4) {
            assert_json(qblk_json_walk_next(&values), expected[i]);
            assert_true(qblk_json_walk_next_view(&views, &element));
            assert_view(element, expected[i]);
        } else {
            assert_string_equal(qblk_json_string(qblk_json_walk_next(&values)), "\\\"");
            assert_true(qblk_json_walk_next_view(&views, &element));
        }
        assert_int_equal(values.position, i + 1);
    }
    QblkJsonView none;
    assert_null(qblk_json_walk_next(&values));
    assert_null(qblk_json_walk_next(&values));
    assert_false(qblk_json_walk_next_view(&views, &none));
    assert_true(qblk_json_view_is_absent(none));
}

static void
elements_are_walked(void **state)
{
    check_both(" [ 1 ,'a,]',[[2],''] , {'b':{'c':[]}},'\\\\\\'',null, 1.5 ] ", check_elements);
}

static void
what_is_no_array_has_no_elements(void **state)
{
    static const char *const texts[] = {"{'a':1}", "1", "'[1]'", "[]", " [ ] ", "null"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkJsonText) text = new_text(texts[i]);
        QblkJsonView view = qblk_json_view_new_text(text);
        g_auto(QblkJsonWalk) walk = qblk_json_walk_new(view);
        assert_null(qblk_json_walk_next(&walk));
        assert_int_equal(qblk_json_view_length(view), 0);
    }
    const QblkJsonView absent = {0};
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(absent);
    assert_null(qblk_json_walk_next(&walk));
    assert_false(qblk_json_view_is_array(absent) || qblk_json_view_is_object(absent));
    assert_true(qblk_json_view_is_absent(qblk_json_view_get(absent, "a")));
}

static void
large_parts_are_skipped(void **state)
{
    g_autofree char *item = g_strnfill(QBLK_JSON_LARGE, 'x');
    g_autofree char *text =
        g_strdup_printf("{'a':[{'c':'%s'},2,['%s']],'b':{'a':['%s']},'c':3}", item, item, item);
    g_autoptr(QblkJsonText) owner = new_text(text);
    QblkJsonView view = qblk_json_view_new_text(owner);
    assert_view(qblk_json_view_get(view, "c"), "3");
    assert_int_equal(qblk_json_view_length(qblk_json_view_get(view, "a")), 3);

    QblkJsonView inner = qblk_json_view_get(qblk_json_view_get(view, "b"), "a");
    assert_int_equal(inner.length, QBLK_JSON_LARGE + 4);
    g_autoptr(QblkJson) json = qblk_json_view_parse(view);
    g_autofree char *printed = qblk_json_print(json, QBLK_JSON_COMPACT);
    g_strdelimit(printed, "\"", '\'');
    assert_string_equal(printed, text);
}

static void
a_member_is_left_out(void **state)
{
    g_autoptr(QblkJsonText) text = new_text("{'a':1,'b':[1,2],'c':3}");
    QblkJsonView view = qblk_json_view_new_text(text);
    g_autoptr(QblkJson) json = qblk_json_view_parse_without(view, qblk_json_view_get(view, "b"));
    assert_json(json, "{'a':1,'b':null,'c':3}");
}

static void
a_part_of_a_string_is_searched(void **state)
{
    static const struct {
        const char *text;
        gboolean may_contain;
    } cases[] = {
        {"['x/dev/fdset/1']", TRUE},
        {"['/dev/sda']", FALSE},
        {"['\\/dev\\/fdset\\/1']", TRUE},
        {"['\\u002fdev/fdset/1']", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJsonText) text = new_text(cases[i].text);
        QblkJsonView view = qblk_json_view_new_text(text);
        assert_int_equal(qblk_json_view_may_contain(view, "/dev/fdset/"), cases[i].may_contain);
    }
    g_autoptr(QblkJson) json = graph_fixture_json("['/dev/sda']");
    assert_true(qblk_json_view_may_contain(qblk_json_view_new(json), "/dev/fdset/"));
    assert_false(qblk_json_view_may_contain((QblkJsonView){0}, "/dev/fdset/"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_valid_text_has_a_view),
        cmocka_unit_test(a_view_outlives_no_owner),
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(elements_are_walked),
        cmocka_unit_test(what_is_no_array_has_no_elements),
        cmocka_unit_test(large_parts_are_skipped),
        cmocka_unit_test(a_member_is_left_out),
        cmocka_unit_test(a_part_of_a_string_is_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
