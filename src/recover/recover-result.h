/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What became of an interrupted operation.
 */
#pragma once

#include "blockjob/journal.h"
#include "blockjob/run-state.h"

typedef enum {
    QBLK_RECOVER_COMPLETED,   /* resumed, and completed as planned */
    QBLK_RECOVER_READY,       /* resumed; its job is ready, and the user ends it */
    QBLK_RECOVER_ROLLED_BACK, /* the chain is as it was before */
    QBLK_RECOVER_RESTARTED,   /* its QEMU has ended; see QblkRestart for the disk of the new one */
    QBLK_RECOVER_BUSY,        /* another qblk works on it; nothing was done */
    QBLK_RECOVER_FAILED,      /* see the error; the journal is kept */
    QBLK_RECOVER_WOULD_COMPLETE,  /* of a dry run: it would be resumed and completed */
    QBLK_RECOVER_WOULD_ROLL_BACK, /* of a dry run */
} QblkRecoverOutcome;

/** What the disk of an operation has in a QEMU that was started since. */
typedef enum {
    QBLK_RESTART_ALL_DATA,      /* the image with all data */
    QBLK_RESTART_OTHER_IMAGE,   /* neither of the two images, and the guest had not switched */
    QBLK_RESTART_LAST_WRITES,   /* the new image; the last writes may be in the old one only */
    QBLK_RESTART_CHAIN_BEFORE,  /* the active image is the same; the chain below is as before */
    QBLK_RESTART_CHAIN_AFTER,   /* likewise; as planned */
    QBLK_RESTART_CHAIN_OTHER,   /* likewise; neither */
    QBLK_RESTART_CHAIN_UNKNOWN, /* the chain was not known before */
} QblkRestart;

/** All texts are owned. */
typedef struct {
    char *journal;       /* path */
    char *vm;            /* address of the monitor; NULL if the journal cannot be read */
    char *kind, *target; /* of the operation; NULL likewise */
    QblkStage stage;     /* in which the operation was interrupted */
    QblkRecoverOutcome outcome;
    QblkRestart restart;     /* with QBLK_RECOVER_RESTARTED */
    QblkRunEvent found;      /* of a dry run: why */
    char *job_state;         /* likewise: of the job; NULL: it does not exist */
    char *image;             /* that the disk has now, likewise; NULL: an empty drive */
    char *old_top, *new_top; /* active images before and after the operation, likewise; and of a dry
                              * run if the guest would be switched */
    GError *error;           /* with QBLK_RECOVER_FAILED */
} QblkRecoverResult;

/** Returns: (transfer full): a result for the operation of @record. */
QblkRecoverResult *qblk_recover_result_new(const QblkJournalRecord *record,
                                           QblkRecoverOutcome outcome) G_GNUC_WARN_UNUSED_RESULT;
void qblk_recover_result_free(QblkRecoverResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkRecoverResult, qblk_recover_result_free)

/** Returns: (transfer none): the word for @outcome in JSON, such as "rolled-back" */
const char *qblk_recover_outcome_name(QblkRecoverOutcome outcome);

/** Returns: TRUE if @result is of an operation that a dry run would change. */
gboolean qblk_recover_result_would_change(const QblkRecoverResult *result);

/** Returns: (transfer full): an empty list of QblkRecoverResult, which owns them. */
GPtrArray *qblk_recover_results_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the error of the first failure in @results, borrowed. */
const GError *qblk_recover_results_error(const GPtrArray *results);
