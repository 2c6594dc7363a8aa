/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/mark-case.h"
#include "lib/run-case.h"
#include "operation/planner-check.h"
#include "operation/planner-read.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <qblk/planner.h>
#include <unistd.h>

/* A plan that was read, and the VM it is checked for. */
typedef struct {
    FakeQmp *fake;
    QblkClient *client;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlan *plan;
} Case;

/* @replies: (transfer full)
 * @version: of QEMU, that is asked once what it supports; NULL: it is not asked */
static Case
case_for(QblkReplies *replies, const char *version)
{
    Case test = {.fake = run_case_server()};
    if (version != NULL) {
        fake_qmp_expect_schema(test.fake, version);
    }
    test.client = fake_qmp_connect(test.fake);
    test.replies = replies;
    test.snapshot = graph_fixture_snapshot(test.replies);
    return test;
}

static Case
case_new(const char *topology)
{
    return case_for(graph_fixture_load(topology), NULL);
}

/* Read what @plan (transfer full) has as JSON. */
static void
case_read(Case *test, QblkPlan *plan, const QblkPlanOptions *options)
{
    GError *error = NULL;
    g_autofree char *text = qblk_plan_to_json(plan);

    test->plan = qblk_plan_from_json(text, options, &error);
    assert_no_error(error);
    qblk_plan_unref(plan);
}

static void
case_read_pull(Case *test)
{
    GError *error = NULL;
    QblkPlan *plan = qblk_plan_pull(test->client, test->snapshot, "vda", NULL, NULL, &error);
    assert_no_error(error);
    case_read(test, plan, NULL);
}

static void
case_clear(Case *test)
{
    qblk_plan_unref(test->plan);
    qblk_client_unref(test->client);
    fake_qmp_finish(test->fake);
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
}

static void
replace(char **text, const char *other)
{
    g_free(*text);
    *text = g_strdup(other);
}

static void
assert_valid(Case *test)
{
    GError *error = NULL;
    gboolean is_valid = qblk_planner_check_read(test->client, test->snapshot, test->plan, &error);
    assert_no_error(error);
    assert_true(is_valid);
}

static void
assert_checked(Case *test)
{
    assert_valid(test);
    case_clear(test);
}

/* @text: the JSON of the plan afterwards */
static void
assert_checked_as(Case *test, const char *text)
{
    assert_valid(test);
    g_autofree char *checked = qblk_plan_to_json(test->plan);
    assert_string_equal(checked, text);
    case_clear(test);
}

static void
assert_refused(Case *test, GQuark domain, int code, const char *part)
{
    GError *error = NULL;
    assert_false(qblk_planner_check_read(test->client, test->snapshot, test->plan, &error));
    assert_error(error, domain, code, part);
    case_clear(test);
}

static void
a_plan_that_was_read_is_valid_for_its_chain(void **state)
{
    Case test = case_new("throttle-blockdev");
    case_read_pull(&test);
    assert_checked(&test);
}

static void
a_plan_for_another_chain_is_stale(void **state)
{
    Case test = case_new("throttle-blockdev");
    case_read_pull(&test);
    test.plan->fingerprint[0] = test.plan->fingerprint[0] == '0' ? '1' : '0';
    assert_refused(&test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "plan again");
}

/* The runner compares the chain with these layers. */
static void
a_plan_for_other_layers_of_the_same_fingerprint_is_stale(void **state)
{
    for (guint i = 0; i < 4; i++) {
        Case test = case_new("throttle-blockdev");
        case_read_pull(&test);
        QblkExpectation *layer = test.plan->before->pdata[1];
        char **const texts[] = {&layer->node_name, &layer->format, &layer->filename};
        if (i < G_N_ELEMENTS(texts)) {
            replace(texts[i], "other");
        } else {
            g_ptr_array_set_size(test.plan->before, 1);
        }
        assert_refused(&test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "disk 'vda'");
    }
}

static void
a_disk_that_does_not_exist_is_an_error(void **state)
{
    Case test = case_new("throttle-blockdev");
    case_read_pull(&test);
    replace(&test.plan->target, "vdz");
    assert_refused(&test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vdz");
}

static void
what_this_qemu_does_not_have_is_refused(void **state)
{
    Case test = case_for(graph_fixture_load("throttle-blockdev"), "7.2");
    case_read_pull(&test);
    QblkStep *step = test.plan->steps->pdata[0];
    qblk_json_set_string(step->arguments, "new-argument", "x");
    assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "this QEMU cannot");
}

/* A plan of a dry run was not refused for its manager. */
static void
a_guest_of_a_manager_is_refused_unless_forced(void **state)
{
    for (guint forced = 0; forced < 2; forced++) {
        Case test = case_new("libvirt-names");
        g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
        GError *error = NULL;

        qblk_plan_options_set_dry_run(options, TRUE);
        QblkPlan *plan = qblk_plan_pull(test.client, test.snapshot, "vda", NULL, options, &error);
        assert_no_error(error);
        qblk_plan_options_set_dry_run(options, FALSE);
        qblk_plan_options_set_force_managed(options, forced == 1);
        case_read(&test, plan, options);
        if (forced == 1) {
            assert_checked(&test);
        } else {
            assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                           "--force-managed");
        }
    }
}

static void
the_job_of_a_plan_has_to_exist(void **state)
{
    for (guint is_gone = 0; is_gone < 2; is_gone++) {
        Case test = case_new("mirror-ready");
        GError *error = NULL;

        QblkPlan *plan = qblk_plan_job(test.client, test.snapshot, "vda", NULL, NULL, &error);
        assert_no_error(error);
        case_read(&test, plan, NULL);
        if (is_gone == 0) {
            assert_checked(&test);
            continue;
        }
        replace(&test.plan->job, "gone");
        assert_refused(&test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_JOB, "job 'gone'");
    }
}

/* Their images are layers of the disk, or of the copy. */
static void
the_images_of_jobs_are_found(void **state)
{
    static const struct {
        const char *topology;
        QblkJobAction action;
    } rows[] = {
        {"mirror-running", QBLK_JOB_WAIT}, {"mirror-running", QBLK_JOB_ABORT},
        {"mirror-ready", QBLK_JOB_PIVOT},  {"mirror-ready", QBLK_JOB_FINISH},
        {"mirror-ready", QBLK_JOB_ABORT},  {"commit-ready", QBLK_JOB_PIVOT},
        {"commit-ready", QBLK_JOB_FINISH}, {"commit-middle-running", QBLK_JOB_WAIT},
        {"stream-running", QBLK_JOB_WAIT}, {"stream-running", QBLK_JOB_ABORT},
        {"stream-pending", QBLK_JOB_WAIT}, {"stream-concluded", QBLK_JOB_WAIT},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Case test = case_new(rows[i].topology);
        g_autoptr(QblkJobRequest) request = qblk_job_request_new();
        GError *error = NULL;

        qblk_job_request_set_action(request, rows[i].action);
        QblkPlan *plan = qblk_plan_job(test.client, test.snapshot, "vda", request, NULL, &error);
        assert_no_error(error);
        g_autofree char *text = qblk_plan_to_json(plan);
        case_read(&test, plan, NULL);
        assert_checked_as(&test, text);
    }
}

static void
a_job_in_a_guest_of_a_manager_is_refused(void **state)
{
    static const QblkManager manager = {"some", "Some Manager", "some-command"};
    Case test = case_new("mirror-ready");
    GError *error = NULL;

    QblkPlan *plan = qblk_plan_job(test.client, test.snapshot, "vda", NULL, NULL, &error);
    assert_no_error(error);
    case_read(&test, plan, NULL);
    test.snapshot->manager = &manager;
    assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "Some Manager");
}

static void
a_new_job_needs_a_disk_without_a_job(void **state)
{
    Case test = case_new("mirror-ready");
    g_autoptr(QblkChain) chain = graph_fixture_chain(test.snapshot, "vda");
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    test.plan = g_steal_pointer(&plan);
    test.plan->kind = g_strdup("pull");
    test.plan->target = g_strdup("vda");
    test.plan->job = g_strdup("new");
    test.plan->fingerprint = g_strdup(chain->fingerprint);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_ptr_array_add(test.plan->before, qblk_plan_expectation_new(
                                               layer->node_name, layer->format, layer->filename));
    }
    assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "job");
}

/* ---- what would be lost ---- */

#define NODES                                                                                      \
    "base-file file /d/base.qcow2\nbase qcow2 /d/base.qcow2 file=base-file\n"                      \
    "middle-file file /d/middle.qcow2\n"                                                           \
    "middle qcow2 /d/middle.qcow2 file=middle-file backing=base\n"                                 \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=middle"

static void
case_replace_blocks(Case *test, const char *blocks)
{
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
    test->replies = graph_fixture_machine(NODES, blocks);
    test->snapshot = graph_fixture_snapshot(test->replies);
}

/* The chain is the same then. */
static void
an_image_that_another_disk_has_got_since_is_not_changed(void **state)
{
    for (guint is_shared = 0; is_shared < 2; is_shared++) {
        Case test = case_for(graph_fixture_machine(NODES, "vda - top"), NULL);
        const QblkPlanContext context = {.snapshot = test.snapshot, .target = "vda"};
        const QblkCommitOptions options = {.top = "vda[1]"};
        case_read(&test, qblk_plan_make_commit(&context, &options, NULL), NULL);

        case_replace_blocks(&test, is_shared == 1 ? "vda - top\nvdb - base" : "vda - top");
        if (is_shared == 0) {
            assert_checked(&test);
        } else {
            assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                           "also used by disk 'vdb'");
        }
    }
}

static void
a_job_on_layers_of_another_disk_is_refused(void **state)
{
    Case test = case_new("throttle-blockdev");
    case_read_pull(&test);
    QblkStep *step = test.plan->steps->pdata[0];
    qblk_json_set_string(step->arguments, "device", "other");
    assert_refused(&test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "plan again");
}

static void
assert_not_deleted(const char *filename, const char *path)
{
    Case test = case_new("throttle-blockdev");
    case_read_pull(&test);
    QblkRemovedImage *image = test.plan->removed->pdata[0];
    const QblkRemovedImage edited = {.filename = g_strdup(filename == NULL ? path : filename),
                                     .path = g_strdup(path),
                                     .is_local = TRUE,
                                     .will_delete = TRUE};
    g_free(image->filename);
    g_free(image->path);
    *image = edited;
    for (guint i = 0; i < test.plan->after->len; i++) {
        QblkExpectation *layer = test.plan->after->pdata[i];
        g_clear_pointer(&layer->path, g_free); /* it is not synced */
    }
    assert_refused(&test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                   "which is no layer that leaves its chain");
}

/* This process, the server, has the file open, as QEMU has its logs. */
static void
a_file_that_is_not_of_the_chain_is_not_deleted(void **state)
{
    const MarkCase *mark = *state;
    int fd = open(mark->image, O_RDONLY | O_CLOEXEC);
    Case test = case_new("throttle-blockdev");
    g_autoptr(QblkChain) chain = graph_fixture_chain(test.snapshot, "vda");
    const QblkLayer *top = chain->layers->pdata[0], *base = chain->layers->pdata[1];
    assert_not_deleted(NULL, mark->image);
    assert_not_deleted(base->filename, mark->image);
    assert_not_deleted(top->filename, qblk_plan_layer_path(top));
    close(fd);
    case_clear(&test);
    mark_case_assert_tidy(mark);
}

/* ---- paths ---- */

static Case
case_of_pivot(void)
{
    Case test = case_for(graph_fixture_machine(NODES, "vda - top"), NULL);
    const QblkPlanContext context = {.snapshot = test.snapshot, .target = "vda"};
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    case_read(&test, qblk_plan_make_commit(&context, &options, NULL), NULL);
    return test;
}

/* Marks are written beside them. */
static void
paths_come_from_the_chain(void **state)
{
    Case test = case_of_pivot();
    const GPtrArray *const chains[] = {test.plan->before, test.plan->after};
    g_autofree char *text = qblk_plan_to_json(test.plan);

    assert_non_null(test.plan->merged_path);
    replace(&test.plan->merged_path, "/victim");
    replace(&test.plan->merged_into_path, "/victim");
    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            QblkExpectation *layer = chains[i]->pdata[j];
            replace(&layer->path, "/victim");
        }
    }
    assert_checked_as(&test, text);
}

static void
assert_not_named(Case *test, const char *part)
{
    assert_refused(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
images_that_are_not_of_the_disk_are_not_marked(void **state)
{
    for (guint i = 0; i < 2; i++) {
        Case test = case_of_pivot();
        replace(i == 0 ? &test.plan->merged : &test.plan->merged_into, "/victim");
        assert_not_named(&test, "would mark '/victim'");
    }
    for (guint i = 0; i < 3; i++) {
        Case test = case_of_pivot();
        QblkExpectation *top = test.plan->after->pdata[0];
        char **const names[] = {&test.plan->partial, &test.plan->copy, &top->filename};
        replace(names[i], "/victim");
        assert_not_named(&test, "names '/victim'");
    }
}

/* The file of a copy is not in the chain. */
static void
a_copy_is_the_file_that_its_steps_open(void **state)
{
    for (guint i = 0; i < 3; i++) {
        Case test = case_for(graph_fixture_machine(NODES, "vda - top"), NULL);
        const QblkPlanContext context = {.snapshot = test.snapshot, .target = "vda"};
        const QblkCopyOptions options = {.destination = "/d/copy", .end = QBLK_COPY_PIVOT};
        case_read(&test, qblk_plan_make_copy(&context, &options, NULL), NULL);
        g_autofree char *text = qblk_plan_to_json(test.plan);

        QblkExpectation *top = test.plan->after->pdata[0];
        char **const names[] = {&top->path, &test.plan->partial, &top->filename};
        replace(names[i], "/victim");
        if (i == 0) {
            assert_checked_as(&test, text);
        } else {
            assert_not_named(&test, "names '/victim'");
        }
    }
}

/* ---- marks ---- */

/* The active layer of a plan is the image of @mark, which this process, the server, has open. */
static void
a_marked_image_is_refused_on_this_machine(void **state)
{
    const MarkCase *mark = *state;
    Case test = case_new("throttle-blockdev");
    int fd = open(mark->image, O_RDONLY | O_CLOEXEC);
    GError *error = NULL;

    test.plan = qblk_plan_pull(test.client, test.snapshot, "vda", NULL, NULL, &error);
    assert_no_error(error);
    assert_false(test.plan->is_local);

    QblkExpectation *top = test.plan->before->pdata[0];
    replace(&top->path, mark->image);
    replace(&test.plan->state_dir, mark->state_dir);
    gboolean is_good = qblk_planner_check(test.client, test.snapshot, test.plan, &error);
    assert_no_error(error);
    assert_true(is_good);
    assert_true(test.plan->is_local);

    mark_case_write(mark, mark->image, TRUE);
    assert_false(qblk_planner_check(test.client, test.snapshot, test.plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, mark->beside);
    assert_int_equal(g_unlink(mark->beside), 0);
    close(fd);
    case_clear(&test);
    mark_case_assert_tidy(mark);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_that_was_read_is_valid_for_its_chain),
        cmocka_unit_test(a_plan_for_another_chain_is_stale),
        cmocka_unit_test(a_plan_for_other_layers_of_the_same_fingerprint_is_stale),
        cmocka_unit_test(a_disk_that_does_not_exist_is_an_error),
        cmocka_unit_test(what_this_qemu_does_not_have_is_refused),
        cmocka_unit_test(a_guest_of_a_manager_is_refused_unless_forced),
        cmocka_unit_test(the_job_of_a_plan_has_to_exist),
        cmocka_unit_test(the_images_of_jobs_are_found),
        cmocka_unit_test(a_job_in_a_guest_of_a_manager_is_refused),
        cmocka_unit_test(a_new_job_needs_a_disk_without_a_job),
        cmocka_unit_test(an_image_that_another_disk_has_got_since_is_not_changed),
        cmocka_unit_test(a_job_on_layers_of_another_disk_is_refused),
        cmocka_unit_test(paths_come_from_the_chain),
        cmocka_unit_test(images_that_are_not_of_the_disk_are_not_marked),
        cmocka_unit_test(a_copy_is_the_file_that_its_steps_open),
        MARK_TEST(a_file_that_is_not_of_the_chain_is_not_deleted),
        MARK_TEST(a_marked_image_is_refused_on_this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
