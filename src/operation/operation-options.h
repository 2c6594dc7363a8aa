/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of an operation.
 */
#pragma once

#include <qblk/operation-options.h>

struct QblkOperationOptions {
    gatomicrefcount references;
    QblkSnapshotOptions *snapshot; /* owned; NULL: the defaults */
    QblkRecovery *recovery;        /* owned, or NULL */
    gint64 time_limit_ms;          /* 0: none */
    guint progress_ms;
    gboolean is_detached;
    gboolean has_journal;
    gboolean checks_chain;
};

/** Returns: (transfer full): options with the values of @options (nullable) */
QblkOperationOptions *qblk_operation_options_copy(const QblkOperationOptions *options)
    G_GNUC_WARN_UNUSED_RESULT;
