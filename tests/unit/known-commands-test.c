/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands agrees with the schemas that were recorded from QEMU. */
#include "base/const-cast.h"
#include "blockjob/known-commands.h"
#include "blockjob/plan-schema.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <string.h>

static const struct {
    const char *name;
    QblkQemuVersion version;
} versions[] = {
    {"5.2", {5, 2, 0}}, {"7.2", {7, 2, 22}}, {"10.0", {10, 0, 13}}, {"11.1", {11, 1, 0}}};

/* Set the value at the path "a[].b" of @object; @value is (transfer full). */
static void
set_at(QblkJson *object, const char *path, QblkJson *value)
{
    g_auto(GStrv) names = g_strsplit(path, ".", -1);
    QblkJson *place = object;
    for (guint i = 0; names[i + 1] != NULL; i++) {
        gboolean is_list = g_str_has_suffix(names[i], "[]");
        g_autofree char *name = g_strndup(names[i], strlen(names[i]) - (is_list ? 2 : 0));
        QblkJson *next = qblk_const_cast(qblk_json_get(place, name));
        if (next == NULL) {
            next = qblk_json_new_object();
            QblkJson *list = is_list ? qblk_json_new_array() : NULL;
            if (is_list) {
                qblk_json_append(list, next);
            }
            qblk_json_set(place, name, is_list ? list : next);
        } else if (is_list) {
            next = qblk_const_cast(qblk_json_at(next, 0));
        }
        place = next;
    }
    qblk_json_set(place, names[g_strv_length(names) - 1], value);
}

static QblkJson *
value_of(const char *text)
{
    return g_str_equal(text, "null") ? qblk_json_new_null() : qblk_json_new_string(text);
}

/* The argument @path of @row with the value @value (transfer full), and its tag. */
static QblkJson *
arguments_with(const QblkKnownCommand *row, const char *path, QblkJson *value)
{
    QblkJson *arguments = qblk_json_new_object();
    if (row->tag != NULL) {
        g_auto(GStrv) tag = g_strsplit(row->tag, "=", 2);
        set_at(arguments, tag[0], value_of(tag[1]));
    }
    set_at(arguments, path, value);
    return arguments;
}

/* Takes @value. */
static void
assert_both(const QblkSchema *schema, const QblkQemuVersion *version, const QblkKnownCommand *row,
            const char *path, QblkJson *value)
{
    g_autoptr(QblkJson) arguments = arguments_with(row, path, value);
    g_autofree char *text = qblk_json_print(arguments, QBLK_JSON_COMPACT);
    g_autoptr(GError) error = NULL;
    if (!qblk_schema_supports(schema, row->command, arguments, &error)) {
        fail_msg("%d.%d: %s %s: %s", version->major, version->minor, row->command, text,
                 error->message);
    }
    if (!qblk_known_commands_has(version, row->command, arguments)) {
        fail_msg("%s %s is not known", row->command, text);
    }
}

/* One that is not restricted is neither an enum nor another type that takes a text only. */
static void
assert_argument(const QblkSchema *schema, const QblkQemuVersion *version,
                const QblkKnownCommand *row, const char *argument)
{
    g_auto(GStrv) parts = g_strsplit(argument, "=", 2);
    if (parts[1] == NULL) {
        assert_both(schema, version, row, parts[0], qblk_json_new_string("no-such-value"));
        assert_both(schema, version, row, parts[0], qblk_json_new_integer(1));
        return;
    }

    g_auto(GStrv) values = g_strsplit(parts[1], "|", -1);
    for (guint i = 0; values[i] != NULL; i++) {
        assert_both(schema, version, row, parts[0], value_of(values[i]));
    }
}

static void
each_argument_is_in_each_schema_since_its_version(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        const QblkQemuVersion *version = &versions[i].version;
        QblkSchema *schema = fake_qmp_read_schema(versions[i].name);
        const QblkKnownCommand *row;
        assert_true(qblk_known_commands_cover(version));
        for (guint j = 0; (row = qblk_known_commands_get_row(j)) != NULL; j++) {
            gboolean is_there = qblk_qemu_version_compare(version, &row->since) >= 0;
            for (guint k = 0; is_there && row->arguments[k] != NULL; k++) {
                assert_argument(schema, version, row, row->arguments[k]);
            }
        }
        qblk_schema_free(schema);
    }
}

static void
a_tag_is_an_argument_too(void **state)
{
    const QblkKnownCommand *row;
    for (guint i = 0; (row = qblk_known_commands_get_row(i)) != NULL; i++) {
        assert_true(row->tag == NULL || g_strv_contains(row->arguments, row->tag));
    }
}

static void
only_what_is_in_the_table_is_known(void **state)
{
    static const struct {
        const char *command, *arguments;
        gboolean is_known[2]; /* in 7.2 and 10.0 */
    } cases[] = {
        {"job-dismiss", "{'id':'x'}", {TRUE, TRUE}},
        {"job-dismiss", NULL, {TRUE, TRUE}},
        {"job-dismiss", "{'id':'x','no':1}", {FALSE, FALSE}},
        {"job-dismiss", "{'id':null}", {FALSE, FALSE}},
        {"job-dismiss", "{'id':{}}", {FALSE, FALSE}},
        {"no-such-command", "{}", {FALSE, FALSE}},
        {"block-commit", "{'device':'x','backing-mask-protocol':true}", {FALSE, TRUE}},
        {"block-commit", "{'device':'x','top':'y'}", {FALSE, FALSE}},
        {"blockdev-mirror", "{'sync':'full'}", {TRUE, TRUE}},
        {"blockdev-mirror", "{'sync':'incremental'}", {FALSE, FALSE}},
        {"blockdev-mirror", "{'sync':1}", {FALSE, FALSE}},
        {"blockdev-add", "{'driver':'file','filename':'f'}", {TRUE, TRUE}},
        {"blockdev-add", "{'driver':'file','backing':null}", {FALSE, FALSE}},
        {"blockdev-add", "{'driver':'qcow2','backing':null}", {TRUE, TRUE}},
        {"blockdev-add", "{'driver':'qcow2','file':null}", {FALSE, FALSE}},
        {"blockdev-add", "{'driver':'qcow2','file':{'driver':'file'}}", {FALSE, FALSE}},
        {"blockdev-add", "{'driver':'qcow2','file':'f','cache':{'direct':true}}", {TRUE, TRUE}},
        {"blockdev-add", "{'driver':'qcow2','file':'f','cache':{}}", {FALSE, FALSE}},
        {"blockdev-add", "{'driver':'vmdk','file':'f'}", {FALSE, FALSE}},
        {"blockdev-add", "{'node-name':'n'}", {FALSE, FALSE}},
        {"transaction",
         "{'actions':[{'type':'blockdev-snapshot','data':{'node':'n'}}]}",
         {TRUE, TRUE}},
        {"transaction", "{'actions':[{'data':{'node':'n'}}]}", {FALSE, FALSE}},
        {"transaction", "{'actions':[]}", {FALSE, FALSE}},
        {"transaction",
         "{'actions':[{'type':'blockdev-snapshot'},{'type':'abort'}]}",
         {FALSE, FALSE}},
    };
    const QblkQemuVersion *tested[] = {&versions[1].version, &versions[2].version};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = cases[i].arguments;
        g_autoptr(QblkJson) arguments = text == NULL ? NULL : graph_fixture_json(text);
        for (gsize j = 0; j < G_N_ELEMENTS(tested); j++) {
            if (qblk_known_commands_has(tested[j], cases[i].command, arguments) !=
                cases[i].is_known[j]) {
                fail_msg("%s %s", cases[i].command, text);
            }
        }
    }
}

static void
the_table_is_about_the_versions_that_were_tested(void **state)
{
    static const struct {
        QblkQemuVersion version;
        gboolean is_covered;
    } cases[] = {
        {{0, 0, 0}, FALSE}, {{5, 1, 92}, FALSE},  {{5, 2, 0}, TRUE},   {{8, 2, 50}, TRUE},
        {{11, 1, 4}, TRUE}, {{11, 1, 50}, FALSE}, {{11, 2, 0}, FALSE}, {{12, 0, 0}, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(qblk_known_commands_cover(&cases[i].version), cases[i].is_covered);
    }
}

/* ---- what a plan needs ---- */

/* Before 9.0 it may have been added by a distribution. */
static void
a_feature_that_a_plan_may_need_is_not_guessed(void **state)
{
    static const char with_node[] =
        "base-file file /d/base\nbase raw /d/base file=base-file\n"
        "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=base";
    static const char without_node[] =
        "base file /d/base\ntop-file file /d/top\ntop qcow2 /d/top file=top-file backing=base";
    static const struct {
        const char *nodes;
        QblkQemuVersion version;
        gboolean is_known, masks;
    } rows[] = {
        {with_node, {7, 2, 0}, TRUE, FALSE},     {with_node, {9, 0, 0}, TRUE, TRUE},
        {without_node, {7, 2, 0}, FALSE, FALSE}, {without_node, {8, 2, 50}, FALSE, FALSE},
        {without_node, {9, 0, 0}, TRUE, TRUE},   {with_node, {0, 0, 0}, FALSE, FALSE},
        {with_node, {12, 0, 0}, FALSE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(rows[i].nodes, "vda - top");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
        snapshot->version = rows[i].version;
        assert_int_equal(qblk_plan_schema_know_features(&context), rows[i].is_known);
        assert_int_equal(context.masks_protocol, rows[i].masks);
    }
}

/* It lacks commands of a QEMU of its version. */
static void
the_version_of_a_storage_daemon_tells_nothing(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("storage-daemon");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    assert_true(qblk_known_commands_cover(&snapshot->version));
    assert_false(qblk_plan_schema_know_features(&context));
    assert_false(qblk_plan_schema_is_known(plan, snapshot));
    assert_false(qblk_plan_schema_is_known(plan, NULL));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_argument_is_in_each_schema_since_its_version),
        cmocka_unit_test(a_tag_is_an_argument_too),
        cmocka_unit_test(only_what_is_in_the_table_is_known),
        cmocka_unit_test(the_table_is_about_the_versions_that_were_tested),
        cmocka_unit_test(a_feature_that_a_plan_may_need_is_not_guessed),
        cmocka_unit_test(the_version_of_a_storage_daemon_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
