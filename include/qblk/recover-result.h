/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of an interrupted operation.
 */
#pragma once

#include <qblk/error.h>
#include <qblk/stage.h>

G_BEGIN_DECLS

/**
 * QblkRecoverOutcome:
 * @QBLK_RECOVER_COMPLETED: it was resumed, and completed as planned
 * @QBLK_RECOVER_READY: it was resumed; its job is ready, and the user ends it
 * @QBLK_RECOVER_ROLLED_BACK: the chain is as it was before
 * @QBLK_RECOVER_RESTARTED: its QEMU has ended; a QblkRestart tells what the disk of the new one
 *   has
 * @QBLK_RECOVER_BUSY: another process works on it; nothing was done
 * @QBLK_RECOVER_FAILED: it has an error; the journal is kept
 * @QBLK_RECOVER_WOULD_COMPLETE: of a dry run: it would be resumed and completed
 * @QBLK_RECOVER_WOULD_ROLL_BACK: of a dry run: it would be rolled back
 *
 * How recovering an operation has ended.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_RECOVER_COMPLETED,
    QBLK_RECOVER_READY,
    QBLK_RECOVER_ROLLED_BACK,
    QBLK_RECOVER_RESTARTED,
    QBLK_RECOVER_BUSY,
    QBLK_RECOVER_FAILED,
    QBLK_RECOVER_WOULD_COMPLETE,
    QBLK_RECOVER_WOULD_ROLL_BACK,
} QblkRecoverOutcome;

/**
 * qblk_recover_outcome_name:
 * @outcome: an outcome
 *
 * Returns: its word in JSON, such as "rolled-back"
 *
 * Since: 0.1.0
 */
const char *qblk_recover_outcome_name(QblkRecoverOutcome outcome);

/**
 * QblkRestart:
 * @QBLK_RESTART_ALL_DATA: the image with all data
 * @QBLK_RESTART_OTHER_IMAGE: neither of the two images, and the guest had not switched
 * @QBLK_RESTART_LAST_WRITES: the new image; the last writes may be in the old one only
 * @QBLK_RESTART_CHAIN_BEFORE: the active image is the same; the chain below is as before
 * @QBLK_RESTART_CHAIN_AFTER: the active image is the same; the chain below is as planned
 * @QBLK_RESTART_CHAIN_OTHER: the active image is the same; the chain below is neither
 * @QBLK_RESTART_CHAIN_UNKNOWN: the active image is the same; the chain was not known before
 * @QBLK_RESTART_OLD_IN_DOUBT: the new image; a guest may have written to the old one since
 *
 * What the disk of an operation has in a QEMU that was started since.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_RESTART_ALL_DATA,
    QBLK_RESTART_OTHER_IMAGE,
    QBLK_RESTART_LAST_WRITES,
    QBLK_RESTART_CHAIN_BEFORE,
    QBLK_RESTART_CHAIN_AFTER,
    QBLK_RESTART_CHAIN_OTHER,
    QBLK_RESTART_CHAIN_UNKNOWN,
    QBLK_RESTART_OLD_IN_DOUBT,
} QblkRestart;

/**
 * QblkRecoverFound:
 * @QBLK_RECOVER_FOUND_NOTHING: it was not a dry run
 * @QBLK_RECOVER_FOUND_NO_JOB: its job was not started
 * @QBLK_RECOVER_FOUND_JOB: its job exists, or is gone: see qblk_recover_result_get_job_state()
 * @QBLK_RECOVER_FOUND_JOB_FAILED: its job has failed
 * @QBLK_RECOVER_FOUND_JOB_SUCCEEDED: its job has succeeded
 * @QBLK_RECOVER_FOUND_CHAIN_BEFORE: its job has ended, and the chain is unchanged
 * @QBLK_RECOVER_FOUND_CHAIN_AFTER: the chain is as planned
 *
 * Why an operation would be completed or rolled back.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_RECOVER_FOUND_NOTHING,
    QBLK_RECOVER_FOUND_NO_JOB,
    QBLK_RECOVER_FOUND_JOB,
    QBLK_RECOVER_FOUND_JOB_FAILED,
    QBLK_RECOVER_FOUND_JOB_SUCCEEDED,
    QBLK_RECOVER_FOUND_CHAIN_BEFORE,
    QBLK_RECOVER_FOUND_CHAIN_AFTER,
} QblkRecoverFound;

/**
 * QblkRecoverResult:
 *
 * The result for one operation.  It belongs to its QblkRecovery, never changes, and may be used by
 * several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkRecoverResult QblkRecoverResult;

/**
 * qblk_recover_result_ref:
 * @result: the result
 *
 * A reference to it is one to its recovery.
 *
 * Returns: (transfer full): a further reference to @result
 *
 * Since: 0.1.0
 */
QblkRecoverResult *qblk_recover_result_ref(const QblkRecoverResult *result);

/**
 * qblk_recover_result_unref:
 * @result: (nullable) (transfer full): the result
 *
 * Release a reference.
 *
 * Since: 0.1.0
 */
void qblk_recover_result_unref(QblkRecoverResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkRecoverResult, qblk_recover_result_unref)

/**
 * qblk_recover_result_get_outcome:
 * @result: the result
 *
 * Returns: how it has ended
 *
 * Since: 0.1.0
 */
QblkRecoverOutcome qblk_recover_result_get_outcome(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_journal:
 * @result: the result
 *
 * Returns: the path of its journal, which may no longer exist
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_journal(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_vm:
 * @result: the result
 *
 * Returns: (nullable): the address of the monitor of its VM; NULL if the journal cannot be read
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_vm(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_kind:
 * @result: the result
 *
 * Returns: (nullable): what it does, such as "commit"; NULL if the journal cannot be read
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_kind(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_target:
 * @result: the result
 *
 * Returns: (nullable): the target name of its disk; NULL if the journal cannot be read
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_target(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_stage:
 * @result: the result
 *
 * Returns: the stage in which it was interrupted
 *
 * Since: 0.1.0
 */
QblkStage qblk_recover_result_get_stage(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_error:
 * @result: the result
 *
 * Returns: (nullable): with QBLK_RECOVER_FAILED, why
 *
 * Since: 0.1.0
 */
const GError *qblk_recover_result_get_error(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_restart:
 * @result: the result
 *
 * Returns: with QBLK_RECOVER_RESTARTED, what the disk has
 *
 * Since: 0.1.0
 */
QblkRestart qblk_recover_result_get_restart(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_image:
 * @result: the result
 *
 * Returns: (nullable): with QBLK_RECOVER_RESTARTED, the active image of the disk; NULL if the
 *   drive is empty
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_image(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_old_top:
 * @result: the result
 *
 * Returns: (nullable): the active image before the operation, with QBLK_RECOVER_RESTARTED, and
 *   of a dry run that would switch the guest
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_old_top(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_new_top:
 * @result: the result
 *
 * Returns: (nullable): likewise, the active image after it
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_new_top(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_found:
 * @result: the result
 *
 * Returns: of a dry run, why the operation would be completed or rolled back
 *
 * Since: 0.1.0
 */
QblkRecoverFound qblk_recover_result_get_found(const QblkRecoverResult *result);

/**
 * qblk_recover_result_get_job_state:
 * @result: the result
 *
 * Returns: (nullable): of a dry run, the state of the job; NULL if it does not exist
 *
 * Since: 0.1.0
 */
const char *qblk_recover_result_get_job_state(const QblkRecoverResult *result);

/**
 * qblk_recover_result_would_change:
 * @result: the result
 *
 * Returns: TRUE if it is of a dry run, and the operation would be changed
 *
 * Since: 0.1.0
 */
gboolean qblk_recover_result_would_change(const QblkRecoverResult *result);

/**
 * qblk_recover_result_to_text:
 * @result: the result
 *
 * Returns: (transfer full) (nullable): a sentence on the result; NULL if it has an error
 *
 * Since: 0.1.0
 */
char *qblk_recover_result_to_text(const QblkRecoverResult *result) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recover_result_to_json:
 * @result: the result
 *
 * Returns: (transfer full): the text of a JSON object, as `qblk recover --json` has it in
 *   `operations`
 *
 * Since: 0.1.0
 */
char *qblk_recover_result_to_json(const QblkRecoverResult *result) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
