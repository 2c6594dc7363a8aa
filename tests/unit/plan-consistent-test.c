/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plans of copies may do with objects and servers, and what a mend removes; other plans are in
 * plan-read-test. */
#include "plan/plan-consistent.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/leftovers.h"
#include "plan/plan-copy.h"

#include <qblk/error.h>
#include <qblk/planner.h>
#include <string.h>

static QblkStep *
step_of(const QblkPlan *plan, const char *command)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, command) == 0) {
            return step;
        }
    }
    fail_msg("no step with '%s'", command);
    return NULL;
}

static void
assert_read_as_written(const QblkPlan *plan)
{
    GError *error = NULL;
    g_autofree char *text = qblk_plan_to_json(plan);
    g_autoptr(QblkPlan) read = qblk_plan_from_json(text, NULL, &error);
    assert_no_error(error);
    g_autofree char *again = qblk_plan_to_json(read);
    assert_string_equal(again, text);
}

static void
assert_refused(const QblkPlan *plan, const char *part)
{
    GError *error = NULL;
    assert_false(qblk_plan_consistent_check(plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

/* A copy whose key is a secret. */
static QblkPlan *
encrypted_copy(void)
{
    QblkSecretFile key = {.id = (char[]){"k"}, .path = (char[]){"/d/key"}};
    g_autoptr(GPtrArray) secrets = g_ptr_array_new();
    g_autoptr(QblkReplies) replies = graph_fixture_load("drive-5-deep");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda", .secrets = secrets};
    const QblkCopyOptions options = {
        .destination = "/d/copy", .encryption = "k", .end = QBLK_COPY_FINISH};
    GError *error = NULL;

    g_ptr_array_add(secrets, &key);
    QblkPlan *plan = qblk_plan_make_copy(&context, &options, &error);
    assert_no_error(error);
    return plan;
}

static void
a_copy_creates_no_object_but_a_secret_in_a_file(void **state)
{
    static const struct {
        const char *arguments;
        gboolean is_accepted;
    } objects[] = {
        {"{'qom-type': 'secret', 'id': 'k', 'file': '/d/key'}", TRUE},
        {"{'qom-type': 'secret', 'id': 'k', 'file': 'key'}", FALSE},
        {"{'qom-type': 'secret', 'id': 'k', 'data': 'hunter2'}", FALSE},
        {"{'qom-type': 'secret', 'id': 'k', 'file': '/d/key', 'data': 'x'}", FALSE},
        {"{'qom-type': 'secret', 'id': 'k', 'props': {'file': '/d/key'}}", FALSE},
        {"{'qom-type': 'monitor-qmp', 'id': 'k', 'chardev': 'c'}", FALSE},
        {"{'qom-type': 'filter-dump', 'id': 'k', 'file': '/d/dump'}", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(objects); i++) {
        g_autoptr(QblkPlan) plan = encrypted_copy();
        QblkStep *step = step_of(plan, "object-add");
        qblk_json_unref(step->arguments);
        step->arguments = graph_fixture_json(objects[i].arguments);
        if (objects[i].is_accepted) {
            assert_read_as_written(plan);
        } else {
            assert_refused(plan, "'object-add', which no such plan does");
        }
    }
}

static void
a_copy_to_a_server_is_read_as_well(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("drive-5-deep");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    GError *error = NULL;

    assert_true(qblk_copy_options_set_destination(options, "nbd://h/x", &error));
    qblk_copy_options_set_format(options, "raw");
    qblk_copy_options_set_reuse(options, TRUE);
    qblk_copy_options_set_end(options, QBLK_COPY_PIVOT);
    g_autoptr(QblkPlan) plan = qblk_plan_make_copy(&context, options, &error);
    assert_no_error(error);
    assert_read_as_written(plan);
}

static void
a_copy_deletes_only_its_own_object(void **state)
{
    g_autoptr(QblkPlan) plan = encrypted_copy();
    qblk_json_set_string(step_of(plan, "object-del")->arguments, "id", "iothread0");
    assert_refused(plan, "'object-del', which no such plan does");

    g_autoptr(QblkPlan) undone = encrypted_copy();
    QblkStep *undo = step_of(undone, "object-add")->undo->pdata[0];
    qblk_json_set_string(undo->arguments, "id", "iothread0");
    assert_refused(undone, "'object-del', which no such plan does");
}

/* A mend that removes what may have been left. */
static QblkPlan *
removal(gboolean is_job, const char *name)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup(QBLK_PLAN_MEND);
    plan->target = g_strdup("vda");
    plan->job = g_strdup("qblk-mend-vda");
    plan->fingerprint = g_strdup("0");
    (void)qblk_leftovers_add_step(plan, is_job, name);
    return plan;
}

static void
a_mend_removes_only_what_has_a_name_of_its_disk(void **state)
{
    static const struct {
        gboolean is_job;
        const char *name;
        const char *part; /* of the error; NULL: accepted */
    } rows[] = {
        {TRUE, "qblk-copy-vda", NULL},
        {TRUE, "qblk-mend-vda-header", NULL},
        {TRUE, "qblk-copy-vdb", "'job-dismiss' to another job"},
        {TRUE, "backup0", "'job-dismiss' to another job"},
        {FALSE, "qblk-vda-1", NULL},
        {FALSE, "qblk-vda-1-file", NULL},
        {FALSE, "qblk-vdb-1", "'blockdev-del', which no such plan does"},
        {FALSE, "base", "'blockdev-del', which no such plan does"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkPlan) plan = removal(rows[i].is_job, rows[i].name);
        if (rows[i].part == NULL) {
            assert_true(qblk_leftovers_are_removed(plan));
            assert_read_as_written(plan);
        } else {
            assert_refused(plan, rows[i].part);
        }
    }
}

static void
a_removal_that_may_not_fail_is_refused(void **state)
{
    for (int is_job = 0; is_job < 2; is_job++) {
        g_autoptr(QblkPlan) plan = removal(is_job, is_job ? "qblk-copy-vda" : "qblk-vda-1");
        QblkStep *step = plan->steps->pdata[0];
        step->may_fail = FALSE;
        assert_refused(plan, is_job ? "'job-dismiss'" : "'blockdev-del'");
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mend_removes_only_what_has_a_name_of_its_disk),
        cmocka_unit_test(a_removal_that_may_not_fail_is_refused),
        cmocka_unit_test(a_copy_creates_no_object_but_a_secret_in_a_file),
        cmocka_unit_test(a_copy_deletes_only_its_own_object),
        cmocka_unit_test(a_copy_to_a_server_is_read_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
