/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operations may have left is looked at once more right before it is removed. */
#include "lib/graph-fixture.h"
#include "lib/run-case.h"
#include "plan/leftovers.h"

#include <string.h>

#define NODES  "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true},\"return\":["
#define GRAPH  "],\"nodes\":["
#define VERTEX "{\"name\":\"qblk-vda-1\",\"type\":\"block-driver\",\"id\":99},"
#define JOBS   "{\"execute\":\"query-jobs\",\"return\":["
#define NODE                                                                                       \
    "{\"node-name\":\"qblk-vda-1\",\"drv\":\"null-co\",\"ro\":false,\"file\":\"null-co://\","      \
    "\"image\":{\"filename\":\"null-co://\",\"format\":\"null-co\",\"virtual-size\":1}},"
#define JOB(state)                                                                                 \
    "{\"id\":\"qblk-copy-vda-create\",\"type\":\"create\",\"status\":\"" state                     \
    "\",\"current-progress\":0,\"total-progress\":1}"

typedef struct {
    gboolean is_job;
    gboolean is_there, is_running;
    gboolean is_named; /* a journal has its name */
    gboolean is_refused;
    const char *reason; /* why it remains; NULL: it does not */
} Row;

static void
insert(GString *text, const char *before, const char *more)
{
    gsize at = (gsize)(strstr(text->str, before) - text->str) + strlen(before);
    g_string_insert(text, (gssize)at, more);
}

/* A server whose QEMU has what is left. */
static FakeQmp *
make_server(const Row *row)
{
    gsize length;
    g_autofree char *recorded = graph_fixture_text("throttle-blockdev", &length);
    g_autoptr(GString) text = g_string_new(recorded);
    if (row->is_there && !row->is_job) {
        insert(text, NODES, NODE);
        insert(text, GRAPH, VERTEX);
    } else if (row->is_there) {
        insert(text, JOBS, row->is_running ? JOB("running") : JOB("concluded"));
    }

    FakeQmp *fake = fake_qmp_new_capture("7.2", text->str);
    const char *command = row->is_job ? "job-dismiss" : "blockdev-del";
    if (row->is_refused) {
        fake_qmp_answer_recorded(fake);
        fake_qmp_expect(fake, command, NULL);
        fake_qmp_refuse(fake, "GenericError", "it is in use");
        fake_qmp_answer_recorded(fake);
    } else if (row->is_there && row->reason == NULL) {
        fake_qmp_answer_recorded(fake);
        fake_qmp_expect(fake, command, NULL);
        fake_qmp_reply(fake, "{}");
        fake_qmp_answer_recorded(fake);
    }
    return fake;
}

/* The plan is a mend of the same disk instead; its own journal, which names what it removes, is
 * not a reason. */
static RunCase *
make_case(const Row *row)
{
    static const char *const names[] = {"qblk-vda-1", "qblk-copy-vda-create"};
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    QblkPlan *plan = test->plan;
    g_ptr_array_set_size(plan->steps, 0);
    g_ptr_array_set_size(plan->removed, 0);
    g_free(plan->kind);
    plan->kind = g_strdup(QBLK_PLAN_MEND);
    (void)qblk_leftovers_add_step(plan, row->is_job, names[row->is_job]);
    g_clear_pointer(&plan->merged, g_free);
    g_clear_pointer(&plan->merged_path, g_free);

    fake_qmp_finish(test->fake);
    test->fake = make_server(row);
    run_case_begin_journal(test);
    plan->state_dir = g_strdup(test->directory);
    return test;
}

/* Another operation, on a disk of another VM, is running. */
static QblkJournal *
begin_other(const RunCase *test)
{
    char address[] = "/run/other.qmp";
    const QblkJournalVm vm = {.address = address};
    g_autoptr(GError) error = NULL;
    QblkJournal *journal = qblk_journal_begin(test->directory, &vm, test->plan, &error);
    assert_no_error(error);
    return journal;
}

static void
note_reason(const QblkPlan *plan, const char *name, const char *reason, gpointer user_data)
{
    char **found = user_data;
    assert_null(*found);
    *found = g_strdup(reason);
}

static void
check_row(const Row *row)
{
    g_autofree char *reason = NULL;
    RunCase *test = make_case(row);
    QblkJournal *other = row->is_named ? begin_other(test) : NULL;
    test->options.remains = note_reason;
    test->options.user_data = &reason;

    run_case_run_well(test);
    if (row->reason == NULL) {
        assert_null(reason);
    } else {
        assert_non_null(reason);
        assert_non_null(strstr(reason, row->reason));
    }
    qblk_journal_leave(other);
    run_case_free(test);
}

static void
it_is_removed_only_if_it_is_still_left(void **state)
{
    static const Row rows[] = {
        {.is_there = TRUE},
        {.is_there = FALSE},
        {.is_there = TRUE,
         .is_refused = TRUE,
         .reason = "QEMU refused: 'blockdev-del': it is in use"},
        {.is_there = TRUE, .is_named = TRUE, .reason = "journal"},
        {.is_job = TRUE, .is_there = TRUE},
        {.is_job = TRUE, .is_there = FALSE},
        {.is_job = TRUE, .is_there = TRUE, .is_refused = TRUE, .reason = "it is in use"},
        {.is_job = TRUE, .is_there = TRUE, .is_running = TRUE, .reason = "'running' now"},
        {.is_job = TRUE, .is_there = TRUE, .is_named = TRUE, .reason = "journal"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        print_message("row %zu\n", i);
        check_row(&rows[i]);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_removed_only_if_it_is_still_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
