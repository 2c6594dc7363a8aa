/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Jobs for people and programs.
 */
#pragma once

#include "graph/job.h"

/** Append @jobs (of QblkJob) as a table. */
void qblk_jobs_table_print(const GPtrArray *jobs, GString *out);

/** The list of @jobs as JSON; a new reference. */
QblkJson *qblk_jobs_table_json(const GPtrArray *jobs);
