/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-check.h"

#include "base/json.h"
#include "base/limits.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static gboolean
accepts(const char *text, guint unit_depth)
{
    return qblk_json_check(text, strlen(text), unit_depth, NULL);
}

static gboolean
is_json(const char *text, gsize length)
{
    g_autoptr(QblkJson) json = qblk_json_parse(text, length, NULL);
    return json != NULL;
}

static void
common_texts_are_accepted(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " [ ] ",
        "\t{\r\n} ",
        "0",
        "-0",
        "-12",
        "123456789012345678",
        "1.5",
        "-0.25",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uFFfd\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
        "[1, \"a\", [], {\"b\" : {\"\": null}}]",
        "{\"a\":1,\"b\":{\"a\":1},\"ab\":[{\"a\":1},{\"a\":1}]}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_true(accepts(texts[i], 0) && accepts(texts[i], 3));
        assert_true(is_json(texts[i], strlen(texts[i])));
    }
}

static void
what_is_not_json_is_not_accepted(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{\"a\":1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":1}",
        "{} {}",
        "[] x",
        "[]]",
        "01",
        "-",
        "-a",
        "1.",
        ".5",
        "+1",
        "1x",
        "truex",
        "tru",
        "nul",
        "True",
        "'a'",
        "\"a",
        "\"a\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\x80\"",
        "\"\xc3\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "{\"a\":1,\"a\":2}",
        "[{\"b\":{\"c\":1,\"a\":1,\"c\":1}}]",
        "\xef\xbb\xbf{}",
        "[9223372036854775808]",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_false(accepts(texts[i], 0) || accepts(texts[i], 3));
        assert_false(is_json(texts[i], strlen(texts[i])));
    }
    assert_false(qblk_json_check("[1]\0", 4, 0, NULL));
    assert_false(qblk_json_check("\"a\0b\"", 5, 0, NULL));
}

static void
what_is_unusual_is_left_to_the_parser(void **state)
{
    GString *members = g_string_new("{");
    for (guint i = 0; i < 65; i++) {
        g_string_append_printf(members, "%s\"%u\":0", i == 0 ? "" : ",", i);
    }
    g_string_append_c(members, '}');
    const char *const texts[] = {
        "[1e2]",
        "[1.5E-3]",
        "[9223372036854775807]",
        "{\"\\u0061\":1,\"b\":2}",
        "[\"\\ud83d\\ude00\"]",
        members->str,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_false(accepts(texts[i], 0));
        assert_true(is_json(texts[i], strlen(texts[i])));
    }
    g_string_free(members, TRUE);
}

/* ---- limits ---- */

static char *
repeat(const char *before, const char *item, guint count, const char *after)
{
    GString *text = g_string_new(before);
    for (guint i = 0; i < count; i++) {
        g_string_append(text, item);
    }
    g_string_append(text, after);
    return g_string_free(text, FALSE);
}

static void
nesting_is_limited(void **state)
{
    for (guint extra = 0; extra < 2; extra++) {
        g_autofree char *open = repeat("", "[", QBLK_LIMIT_JSON_DEPTH + extra, "");
        g_autofree char *text = repeat(open, "]", QBLK_LIMIT_JSON_DEPTH + extra, "");
        assert_int_equal(accepts(text, 2), extra == 0);
        assert_int_equal(is_json(text, strlen(text)), extra == 0);
    }
}

/* Two units have more than is allowed in one. */
static void
the_number_of_values_is_limited_in_each_unit(void **state)
{
    const guint half = QBLK_LIMIT_JSON_CONTAINERS / 2 + 1;
    g_autofree char *unit = repeat("[0", ",[]", half, "]");
    g_autofree char *text = g_strdup_printf("[%s,%s]", unit, unit);
    assert_true(accepts(unit, 0));
    assert_true(accepts(text, 1));
    assert_false(accepts(text, 0));
    assert_false(accepts(text, 2));
}

static void
units_are_counted_above(void **state)
{
    for (guint extra = 0; extra < 2; extra++) {
        g_autofree char *text = repeat("[0", ",{}", QBLK_LIMIT_JSON_CONTAINERS - 1 + extra, "]");
        assert_int_equal(accepts(text, 1), extra == 0);
        assert_int_equal(accepts(text, 0), extra == 0);
    }
}

/* ---- large parts ---- */

static void
large_objects_and_arrays_are_listed(void **state)
{
    g_autofree char *item = g_strnfill(QBLK_JSON_LARGE, 'x');
    g_autofree char *text = g_strdup_printf("{\"a\": [1, \"%s\"], \"b\": [\"]\"]} ", item);
    g_autoptr(GArray) large = g_array_new(FALSE, FALSE, sizeof(QblkJsonSpan));
    assert_true(qblk_json_check(text, strlen(text), 0, large));
    assert_int_equal(large->len, 2);

    const QblkJsonSpan *array = &g_array_index(large, QblkJsonSpan, 0);
    const QblkJsonSpan *object = &g_array_index(large, QblkJsonSpan, 1);
    assert_ptr_equal(array->start, strchr(text, '['));
    assert_ptr_equal(array->end, strchr(text, ']') + 1);
    assert_ptr_equal(object->start, text);
    assert_ptr_equal(object->end, strchr(text, '}') + 1);
}

/* ---- what is accepted is JSON ---- */

static void
recorded_replies_are_accepted(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        gsize length;
        g_autofree char *text = graph_fixture_text(topologies->pdata[i], &length);
        assert_true(qblk_json_check(text, length, 4, NULL));
    }
}

/* Each byte of a text with one of everything is replaced by each of those that have a meaning. */
static void
what_is_accepted_is_parsed(void **state)
{
    static const char text[] = "{\"a\":[-10,1.5,true,null],\"c\":{\"b\":\"\\u00e9\xc3\xa9\"}}";
    static const char bytes[] =
        "\"\\{}[],:-.0123456789aeEtrufnlsbd /x\n\x01\x7f\x80\xbf\xc3\xe9\xff";
    guint accepted = 0;
    for (gsize i = 0; i < sizeof text - 1; i++) {
        for (gsize j = 0; j < sizeof bytes; j++) {
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[i] = bytes[j];
            if (qblk_json_check(changed, sizeof text - 1, 1, NULL)) {
                accepted++;
                assert_true(is_json(changed, sizeof text - 1));
            }
        }
    }
    assert_true(accepted > 100);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_texts_are_accepted),
        cmocka_unit_test(what_is_not_json_is_not_accepted),
        cmocka_unit_test(what_is_unusual_is_left_to_the_parser),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(the_number_of_values_is_limited_in_each_unit),
        cmocka_unit_test(units_are_counted_above),
        cmocka_unit_test(large_objects_and_arrays_are_listed),
        cmocka_unit_test(recorded_replies_are_accepted),
        cmocka_unit_test(what_is_accepted_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
