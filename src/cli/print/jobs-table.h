/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block jobs as a table and as JSON.
 */
#pragma once

#include "graph/job.h"

/** Append a table of @count @jobs to @out. */
void qblk_jobs_table_print(const QblkJob *const *jobs, gsize count, GString *out);

/** Returns: (transfer full): the array of @jobs (of QblkJob). */
QblkJson *qblk_jobs_table_json(const GPtrArray *jobs);
