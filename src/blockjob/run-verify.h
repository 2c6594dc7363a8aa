/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How a run ended: what was seen, and what is said of it.
 */
#pragma once

#include "blockjob/run-task.h"

/** Fetch the graph again and compare it with what each plan promised, and the headers on disk. */
gboolean qblk_run_verify_check(QblkRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the plan of @task knows a chain; not where it could not be read for a job that was there
 * before. */
gboolean qblk_run_verify_can_compare(const QblkRunTask *task);

/** Which of the two chains that the plan of @task knows is there now.  Where it knows none it is an
 * error, QBLK_BLOCKJOB_ERROR_RESULT, unless the job had been seen to end well. */
gboolean qblk_run_verify_compare(const QblkRunTask *task, gboolean *is_before, gboolean *is_after,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Fetch the graph again and see that the chain is as it was before, where the plan knows that. */
gboolean qblk_run_verify_check_before(const QblkRunTask *task,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After a failure that was taken back: add to @error how the chains are.  Nothing is said of a
 * chain that was not seen. */
void qblk_run_verify_tell_chains(QblkRun *run, GError **error);

/** After a failure of one of several, where no journal is left to delete by: add to @error the
 * files of those that have ended well, which were to be deleted. */
void qblk_run_verify_tell_undeleted(const QblkRun *run, GError **error);

/** After a failure that was not taken back: put before @error what is known of the job of @task. */
void qblk_run_verify_tell_job(const QblkRunTask *task, GError **error);
