/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "source/source-options.h"

/* All keys and values of @json, "key=value" in order, as one text. */
static char *
flatten(const char *text, GError **error)
{
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), error);

    assert_non_null(json);
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    if (!qblk_source_options_add_json(options, "", json, error)) {
        return NULL;
    }

    g_autoptr(GPtrArray) keys = qblk_source_options_unused(options);
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        g_string_append_printf(all, "%s=%s ", key, qblk_source_options_take(options, "", key));
    }

    return g_string_free(all, FALSE);
}

static void
nested_and_dotted_keys_are_the_same(void **state)
{
    static const struct {
        const char *json, *flat;

    } cases[] = {
        {"{\"a\":{\"b\":{\"c\":\"x\"}}}", "a.b.c=x "},
        {"{\"a.b.c\":\"x\"}", "a.b.c=x "},
        {"{\"a\":{\"b.c\":\"x\"},\"a.d\":1}", "a.b.c=x a.d=1 "},
        {"{\"s\":[\"x\",{\"h\":\"y\"}]}", "s.0=x s.1.h=y "},
        {"{\"s.0.h\":\"x\",\"s\":[]}", "s.0.h=x "},
        {"{\"n\":-5,\"t\":true,\"f\":false,\"e\":\"\"}", "e= f=off n=-5 t=on "},
        {"{\"backing\":null,\"file.backing\":null}", ""},
        {"{}", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *flat = flatten(cases[i].json, &error);
        assert_no_error(error);
        assert_string_equal(flat, cases[i].flat);
    }
}

static void
values_of_other_types_are_refused(void **state)
{
    static const struct {
        const char *json;
        int code;
        const char *part;

    } cases[] = {
        {"{\"a\":{\"b\":\"x\"},\"a.b\":\"x\"}", QBLK_GRAPH_ERROR_SPEC, "option 'a.b' occurs twice"},
        {"{\"a\":1.5}", QBLK_GRAPH_ERROR_SPEC, "'a'"},
        {"{\"a\":null}", QBLK_GRAPH_ERROR_SPEC, "'a'"},
        {"{\"a\":[null]}", QBLK_GRAPH_ERROR_SPEC, "'a.0'"},
        {"{\"a\":{\"b\":\"\\ufffd\"}}", QBLK_GRAPH_ERROR_UNSUPPORTED, "U+FFFD"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(flatten(cases[i].json, &error));
        assert_error(error, QBLK_GRAPH_ERROR, cases[i].code, cases[i].part);
    }
}

static void
taken_options_are_used(void **state)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();

    qblk_source_options_set(options, "file.driver", "nbd");
    qblk_source_options_set(options, "file.path", "/s");
    qblk_source_options_set(options, "filename", "x");
    qblk_source_options_set(options, "backing.driver", "raw");
    qblk_source_options_set(options, "nothing", NULL);
    assert_string_equal(qblk_source_options_take(options, "file.", "driver"), "nbd");
    assert_null(qblk_source_options_take(options, "file.", "host"));
    assert_null(qblk_source_options_take(options, "", "nothing"));
    assert_true(qblk_source_options_has_below(options, "file."));
    assert_false(qblk_source_options_has_below(options, "fil."));
    qblk_source_options_ignore_below(options, "backing.");
    g_autoptr(GPtrArray) unused = qblk_source_options_unused(options);
    assert_int_equal(unused->len, 2);
    assert_string_equal(unused->pdata[0], "file.path");
    assert_string_equal(unused->pdata[1], "filename");
}

static void
a_host_sets_two_options(void **state)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    g_autoptr(GError) error = NULL;

    assert_true(qblk_source_options_set_host(options, "[::1]:7", "a", "b", &error));
    assert_true(qblk_source_options_set_host(options, "h", "c", "d", &error));
    assert_false(qblk_source_options_set_host(options, "secret:x", "e", "f", &error));
    assert_null(strstr(error->message, "secret"));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "the port is not a number");
    assert_string_equal(qblk_source_options_take(options, "", "a"), "::1");
    assert_string_equal(qblk_source_options_take(options, "", "b"), "7");
    assert_string_equal(qblk_source_options_take(options, "", "c"), "h");
    assert_null(qblk_source_options_take(options, "", "d"));
    assert_null(qblk_source_options_take(options, "", "e"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_and_dotted_keys_are_the_same),
        cmocka_unit_test(values_of_other_types_are_refused),
        cmocka_unit_test(taken_options_are_used),
        cmocka_unit_test(a_host_sets_two_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
