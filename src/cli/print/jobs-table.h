/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block jobs as a table and as JSON.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/snapshot.h>

/** Print a table of @count @jobs. */
void qblk_jobs_table_print(const QblkJob *const *jobs, gsize count, QblkOutput *output);

/** Print a table of all jobs of @snapshot, or that it has no jobs. */
void qblk_jobs_table_print_all(const QblkSnapshot *snapshot, QblkOutput *output);

/** Returns: (transfer full): the array of all jobs of @snapshot */
QblkJson *qblk_jobs_table_json(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
