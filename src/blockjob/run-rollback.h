/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The end of plans that have failed: what was done is undone, and the user is told what is left.
 */
#pragma once

#include "blockjob/run-task.h"

/** Carry out QBLK_RUN_UNDO: undo the steps of @task, the last one first, and go to the state that
 * follows.  Jobs may conclude by themselves meanwhile.  FALSE with @error set if it failed. */
gboolean qblk_run_rollback_task(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * End a run of which the task @failed has failed: roll back all plans whose jobs have not
 * succeeded, or leave them, as the state of @failed says.  @error becomes the error of that task,
 * with what became of the jobs and chains.
 */
void qblk_run_rollback_end(QblkRun *run, QblkRunTask *failed, GError **error);
