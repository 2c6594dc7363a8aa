/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations: find, resume and roll back.
 *
 * An operation is interrupted if its qblk or its QEMU ended before it was complete.  Its journal is
 * what is left of it.
 */
#pragma once

#include "recover/recover-operation.h"
#include "recover/recover-vm.h"

/**
 * Resume or roll back all interrupted operations of one VM.
 *
 * @client: connected to @vm
 * @results: (of QblkRecoverResult) receives one for each operation, also on error
 *
 * Returns: TRUE if all succeeded; FALSE with the first error, or with
 * QBLK_BLOCKJOB_ERROR_RESULT if the directory of the journals cannot be read
 */
gboolean qblk_recover_vm(QblkClient *client, const QblkJournalVm *vm,
                         const QblkRecoverOptions *options, GPtrArray *results,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Resume or roll back all interrupted operations of all VMs.  Each VM is connected to at the
 * address in the journal.
 *
 * Parameters and errors as of qblk_recover_vm(), and QBLK_QMP_ERROR if a VM cannot be reached.
 */
gboolean qblk_recover_all(const QblkRecoverOptions *options, GPtrArray *results,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What a command is about to do with a disk. */
typedef enum {
    QBLK_RECOVER_FOR_NEW_JOB, /* start a job, or look at the disk */
    QBLK_RECOVER_FOR_SETTING, /* change a setting of the job that the disk has; the job stays */
    QBLK_RECOVER_FOR_JOB_END, /* end the job that the disk has in the way that the user names */
} QblkRecoverPurpose;

/**
 * Resume or roll back all interrupted operations of one VM, before a command changes one of its
 * disks.  An operation whose job the user is about to manage with `job` is not finished first, as
 * the job may have to be cancelled.
 *
 * @disk: (nullable): target, job, qdev or backend of the disk; NULL: several disks
 * @handed_over: of qblk_recover_handed_over_new(): receives the journals of operations whose jobs
 *   the user ends; they stay unless they are ended
 *
 * Returns: TRUE, also if operations of other disks failed; FALSE with the error of the operation
 * of @disk, or with QBLK_BLOCKJOB_ERROR_RESULT if the directory of the journals cannot be read
 */
gboolean qblk_recover_before(QblkClient *client, const QblkJournalVm *vm, const char *disk,
                             QblkRecoverPurpose purpose, const QblkRecoverOptions *options,
                             GPtrArray *results, GPtrArray *handed_over,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): an empty list of QblkJournal, which are left when it is freed. */
GPtrArray *qblk_recover_handed_over_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** The user's request is accepted: end the journals in @handed_over. */
void qblk_recover_end_handed_over(GPtrArray *handed_over);
