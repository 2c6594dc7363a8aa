/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/journal-case.h"

#include "plan/plan-commit.h"

#include <glib/gstdio.h>

int
journal_case_set_up(void **state)
{
    JournalCase *test = g_new0(JournalCase, 1);
    g_autoptr(GError) error = NULL;
    test->directory = g_dir_make_tmp("qblk-journal-XXXXXX", &error);
    test->replies = graph_fixture_load("throttle-blockdev");
    test->snapshot = graph_fixture_snapshot(test->replies);
    const QblkPlanContext context = {.snapshot = test->snapshot, .target = "vda"};
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    test->plan = qblk_plan_make_commit(&context, &options, &error);
    assert_no_error(error);
    test->vm.address = g_strdup("/run/vm.qmp");
    test->vm.uuid = g_strdup("00000000-0000-4000-8000-0000000071e5");
    test->vm.pid = 12;
    test->vm.start = 345;
    test->vm.thread = 13;
    *state = test;
    return 0;
}

int
journal_case_tear_down(void **state)
{
    JournalCase *test = *state;
    qblk_plan_unref(test->plan);
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
    qblk_journal_vm_clear(&test->vm);
    assert_int_equal(g_rmdir(test->directory), 0); /* it is empty */
    g_free(test->directory);
    g_free(test);
    return 0;
}

QblkJournal *
journal_case_begin(const JournalCase *test)
{
    g_autoptr(GError) error = NULL;
    QblkJournal *journal = qblk_journal_begin(test->directory, &test->vm, test->plan, &error);
    assert_no_error(error);
    return journal;
}

void
journal_case_note(QblkJournal *journal, QblkStage stage)
{
    g_autoptr(GError) error = NULL;
    assert_true(qblk_journal_note(journal, stage, NULL, &error));
    assert_no_error(error);
}

GPtrArray *
journal_case_list(const JournalCase *test)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *records = qblk_journal_list(test->directory, &error);
    assert_no_error(error);
    return records;
}
