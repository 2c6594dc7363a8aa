/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a VM is followed.
 *
 * Options are filled by one thread, and are copied by qblk_watch_new().
 */
#pragma once

#include <qblk/snapshot-options.h>

G_BEGIN_DECLS

/**
 * QblkWatchOptions:
 *
 * How a VM is followed.
 *
 * It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkWatchOptions QblkWatchOptions;

/**
 * qblk_watch_options_new:
 *
 * Returns: (transfer full): the defaults
 *
 * Since: 0.1.0
 */
QblkWatchOptions *qblk_watch_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_watch_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkWatchOptions *qblk_watch_options_ref(QblkWatchOptions *options);

/**
 * qblk_watch_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_watch_options_unref(QblkWatchOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkWatchOptions, qblk_watch_options_unref)

/**
 * qblk_watch_options_set_snapshot_options:
 * @options: the options
 * @snapshot_options: (nullable): how graphs are read, and messages are logged; a reference is kept
 *
 * Their functions are called within qblk_watch_process(), on the stack of the watch, of 1 MiB.
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_snapshot_options(QblkWatchOptions *options,
                                             QblkSnapshotOptions *snapshot_options);

/**
 * qblk_watch_options_set_timeout:
 * @options: the options
 * @milliseconds: the time limit for connecting and for each reply; 0 or less for the default of 5
 *   seconds
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_timeout(QblkWatchOptions *options, int milliseconds);

/**
 * qblk_watch_options_set_delay:
 * @options: the options
 * @milliseconds: the time between a change and the fetch of a snapshot, so that several changes
 *   cause one fetch; 100 is the default
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_delay(QblkWatchOptions *options, guint milliseconds);

/**
 * qblk_watch_options_set_progress_interval:
 * @options: the options
 * @milliseconds: how often the progress of jobs is queried while one runs; 1000 is the default, 0
 *   for never
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_progress_interval(QblkWatchOptions *options, guint milliseconds);

/**
 * qblk_watch_options_set_look_interval:
 * @options: the options
 * @milliseconds: how often QEMU is asked if it responds, and if the graph is still the same; 2000
 *   is the default, 0 for never
 *
 * QEMU sends no event if another client changes a chain without a job.  The query takes QEMU 10 to
 * 35 microseconds for each node; it is sent less often if it takes long.
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_look_interval(QblkWatchOptions *options, guint milliseconds);

/**
 * qblk_watch_options_set_reconnect:
 * @options: the options
 * @reconnects: TRUE: connect again if the connection is lost or cannot be made; this is the
 *   default.  FALSE: the first failure ends the watch, also a graph that cannot be read
 *
 * Since: 0.1.0
 */
void qblk_watch_options_set_reconnect(QblkWatchOptions *options, gboolean reconnects);

G_END_DECLS
