/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-options.h"

#define PROGRESS_MS 500

QblkOperationOptions *
qblk_operation_options_new(void)
{
    QblkOperationOptions *options = g_new0(QblkOperationOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->progress_ms = PROGRESS_MS;
    options->has_journal = TRUE;
    options->checks_chain = TRUE;
    return options;
}

QblkOperationOptions *
qblk_operation_options_ref(QblkOperationOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_operation_options_unref(QblkOperationOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_snapshot_options_unref(options->snapshot);
    qblk_recovery_unref(options->recovery);
    g_free(options);
}

QblkOperationOptions *
qblk_operation_options_copy(const QblkOperationOptions *options)
{
    QblkOperationOptions *copy = qblk_operation_options_new();
    if (options == NULL) {
        return copy;
    }

    copy->time_limit_ms = options->time_limit_ms;
    copy->progress_ms = options->progress_ms;
    copy->is_detached = options->is_detached;
    copy->has_journal = options->has_journal;
    copy->checks_chain = options->checks_chain;
    qblk_operation_options_set_snapshot_options(copy, options->snapshot);
    qblk_operation_options_set_recovery(copy, options->recovery);
    return copy;
}

void
qblk_operation_options_set_snapshot_options(QblkOperationOptions *options,
                                            QblkSnapshotOptions *snapshot_options)
{
    QblkSnapshotOptions *before = options->snapshot;
    options->snapshot =
        snapshot_options == NULL ? NULL : qblk_snapshot_options_ref(snapshot_options);
    qblk_snapshot_options_unref(before);
}

void
qblk_operation_options_set_time_limit(QblkOperationOptions *options, gint64 milliseconds)
{
    /* In microseconds, and after now, it has to be a number as well. */
    options->time_limit_ms = CLAMP(milliseconds, 0, G_MAXINT64 / 2000);
}

void
qblk_operation_options_set_detached(QblkOperationOptions *options, gboolean detached)
{
    options->is_detached = detached;
}

void
qblk_operation_options_set_progress_interval(QblkOperationOptions *options, guint milliseconds)
{
    options->progress_ms = MAX(milliseconds, 1);
}

void
qblk_operation_options_set_journal(QblkOperationOptions *options, gboolean journal)
{
    options->has_journal = journal;
}

void
qblk_operation_options_set_check_chain(QblkOperationOptions *options, gboolean check)
{
    options->checks_chain = check;
}

void
qblk_operation_options_set_recovery(QblkOperationOptions *options, QblkRecovery *recovery)
{
    QblkRecovery *before = options->recovery;
    options->recovery = recovery == NULL ? NULL : qblk_recovery_ref(recovery);
    qblk_recovery_unref(before);
}
