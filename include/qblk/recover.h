/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupted operations: find, resume and roll back.
 *
 * An operation is interrupted if its process or its QEMU ended before it was complete.  Its journal
 * is what is left of it.  A program that runs operations recovers them when it starts, before it
 * changes a VM.
 *
 * The functions of this header block until all jobs have ended.  Use
 * qblk_operation_start_recovery() to do the same from a main loop, or to be able to cancel it.
 */
#pragma once

#include <qblk/interrupted-list.h>
#include <qblk/recover-result.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/* ---- options ---- */

/**
 * QblkRecoverPurpose:
 * @QBLK_RECOVER_FOR_VM: nothing else: recover all operations
 * @QBLK_RECOVER_FOR_NEW_JOB: start a job, or look at the disk
 * @QBLK_RECOVER_FOR_SETTING: change a setting of the job that the disk has; the job stays
 * @QBLK_RECOVER_FOR_JOB_END: end the job that the disk has in the way that the caller names
 *
 * What a program is about to do with a disk.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_RECOVER_FOR_VM,
    QBLK_RECOVER_FOR_NEW_JOB,
    QBLK_RECOVER_FOR_SETTING,
    QBLK_RECOVER_FOR_JOB_END,
} QblkRecoverPurpose;

/**
 * QblkRecoverOptions:
 *
 * How to recover.  A program sets the options up before it passes them on, and does not change
 * them afterwards.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkRecoverOptions QblkRecoverOptions;

/**
 * qblk_recover_options_new:
 *
 * Returns: (transfer full): options with the defaults
 *
 * Since: 0.1.0
 */
QblkRecoverOptions *qblk_recover_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recover_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkRecoverOptions *qblk_recover_options_ref(QblkRecoverOptions *options);

/**
 * qblk_recover_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_unref(QblkRecoverOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkRecoverOptions, qblk_recover_options_unref)

/**
 * qblk_recover_options_set_state_directory:
 * @options: the options
 * @directory: (nullable): the directory of the journals; NULL: the default one
 *
 * Set the state directory.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_set_state_directory(QblkRecoverOptions *options, const char *directory);

/**
 * qblk_recover_options_set_snapshot_options:
 * @options: the options
 * @snapshot_options: (nullable): names of disks, for example
 *
 * Set how graphs are read.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_set_snapshot_options(QblkRecoverOptions *options,
                                               QblkSnapshotOptions *snapshot_options);

/**
 * qblk_recover_options_set_timeout:
 * @options: the options
 * @timeout_ms: in milliseconds; 0 or less means 5 seconds
 *
 * Set the time limit for each connection and each reply.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_set_timeout(QblkRecoverOptions *options, int timeout_ms);

/**
 * qblk_recover_options_set_dry_run:
 * @options: the options
 * @dry_run: TRUE: find out what would be done, by queries only, and change nothing
 *
 * Set if nothing is changed.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_set_dry_run(QblkRecoverOptions *options, gboolean dry_run);

/**
 * qblk_recover_options_set_purpose:
 * @options: the options
 * @purpose: what the program is about to do
 * @disk: (nullable): target, job, qdev or backend of the disk; NULL: several disks
 *
 * Recover the operations of a VM as qblk_recover_before() does.
 *
 * Since: 0.1.0
 */
void qblk_recover_options_set_purpose(QblkRecoverOptions *options, QblkRecoverPurpose purpose,
                                      const char *disk);

/* ---- recovering ---- */

/**
 * QblkRecovery:
 *
 * The results of recovering.  It never changes, and may be used by several threads at once, unless
 * it is passed to an operation, which then takes journals from it.
 *
 * Since: 0.1.0
 */
typedef struct QblkRecovery QblkRecovery;

/**
 * qblk_recover_vm:
 * @client: connected to the VM
 * @options: (nullable): the options; NULL: the defaults
 *
 * Resume or roll back all interrupted operations of one VM.  If one fails, the others are still
 * tried.
 *
 * With a client of qblk_client_open_image(), these are the operations on this image.  One after
 * which another image is the active one is an error, QBLK_BLOCKJOB_ERROR_REFUSED, as long as the
 * client has the old one open: use qblk_recover_image().
 *
 * Returns: (transfer full): the results, also of those that failed: see
 *   qblk_recovery_propagate_error(); NULL with QBLK_BLOCKJOB_ERROR_RESULT if the state directory
 *   cannot be read, QBLK_BLOCKJOB_ERROR_REFUSED if an operation of @client is not at its end, or
 *   with QBLK_QMP_ERROR if the connection fails
 *
 * Since: 0.1.0
 */
QblkRecovery *qblk_recover_vm(QblkClient *client, QblkRecoverOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recover_all:
 * @options: (nullable): the options; NULL: the defaults
 *
 * Resume or roll back all interrupted operations of all VMs.  Each VM is connected to at the
 * address in the journal.  Operations on images without a QEMU need no connection.
 *
 * Returns: (transfer full): the results, as of qblk_recover_vm(); NULL with
 *   QBLK_BLOCKJOB_ERROR_RESULT if the state directory cannot be read
 *
 * Since: 0.1.0
 */
QblkRecovery *qblk_recover_all(QblkRecoverOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recover_before:
 * @client: connected to the VM
 * @disk: (nullable): target, job, qdev or backend of the disk; NULL: several disks
 * @purpose: what the program is about to do with it
 * @options: (nullable): the options; NULL: the defaults
 *
 * Resume or roll back all interrupted operations of one VM, before one of its disks is changed.
 * An operation whose job the program is about to manage is not completed first, as the job may
 * have to be cancelled.  Its journal stays, and is replaced if the results are passed to the
 * operation with qblk_operation_options_set_recovery().
 *
 * Only the operation of @disk makes the recovery fail.  Those of other disks have an error in
 * their results.
 *
 * Returns: (transfer full): the results, as of qblk_recover_vm()
 *
 * Since: 0.1.0
 */
QblkRecovery *qblk_recover_before(QblkClient *client, const char *disk, QblkRecoverPurpose purpose,
                                  QblkRecoverOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recovery_ref:
 * @recovery: the recovery
 *
 * Returns: (transfer full): a further reference to @recovery
 *
 * Since: 0.1.0
 */
QblkRecovery *qblk_recovery_ref(QblkRecovery *recovery);

/**
 * qblk_recovery_unref:
 * @recovery: (nullable) (transfer full): the recovery
 *
 * Release a reference; the last one frees the recovery.
 *
 * Since: 0.1.0
 */
void qblk_recovery_unref(QblkRecovery *recovery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkRecovery, qblk_recovery_unref)

/**
 * qblk_recovery_get_n_results:
 * @recovery: the recovery
 *
 * Returns: the number of results
 *
 * Since: 0.1.0
 */
guint qblk_recovery_get_n_results(const QblkRecovery *recovery);

/**
 * qblk_recovery_get_result:
 * @recovery: the recovery
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a result; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkRecoverResult *qblk_recovery_get_result(const QblkRecovery *recovery, guint index);

/**
 * qblk_recovery_propagate_error:
 * @recovery: the recovery
 *
 * Returns: TRUE if nothing is in the way; FALSE with the error of the first operation that
 *   failed, or of qblk_recover_before() with that of its disk: QBLK_BLOCKJOB_ERROR_RESULT if it is
 *   not known what has become of it, or QBLK_QMP_ERROR if its VM cannot be reached, for example
 *
 * Since: 0.1.0
 */
gboolean qblk_recovery_propagate_error(const QblkRecovery *recovery,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_recovery_to_json:
 * @recovery: the recovery
 *
 * Returns: (transfer full): the text of a JSON object, as `qblk recover --json` prints it,
 *   without its member `schema`
 *
 * Since: 0.1.0
 */
char *qblk_recovery_to_json(const QblkRecovery *recovery) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
