/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The progress of block jobs on standard error: a bar on a terminal, otherwise lines if the user
 * asks for them.
 */
#pragma once

#include <qblk/operation.h>

typedef struct QblkProgress QblkProgress;

/**
 * Start to show the progress of all @plans together.
 *
 * @is_terminal: print a bar
 * @is_verbose: print lines, if there is no bar
 *
 * Returns: (transfer full) (nullable): the object; NULL if nothing is to be shown
 */
QblkProgress *qblk_progress_new(const QblkPlans *plans, gboolean is_terminal, gboolean is_verbose);
void qblk_progress_free(QblkProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkProgress, qblk_progress_free)

/** A QblkOperationProgress, with the QblkProgress as user data.  @operation is not used. */
void qblk_progress_report(QblkOperation *operation, const char *target, const char *job_state,
                          gint64 done, gint64 total, gpointer user_data);

/**
 * Remove the bar at the end of all jobs, and print 100 % for those that have copied
 * all data, if all were successful.
 *
 * @progress: (nullable)
 */
void qblk_progress_end(QblkProgress *progress, gboolean is_success);

/**
 * Format the bar: percent, speed and time left.
 *
 * @speed: bytes per second; 0: not known
 * @columns: the maximum width
 */
char *qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed,
                        guint columns) G_GNUC_WARN_UNUSED_RESULT;
