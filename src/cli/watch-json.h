/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * `qblk watch --json`: a JSON object in one line for everything that happens.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/watch.h>

/**
 * Append a line for the state of @watch.
 *
 * @vm: its name
 * @time: in microseconds since 1970
 */
void qblk_watch_json_state(QblkOutput *output, const char *vm, gint64 time, const QblkWatch *watch);

/** The same for its last snapshot.  @disks: (nullable): those that are followed */
void qblk_watch_json_snapshot(QblkOutput *output, const char *vm, gint64 time,
                              const QblkWatch *watch, const char *const *disks);

/** The same for the progress of each of its jobs. */
void qblk_watch_json_jobs(QblkOutput *output, const char *vm, gint64 time, const QblkWatch *watch,
                          const char *const *disks);

/** The same for @event, which has its time. */
void qblk_watch_json_event(QblkOutput *output, const char *vm, const QblkWatchEvent *event);
