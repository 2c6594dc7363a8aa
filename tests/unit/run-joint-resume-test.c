/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interrupted operation without a job: the chain shows what became of it. */
#include "lib/joint-case.h"

#include <glib/gstdio.h>

typedef enum { BEFORE, AFTER, OTHER } Has;
typedef enum { EMPTY, WRITTEN, GONE } File; /* of the overlay */
typedef enum { COMPLETED, ROLLED_BACK, REFUSED } End;

typedef struct {
    QblkStage stage;
    Has chain;
    File file;
    gboolean has_node; /* QEMU has the node of the overlay, above the disk or not */
    End end;
    const char *part; /* of the error; NULL: no error */
} Row;

static void
set_chain(Joint *joint, const Row *row)
{
    QblkPlan *plan = joint->plans[0];
    if (row->chain != BEFORE) {
        joint_promise_recorded(joint);
    }
    if (row->chain == OTHER) {
        g_ptr_array_remove_index(plan->after, 0);
    }
    if (row->chain == BEFORE && row->has_node) { /* one that is not in the chain */
        QblkExpectation *overlay = plan->after->pdata[0];
        g_free(overlay->node_name);
        overlay->node_name = g_strdup("limited");
    }
}

static void
set_file(const Joint *joint, File file)
{
    if (file == WRITTEN) {
        assert_true(g_file_set_contents(joint->overlays[0], "data", -1, NULL));
    } else if (file == GONE) {
        assert_int_equal(g_unlink(joint->overlays[0]), 0);
    }
}

/* What a dry run finds is what a resume does. */
static void
check_preview(Joint *joint, const Row *row)
{
    g_auto(QblkRunPreview) preview = {0};
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = run_case_server();
    QblkClient *client = fake_qmp_connect(fake);
    gboolean is_known = qblk_run_resume_preview(client, joint->plans[0], row->stage,
                                                &joint->one->options, &preview, &error);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    assert_int_equal(is_known, row->end != REFUSED);
    if (is_known) {
        assert_int_equal(preview.end,
                         row->end == COMPLETED ? QBLK_RUN_COMPLETED : QBLK_RUN_ROLLED_BACK);
    }
}

static void
check_row(const Row *row)
{
    Joint *joint = joint_new(1);
    RunCase *one = joint->one;
    QblkRunState end = QBLK_RUN_UNKNOWN;
    set_chain(joint, row);
    set_file(joint, row->file);
    check_preview(joint, row);

    if (row->end == ROLLED_BACK) {
        fake_qmp_answer_recorded(one->fake);
        fake_qmp_expect(one->fake, "blockdev-del", "{\"node-name\": \"qblk-vda-1\"}");
        if (row->has_node) {
            fake_qmp_reply(one->fake, "{}");
        } else {
            fake_qmp_refuse(one->fake, "GenericError", "Failed to find node");
        }
    }
    QblkClient *client = fake_qmp_connect(one->fake);
    gboolean done =
        qblk_run_resume(client, joint->plans[0], row->stage, &one->options, &end, &one->error);
    qblk_client_unref(client);

    gboolean is_kept = row->file == WRITTEN || (row->file == EMPTY && row->end != ROLLED_BACK);
    assert_int_equal(done, row->part == NULL);
    joint_assert_left(joint, is_kept ? 1 : 0, row->end == REFUSED ? 1 : 0);
    if (done) {
        assert_int_equal(end, row->end == COMPLETED ? QBLK_RUN_COMPLETED : QBLK_RUN_ROLLED_BACK);
    } else {
        assert_error(one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, row->part);
    }
    joint_free(joint);
}

static void
the_chain_shows_what_became_of_it(void **state)
{
    static const char moved[] = "the guest may have switched from";
    static const char had_moved[] = "the guest had switched from";
    static const char kept[] = "it was rolled back, but '";
    static const Row rows[] = {
        /* the transaction was not sent */
        {QBLK_STAGE_PLANNED, BEFORE, EMPTY, TRUE, ROLLED_BACK, NULL},
        {QBLK_STAGE_PLANNED, BEFORE, GONE, FALSE, ROLLED_BACK, NULL},
        {QBLK_STAGE_PLANNED, BEFORE, WRITTEN, TRUE, ROLLED_BACK, kept},
        {QBLK_STAGE_STARTED, BEFORE, EMPTY, FALSE, ROLLED_BACK, NULL},
        {QBLK_STAGE_STARTED, BEFORE, GONE, FALSE, ROLLED_BACK, NULL},
        /* it may have been */
        {QBLK_STAGE_PIVOTING, BEFORE, EMPTY, TRUE, ROLLED_BACK, NULL},
        {QBLK_STAGE_PIVOTING, BEFORE, WRITTEN, TRUE, ROLLED_BACK, kept},
        {QBLK_STAGE_PIVOTING, AFTER, EMPTY, TRUE, COMPLETED, NULL},
        {QBLK_STAGE_PIVOTING, AFTER, WRITTEN, TRUE, COMPLETED, NULL},
        /* QEMU may have been restarted since */
        {QBLK_STAGE_PIVOTING, BEFORE, EMPTY, FALSE, ROLLED_BACK, NULL},
        {QBLK_STAGE_PIVOTING, BEFORE, WRITTEN, FALSE, REFUSED, moved},
        {QBLK_STAGE_PIVOTING, BEFORE, GONE, FALSE, REFUSED, moved},
        {QBLK_STAGE_CLEANING, BEFORE, EMPTY, TRUE, REFUSED, had_moved},
        /* nothing else was recorded, and the chain is as planned */
        {QBLK_STAGE_PLANNED, AFTER, WRITTEN, TRUE, COMPLETED, NULL},
        {QBLK_STAGE_STARTED, AFTER, WRITTEN, TRUE, COMPLETED, NULL},
        {QBLK_STAGE_CLEANING, AFTER, WRITTEN, TRUE, COMPLETED, NULL},
        /* it is neither */
        {QBLK_STAGE_STARTED, OTHER, EMPTY, TRUE, REFUSED, "is not as planned"},
        {QBLK_STAGE_PIVOTING, OTHER, WRITTEN, TRUE, REFUSED, "is not as planned"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        print_message("row %zu\n", i);
        check_row(&rows[i]);
    }
}

/* Nothing but steps that are complete by themselves: those that were not taken are left out. */
static void
a_plan_without_a_final_step_ends_where_it_was(void **state)
{
    Joint *joint = joint_new(1);
    QblkPlan *plan = joint->plans[0];
    QblkRunState end = QBLK_RUN_UNKNOWN;
    g_ptr_array_remove_index(plan->steps, 1);
    g_ptr_array_remove_index(plan->after, 0);
    g_ptr_array_set_size(plan->created, 0);
    fake_qmp_answer_recorded(joint->one->fake);
    run_case_refuse(joint->one->fake, "blockdev-del");
    QblkClient *client = fake_qmp_connect(joint->one->fake);
    gboolean done = qblk_run_resume(client, plan, QBLK_STAGE_PLANNED, &joint->one->options, &end,
                                    &joint->one->error);
    qblk_client_unref(client);
    assert_no_error(joint->one->error);
    assert_true(done);
    assert_int_equal(end, QBLK_RUN_ROLLED_BACK);
    joint_assert_left(joint, 1, 0);
    joint_free(joint);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_shows_what_became_of_it),
        cmocka_unit_test(a_plan_without_a_final_step_ends_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
