/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a watch.
 */
#pragma once

#include <qblk/watch-options.h>

struct QblkWatchOptions {
    gatomicrefcount references;
    QblkSnapshotOptions *snapshot; /* owned; NULL: the defaults */
    int timeout_ms;                /* 0: the default */
    guint delay_ms;
    guint progress_ms, look_ms; /* 0: never */
    gboolean reconnects;
};

/** Returns: (transfer full): options with the values of @options (nullable) */
QblkWatchOptions *qblk_watch_options_copy(const QblkWatchOptions *options)
    G_GNUC_WARN_UNUSED_RESULT;
