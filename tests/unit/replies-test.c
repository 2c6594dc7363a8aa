/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/replies.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

static void
a_reply_is_found_by_command_and_arguments(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-jobs", NULL, "[]");
    graph_fixture_add(replies, "qom-get", "{'path':'/a','property':'b'}", "1");
    g_autoptr(QblkJson) turned = graph_fixture_json("{'property':'b','path':'/a'}");
    g_autoptr(QblkJson) other = graph_fixture_json("{'property':'b','path':'/c'}");
    const QblkReply *found = qblk_replies_find(replies, "qom-get", turned);
    assert_non_null(found);
    assert_string_equal(found->command, "qom-get");
    assert_null(qblk_replies_find(replies, "qom-get", other));
    assert_null(qblk_replies_find(replies, "qom-get", NULL));
    assert_non_null(qblk_replies_find(replies, "query-jobs", NULL));
    assert_null(qblk_replies_find(replies, "query-job", NULL));
}

static void
no_arguments_and_empty_arguments_are_the_same(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-jobs", "{}", "[]");
    graph_fixture_add(replies, "query-name", NULL, "{}");
    g_autoptr(QblkJson) empty = graph_fixture_json("{}");
    assert_non_null(qblk_replies_find(replies, "query-jobs", NULL));
    assert_non_null(qblk_replies_find(replies, "query-name", empty));
}

static void
the_first_of_two_replies_is_found_and_both_are_kept(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-jobs", NULL, "[]");
    graph_fixture_add(replies, "query-jobs", NULL, "[1]");
    assert_int_equal(qblk_json_length(qblk_replies_value(replies, "query-jobs")), 0);
    assert_int_equal(replies->list->len, 2);
}

static void
a_refusal_is_a_reply_without_a_value(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-name", NULL, NULL);
    const QblkReply *reply = qblk_replies_find(replies, "query-name", NULL);
    assert_non_null(reply);
    assert_null(reply->value);
    assert_non_null(reply->refusal);
    assert_null(qblk_replies_value(replies, "query-name"));
    assert_null(qblk_replies_value(replies, "query-jobs"));
}

static void
a_null_is_a_value(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-name", NULL, "null");
    assert_non_null(qblk_replies_value(replies, "query-name"));
}

static void
freeing_null_is_allowed(void **state)
{
    qblk_replies_free(NULL);
}

static void
an_object_is_found_by_a_property(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "qom-get", "{'path':'/n','property':'b'}", "5");
    graph_fixture_add(replies, "qom-get", "{'path':'/r','property':'b'}", NULL);
    graph_fixture_add(replies, "qom-get", "{'path':'/a','property':'b'}", "'x'");
    graph_fixture_add(replies, "qom-get", "{'path':'/c','property':'b'}", "'x'");
    graph_fixture_add(replies, "qom-get", "{'path':7,'property':'b'}", "'y'");
    graph_fixture_add(replies, "qom-set", "{'path':'/s','property':'b'}", "'y'");
    assert_string_equal(qblk_replies_path(replies, "b", "x"), "/a");
    assert_null(qblk_replies_path(replies, "b", "y"));
    assert_null(qblk_replies_path(replies, "b", "5"));
    assert_null(qblk_replies_path(replies, "a", "x"));
}

static void
the_version_is_read(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("7.2.22", "[]", "[]");
    QblkQemuVersion version = {0};
    assert_true(qblk_replies_version(replies, &version));
    assert_int_equal(version.major, 7);
    assert_int_equal(version.minor, 2);
    assert_int_equal(version.micro, 22);
}

static void
an_invalid_version_does_not_change_the_result(void **state)
{
    static const char *const values[] = {
        NULL,
        "[]",
        "'7.2.22'",
        "{}",
        "{'qemu':'7.2.22'}",
        "{'qemu':{}}",
        "{'qemu':{'major':7,'minor':2}}",
        "{'qemu':{'major':7,'minor':2,'micro':'22'}}",
        "{'qemu':{'major':7,'minor':2,'micro':22.5}}",
        "{'qemu':{'major':-7,'minor':2,'micro':22}}",
        "{'qemu':{'major':4294967303,'minor':2,'micro':22}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        graph_fixture_add(replies, "query-version", NULL, values[i]);
        QblkQemuVersion version = {1, 2, 3};
        assert_false(qblk_replies_version(replies, &version));
        assert_int_equal(version.major * 100 + version.minor * 10 + version.micro, 123);
    }
    g_autoptr(QblkReplies) none = qblk_replies_new();
    QblkQemuVersion version;
    assert_false(qblk_replies_version(none, &version));
}

static void
versions_are_in_order(void **state)
{
    static const QblkQemuVersion versions[] = {
        {0, 0, 0},   {5, 2, 0},   {6, 0, 0},  {7, 2, 0},  {7, 2, 22},
        {10, 0, 12}, {10, 0, 13}, {10, 1, 0}, {11, 0, 0},
    };
    for (int i = 0; i < (int)G_N_ELEMENTS(versions); i++) {
        for (int j = 0; j < (int)G_N_ELEMENTS(versions); j++) {
            int order = qblk_qemu_version_compare(&versions[i], &versions[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_found_by_command_and_arguments),
        cmocka_unit_test(no_arguments_and_empty_arguments_are_the_same),
        cmocka_unit_test(the_first_of_two_replies_is_found_and_both_are_kept),
        cmocka_unit_test(a_refusal_is_a_reply_without_a_value),
        cmocka_unit_test(a_null_is_a_value),
        cmocka_unit_test(freeing_null_is_allowed),
        cmocka_unit_test(an_object_is_found_by_a_property),
        cmocka_unit_test(the_version_is_read),
        cmocka_unit_test(an_invalid_version_does_not_change_the_result),
        cmocka_unit_test(versions_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
