/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "graph/snapshot.h"
#include "operation/planner-request.h"
#include "plan/job-request.h"
#include "plan/merge-options.h"
#include "plan/plan-commit.h"
#include "plan/plan-job.h"
#include "plan/plan-pull.h"

/* ---- merging layers ---- */

QblkPlan *
qblk_plan_commit(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                 const QblkCommitOptions *options, const QblkPlanOptions *plan_options,
                 GError **error)
{
    static const QblkCommitOptions defaults = {.top = NULL};
    g_auto(QblkPlannerRequest) request = {0};

    if (!qblk_planner_request_init(&request, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    return qblk_planner_request_end(
        &request,
        qblk_plan_make_commit(&request.context, options == NULL ? &defaults : options, error),
        error);
}

QblkPlan *
qblk_plan_pull(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
               const QblkPullOptions *options, const QblkPlanOptions *plan_options, GError **error)
{
    static const QblkPullOptions defaults = {.base = NULL};
    g_auto(QblkPlannerRequest) request = {0};

    if (!qblk_planner_request_init(&request, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    return qblk_planner_request_end(
        &request,
        qblk_plan_make_pull(&request.context, options == NULL ? &defaults : options, error), error);
}

/* ---- a job that exists ---- */

const QblkJob *
qblk_plan_find_job(const QblkSnapshot *snapshot, const char *name)
{
    return qblk_plan_job_find(snapshot, name);
}

static const QblkJob *
find_job(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const QblkJob *job = qblk_plan_job_find(snapshot, name);

    if (job == NULL && qblk_snapshot_find_device(snapshot, name, error) != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_JOB, "disk '%s' has no job", name);
    }
    return job;
}

QblkPlan *
qblk_plan_job(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
              const QblkJobRequest *job_request, const QblkPlanOptions *plan_options,
              GError **error)
{
    static const QblkJobRequest defaults = {.action = QBLK_JOB_WAIT};
    g_auto(QblkPlannerRequest) request = {0};

    if (!qblk_planner_request_init(&request, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }

    const QblkJob *job = find_job(snapshot, disk, error);
    if (job == NULL) {
        return NULL;
    }
    return qblk_planner_request_end(
        &request,
        qblk_plan_make_job(&request.context, job, job_request == NULL ? &defaults : job_request,
                           error),
        error);
}
