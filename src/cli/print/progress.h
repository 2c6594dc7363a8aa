/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How far block jobs are, on standard error: a bar on a terminal, else lines where they are asked
 * for.
 */
#pragma once

#include "blockjob/run.h"

typedef struct QblkProgress QblkProgress;

/** For all @plans (of QblkPlan) together.  NULL where nothing is to be shown. */
QblkProgress *qblk_progress_new(const GPtrArray *plans, gboolean is_terminal, gboolean is_verbose);
void qblk_progress_free(QblkProgress *progress);

/** A QblkRunReport; the user data are the progress. */
void qblk_progress_report(const QblkPlan *plan, const QblkRunProgress *progress,
                          gpointer user_data);

/** All has ended: with @went_well, and only then, it says 100 %.  Takes NULL. */
void qblk_progress_end(QblkProgress *progress, gboolean went_well);

/**
 * The text of the bar: percent, speed and time left, @columns wide at the most.  @speed is in bytes
 * a second, 0 or less where it is not known.
 */
char *qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed,
                        guint columns) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkProgress, qblk_progress_free)
