/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/plan-schema.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-check.h"
#include "plan/plan-commit.h"

/* vda: top -> middle -> base, each a qcow2 node on a file node; vdb shares nothing. */
#define NODES                                                                                      \
    "base-file file /d/base.qcow2\nbase qcow2 /d/base.qcow2 file=base-file\n"                      \
    "middle-file file /d/middle.qcow2\n"                                                           \
    "middle qcow2 /d/middle.qcow2 file=middle-file backing=base\n"                                 \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=middle\n"            \
    "other-file file /d/other.qcow2\nother qcow2 /d/other.qcow2 file=other-file"
#define BLOCKS "vda - top\nvdb - other"

static QblkPlan *
plan_on(const QblkReplies *replies, QblkPlanContext context, const QblkCommitOptions *options,
        GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    context.snapshot = snapshot;
    context.target = context.target == NULL ? "vda" : context.target;
    return qblk_plan_make_commit(&context, options, error);
}

static QblkPlan *
plan(const QblkCommitOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, BLOCKS);
    QblkPlan *made = plan_on(replies, (QblkPlanContext){0}, options, &error);
    assert_no_error(error);
    return made;
}

static void
assert_refused(const char *nodes, const char *blocks, const QblkCommitOptions *options,
               const char *part)
{
    GError *error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    assert_null(plan_on(replies, (QblkPlanContext){0}, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

/* "block-commit job-finalize! blockdev-del?": the commands, final ones and those that may fail. */
static char *
commands_of(const QblkPlan *made)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < made->steps->len; i++) {
        const QblkStep *step = made->steps->pdata[i];
        g_string_append_printf(text, "%s%s%s%s", i == 0 ? "" : " ", step->command,
                               step->is_final ? "!" : "", step->may_fail ? "?" : "");
    }
    return g_string_free(text, FALSE);
}

static void
assert_commands(const QblkPlan *made, const char *expected)
{
    g_autofree char *text = commands_of(made);
    assert_string_equal(text, expected);
}

static const QblkJson *
start_of(const QblkPlan *made)
{
    const QblkStep *step = made->steps->pdata[0];
    return step->arguments;
}

static void
nodes_and_the_job_are_always_named(void **state)
{
    const QblkCommitOptions options = {.top = "vda[1]"};
    g_autoptr(QblkPlan) made = plan(&options);
    const QblkJson *start = start_of(made);
    assert_string_equal(qblk_json_get_string(start, "job-id"), "qblk-commit-vda");
    assert_string_equal(qblk_json_get_string(start, "top-node"), "middle");
    assert_string_equal(qblk_json_get_string(start, "base-node"), "base");
    assert_string_equal(qblk_json_get_string(start, "backing-file"), "/d/base.qcow2");
    assert_non_null(qblk_json_get(start, "auto-finalize"));
    assert_false(qblk_json_true(qblk_json_get(start, "auto-finalize")));
    assert_non_null(qblk_json_get(start, "auto-dismiss"));
    assert_false(qblk_json_true(qblk_json_get(start, "auto-dismiss")));
    assert_null(qblk_json_get(start, "speed"));
}

/* At `pending` a job that was ready holds the disk drained, and its guest still. */
static void
a_job_that_waits_at_ready_does_not_wait_again(void **state)
{
    for (QblkCommitEnd end = QBLK_COMMIT_INNER; end <= QBLK_COMMIT_KEEP_OVERLAY; end++) {
        gboolean is_inner = end == QBLK_COMMIT_INNER;
        const QblkCommitOptions options = {.end = end, .top = is_inner ? "vda[1]" : NULL};
        g_autoptr(QblkPlan) made = plan(&options);
        assert_int_equal(qblk_json_true(qblk_json_get(start_of(made), "auto-finalize")), !is_inner);
        assert_false(qblk_json_true(qblk_json_get(start_of(made), "auto-dismiss")));
    }
}

static void
each_end_has_its_commands(void **state)
{
    static const struct {
        QblkCommitEnd end;
        const char *top, *commands;
        guint after;
    } ends[] = {
        {QBLK_COMMIT_INNER, "vda[1]",
         "block-commit human-monitor-command job-finalize! job-dismiss? blockdev-del? "
         "blockdev-del?",
         2},
        {QBLK_COMMIT_ACTIVE, NULL, "block-commit", 3},
        {QBLK_COMMIT_PIVOT, NULL,
         "block-commit job-complete! job-dismiss? blockdev-del? blockdev-del? blockdev-del? "
         "blockdev-del?",
         1},
        {QBLK_COMMIT_KEEP_OVERLAY, NULL, "block-commit block-job-cancel! job-dismiss?", 3},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        const QblkCommitOptions options = {.end = ends[i].end, .top = ends[i].top};
        g_autoptr(QblkPlan) made = plan(&options);
        assert_commands(made, ends[i].commands);
        assert_int_equal(made->before->len, 3);
        assert_int_equal(made->after->len, ends[i].after);
        const QblkStep *start = made->steps->pdata[0];
        assert_true(start->is_start);
        assert_int_equal(start->undo->len, 2);
    }
}

static void
invalid_requests_are_refused(void **state)
{
    static const struct {
        QblkCommitOptions options;
        const char *part;
    } cases[] = {
        {{.top = NULL}, "use --active"},
        {{.top = "vda[1]", .end = QBLK_COMMIT_PIVOT}, "'vda[1]' is not the active layer"},
        {{.top = "vda[2]"}, "'vda[2]' is the bottom of its chain"},
        {{.top = "vda[2]", .shallow = TRUE}, "'vda[2]' is the bottom of its chain"},
        {{.top = "vda[1]", .base = "vda[2]", .shallow = TRUE},
         "--base 'vda[2]' cannot be used with --shallow"},
        {{.top = "vda[1]", .base = "node:middle"}, "the same layer"},
        {{.top = "vda[2]", .base = "vda[1]"}, "'vda[2]' is below 'vda[1]'"},
        {{.top = "vda[2]", .base = "vda"}, "'vda[2]' is below 'vda'"},
        {{.end = QBLK_COMMIT_PIVOT, .keep_relative = TRUE}, "'vda' has no overlay"},
        {{.top = "vda[1]", .keep_relative = TRUE}, "has no backing string"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_refused(NODES, BLOCKS, &cases[i].options, cases[i].part);
    }
}

static void
a_layer_of_another_disk_is_refused_in_each_form(void **state)
{
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    assert_refused(NODES "\nsharer qcow2 /d/sharer.qcow2 file=other-file backing=base",
                   "vda - top\nvdb - sharer", &options, "also used by disk 'vdb'");
    assert_refused(NODES "\nvotes quorum /d/votes children.0=base children.1=other",
                   "vda - top\nvdb - votes", &options, "also used by disk 'vdb'");
}

static void
an_id_in_use_is_refused(void **state)
{
    GError *error = NULL;
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    graph_fixture_replace(replies, "query-jobs", NULL,
                          "[{'id':'mine','type':'create','status':'concluded',"
                          "'current-progress':1,'total-progress':1}]");
    const QblkPlanContext context = {.job = "mine"};
    assert_null(plan_on(replies, context, &options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "job 'mine' already exists");
}

static void
a_command_that_qemu_does_not_know_is_refused(void **state)
{
    GError *error = NULL;
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    g_autoptr(QblkPlan) made = plan(&options);
    g_autoptr(QblkJson) reply = graph_fixture_json(
        "[{'name':'block-commit','meta-type':'command','arg-type':'0','ret-type':'0'},"
        "{'name':'0','meta-type':'object','members':[]}]");
    g_autoptr(QblkSchema) schema = qblk_schema_new(reply, &error);
    assert_no_error(error);
    assert_false(qblk_plan_schema_check(made, schema, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "this QEMU cannot start the job");
}

/* A base whose file name has a password in it. */
#define NODES_WITH_BASE(driver, name)                                                              \
    "base-file " driver " " name "\nbase qcow2 " name " file=base-file\n"                          \
    "middle-file file /d/middle.qcow2\n"                                                           \
    "middle qcow2 /d/middle.qcow2 file=middle-file backing=base\n"                                 \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=middle"

static void
a_name_that_is_not_known_whole_is_written_into_no_header(void **state)
{
    const QblkCommitOptions inner = {.top = "vda[1]"};
    assert_refused(NODES_WITH_BASE("file", "/d/x://me:pw@h/base.qcow2"), "vda - top", &inner,
                   "the file name of '/d/x://me:***@h/base.qcow2' contains a password");
    /* QEMU knows all of it, but its choice is not seen before the job. */
    assert_refused(NODES_WITH_BASE("http", "http://me:pw@h/base.qcow2"), "vda - top", &inner,
                   "the file name of 'http://me:***@h/base.qcow2' contains a password");
}

static void
what_cannot_be_deleted_is_refused_before_the_job(void **state)
{
    static const struct {
        const char *nodes, *part;
    } cases[] = {
        {"top-file http http://h/t\ntop qcow2 http://h/t file=top-file backing=base",
         "cannot delete 'http://h/t' after the job: it is not a file of this machine"},
        {"top-file host_device /dev/b\ntop qcow2 /dev/b file=top-file backing=base",
         "cannot delete '/dev/b' after the job: it is a block device"},
        {"top-file file sub/t\ntop qcow2 sub/t file=top-file backing=base",
         "cannot delete 'sub/t' after the job: no path that leads to it is known"},
    };
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT, .delete_removed = TRUE};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *nodes = g_strdup_printf(
            "base-file file /d/base\nbase qcow2 /d/base file=base-file\n%s", cases[i].nodes);
        assert_refused(nodes, "vda - top", &options, cases[i].part);
    }
}

static void
an_active_layer_that_stays_in_use_is_not_deleted(void **state)
{
    static const QblkCommitEnd ends[] = {QBLK_COMMIT_ACTIVE, QBLK_COMMIT_KEEP_OVERLAY};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        const QblkCommitOptions options = {.end = ends[i], .delete_removed = TRUE};
        assert_refused("base-file file /d/base\nbase qcow2 /d/base file=base-file\n"
                       "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=base",
                       "vda - top", &options, "only if the commit ends with a pivot");
    }
}

/* Nothing shows afterwards that such an image is stale. */
static void
an_image_that_cannot_be_marked_is_warned_of(void **state)
{
    g_autoptr(GError) error = NULL;
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("base-file file /d/base\nbase qcow2 /d/base file=base-file\n"
                              "top-file file sub/t\ntop qcow2 sub/t file=top-file backing=base",
                              "vda - top");
    g_autoptr(QblkPlan) made = plan_on(replies, (QblkPlanContext){0}, &options, &error);
    assert_no_error(error);
    assert_null(made->merged);
    assert_int_equal(made->warnings->len, 1);
    assert_non_null(strstr(made->warnings->pdata[0], "'sub/t' is not marked as merged"));
}

static void
a_file_is_deleted_after_the_job(void **state)
{
    g_autoptr(GError) error = NULL;
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT, .delete_removed = TRUE};
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("base-file file /d/base\nbase qcow2 /d/base file=base-file\n"
                              "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=base",
                              "vda - top");
    g_autoptr(QblkPlan) made = plan_on(replies, (QblkPlanContext){0}, &options, &error);
    assert_no_error(error);
    assert_int_equal(made->removed->len, 1);
    const QblkRemovedImage *removal = made->removed->pdata[0];
    assert_string_equal(removal->path, "/d/top");
    assert_true(removal->will_delete);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_and_the_job_are_always_named),
        cmocka_unit_test(a_job_that_waits_at_ready_does_not_wait_again),
        cmocka_unit_test(each_end_has_its_commands),
        cmocka_unit_test(invalid_requests_are_refused),
        cmocka_unit_test(a_layer_of_another_disk_is_refused_in_each_form),
        cmocka_unit_test(an_id_in_use_is_refused),
        cmocka_unit_test(a_command_that_qemu_does_not_know_is_refused),
        cmocka_unit_test(a_name_that_is_not_known_whole_is_written_into_no_header),
        cmocka_unit_test(what_cannot_be_deleted_is_refused_before_the_job),
        cmocka_unit_test(an_image_that_cannot_be_marked_is_warned_of),
        cmocka_unit_test(an_active_layer_that_stays_in_use_is_not_deleted),
        cmocka_unit_test(a_file_is_deleted_after_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
