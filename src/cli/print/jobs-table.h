/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block jobs as a table and as JSON.
 */
#pragma once

#include "base/json.h"

#include <qblk/snapshot.h>

/** Append a table of @count @jobs to @out. */
void qblk_jobs_table_print(const QblkJob *const *jobs, gsize count, GString *out);

/** Append a table of all jobs of @snapshot to @out. */
void qblk_jobs_table_print_all(const QblkSnapshot *snapshot, GString *out);

/** Returns: (transfer full): the array of all jobs of @snapshot */
QblkJson *qblk_jobs_table_json(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
