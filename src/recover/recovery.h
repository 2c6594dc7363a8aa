/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The results of recovering, and the journals of operations that the caller decides on.
 */
#pragma once

#include "base/json.h"
#include "recover/recover-result.h"

#include <qblk/recover.h>

struct QblkRecovery {
    gatomicrefcount references;
    GPtrArray *results;  /* of QblkRecoverResult, owned */
    GError *error;       /* owned: what is in the way of the caller, or NULL */
    GPtrArray *journals; /* owned: of jobs that the caller ends.  They are left when the recovery is
                          * freed */
};

/** Returns: (transfer full): a recovery without results */
QblkRecovery *qblk_recovery_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** All results are known: make @recovery what they belong to. */
void qblk_recovery_seal(QblkRecovery *recovery);

/** Let the caller decide on the job of @journal, which was made from @record.
 * @journal: (transfer full). */
void qblk_recovery_hand_over(QblkRecovery *recovery, QblkJournal *journal,
                             const QblkJournalRecord *record);

/** Returns: the number of journals that @recovery (nullable) has. */
guint qblk_recovery_count_journals(const QblkRecovery *recovery);

/**
 * Begin the journal of @plan on @vm in @directory, in the place of that of the operation on the
 * same disk which the caller has decided on, if @recovery (nullable) has it.
 *
 * Returns: (transfer full): the journal; NULL with the error of qblk_journal_begin() or
 * qblk_journal_replace()
 */
QblkJournal *qblk_recovery_begin_journal(QblkRecovery *recovery, const char *directory,
                                         const QblkJournalVm *vm, const QblkPlan *plan,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The caller's request is accepted: end the journals of the job, or the disk, of @plan on @vm that
 * @recovery (nullable) has.  The others stay. */
void qblk_recovery_end_journals(QblkRecovery *recovery, const QblkJournalVm *vm,
                                const QblkPlan *plan);

/** Returns: (transfer full): the document of qblk_recovery_to_json() */
QblkJson *qblk_recovery_json_new(const QblkRecovery *recovery) G_GNUC_WARN_UNUSED_RESULT;
