/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What has changed in a VM since it was looked at before, in sentences.
 */
#pragma once

#include <qblk/watch.h>

typedef struct QblkWatchChanges QblkWatchChanges;

/** @disks: (nullable) (array zero-terminated=1): borrowed: the disks that are followed; NULL: all
 */
QblkWatchChanges *qblk_watch_changes_new(const char *const *disks) G_GNUC_WARN_UNUSED_RESULT;
void qblk_watch_changes_free(QblkWatchChanges *changes);

/** Returns: (transfer full) (nullable): the state of @watch, if it is another one or has another
 * reason */
char *qblk_watch_changes_state(QblkWatchChanges *changes,
                               const QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): of char, owned: how the guest and its chains have changed with the
 * last snapshot of @watch */
GPtrArray *qblk_watch_changes_snapshot(QblkWatchChanges *changes,
                                       const QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): of char, owned: the jobs whose progress is another one */
GPtrArray *qblk_watch_changes_jobs(QblkWatchChanges *changes,
                                   const QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): @event in a sentence with its disk; NULL if it concerns a
 * disk that is not followed */
char *qblk_watch_changes_event(const QblkWatchChanges *changes, const QblkWatch *watch,
                               const QblkWatchEvent *event) G_GNUC_WARN_UNUSED_RESULT;
