/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What became of an interrupted operation.
 */
#pragma once

#include "base/json.h"
#include "blockjob/journal.h"
#include "blockjob/run-state.h"

#include <qblk/recover.h>

/** All texts are owned. */
struct QblkRecoverResult {
    QblkRecovery *recovery; /* it belongs to */
    char *journal;          /* path */
    char *vm;               /* address of the monitor; NULL if the journal cannot be read */
    char *kind, *target;    /* of the operation; NULL likewise */
    gboolean lacks_job;     /* a command changes the chain by itself */
    gboolean is_repeatable; /* no command changes the chain: what was done stays */
    QblkStage stage;        /* in which the operation was interrupted */
    QblkRecoverOutcome outcome;
    QblkRestart restart;     /* with QBLK_RECOVER_RESTARTED */
    QblkRunEvent found;      /* of a dry run: why */
    char *job_state;         /* likewise: of the job; NULL: it does not exist */
    char *image;             /* that the disk has now, likewise; NULL: an empty drive */
    char *old_top, *new_top; /* active images before and after the operation, likewise; and of a dry
                              * run if the guest would be switched */
    GError *error;           /* with QBLK_RECOVER_FAILED */
};

/** Returns: (transfer full): a result for the operation of @record. */
QblkRecoverResult *qblk_recover_result_new(const QblkJournalRecord *record,
                                           QblkRecoverOutcome outcome) G_GNUC_WARN_UNUSED_RESULT;
void qblk_recover_result_free(QblkRecoverResult *result);

/** Returns: (transfer full): the document of qblk_recover_result_to_json() */
QblkJson *qblk_recover_result_json_new(const QblkRecoverResult *result) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): an empty list of QblkRecoverResult, which owns them. */
GPtrArray *qblk_recover_results_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the error of the first failure in @results, borrowed. */
const GError *qblk_recover_results_error(const GPtrArray *results);
