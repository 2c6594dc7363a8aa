/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans without a job: overlays that one transaction puts over two disks, here both of the one disk
 * that was recorded. */
#include "lib/graph-fixture.h"
#include "lib/joint-case.h"

#include "plan/plan-steps.h"

static void
note_state(const QblkPlan *plan, QblkRunState state, gpointer user_data)
{
    Joint *joint = user_data;
    g_string_append_printf(joint->states, "%s %s; ", plan->target, qblk_run_state_name(state));
    if (state == joint->stop_at) {
        joint->control.stops = 1;
    }
    /* The server shows one chain, before the transaction and after it. */
    for (guint i = 0; state == joint->changes_at && i < joint->n_plans; i++) {
        if (plan == joint->plans[i] && (i == 1 || !joint->changes_only_second)) {
            g_ptr_array_remove_index(joint->plans[i]->after, 0); /* as recorded */
            g_ptr_array_remove_index(joint->plans[i]->before, 0);
        }
    }
}

static void
joint_run(Joint *joint)
{
    RunCase *one = joint->one;
    g_autofree char *again = one->next == NULL ? NULL : fake_qmp_start(one->next);
    QblkClient *client = fake_qmp_connect(one->fake);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    for (guint i = 0; i < joint->n_plans; i++) {
        g_ptr_array_add(plans, joint->plans[i]);
    }

    one->options.address = again;
    one->options.state_changed = note_state;
    one->options.user_data = joint;
    one->done = qblk_run_plans(client, plans, &one->options, &one->error);
    qblk_client_unref(client);
}

static void
joint_run_well(Joint *joint)
{
    joint_run(joint);
    assert_no_error(joint->one->error);
    assert_true(joint->one->done);
    joint_assert_left(joint, joint->n_plans, 0);
    joint_free(joint);
}

static void
joint_succeed(Joint *joint)
{
    joint->changes_at = QBLK_RUN_COMMITTING;
    joint_run_well(joint);
}

/* It fails, and all is as before. */
static void
joint_fail(Joint *joint, int code, const char *part)
{
    joint_run(joint);
    assert_false(joint->one->done);
    joint_assert_left(joint, 0, 0);
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, code, part);
    joint_free(joint);
}

/* ---- what the server does ---- */

static void
accept_opens(FakeQmp *fake, guint count)
{
    for (guint i = 0; i < count; i++) {
        run_case_accept(fake, "blockdev-add", NULL, NULL);
    }
}

/* @count: of disks with an action in it */
static void
expect_transaction(FakeQmp *fake, guint count)
{
    fake_qmp_answer_recorded(fake); /* the chains and overlays are looked at before */
    static const char first[] = "{\"type\": \"blockdev-snapshot\", \"data\": {\"node\": "
                                "\"node-vda\", \"overlay\": \"qblk-vda-1\"}}";
    static const char second[] = "{\"type\": \"blockdev-snapshot\", \"data\": {\"node\": "
                                 "\"node-vdb\", \"overlay\": \"qblk-vdb-1\"}}";
    g_autofree char *arguments = g_strdup_printf("{\"actions\": [%s%s%s]}", first,
                                                 count > 1 ? ", " : "", count > 1 ? second : "");
    fake_qmp_expect(fake, "transaction", arguments);
}

static void
accept_rollback(FakeQmp *fake, guint count)
{
    for (guint i = count; i-- > 0;) {
        g_autofree char *arguments =
            g_strdup_printf("{\"node-name\": \"qblk-%s-1\"}", i == 0 ? "vda" : "vdb");
        fake_qmp_answer_recorded(fake);
        fake_qmp_expect(fake, "blockdev-del", arguments);
        fake_qmp_reply(fake, "{}");
    }
}

/* ---- success ---- */

static void
one_transaction_changes_all_disks(void **state)
{
    for (guint count = 1; count <= 2; count++) {
        Joint *joint = joint_new(count);
        accept_opens(joint->one->fake, count);
        expect_transaction(joint->one->fake, count);
        fake_qmp_reply(joint->one->fake, "{}");
        joint_succeed(joint);
    }
}

/* ---- the image below the overlay ---- */

#define BELOW "disk-1.qcow2" /* what the recorded chain has below its active layer */

static void
count_warning(const QblkPlan *plan, QblkRunWarning warning, const char *message, gpointer user_data)
{
    Joint *joint = user_data;
    assert_int_equal(warning, QBLK_RUN_WARNS_OF_WRITER);
    assert_ptr_equal(plan, joint->plans[0]);
    assert_non_null(strstr(message, BELOW "' open for writing"));
    joint->n_warnings++;
}

/* With copy-on-read QEMU still writes to its file. */
static void
an_image_below_that_stays_writable_is_warned_of(void **state)
{
    for (guint is_writable = 0; is_writable <= 1; is_writable++) {
        Joint *joint = joint_new(1);
        RunCase *one = joint->one;
        gsize length;
        g_autofree char *recorded = graph_fixture_text("throttle-blockdev", &length);
        g_auto(GStrv) parts = g_strsplit(recorded, "\"ro\":true", -1);
        g_autofree char *text = g_strjoinv(is_writable ? "\"ro\":false" : "\"ro\":true", parts);
        assert_true(g_strv_length(parts) > 1);
        fake_qmp_finish(one->fake);
        one->fake = fake_qmp_new_capture("7.2", text);
        one->options.warn = count_warning;

        accept_opens(one->fake, 1);
        expect_transaction(one->fake, 1);
        fake_qmp_reply(one->fake, "{}");
        joint->changes_at = QBLK_RUN_COMMITTING;
        joint_run(joint);
        assert_no_error(one->error);
        assert_int_equal(joint->n_warnings, is_writable);
        joint_free(joint);
    }
}

/* ---- journals ---- */

/* Of each disk it is on disk before the transaction is sent that its chain may change. */
static void
all_journals_are_written_before_the_transaction(void **state)
{
    Joint *joint = joint_new(2);
    accept_opens(joint->one->fake, 2);
    expect_transaction(joint->one->fake, 2);
    fake_qmp_close(joint->one->fake);
    joint_run(joint);
    assert_string_equal(joint->states->str,
                        "vda preparing; vda waiting; vdb preparing; vdb waiting; vda joined; "
                        "vdb joined; vda committing; vdb committing; vda unknown; vdb unknown; ");
    for (guint i = 0; i < 2; i++) {
        g_clear_pointer(&joint->journals[i], qblk_journal_leave);
    }
    g_autoptr(GPtrArray) records = qblk_journal_list(joint->one->directory, NULL);
    assert_int_equal(records->len, 2);
    for (guint i = 0; i < 2; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        assert_no_error(record->error);
        assert_int_equal(record->stage, QBLK_STAGE_PIVOTING);
    }
    assert_error(joint->one->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                 "the chain of 'vda' may have been changed");
    joint_assert_left(joint, 2, 2);
    joint_free(joint);
}

/* ---- the transaction is not answered ---- */

static Joint *
lose_transaction(void)
{
    Joint *joint = joint_new(2);
    joint->one->next = run_case_server();
    accept_opens(joint->one->fake, 2);
    fake_qmp_answer_recorded(joint->one->fake);
    run_case_disconnect(joint->one->fake, "transaction", TRUE);
    run_case_answer_jobs(joint->one->next, NULL, NULL);
    expect_transaction(joint->one->next, 2);
    return joint;
}

static void
a_transaction_that_was_not_answered_is_sent_again(void **state)
{
    Joint *joint = lose_transaction();
    fake_qmp_reply(joint->one->next, "{}");
    joint_succeed(joint);
}

static void
if_it_is_refused_then_the_first_one_was_carried_out_if_the_chains_show_it(void **state)
{
    Joint *joint = lose_transaction();
    fake_qmp_refuse(joint->one->next, "GenericError", "The overlay already has a backing image");
    joint_succeed(joint);
}

static void
if_it_is_refused_and_the_chains_are_unchanged_all_is_rolled_back(void **state)
{
    Joint *joint = lose_transaction();
    fake_qmp_refuse(joint->one->next, "GenericError", "Permission denied");
    accept_rollback(joint->one->next, 2);
    joint_fail(joint, QBLK_BLOCKJOB_ERROR_FAILED,
               "in one transaction with 'vdb': QEMU refused: 'transaction': Permission denied; the "
               "chain of 'vda' "
               "is unchanged");
}

static void
if_only_one_chain_was_changed_nothing_is_touched(void **state)
{
    Joint *joint = lose_transaction();
    joint->changes_at = QBLK_RUN_UNANSWERED;
    joint->changes_only_second = TRUE;
    fake_qmp_refuse(joint->one->next, "GenericError", "Permission denied");
    joint_run(joint);
    joint_assert_left(joint, 2, 2);
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                 "another client has changed the chain of one of the disks");
    joint_free(joint);
}

/* ---- failures before it ---- */

static void
a_transaction_that_is_refused_changes_no_disk(void **state)
{
    for (guint count = 1; count <= 2; count++) {
        Joint *joint = joint_new(count);
        accept_opens(joint->one->fake, count);
        expect_transaction(joint->one->fake, count);
        fake_qmp_refuse(joint->one->fake, "GenericError", "Cannot find device");
        accept_rollback(joint->one->fake, count);
        joint_fail(
            joint, QBLK_BLOCKJOB_ERROR_FAILED,
            count == 1
                ? "snapshot of 'vda': cannot put the overlay over the disk: QEMU "
                  "refused: 'transaction': Cannot find device; the chain of 'vda' is unchanged"
                : "is unchanged; the chain of 'vdb' is unchanged");
    }
}

static void
a_disk_that_cannot_be_prepared_rolls_the_others_back(void **state)
{
    Joint *joint = joint_new(2);
    accept_opens(joint->one->fake, 1);
    run_case_refuse(joint->one->fake, "blockdev-add");
    accept_rollback(joint->one->fake, 1);
    joint_run(joint);
    joint_assert_left(joint, 1, 0); /* that of vdb was not created by a step */
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                 "snapshot of 'vdb': cannot open the file of the overlay: QEMU refused");
    joint_free(joint);
}

static void
an_interrupt_before_it_rolls_all_back(void **state)
{
    static const QblkRunState states[] = {QBLK_RUN_PREPARING, QBLK_RUN_WAITING};
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        Joint *joint = joint_new(1);
        joint->stop_at = states[i];
        accept_opens(joint->one->fake, 1);
        accept_rollback(joint->one->fake, 1);
        joint_fail(joint, QBLK_BLOCKJOB_ERROR_CANCELLED,
                   "the snapshot of 'vda' was rolled back: interrupted; the chain of 'vda' is "
                   "unchanged");
    }

    Joint *joint = joint_new(2);
    joint->stop_at = QBLK_RUN_JOINED; /* of the first one */
    accept_opens(joint->one->fake, 2);
    accept_rollback(joint->one->fake, 2);
    joint_fail(joint, QBLK_BLOCKJOB_ERROR_CANCELLED, "the snapshot of 'vdb' was rolled back");
}

/* If the first overlay has another name meanwhile, its journal is not written. */
static void
what_cannot_be_recorded_is_not_sent(void **state)
{
    Joint *joint = joint_new(2);
    QblkPlan *plan = joint->plans[1];
    QblkExpectation *top = plan->after->pdata[0], *old = plan->before->pdata[0];
    old->file = (QblkFileIdentity){.device = 1, .inode = 1}; /* the files are known */
    g_free(top->path);
    top->path = g_build_filename(joint->one->directory, "renamed", NULL);
    accept_opens(joint->one->fake, 2);
    accept_rollback(joint->one->fake, 2);
    joint_fail(joint, QBLK_BLOCKJOB_ERROR_REFUSED, "was renamed or replaced");
}

static void
a_file_with_data_stays_and_is_named(void **state)
{
    Joint *joint = joint_new(1);
    QblkCreatedFile *file = joint->plans[0]->created->pdata[0];
    g_free(file->path);
    file->path = g_build_filename(joint->one->directory, "written", NULL);
    assert_true(g_file_set_contents(file->path, "data", -1, NULL));
    accept_opens(joint->one->fake, 1);
    expect_transaction(joint->one->fake, 1);
    fake_qmp_refuse(joint->one->fake, "GenericError", "Permission denied");
    accept_rollback(joint->one->fake, 1);
    joint_run(joint);
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                 "vda.overlay' was not deleted: it is not the image that was created");
    joint_free(joint);
}

/* An empty file is what QEMU would have created: it is another one all the same. */
static void
a_file_that_was_not_created_by_the_plan_stays(void **state)
{
    Joint *joint = joint_new(1);
    GPtrArray *steps = joint->plans[0]->steps;
    g_autofree char *text =
        g_strdup_printf("{\"job-id\": \"c\", \"options\": {\"driver\": \"file\", "
                        "\"filename\": \"%s\", \"size\": 0}}",
                        joint->overlays[0]);
    (void)qblk_plan_add_job(joint->plans[0], "create the file", "blockdev-create",
                            qblk_json_parse_printed(text), "c", "concluded");
    g_ptr_array_insert(steps, 1, g_ptr_array_steal_index(steps, steps->len - 1));
    accept_opens(joint->one->fake, 1);
    accept_rollback(joint->one->fake, 1);
    joint_run(joint);
    joint_assert_left(joint, 1, 0);
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "exists now: another process has created it");
    joint_free(joint);
}

/* A client may use the node. */
static void
a_node_that_is_not_deleted_is_no_rollback(void **state)
{
    Joint *joint = joint_new(1);
    const QblkStep *open = joint->plans[0]->steps->pdata[0];
    qblk_json_set_string(open->arguments, "node-name", "limited"); /* which is in the graph */
    accept_opens(joint->one->fake, 1);
    expect_transaction(joint->one->fake, 1);
    fake_qmp_refuse(joint->one->fake, "GenericError", "Permission denied");
    fake_qmp_answer_recorded(joint->one->fake);
    run_case_refuse(joint->one->fake, "blockdev-del");
    joint_run(joint);
    joint_assert_left(joint, 1, 1);
    assert_error(joint->one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                 "the snapshot of 'vda' could not be rolled back (QEMU did not delete the node "
                 "'limited', which is in use): snapshot of 'vda': cannot");
    joint_free(joint);
}

/* ---- steps before it ---- */

/* As blockdev-create, with the id of "job0" of run-case.h. */
static void
add_creates(QblkPlan *plan)
{
    for (guint i = 0; i < 2; i++) {
        QblkJson *arguments = qblk_json_parse_printed(
            "{\"job-id\": \"job0\", \"options\": {\"driver\": \"file\", \"filename\": \"/x\", "
            "\"size\": 0}}");
        (void)qblk_plan_add_job(plan, "create", "blockdev-create", arguments, "job0", "concluded");
        (void)qblk_plan_add_for_job(plan, "dismiss", "job-dismiss", "job0", NULL);
    }
    for (guint i = 0; i < 2; i++) { /* the others follow */
        g_ptr_array_add(plan->steps, g_ptr_array_steal_index(plan->steps, 0));
    }
}

/* The state of the first job is no sign of the second one, which has the same id. */
static void
a_second_job_of_one_id_is_seen_after_its_command_was_lost(void **state)
{
    Joint *joint = joint_new(1);
    RunCase *one = joint->one;
    add_creates(joint->plans[0]);
    one->next = run_case_server();
    run_case_accept(one->fake, "blockdev-create", "created running", "concluded");
    run_case_answer_jobs(one->fake, "concluded", NULL);
    run_case_accept(one->fake, "job-dismiss", "null", NULL);
    run_case_disconnect(one->fake, "blockdev-create", TRUE);

    run_case_answer_jobs(one->next, "running", NULL);
    run_case_status(one->next, "concluded");
    run_case_answer_jobs(one->next, "concluded", NULL);
    run_case_accept(one->next, "job-dismiss", "null", NULL);
    accept_opens(one->next, 1);
    expect_transaction(one->next, 1);
    fake_qmp_reply(one->next, "{}");
    joint_succeed(joint);
}

/* ---- a plan without a final step ---- */

static void
a_plan_with_neither_a_job_nor_a_final_step_ends_with_its_last_step(void **state)
{
    Joint *joint = joint_new(1);
    g_ptr_array_remove_index(joint->plans[0]->steps, 1);
    accept_opens(joint->one->fake, 1);
    joint->changes_at = QBLK_RUN_COMPLETED;
    joint_run_well(joint);
}

/* ---- a second interrupt ---- */

static void
interrupt_twice(const QblkPlan *plan, QblkRunState state, gpointer user_data)
{
    Joint *joint = user_data;
    joint->control.stops = state == QBLK_RUN_WAITING ? 2 : 0;
}

/* No job goes on by itself, and only the journal shows what is to be rolled back. */
static void
the_journal_of_what_the_user_has_left_stays(void **state)
{
    Joint *joint = joint_new(1);
    RunCase *one = joint->one;
    accept_opens(one->fake, 1);
    QblkClient *client = fake_qmp_connect(one->fake);
    one->options.state_changed = interrupt_twice;
    one->options.user_data = joint;
    assert_false(qblk_run_one(client, joint->plans[0], &one->options, &one->error));
    qblk_client_unref(client);
    joint_assert_left(joint, 1, 1);
    assert_error(one->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                 "the snapshot of 'vda' was neither completed nor rolled back: interrupted");
    joint_free(joint);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_transaction_changes_all_disks),
        cmocka_unit_test(an_image_below_that_stays_writable_is_warned_of),
        cmocka_unit_test(all_journals_are_written_before_the_transaction),
        cmocka_unit_test(a_transaction_that_was_not_answered_is_sent_again),
        cmocka_unit_test(if_it_is_refused_then_the_first_one_was_carried_out_if_the_chains_show_it),
        cmocka_unit_test(if_it_is_refused_and_the_chains_are_unchanged_all_is_rolled_back),
        cmocka_unit_test(if_only_one_chain_was_changed_nothing_is_touched),
        cmocka_unit_test(a_transaction_that_is_refused_changes_no_disk),
        cmocka_unit_test(a_disk_that_cannot_be_prepared_rolls_the_others_back),
        cmocka_unit_test(an_interrupt_before_it_rolls_all_back),
        cmocka_unit_test(what_cannot_be_recorded_is_not_sent),
        cmocka_unit_test(a_file_with_data_stays_and_is_named),
        cmocka_unit_test(a_file_that_was_not_created_by_the_plan_stays),
        cmocka_unit_test(a_node_that_is_not_deleted_is_no_rollback),
        cmocka_unit_test(a_second_job_of_one_id_is_seen_after_its_command_was_lost),
        cmocka_unit_test(a_plan_with_neither_a_job_nor_a_final_step_ends_with_its_last_step),
        cmocka_unit_test(the_journal_of_what_the_user_has_left_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
