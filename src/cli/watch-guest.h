/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is shown of a VM, from the watch that follows it.
 */
#pragma once

#include "cli/watch-view.h"

#include <qblk/chain.h>
#include <qblk/watch.h>

/**
 * Update @guest from all that @watch knows.
 *
 * @disks: (nullable) (array zero-terminated=1): the disks to show; NULL: all
 * @now: by the clock of the view
 */
void qblk_watch_guest_update(QblkWatchGuest *guest, const QblkWatch *watch,
                             const char *const *disks, gint64 now);

/** Returns: TRUE if @target is one of @disks (nullable), which are names of disks in @snapshot. */
gboolean qblk_watch_guest_shows(const char *const *disks, const QblkSnapshot *snapshot,
                                const char *target);

/** Returns: (transfer full): "vda: commit 'job0' is running, 12 %", without the error of the job */
char *qblk_watch_job_text(const QblkJob *job) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): "virtio disk, 3 layers" */
char *qblk_watch_chain_text(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): "QEMU 7.2.22, running"; NULL before the first snapshot */
char *qblk_watch_status_text(const QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): why nothing newer is known; NULL if all is well */
char *qblk_watch_problem_text(const QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): @time, in microseconds since 1970, as time of the day */
char *qblk_watch_time_text(gint64 time) G_GNUC_WARN_UNUSED_RESULT;
