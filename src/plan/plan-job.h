/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning what to do with a job that already exists, started by any client.
 */
#pragma once

#include "plan/job-request.h"

/**
 * Find the job on the disk @name, or with the id @name.  A job that is not attached to its disk,
 * because reading the nodes would be unsafe, is found by the id that qblk gives.
 *
 * Returns: (nullable): the job, borrowed; NULL if it does not exist
 */
const QblkJob *qblk_plan_job_find(const QblkSnapshot *snapshot, const char *name);

/**
 * Plan @request for @job.
 *
 * @context: its target is ignored; its speed is for QBLK_JOB_LIMIT only
 *
 * Returns: (transfer full): the plan; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the kind or the
 * state of the job does not allow the request
 */
QblkPlan *qblk_plan_make_job(const QblkPlanContext *context, const QblkJob *job,
                             const QblkJobRequest *request,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
