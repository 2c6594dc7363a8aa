/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans for an existing job that becomes ready, a copy or an active commit: the pivot, or its end
 * without one; and what these plans share with those of plan-job.
 */
#pragma once

#include "plan/job-request.h"

/** A request for a job that is being planned.  Everything is borrowed. */
typedef struct {
    const QblkPlanContext *context;
    const QblkJob *job;
    const QblkJobRequest *request;
    const QblkChain *chain;    /* NULL if reading the nodes would be unsafe */
    const QblkChain *mirrored; /* what a copy or active commit writes to; NULL for other jobs */
} QblkJobPlanning;

gboolean qblk_plan_job_has_state(const QblkJobPlanning *request, const char *state);

/** Returns: TRUE if the job is ready.  While it is paused, its state is "standby". */
gboolean qblk_plan_job_is_ready(const QblkJobPlanning *request);

gboolean qblk_plan_job_is_in_progress(const QblkJobPlanning *request);

/** Add a step that waits without a command.  A job that fails meanwhile is dismissed. */
void qblk_plan_job_add_wait(QblkPlan *plan, const char *purpose, const char *until);

/** Returns: (transfer full): the id of the job as the argument @member */
QblkJson *qblk_plan_job_id_arguments(const QblkPlan *plan,
                                     const char *member) G_GNUC_WARN_UNUSED_RESULT;

/** Close the nodes that a mirror has written to.  A commit writes to a layer of the chain, which
 * stays. */
void qblk_plan_job_add_close_mirrored(QblkPlan *plan, const QblkJobPlanning *request);

/** Expect the chain to be unchanged afterwards. */
void qblk_plan_job_expect_before(QblkPlan *plan, const QblkJobPlanning *request);

/** Add the end of a ready job that leaves the guest on its source. */
void qblk_plan_job_finish(QblkPlan *plan, const QblkJobPlanning *request);

/** Check that the request deletes images only with the pivot of an active commit. */
gboolean qblk_plan_job_check_deletion(const QblkJobPlanning *request,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the end of a job that is ready, or becomes ready: QBLK_JOB_PIVOT or QBLK_JOB_FINISH.
 * QBLK_BLOCKJOB_ERROR_REFUSED if it cannot be ended like that. */
gboolean qblk_plan_job_end(QblkPlan *plan, const QblkJobPlanning *request,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
