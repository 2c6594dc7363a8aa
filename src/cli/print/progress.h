/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The progress of block jobs on standard error: a bar on a terminal; otherwise lines, as text or
 * JSON, if the user asks for them.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/operation.h>

typedef struct QblkProgress QblkProgress;

/**
 * Start to show the progress of all @plans together.
 *
 * @output: (transfer none): of the command; with JSON or without a terminal there is no bar
 * @wants_bar: print a bar
 * @wants_lines: print lines, if there is no bar
 *
 * Returns: (transfer full) (nullable): the object; NULL if nothing is to be shown
 */
QblkProgress *qblk_progress_new(const QblkPlans *plans, const QblkOutput *output,
                                gboolean wants_bar, gboolean wants_lines);
void qblk_progress_free(QblkProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkProgress, qblk_progress_free)

/** A QblkOperationProgress, with the QblkProgress as user data.  @operation is not used. */
void qblk_progress_report(QblkOperation *operation, const char *target, const char *job_state,
                          gint64 done, gint64 total, gpointer user_data);

/** Remove the bar, until the next report, so that something else can be printed.
 *
 * @progress: (nullable) */
void qblk_progress_hide(QblkProgress *progress);

/**
 * Remove the bar at the end of all jobs, and print 100 % for those that have copied
 * all data, if all were successful.
 *
 * @progress: (nullable)
 */
void qblk_progress_end(QblkProgress *progress, gboolean is_success);
