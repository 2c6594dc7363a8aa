/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-read.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/run-case.h"
#include "lib/test-directory.h"

#include <qblk/planner.h>

/* The plan of a snapshot, and the VM that it was made for. */
typedef struct {
    char *path; /* of the overlay, in the directory of the test */
    FakeQmp *fake;
    QblkClient *client;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    char *text; /* JSON */
} Case;

/* The bitmaps of an overlay are what the table of known commands does not have. */
static Case
case_new(const char *topology)
{
    Case test = {.fake = run_case_server()};
    if (g_str_equal(topology, "bitmaps")) {
        fake_qmp_expect_schema(test.fake, "7.2");
    }
    test.client = fake_qmp_connect(test.fake);
    test.replies = graph_fixture_load(topology);
    test.snapshot = graph_fixture_snapshot(test.replies);
    test.path = test_directory_path("overlay");

    g_autoptr(QblkOverlayOptions) options = qblk_overlay_options_new();
    assert_true(qblk_overlay_options_set_file(options, "vda", test.path, NULL));
    qblk_overlay_options_set_cluster_size(options, 4096);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan =
        qblk_plan_overlay(test.client, test.snapshot, "vda", options, NULL, &error);
    assert_no_error(error);
    test.text = qblk_plan_to_json(plan);
    return test;
}

static void
case_clear(Case *test)
{
    g_free(test->text);
    qblk_client_unref(test->client);
    fake_qmp_finish(test->fake);
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
    g_free(test->path);
}

/* Read the plan, with @part of its text replaced by @other, and check it. */
static gboolean
check(const Case *test, const char *part, const char *other, GError **error)
{
    g_auto(GStrv) around = g_strsplit(test->text, part, 2);
    assert_int_equal(g_strv_length(around), 2);
    g_autofree char *text = g_strjoinv(other, around);
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkPlan) plan = qblk_plan_from_json(text, NULL, &cause);
    assert_no_error(cause);
    return qblk_planner_check_read(test->client, test->snapshot, plan, error);
}

static void
a_plan_of_a_snapshot_is_valid_for_its_chain(void **state)
{
    static const char *const topologies[] = {"throttle-blockdev", "bitmaps"};
    for (gsize i = 0; i < G_N_ELEMENTS(topologies); i++) {
        Case test = case_new(topologies[i]);
        g_autoptr(GError) error = NULL;
        gboolean is_valid = check(&test, "snapshot", "snapshot", &error);
        assert_no_error(error);
        assert_true(is_valid);
        case_clear(&test);
    }
}

static void
a_file_that_exists_by_now_is_not_overwritten(void **state)
{
    Case test = case_new("throttle-blockdev");
    GError *error = NULL;
    assert_true(g_file_set_contents(test.path, "precious", -1, NULL));
    assert_false(check(&test, "snapshot", "snapshot", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "already exists");

    g_autofree char *content = NULL;
    assert_true(g_file_get_contents(test.path, &content, NULL, NULL));
    assert_string_equal(content, "precious");
    case_clear(&test);
}

static void
a_plan_with_other_arguments_is_refused(void **state)
{
    static const struct {
        const char *part, *other;
    } cases[] = {
        {"\"size\": 67108864", "\"size\": 134217728"},
        {"\"discard\": \"unmap\"", "\"discard\": \"ignore\""},
        {"\"granularity\": 65536", "\"granularity\": 512"},
        {"\"backing-fmt\": \"qcow2\"", "\"backing-fmt\": \"raw\""},
        {"\"persistent\": true", "\"persistent\": false"},
        {"\"virtual-size\": 67108864", "\"virtual-size\": 1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case test = case_new("bitmaps");
        GError *error = NULL;
        assert_false(check(&test, cases[i].part, cases[i].other, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "is not the one for this VM and this overlay");
        case_clear(&test);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_of_a_snapshot_is_valid_for_its_chain,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_exists_by_now_is_not_overwritten,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_plan_with_other_arguments_is_refused,
                                        test_directory_set_up, test_directory_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
