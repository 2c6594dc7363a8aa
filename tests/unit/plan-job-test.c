/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

static QblkPlan *
plan_in(const QblkReplies *replies, const char *name, QblkJobRequest request, GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = name, .speed = 42};
    const QblkJob *job = qblk_plan_job_find(snapshot, name);
    assert_non_null(job);
    return qblk_plan_make_job(&context, job, &request, error);
}

/* Replies in which all jobs are in @state; NULL: as recorded. */
static QblkReplies *
load(const char *topology, const char *state)
{
    QblkReplies *replies = graph_fixture_load(topology);
    if (state != NULL) {
        g_autofree char *text = qblk_json_print(
            graph_fixture_reply(replies, "query-jobs", NULL)->value, QBLK_JSON_COMPACT);
        g_autoptr(GRegex) status = g_regex_new("\"status\": ?\"[a-z]*\"", 0, 0, NULL);
        g_autofree char *other = g_strdup_printf("\"status\":\"%s\"", state);
        g_autofree char *changed = g_regex_replace_literal(status, text, -1, 0, other, 0, NULL);
        graph_fixture_replace(replies, "query-jobs", NULL, changed);
    }
    return replies;
}

/* "job-complete!>concluded": the commands ("-": no command), final ones, and what ends them. */
static char *
steps_of(const QblkPlan *plan)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        g_string_append_printf(text, "%s%s%s%s%s", i == 0 ? "" : " ",
                               step->command == NULL ? "-" : step->command,
                               step->is_final ? "!" : "", step->until == NULL ? "" : ">",
                               step->until == NULL ? "" : step->until);
    }
    return g_string_free(text, FALSE);
}

static void
each_action_has_its_commands(void **state)
{
    static const struct {
        const char *topology, *state;
        QblkJobRequest request;
        const char *steps;
    } cases[] = {
        {"mirror-ready", NULL, {.action = QBLK_JOB_PIVOT}, NULL},
        {"mirror-ready", NULL, {.action = QBLK_JOB_FINISH}, NULL},
        {"mirror-ready", NULL, {.action = QBLK_JOB_ABORT}, NULL},
        {"mirror-ready", NULL, {.action = QBLK_JOB_WAIT}, ""},
        {"mirror-ready", "standby", {.action = QBLK_JOB_WAIT}, ""},
        {"mirror-ready", NULL, {.action = QBLK_JOB_PAUSE}, "job-pause"},
        {"mirror-ready", "standby", {.action = QBLK_JOB_RESUME}, "job-resume"},
        {"mirror-ready", NULL, {.action = QBLK_JOB_LIMIT}, "block-job-set-speed"},
        {"mirror-running", NULL, {.action = QBLK_JOB_WAIT}, "->ready"},
        {"commit-ready", NULL, {.action = QBLK_JOB_WAIT}, ""},
        {"commit-running", "paused", {.action = QBLK_JOB_RESUME}, "job-resume"},
        {"stream-concluded", NULL, {.action = QBLK_JOB_WAIT}, "->concluded job-dismiss"},
        {"stream-concluded", NULL, {.action = QBLK_JOB_ABORT}, "->concluded job-dismiss"},
        {"stream-running-undismissed", NULL, {.action = QBLK_JOB_WAIT}, "->concluded job-dismiss"},
        {"stream-running-undismissed",
         NULL,
         {.action = QBLK_JOB_ABORT},
         "job-cancel>concluded job-dismiss"},
        {"stream-concluded", "aborting", {.action = QBLK_JOB_WAIT}, "->concluded job-dismiss"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = load(cases[i].topology, cases[i].state);
        const char *name =
            strstr(cases[i].steps == NULL ? "" : cases[i].steps, "dismiss") ? "stream0" : "vda";
        g_autoptr(QblkPlan) plan = plan_in(replies, name, cases[i].request, &error);
        assert_no_error(error);
        assert_true(plan->existing_job);
        g_autofree char *steps = steps_of(plan);
        if (cases[i].steps != NULL) {
            assert_string_equal(steps, cases[i].steps);
        } else {
            assert_true(g_str_has_prefix(steps, cases[i].request.action == QBLK_JOB_PIVOT
                                                    ? "job-complete!>"
                                                    : "block-job-cancel!>"));
        }
    }
}

/* Only a copy leaves an image that is incomplete. */
static void
an_end_without_a_pivot_has_an_outcome_of_its_own(void **state)
{
    static const struct {
        const char *topology, *state, *name;
        QblkJobAction action;
        const char *outcome; /* NULL: "done" */
        gboolean is_partial;
    } cases[] = {
        {"mirror-running", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, TRUE},
        {"mirror-ready", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, FALSE},
        {"mirror-ready", NULL, "vda", QBLK_JOB_FINISH, QBLK_OUTCOME_FINISHED, FALSE},
        {"mirror-ready", NULL, "vda", QBLK_JOB_PIVOT, NULL, FALSE},
        {"mirror-ready", NULL, "vda", QBLK_JOB_WAIT, NULL, FALSE},
        {"commit-running", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, FALSE},
        {"commit-ready", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, FALSE},
        {"commit-middle-running", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, FALSE},
        {"stream-running", NULL, "vda", QBLK_JOB_ABORT, QBLK_OUTCOME_CANCELLED, FALSE},
        {"stream-running", NULL, "vda", QBLK_JOB_WAIT, NULL, FALSE},
        {"stream-concluded", NULL, "stream0", QBLK_JOB_WAIT, QBLK_OUTCOME_DISMISSED, FALSE},
        {"stream-concluded", NULL, "stream0", QBLK_JOB_ABORT, QBLK_OUTCOME_DISMISSED, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = load(cases[i].topology, cases[i].state);
        const QblkJobRequest request = {.action = cases[i].action};
        g_autoptr(QblkPlan) plan = plan_in(replies, cases[i].name, request, &error);
        assert_no_error(error);
        assert_int_equal(g_strcmp0(plan->outcome, cases[i].outcome), 0);
        assert_int_equal(plan->partial != NULL, cases[i].is_partial);
        assert_true(plan->partial == NULL || g_str_has_suffix(plan->partial, ".qcow2"));
    }
}

static void
invalid_requests_are_refused(void **state)
{
    static const struct {
        const char *topology, *state;
        QblkJobRequest request;
        const char *part;
    } cases[] = {
        {"mirror-running", NULL, {.action = QBLK_JOB_PIVOT}, "not ready yet (running): add --wait"},
        {"mirror-running", "paused", {.action = QBLK_JOB_FINISH}, "(paused): add --wait"},
        {"mirror-ready",
         "pending",
         {.action = QBLK_JOB_PIVOT, .waits = TRUE},
         "not ready (pending)"},
        {"commit-middle-running",
         NULL,
         {.action = QBLK_JOB_PIVOT, .waits = TRUE},
         "ends by itself"},
        {"stream-running", NULL, {.action = QBLK_JOB_FINISH, .waits = TRUE}, "ends by itself"},
        {"stream-concluded", NULL, {.action = QBLK_JOB_PIVOT}, "is concluded"},
        {"mirror-ready", NULL, {.action = QBLK_JOB_RESUME}, "cannot be resumed: it is ready"},
        {"mirror-ready", "standby", {.action = QBLK_JOB_PAUSE}, "cannot be paused: it is standby"},
        {"stream-pending",
         NULL,
         {.action = QBLK_JOB_LIMIT},
         "the speed of job 'stream0' cannot be changed"},
        {"stream-pending", NULL, {.action = QBLK_JOB_PAUSE}, "cannot be paused: it is pending"},
        {"mirror-ready",
         NULL,
         {.action = QBLK_JOB_PIVOT, .delete_removed = TRUE},
         "only after a commit: it is not known what job 'mirror0' (mirror) has copied"},
        {"commit-ready",
         NULL,
         {.action = QBLK_JOB_FINISH, .delete_removed = TRUE},
         "only if job 'commit0' ends with a pivot"},
        {"commit-ready",
         NULL,
         {.action = QBLK_JOB_WAIT, .delete_removed = TRUE},
         "only if job 'commit0' ends with a pivot"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(QblkReplies) replies = load(cases[i].topology, cases[i].state);
        const char *name =
            g_str_has_prefix(cases[i].topology, "stream-concluded") ? "stream0" : "vda";
        assert_null(plan_in(replies, name, cases[i].request, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, cases[i].part);
    }
}

/* All layers above the base, which has their data. */
static void
a_pivot_of_a_commit_deletes_what_it_has_merged(void **state)
{
    for (guint is_deleted = FALSE; is_deleted <= TRUE; is_deleted++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
        const QblkJobRequest request = {.action = QBLK_JOB_PIVOT, .delete_removed = is_deleted};
        g_autoptr(QblkPlan) plan = plan_in(replies, "vda", request, &error);
        assert_no_error(error);
        assert_int_equal(plan->removed->len, plan->before->len - plan->after->len);
        assert_true(plan->removed->len > 0);
        for (guint i = 0; i < plan->removed->len; i++) {
            const QblkRemovedImage *image = plan->removed->pdata[i];
            const QblkExpectation *before = plan->before->pdata[i];
            assert_string_equal(image->filename, before->filename);
            assert_int_equal(image->will_delete, is_deleted);
        }
    }
}

static void
a_job_finalizes_and_dismisses_as_its_client_specified(void **state)
{
    static const struct {
        gboolean finalizes, dismisses;
        const char *begin;
    } cases[] = {
        {TRUE, TRUE, "->concluded"},
        {TRUE, FALSE, "->concluded job-dismiss"},
        {FALSE, TRUE, "->pending human-monitor-command job-finalize!>concluded"},
        {FALSE, FALSE, "->pending human-monitor-command job-finalize!>concluded job-dismiss"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = graph_fixture_load("commit-middle-running");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
        const QblkJob *found = qblk_plan_job_find(snapshot, "vda");
        QblkJob job = *found;
        job.auto_finalize = cases[i].finalizes;
        job.auto_dismiss = cases[i].dismisses;
        const QblkJobRequest request = {.action = QBLK_JOB_WAIT};
        g_autoptr(QblkPlan) plan = qblk_plan_make_job(&context, &job, &request, &error);
        assert_no_error(error);
        g_autofree char *steps = steps_of(plan);
        assert_true(g_str_has_prefix(steps, cases[i].begin));
        assert_int_equal(strstr(steps, "job-finalize!>concluded") != NULL, !cases[i].finalizes);
        assert_int_equal(strstr(steps, "job-dismiss") != NULL, !cases[i].dismisses);
    }
}

/* A mirror that is concluded has let go of its nodes, so that it is known by its id alone. */
static void
a_job_that_is_over_is_found_by_the_id_that_plans_give(void **state)
{
    static const char job[] = "[{'id': 'qblk-copy-vda', 'type': 'mirror', 'status': 'concluded', "
                              "'current-progress': 1, 'total-progress': 1}]";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load("virtio-5-deep");
    graph_fixture_replace(replies, "query-jobs", NULL, job);
    g_autoptr(QblkPlan) plan =
        plan_in(replies, "vda", (QblkJobRequest){.action = QBLK_JOB_WAIT}, &error);
    assert_no_error(error);
    g_autofree char *steps = steps_of(plan);
    assert_string_equal(steps, "->concluded job-dismiss");
}

static void
a_job_of_no_disk_is_refused(void **state)
{
    static const char job[] = "[{'id': 'make', 'type': 'create', 'status': 'running', "
                              "'current-progress': 1, 'total-progress': 1}]";
    GError *error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load("virtio-5-deep");
    graph_fixture_replace(replies, "query-jobs", NULL, job);
    assert_null(plan_in(replies, "make", (QblkJobRequest){.action = QBLK_JOB_ABORT}, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "does not work on a disk");
}

/* Replace @from by @to in the replies that name nodes or jobs. */
static void
replace_names(QblkReplies *replies, const char *from, const char *to)
{
    static const char *const commands[] = {"query-block", "x-debug-query-block-graph", "query-jobs",
                                           "query-block-jobs"};
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *text = qblk_json_print(
            graph_fixture_reply(replies, commands[i], NULL)->value, QBLK_JSON_COMPACT);
        g_auto(GStrv) parts = g_strsplit(text, from, -1);
        g_autofree char *changed = g_strjoinv(to, parts);
        graph_fixture_replace(replies, commands[i], NULL, changed);
    }
}

/* Where it runs to its end by itself the nodes must not be asked for (7.2). */
static void
a_job_of_a_guest_of_libvirt_needs_force_if_its_chain_is_not_known(void **state)
{
    static const struct {
        const char *from, *to, *id, *part; /* NULL: it is the user's own */
    } cases[] = {
        {NULL, NULL, "stream0", NULL},
        {"\"disk-2\"", "\"libvirt-2-format\"", "stream0", "belongs to a guest of libvirt"},
        {"\"disk-2\"", "\"libvirt-CoR-vda\"", "stream0", "belongs to a guest of libvirt"},
        {"\"disk-base\"", "\"libvirt-1-format\"", "stream0", "belongs to a guest of libvirt"},
        {NULL, NULL, "pull-vda-libvirt-2-format", "belongs to a guest of libvirt"},
        {NULL, NULL, "pull-vda-libvirt", NULL},
        {"", NULL, "stream0", "may belong to a guest of libvirt"},
    };
    static const QblkJobAction actions[] = {QBLK_JOB_WAIT, QBLK_JOB_ABORT, QBLK_JOB_PAUSE,
                                            QBLK_JOB_LIMIT};
    for (gsize i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(actions); i++) {
        GError *error = NULL;
        const char *from = cases[i / G_N_ELEMENTS(actions)].from;
        const char *to = cases[i / G_N_ELEMENTS(actions)].to;
        const char *id = cases[i / G_N_ELEMENTS(actions)].id;
        const char *part = cases[i / G_N_ELEMENTS(actions)].part;
        g_autoptr(QblkReplies) replies = graph_fixture_load("stream-running-undismissed");
        if (to != NULL) {
            replace_names(replies, from, to);
        } else if (from != NULL) {
            graph_fixture_replace(replies, "query-block", NULL, "[]");
            graph_fixture_replace(replies, "x-debug-query-block-graph", NULL,
                                  "{'nodes': [], 'edges': []}");
        }
        g_autofree char *quoted_id = g_strdup_printf("\"%s\"", id);
        replace_names(replies, "\"stream0\"", quoted_id);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        assert_non_null(snapshot->no_nodes_reason);
        QblkPlanContext context = {.snapshot = snapshot, .target = id, .speed = 42};
        const QblkJob *job = qblk_plan_job_find(snapshot, id);
        assert_non_null(job);
        const QblkJobRequest request = {.action = actions[i % G_N_ELEMENTS(actions)]};
        g_autoptr(QblkPlan) plan = qblk_plan_make_job(&context, job, &request, &error);
        assert_int_equal(plan == NULL, part != NULL);
        if (part != NULL) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
        }
        context.force_managed = TRUE;
        g_autoptr(QblkPlan) forced = qblk_plan_make_job(&context, job, &request, &error);
        assert_no_error(error);
        assert_non_null(forced);
    }
}

/* A job that is over has let go of its nodes. */
static void
nor_is_one_that_is_over(void **state)
{
    static const char job[] = "[{'id': 'copy-vda', 'type': 'mirror', 'status': 'concluded', "
                              "'current-progress': 1, 'total-progress': 1}]";
    GError *error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load("libvirt-names");
    graph_fixture_replace(replies, "query-jobs", NULL, job);
    assert_null(plan_in(replies, "copy-vda", (QblkJobRequest){.action = QBLK_JOB_WAIT}, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "--force-managed");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_action_has_its_commands),
        cmocka_unit_test(an_end_without_a_pivot_has_an_outcome_of_its_own),
        cmocka_unit_test(invalid_requests_are_refused),
        cmocka_unit_test(a_pivot_of_a_commit_deletes_what_it_has_merged),
        cmocka_unit_test(a_job_finalizes_and_dismisses_as_its_client_specified),
        cmocka_unit_test(a_job_that_is_over_is_found_by_the_id_that_plans_give),
        cmocka_unit_test(a_job_of_no_disk_is_refused),
        cmocka_unit_test(a_job_of_a_guest_of_libvirt_needs_force_if_its_chain_is_not_known),
        cmocka_unit_test(nor_is_one_that_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
