/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How plans are run.
 *
 * An operation copies them when it is started.
 */
#pragma once

#include <qblk/recover.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkOperationOptions:
 *
 * How plans are run.
 *
 * It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkOperationOptions QblkOperationOptions;

/**
 * qblk_operation_options_new:
 *
 * Returns: (transfer full): the defaults
 *
 * Since: 0.1.0
 */
QblkOperationOptions *qblk_operation_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_operation_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkOperationOptions *qblk_operation_options_ref(QblkOperationOptions *options);

/**
 * qblk_operation_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_unref(QblkOperationOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOperationOptions, qblk_operation_options_unref)

/**
 * qblk_operation_options_set_snapshot_options:
 * @options: the options
 * @snapshot_options: (nullable): how graphs are read; a reference is kept
 *
 * The names of disks have to be those of the plans: use the options of the snapshot that the plans
 * were made from.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_snapshot_options(QblkOperationOptions *options,
                                                 QblkSnapshotOptions *snapshot_options);

/**
 * qblk_operation_options_set_time_limit:
 * @options: the options
 * @milliseconds: for the whole operation; 0, the default: no limit
 *
 * When the time is over the jobs are cancelled and rolled back, unless the chain was changed.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_time_limit(QblkOperationOptions *options, gint64 milliseconds);

/**
 * qblk_operation_options_set_detached:
 * @options: the options
 * @detached: end once the jobs have started; the default is FALSE
 *
 * No journal is left: the program ends the jobs with further plans.  A plan that would switch the
 * guest, cancel a copy, or delete images at its end is refused by qblk_operation_start().
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_detached(QblkOperationOptions *options, gboolean detached);

/**
 * qblk_operation_options_set_progress_interval:
 * @options: the options
 * @milliseconds: how often to query the progress; the default is 500
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_progress_interval(QblkOperationOptions *options,
                                                  guint milliseconds);

/**
 * qblk_operation_options_set_journal:
 * @options: the options
 * @journal: write journals, in the state directory of each plan; the default is TRUE
 *
 * Without a journal an operation that is interrupted cannot be recovered.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_journal(QblkOperationOptions *options, gboolean journal);

/**
 * qblk_operation_options_set_check_chain:
 * @options: the options
 * @check: read the graph first, and refuse plans whose chain has changed; the default is TRUE
 *
 * A program that made the plans right before, and has waited for nothing since, need not read the
 * graph again.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_check_chain(QblkOperationOptions *options, gboolean check);

/**
 * qblk_operation_options_set_recovery:
 * @options: the options
 * @recovery: (nullable): the result of qblk_recover_before(); a reference is kept
 *
 * Take over the journals of the jobs, or disks, of the plans: they end when the operation begins.
 * Those of other disks and other VMs stay.
 *
 * Since: 0.1.0
 */
void qblk_operation_options_set_recovery(QblkOperationOptions *options, QblkRecovery *recovery);

G_END_DECLS
