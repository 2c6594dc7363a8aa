/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Resuming or rolling back one interrupted operation.
 */
#pragma once

#include "base/waiter.h"
#include "blockjob/run.h"
#include "recover/recover-options.h"
#include "recover/recover-result.h"

/** What operations are recovered with.  Everything is borrowed. */
typedef struct {
    const QblkRecoverOptions *options;
    const char *directory;     /* of the journals, absolute */
    const QblkRunOptions *run; /* how jobs are run beside that, or NULL: waited for until they end,
                                * without reports */
    const QblkWaiter *waiter;  /* of connections that are made, or NULL */
    gboolean keeps_events;     /* the client is the caller's, who takes its events */
} QblkRecoverSettings;

/**
 * Resume or roll back the operation of @record, which is of @vm.  If QEMU was restarted since,
 * only look at what the disk has now.  The journal is deleted on success.  With a dry run nothing
 * is changed.
 *
 * @client: (nullable): connected to @vm; NULL with @vm (nullable) for an operation on an image
 *
 * Returns: (transfer full): the result; NULL with the error of qblk_run_resume() or
 * qblk_recover_restart(), prefixed by what was interrupted
 */
QblkRecoverResult *qblk_recover_operation(QblkClient *client, const QblkRecoverSettings *settings,
                                          const QblkJournalRecord *record, const QblkJournalVm *vm,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Resume one operation.
 *
 * Returns: TRUE if there is nothing left to do for @record
 */
typedef gboolean (*QblkRecoverFunction)(const QblkJournalRecord *record, gpointer user_data,
                                        GError **error);

/**
 * Call @function for each of @records (of QblkJournalRecord).
 *
 * A failure does not keep the others from being tried, and is tried again after them: what an
 * operation on several disks has left on one can block another, as a stream job that is not
 * dismissed makes it impossible to read any chain.  A journal that is tried again is read again,
 * because its operation may have made progress.
 *
 * @results: receives a QBLK_RECOVER_FAILED for each that failed in the end
 *
 * Returns: TRUE if all succeeded
 */
gboolean qblk_recover_each(const GPtrArray *records, QblkRecoverFunction function,
                           gpointer user_data, GPtrArray *results);
