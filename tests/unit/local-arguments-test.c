/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-arguments.h"

#include "lib/check.h"

#include <string.h>

typedef struct {
    char *name, *mode;
    char **list;
    gboolean is_on;
    gint64 number;
} Target;

static const char *const modes[] = {"slow", "fast", NULL};
static const QblkLocalMember first[] = {
    {"name", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(Target, name), NULL},
    {"mode", QBLK_LOCAL_STRING, FALSE, G_STRUCT_OFFSET(Target, mode), modes},
    {NULL},
};
static const QblkLocalMember second[] = {
    {"list", QBLK_LOCAL_STRINGS, FALSE, G_STRUCT_OFFSET(Target, list), NULL},
    {"on", QBLK_LOCAL_BOOLEAN, FALSE, G_STRUCT_OFFSET(Target, is_on), NULL},
    {"number", QBLK_LOCAL_INTEGER, FALSE, G_STRUCT_OFFSET(Target, number), NULL},
    {NULL},
};
static const QblkLocalMember *const tables[] = {first, second, NULL};

static QblkJson *
parse(const char *text)
{
    QblkJson *json = qblk_json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    return json;
}

static void
members_of_all_tables_are_read(void **state)
{
    g_autoptr(QblkJson) json = parse("{\"on\": true, \"list\": [\"a\", \"b\"], \"name\": \"n\", "
                                     "\"number\": -7, \"mode\": \"fast\"}");
    Target target = {0};

    assert_true(qblk_local_arguments_read(json, tables, &target, NULL));
    assert_string_equal(target.name, "n");
    assert_string_equal(target.mode, "fast");
    assert_string_equal(target.list[0], "a");
    assert_string_equal(target.list[1], "b");
    assert_null(target.list[2]);
    assert_true(target.is_on);
    assert_int_equal(target.number, -7);
    qblk_local_arguments_clear(tables, &target);
    assert_null(target.name);
    assert_null(target.list);
}

static void
members_that_are_absent_stay_as_they_were(void **state)
{
    g_autoptr(QblkJson) json = parse("{\"name\": \"\"}");
    Target target = {.number = 5};

    assert_true(qblk_local_arguments_read(json, tables, &target, NULL));
    assert_string_equal(target.name, "");
    assert_null(target.mode);
    assert_null(target.list);
    assert_false(target.is_on);
    assert_int_equal(target.number, 5);
    qblk_local_arguments_clear(tables, &target);
}

/* The texts are those of QEMU. */
static const struct {
    const char *arguments, *message;
} refused[] = {
    {"{}", "Parameter 'name' is missing"},
    {"{\"name\": 1}", "Invalid parameter type for 'name', expected: string"},
    {"{\"name\": null}", "Invalid parameter type for 'name', expected: string"},
    {"{\"name\": \"n\", \"mode\": \"Fast\"}", "Parameter 'mode' does not accept value 'Fast'"},
    {"{\"name\": \"n\", \"list\": \"a\"}", "Invalid parameter type for 'list', expected: array"},
    {"{\"name\": \"n\", \"list\": [\"a\", 2]}",
     "Invalid parameter type for 'list[1]', expected: string"},
    {"{\"name\": \"n\", \"on\": 1}", "Invalid parameter type for 'on', expected: boolean"},
    {"{\"name\": \"n\", \"number\": \"1\"}",
     "Invalid parameter type for 'number', expected: integer"},
    {"{\"name\": \"n\", \"number\": 1.0}",
     "Invalid parameter type for 'number', expected: integer"},
    {"{\"name\": \"n\", \"other\": 1, \"on\": true}", "Parameter 'other' is unexpected"},
    {"{\"name\": \"n\", \"Name\": \"n\"}", "Parameter 'Name' is unexpected"},
};

static void
other_arguments_are_refused_as_by_qemu(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(QblkJson) json = parse(refused[i].arguments);
        g_autoptr(GError) error = NULL;
        Target target = {0};

        assert_false(qblk_local_arguments_read(json, tables, &target, &error));
        assert_true(g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT));
        assert_string_equal(error->message, refused[i].message);
        qblk_local_arguments_clear(tables, &target);
    }
}

static void
no_arguments_are_an_empty_object(void **state)
{
    static const QblkLocalMember *const optional[] = {second, NULL};
    static const QblkLocalMember *const none[] = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = parse("{\"on\": true}");
    Target target = {0};

    assert_true(qblk_local_arguments_read(NULL, optional, &target, NULL));
    assert_true(qblk_local_arguments_read(NULL, none, NULL, NULL));
    assert_false(qblk_local_arguments_read(NULL, tables, &target, &error));
    assert_string_equal(error->message, "Parameter 'name' is missing");
    assert_false(qblk_local_arguments_read(json, none, NULL, NULL));
}

static const QblkLocalRule rules[] = {
    {"on", "list", FALSE},
    {"number", "name", TRUE},
    {NULL},
};

static void
rules_are_of_members_that_are_given_and_not_false(void **state)
{
    static const struct {
        const char *arguments, *message; /* NULL: allowed */
    } cases[] = {
        {"{}", NULL},
        {"{\"on\": true}", NULL},
        {"{\"on\": false, \"list\": []}", NULL},
        {"{\"on\": true, \"list\": []}", "parameters 'on' and 'list' exclude each other"},
        {"{\"number\": 0}", "parameter 'number' needs 'name'"},
        {"{\"number\": 0, \"name\": \"n\"}", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) json = parse(cases[i].arguments);
        g_autoptr(GError) error = NULL;
        assert_int_equal(qblk_local_arguments_check(json, rules, &error), cases[i].message == NULL);
        if (cases[i].message != NULL) {
            assert_string_equal(error->message, cases[i].message);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_all_tables_are_read),
        cmocka_unit_test(members_that_are_absent_stay_as_they_were),
        cmocka_unit_test(other_arguments_are_refused_as_by_qemu),
        cmocka_unit_test(no_arguments_are_an_empty_object),
        cmocka_unit_test(rules_are_of_members_that_are_given_and_not_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
