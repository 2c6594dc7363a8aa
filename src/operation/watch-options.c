/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-options.h"

#define DELAY_MS    100
#define PROGRESS_MS 1000
#define LOOK_MS     2000

QblkWatchOptions *
qblk_watch_options_new(void)
{
    QblkWatchOptions *options = g_new0(QblkWatchOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->delay_ms = DELAY_MS;
    options->progress_ms = PROGRESS_MS;
    options->look_ms = LOOK_MS;
    options->reconnects = TRUE;
    return options;
}

QblkWatchOptions *
qblk_watch_options_ref(QblkWatchOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_watch_options_unref(QblkWatchOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_watch_options_set_snapshot_options(options, NULL);
    g_free(options);
}

QblkWatchOptions *
qblk_watch_options_copy(const QblkWatchOptions *options)
{
    QblkWatchOptions *copy = qblk_watch_options_new();
    if (options == NULL) {
        return copy;
    }

    qblk_watch_options_set_snapshot_options(copy, options->snapshot);
    copy->timeout_ms = options->timeout_ms;
    copy->delay_ms = options->delay_ms;
    copy->progress_ms = options->progress_ms;
    copy->look_ms = options->look_ms;
    copy->reconnects = options->reconnects;
    return copy;
}

void
qblk_watch_options_set_snapshot_options(QblkWatchOptions *options,
                                        QblkSnapshotOptions *snapshot_options)
{
    QblkSnapshotOptions *old = options->snapshot;
    options->snapshot =
        snapshot_options == NULL ? NULL : qblk_snapshot_options_ref(snapshot_options);
    qblk_snapshot_options_unref(old);
}

void
qblk_watch_options_set_timeout(QblkWatchOptions *options, int milliseconds)
{
    options->timeout_ms = MAX(milliseconds, 0);
}

void
qblk_watch_options_set_delay(QblkWatchOptions *options, guint milliseconds)
{
    options->delay_ms = milliseconds;
}

void
qblk_watch_options_set_progress_interval(QblkWatchOptions *options, guint milliseconds)
{
    options->progress_ms = milliseconds;
}

void
qblk_watch_options_set_look_interval(QblkWatchOptions *options, guint milliseconds)
{
    options->look_ms = milliseconds;
}

void
qblk_watch_options_set_reconnect(QblkWatchOptions *options, gboolean reconnects)
{
    options->reconnects = reconnects;
}
