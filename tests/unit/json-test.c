/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include "base/limits.h"
#include "lib/check.h"

#include <string.h>

static QblkJson *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkJson *json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    return json;
}

static void
text_that_is_not_json_is_refused(void **state)
{
    static const char *const texts[] = {
        "",     "{",        "{\"a\":1}}",           "{\"a\":1,\"a\":2}",
        "[1,]", "\"\xff\"", "99999999999999999999", "nul",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_json_parse(texts[i], strlen(texts[i]), &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX, "not JSON");
    }
}

static void
an_error_does_not_repeat_the_content(void **state)
{
    const char *text = "{\"password\": \"word";
    g_autoptr(GError) error = NULL;
    assert_null(qblk_json_parse(text, strlen(text), &error));
    assert_null(strstr(error->message, "word"));
}

static void
printed_text_parses_to_an_equal_value(void **state)
{
    g_autoptr(QblkJson) json =
        parse("{\"b\":[1,true,null,\"\\u0001\"],\"a\":{\"x\":-9223372036854775807}}");
    for (int style = QBLK_JSON_COMPACT; style <= QBLK_JSON_SORTED; style++) {
        g_autofree char *text = qblk_json_print(json, (QblkJsonStyle)style);
        g_autoptr(QblkJson) again = parse(text);
        assert_true(qblk_json_equal(json, again));
    }
    g_autofree char *sorted = qblk_json_print(json, QBLK_JSON_SORTED);
    assert_string_equal(sorted,
                        "{\"a\":{\"x\":-9223372036854775807},\"b\":[1,true,null,\"\\u0001\"]}");
}

typedef struct {
    const char *name;
    gint64 size;
    gboolean ro;
    const QblkJson *list;
} Sample;

static const QblkJsonField sample_fields[] = {
    {"name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Sample, name)},
    {"size", QBLK_JSON_INTEGER, FALSE, G_STRUCT_OFFSET(Sample, size)},
    {"ro", QBLK_JSON_BOOLEAN, FALSE, G_STRUCT_OFFSET(Sample, ro)},
    {"list", QBLK_JSON_ARRAY, FALSE, G_STRUCT_OFFSET(Sample, list)},
    {NULL},
};

static void
fields_are_read_by_table(void **state)
{
    g_autoptr(QblkJson) json =
        parse("{\"name\":\"n\",\"size\":7,\"ro\":true,\"list\":[1],\"x\":{}}");
    g_autoptr(GError) error = NULL;
    Sample sample = {0};
    assert_true(qblk_json_read(json, sample_fields, &sample, "it", &error));
    assert_string_equal(sample.name, "n");
    assert_int_equal(sample.size, 7);
    assert_true(sample.ro);
    assert_int_equal(qblk_json_length(sample.list), 1);
}

static void
an_absent_optional_field_keeps_its_default(void **state)
{
    g_autoptr(QblkJson) json = parse("{\"name\":\"n\"}");
    g_autoptr(GError) error = NULL;
    Sample sample = {.size = -1};
    assert_true(qblk_json_read(json, sample_fields, &sample, "it", &error));
    assert_int_equal(sample.size, -1);
}

static void
a_wrong_field_is_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "node[3] is not an object"},
        {"{}", "node[3]: 'name' is missing"},
        {"{\"name\":1}", "node[3]: 'name' is not a string"},
        {"{\"name\":\"n\",\"size\":1.5}", "node[3]: 'size' is not an integer"},
        {"{\"name\":\"n\",\"ro\":0}", "node[3]: 'ro' is not a boolean"},
        {"{\"name\":\"n\",\"list\":null}", "node[3]: 'list' is not an array"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) json = parse(cases[i].text);
        g_autoptr(GError) error = NULL;
        Sample sample = {0};
        assert_false(qblk_json_read(json, sample_fields, &sample, "node[3]", &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].message);
    }
}

static void
members_of_the_wrong_type_are_null(void **state)
{
    g_autoptr(QblkJson) json = parse("[{\"a\":\"s\"}]");
    gint64 number = 5;
    assert_null(qblk_json_get(json, "a"));
    assert_null(qblk_json_at(json, 1));
    assert_null(qblk_json_string(json));
    assert_false(qblk_json_integer(json, &number));
    assert_int_equal(number, 5);
    assert_string_equal(qblk_json_get_string(qblk_json_at(json, 0), "a"), "s");
}

static void
a_string_that_is_not_utf8_is_kept_readable(void **state)
{
    g_autoptr(QblkJson) json = qblk_json_new_string("a\xff"
                                                    "b");
    assert_string_equal(qblk_json_string(json), "a\xef\xbf\xbd"
                                                "b");
}

/* An array with @count times @item and commas between. */
static GString *
array_of(const char *item, guint count)
{
    GString *text = g_string_new("[");
    gsize length = (strlen(item) + 1) * count; /* with the last comma, which the bracket replaces */
    g_string_append_printf(text, "%s,", item);
    while (text->len - 1 < length) {
        gsize done = text->len - 1;
        g_autofree char *twice = g_strndup(text->str + 1, MIN(done, length - done));
        g_string_append(text, twice);
    }
    text->str[length] = ']';
    return text;
}

static void
expect_limit(const char *item, guint count, const char *limit)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) text = array_of(item, count + more);
        g_autoptr(QblkJson) json = qblk_json_parse(text->str, text->len, &error);
        if (more == 0) {
            assert_no_error(error);
        } else {
            assert_null(json);
            assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX, limit);
        }
    }
}

static void
a_text_has_as_many_values_as_the_limit_and_no_more(void **state)
{
    expect_limit("0", QBLK_LIMIT_JSON_VALUES, "(QBLK_LIMIT_JSON_VALUES)");
    expect_limit("[]", QBLK_LIMIT_JSON_CONTAINERS - 1, "(QBLK_LIMIT_JSON_CONTAINERS)");
}

static void
brackets_and_commas_in_strings_do_not_count(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("[\"\\\"");
    for (guint i = 0; i < QBLK_LIMIT_JSON_VALUES; i++) {
        g_string_append(text, "[,");
    }
    g_string_append(text, "\\\\\"]");
    g_autoptr(QblkJson) json = qblk_json_parse(text->str, text->len, &error);
    assert_no_error(error);
}

static void
nesting_is_as_deep_as_the_limit_and_no_deeper(void **state)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *opened = g_strnfill(QBLK_LIMIT_JSON_DEPTH + more, '[');
        g_autofree char *closed = g_strnfill(QBLK_LIMIT_JSON_DEPTH + more, ']');
        g_autofree char *text = g_strconcat(opened, closed, NULL);
        g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), &error);
        if (more == 0) {
            assert_no_error(error);
        } else {
            assert_null(json);
            assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX, "(QBLK_LIMIT_JSON_DEPTH)");
        }
    }
}

static void
a_number_beyond_64_bits_is_refused_as_such(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"9223372036854775808", "too big integer"},
        {"-9223372036854775809", "too big negative integer"},
        {"1e999", "real number overflow"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkJson) json = qblk_json_parse(cases[i].text, strlen(cases[i].text), &error);
        assert_null(json);
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_SYNTAX, cases[i].reason);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(an_error_does_not_repeat_the_content),
        cmocka_unit_test(a_text_has_as_many_values_as_the_limit_and_no_more),
        cmocka_unit_test(brackets_and_commas_in_strings_do_not_count),
        cmocka_unit_test(nesting_is_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(a_number_beyond_64_bits_is_refused_as_such),
        cmocka_unit_test(printed_text_parses_to_an_equal_value),
        cmocka_unit_test(fields_are_read_by_table),
        cmocka_unit_test(an_absent_optional_field_keeps_its_default),
        cmocka_unit_test(a_wrong_field_is_named),
        cmocka_unit_test(members_of_the_wrong_type_are_null),
        cmocka_unit_test(a_string_that_is_not_utf8_is_kept_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
