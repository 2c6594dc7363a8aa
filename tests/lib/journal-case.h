/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A directory for journals, and the plan and the VM of which they are.
 */
#pragma once

#include "blockjob/journal.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

typedef struct {
    char *directory;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlan *plan;
    QblkJournalVm vm;
} JournalCase;

/** The end fails if a file is left in the directory. */
int journal_case_set_up(void **state);
int journal_case_tear_down(void **state);

QblkJournal *journal_case_begin(const JournalCase *test);
void journal_case_note(QblkJournal *journal, QblkStage stage);
GPtrArray *journal_case_list(const JournalCase *test);
