/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-read.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-job.h"
#include "plan/plan-json.h"
#include "plan/plan-monitor.h"
#include "plan/plan-options.h"
#include "plan/plan-pull.h"

#include <qblk/error.h>
#include <qblk/planner.h>

/* ---- plans of every kind ---- */

typedef struct {
    const char *topology;
    const char *kind; /* commit, pull, copy or job */
    int end;          /* of the enum of that kind */
} Row;

static const Row rows[] = {
    {"drive-5-deep", "commit", QBLK_COMMIT_INNER},
    {"drive-5-deep", "commit", QBLK_COMMIT_ACTIVE},
    {"drive-5-deep", "commit", QBLK_COMMIT_PIVOT},
    {"drive-5-deep", "commit", QBLK_COMMIT_KEEP_OVERLAY},
    {"bitmaps", "commit", QBLK_COMMIT_PIVOT},
    {"throttle-blockdev", "commit", QBLK_COMMIT_INNER},
    {"cor-blockdev", "commit", QBLK_COMMIT_INNER},
    {"virtio-5-deep", "pull", 0},
    {"bitmaps", "pull", 0},
    {"drive-5-deep", "copy", QBLK_COPY_STAY},
    {"drive-5-deep", "copy", QBLK_COPY_PIVOT},
    {"bitmaps", "copy", QBLK_COPY_PIVOT},
    {"throttle-blockdev", "copy", QBLK_COPY_FINISH},
    {"mirror-running", "job", QBLK_JOB_WAIT},
    {"mirror-running", "job", QBLK_JOB_ABORT},
    {"mirror-running", "job", QBLK_JOB_PAUSE},
    {"mirror-running", "job", QBLK_JOB_LIMIT},
    {"mirror-ready", "job", QBLK_JOB_WAIT},
    {"mirror-ready", "job", QBLK_JOB_PIVOT},
    {"mirror-ready", "job", QBLK_JOB_FINISH},
    {"mirror-ready", "job", QBLK_JOB_ABORT},
    {"commit-ready", "job", QBLK_JOB_PIVOT},
    {"commit-middle-running", "job", QBLK_JOB_WAIT},
    {"stream-running", "job", QBLK_JOB_WAIT},
    {"stream-pending", "job", QBLK_JOB_WAIT},
    {"stream-concluded", "job", QBLK_JOB_WAIT},
};

static QblkPlan *
make_plan(const Row *row, const QblkPlanContext *context, GError **error)
{
    if (g_str_equal(row->kind, "commit")) {
        const QblkCommitOptions options = {
            .end = (QblkCommitEnd)row->end,
            .top = row->end == QBLK_COMMIT_INNER ? "vda[1]" : NULL,
        };
        return qblk_plan_make_commit(context, &options, error);
    }
    if (g_str_equal(row->kind, "pull")) {
        const QblkPullOptions options = {.base = NULL};
        return qblk_plan_make_pull(context, &options, error);
    }
    if (g_str_equal(row->kind, "copy")) {
        const QblkCopyOptions options = {.destination = "/d/copy", .end = (QblkCopyEnd)row->end};
        return qblk_plan_make_copy(context, &options, error);
    }

    const QblkJobRequest request = {.action = (QblkJobAction)row->end};
    const QblkJob *job = qblk_plan_job_find(context->snapshot, "vda");
    assert_non_null(job);
    return qblk_plan_make_job(context, job, &request, error);
}

static QblkPlan *
plan_of(const Row *row)
{
    GError *error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load(row->topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda", .speed = 7};
    QblkPlan *plan = make_plan(row, &context, &error);

    assert_no_error(error);
    return plan;
}

static void
assert_read_as_written(const QblkPlan *plan)
{
    GError *error = NULL;
    g_autofree char *text = qblk_plan_to_json(plan);
    g_autoptr(QblkPlan) read = qblk_plan_from_json(text, NULL, &error);
    assert_no_error(error);

    g_autofree char *again = qblk_plan_to_json(read);
    g_autofree char *shown = qblk_plan_to_text(plan), *shown_again = qblk_plan_to_text(read);
    QblkJobAction end = QBLK_JOB_ABORT, end_again = QBLK_JOB_ABORT;
    assert_string_equal(again, text);
    assert_string_equal(shown_again, shown);
    assert_int_equal(qblk_plan_get_end(read, &end_again), qblk_plan_get_end(plan, &end));
    assert_int_equal(end_again, end);
    assert_true(read->is_read);
}

static void
a_plan_of_every_kind_is_read_as_it_was_written(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkPlan) plan = plan_of(&rows[i]);
        assert_read_as_written(plan);
    }
}

static void
plans_for_monitors_are_read_as_well(void **state)
{
    g_autofree char *other = NULL;
    g_autoptr(QblkJson) none = qblk_json_new_array();
    const QblkPlanMonitorContext context = {.can_add_monitor = TRUE, .chardevs = none};
    GError *error = NULL;
    g_autoptr(QblkPlan) opened = qblk_plan_monitor_open(&context, "/d/vm.qmp", &error);
    assert_no_error(error);
    assert_read_as_written(opened);

    other = g_strdup_printf("[{'label': '%s'}]", opened->job);
    g_autoptr(QblkJson) chardevs = graph_fixture_json(other);
    const QblkPlanMonitorContext later = {.chardevs = chardevs};
    g_autoptr(QblkPlan) closed = qblk_plan_monitor_close(&later, "/d/vm.qmp", &error);
    assert_no_error(error);
    assert_read_as_written(closed);
}

static void
what_is_not_in_the_json_comes_from_the_options(void **state)
{
    g_autoptr(QblkPlan) plan = plan_of(&rows[0]);
    g_autofree char *text = qblk_plan_to_json(plan);
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
    GError *error = NULL;

    qblk_plan_options_set_state_directory(options, "/state");
    qblk_plan_options_set_dry_run(options, TRUE);
    qblk_plan_options_set_force_managed(options, TRUE);
    g_autoptr(QblkPlan) read = qblk_plan_from_json(text, options, &error);
    assert_no_error(error);
    assert_string_equal(qblk_plan_get_state_directory(read), "/state");
    assert_false(qblk_plan_can_run(read));
    assert_true(read->is_forced);

    /* The image that is written, to describe its room. */
    const QblkExpectation *base = plan->after->pdata[1];
    assert_string_equal(base->filename, plan->writes);
    assert_string_equal(read->space.path, base->path);

    g_autoptr(QblkPlan) runnable = qblk_plan_from_json(text, NULL, &error);
    assert_true(qblk_plan_can_run(runnable));
    assert_false(runnable->is_forced);
}

/* ---- broken plans ---- */

static void
text_that_is_no_plan_is_an_error(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", QBLK_JSON_ERROR_SYNTAX},
        {"{", QBLK_JSON_ERROR_SYNTAX},
        {"{}{}", QBLK_JSON_ERROR_SYNTAX},
        {"{}", QBLK_JSON_ERROR_TYPE},
        {"[]", QBLK_JSON_ERROR_TYPE},
        {"null", QBLK_JSON_ERROR_TYPE},
        {"{\"plans\": []}", QBLK_JSON_ERROR_TYPE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        assert_null(qblk_plan_from_json(cases[i].text, NULL, &error));
        assert_error(error, QBLK_JSON_ERROR, cases[i].code, "");
    }
}

/* The first step of @plan that sends @command. */
static QblkStep *
step_of(const QblkPlan *plan, const char *command)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, command) == 0) {
            return step;
        }
    }
    fail_msg("the plan does not send '%s'", command);
    return NULL;
}

static void
replace(char **text, const char *by)
{
    g_free(*text);
    *text = g_strdup(by);
}

static void
assert_refused(const QblkPlan *plan, const char *part)
{
    g_autofree char *text = qblk_plan_to_json(plan);
    GError *error = NULL;
    assert_null(qblk_plan_from_json(text, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static const Row commit_row = {"drive-5-deep", "commit", QBLK_COMMIT_PIVOT};

static void
commands_that_no_plan_has_are_refused(void **state)
{
    static const char *const commands[] = {
        "quit",
        "system_reset",
        "device_del",
        "human-monitor-command",
        "transaction",
        "chardev-add",
        "object-add",
        "object-del",
        "blockdev-snapshot",
        "migrate",
        "",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(QblkPlan) plan = plan_of(&commit_row);
        replace(&step_of(plan, "job-complete")->command, commands[i]);
        assert_refused(plan, "which no such plan does");

        g_autoptr(QblkPlan) undone = plan_of(&commit_row);
        QblkStep *undo = step_of(undone, "block-commit")->undo->pdata[0];
        replace(&undo->command, commands[i]);
        assert_refused(undone, "which no such plan does");
    }
}

static void
commands_of_another_kind_of_plan_are_refused(void **state)
{
    static const char *const commands[] = {
        "block-stream", "blockdev-mirror", "blockdev-create",     "blockdev-add",
        "job-pause",    "job-resume",      "block-job-set-speed",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(QblkPlan) plan = plan_of(&commit_row);
        replace(&step_of(plan, "block-commit")->command, commands[i]);
        assert_refused(plan, "which no such plan does");
    }

    static const Row wait_row = {"stream-running", "job", QBLK_JOB_WAIT};
    g_autoptr(QblkPlan) existing = plan_of(&wait_row);
    QblkStep *step = existing->steps->pdata[0];
    replace(&step->command, "blockdev-add");
    assert_refused(existing, "which no such plan does");
}

static void
commands_that_can_do_more_do_only_what_plans_need(void **state)
{
    static const char *const lines[] = {
        "quit",
        "qemu-io \"\" flush",
        "qemu-io \"x\" write",
        "qemu-io \"x\" \"y\" flush",
        "qemu-io \"x\\\" flush",
        "qemu-io \"x\nquit\" flush",
    };
    static const Row inner = {"drive-5-deep", "commit", QBLK_COMMIT_INNER};
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(QblkPlan) plan = plan_of(&inner);
        QblkStep *flush = step_of(plan, "human-monitor-command");
        qblk_json_set_string(flush->arguments, "command-line", lines[i]);
        assert_refused(plan, "'human-monitor-command', which no such plan does");
    }

    static const Row bitmaps = {"bitmaps", "commit", QBLK_COMMIT_PIVOT};
    g_autoptr(QblkPlan) plan = plan_of(&bitmaps);
    QblkStep *step = step_of(plan, "transaction");
    g_autoptr(QblkJson) other =
        graph_fixture_json("{'actions': [{'type': 'blockdev-snapshot', 'data': {}}]}");
    qblk_json_unref(step->arguments);
    step->arguments = qblk_json_ref(other);
    assert_refused(plan, "'transaction', which no such plan does");
}

static void
commands_for_other_jobs_are_refused(void **state)
{
    g_autoptr(QblkPlan) plan = plan_of(&commit_row);
    qblk_json_set_string(step_of(plan, "job-complete")->arguments, "id", "other");
    assert_refused(plan, "'job-complete' to another job");

    g_autoptr(QblkPlan) started = plan_of(&commit_row);
    replace(&step_of(started, "block-commit")->job, "other");
    assert_refused(started, "'block-commit' to another job");

    static const Row limit = {"mirror-running", "job", QBLK_JOB_LIMIT};
    g_autoptr(QblkPlan) limited = plan_of(&limit);
    qblk_json_set_string(step_of(limited, "block-job-set-speed")->arguments, "device", "other");
    assert_refused(limited, "'block-job-set-speed' to another job");
}

/* A copy has a second job, which creates its image. */
static void
steps_for_another_job_than_their_command_are_refused(void **state)
{
    g_autoptr(QblkPlan) plan = plan_of(&commit_row);
    g_autofree char *create = g_strconcat(plan->job, "-create", NULL);
    replace(&step_of(plan, "job-complete")->job, create);
    assert_refused(plan, "'job-complete' to another job");

    static const Row bitmaps = {"bitmaps", "commit", QBLK_COMMIT_PIVOT};
    g_autoptr(QblkPlan) carried = plan_of(&bitmaps);
    replace(&step_of(carried, "transaction")->job, "other");
    assert_refused(carried, "'transaction' to another job");
}

static void
steps_that_send_nothing_change_nothing(void **state)
{
    g_autoptr(QblkPlan) plan = plan_of(&commit_row);
    g_clear_pointer(&step_of(plan, "job-complete")->command, g_free);
    assert_refused(plan, "it has no command");

    g_autoptr(QblkPlan) undone = plan_of(&commit_row);
    QblkStep *undo = step_of(undone, "block-commit")->undo->pdata[0];
    g_clear_pointer(&undo->command, g_free);
    assert_refused(undone, "it has no command");
}

static void
a_monitor_creates_no_other_object(void **state)
{
    g_autoptr(QblkJson) none = qblk_json_new_array();
    const QblkPlanMonitorContext context = {.can_add_monitor = TRUE, .chardevs = none};
    g_autoptr(QblkPlan) plan = qblk_plan_monitor_open(&context, "/d/vm.qmp", NULL);
    qblk_json_set_string(step_of(plan, "object-add")->arguments, "qom-type", "secret");
    assert_refused(plan, "'object-add', which no such plan does");
}

static void
steps_in_an_impossible_order_are_refused(void **state)
{
    g_autoptr(QblkPlan) twice = plan_of(&commit_row);
    step_of(twice, "job-dismiss")->is_final = TRUE;
    assert_refused(twice, "'job-dismiss' cannot change the chain");

    g_autoptr(QblkPlan) unstarted = plan_of(&commit_row);
    step_of(unstarted, "block-commit")->is_start = FALSE;
    assert_refused(unstarted, "'block-commit'");

    g_autoptr(QblkPlan) endless = plan_of(&commit_row);
    step_of(endless, "job-complete")->is_final = FALSE;
    assert_refused(endless, "does not end its job");

    g_autoptr(QblkPlan) existing = plan_of(&commit_row);
    existing->existing_job = TRUE;
    assert_refused(existing, "wrong place");

    g_autoptr(QblkPlan) empty = plan_of(&commit_row);
    g_ptr_array_set_size(empty->steps, 0);
    assert_refused(empty, "has no job");

    g_autoptr(QblkPlan) asleep = plan_of(&commit_row);
    replace(&step_of(asleep, "job-complete")->until, "never");
    assert_refused(asleep, "'never'");
}

static void
images_that_are_not_described_are_refused(void **state)
{
    g_autoptr(QblkPlan) unknown = plan_of(&commit_row);
    QblkExpectation *layer = unknown->after->pdata[0];
    g_clear_pointer(&layer->filename, g_free);
    assert_refused(unknown, "layer 0 has no file");

    g_autoptr(QblkPlan) relative = plan_of(&commit_row);
    layer = relative->before->pdata[0];
    replace(&layer->path, "etc/passwd");
    assert_refused(relative, "'etc/passwd' is not an absolute path");

    g_autoptr(QblkPlan) deleting = plan_of(&commit_row);
    QblkRemovedImage *removed = deleting->removed->pdata[0];
    removed->will_delete = TRUE;
    removed->is_local = FALSE;
    assert_refused(deleting, "cannot be deleted");

    g_autoptr(QblkPlan) half = plan_of(&commit_row);
    g_clear_pointer(&half->merged_into, g_free);
    assert_refused(half, "one of two merged images");

    g_autoptr(QblkPlan) marked = plan_of(&commit_row);
    replace(&marked->merged_path, "overlay");
    assert_refused(marked, "'overlay' is not an absolute path");

    g_autoptr(QblkPlan) ended = plan_of(&commit_row);
    qblk_plan_set_outcome(ended, "great");
    assert_refused(ended, "outcome 'great'");

    static const Row bitmaps = {"bitmaps", "commit", QBLK_COMMIT_PIVOT};
    g_autoptr(QblkPlan) lost = plan_of(&bitmaps);
    QblkPlannedBitmap *bitmap = lost->bitmaps->pdata[0];
    g_clear_pointer(&bitmap->into, g_free);
    assert_refused(lost, "bitmap 'transient'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_of_every_kind_is_read_as_it_was_written),
        cmocka_unit_test(plans_for_monitors_are_read_as_well),
        cmocka_unit_test(what_is_not_in_the_json_comes_from_the_options),
        cmocka_unit_test(text_that_is_no_plan_is_an_error),
        cmocka_unit_test(commands_that_no_plan_has_are_refused),
        cmocka_unit_test(commands_of_another_kind_of_plan_are_refused),
        cmocka_unit_test(commands_that_can_do_more_do_only_what_plans_need),
        cmocka_unit_test(commands_for_other_jobs_are_refused),
        cmocka_unit_test(steps_for_another_job_than_their_command_are_refused),
        cmocka_unit_test(steps_that_send_nothing_change_nothing),
        cmocka_unit_test(a_monitor_creates_no_other_object),
        cmocka_unit_test(steps_in_an_impossible_order_are_refused),
        cmocka_unit_test(images_that_are_not_described_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
