/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plan what becomes of a job that runs already, whoever has started it.
 */
#pragma once

#include "plan/plan.h"

typedef enum {
    QBLK_JOB_WAIT,   /* until it is ready, or over: finalize and forget it if nobody else does */
    QBLK_JOB_PIVOT,  /* of a copy or active commit that is ready: go on with what it has written */
    QBLK_JOB_FINISH, /* likewise, but go on with the source: what was written is of one moment */
    QBLK_JOB_ABORT,  /* end it now; what a job that is ready has written is whole */
    QBLK_JOB_PAUSE,
    QBLK_JOB_RESUME,
    QBLK_JOB_LIMIT, /* change its speed */
} QblkJobAction;

typedef struct {
    QblkJobAction action;
    gboolean waits; /* for a job that is not ready yet, before a pivot or finish */
} QblkJobRequest;

/**
 * The job on the disk @name, or of the id @name; NULL where there is none.  A job that could not be
 * attached to its disk, because the nodes must not be asked for, is found by the id that plans
 * give.  Borrowed.
 */
const QblkJob *qblk_plan_job_find(const QblkSnapshot *snapshot, const char *name);

/**
 * The plan for @job; the target of @context is not looked at, its speed only with QBLK_JOB_LIMIT.
 * QBLK_BLOCKJOB_ERROR_REFUSED where the job is not one for that, or not yet.
 */
QblkPlan *qblk_plan_job(const QblkPlanContext *context, const QblkJob *job,
                        const QblkJobRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
