/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The actions of one plan: each does one thing and returns the event that it ended with.
 */
#pragma once

#include "blockjob/run-task.h"

/** Returns: (transfer none) (nullable): the next step of @task; NULL if all were taken. */
const QblkStep *qblk_run_step_next(const QblkRunTask *task);

/** Carry out the task's action, and go to the state that its event leads to.  Not for
 * QBLK_RUN_HOLD, _UNDO and _END. */
void qblk_run_step_turn(QblkRunTask *task);

/**
 * Send @step, the next one of @task, or one that stands for it and for those of other tasks.
 *
 * Returns: the event of QBLK_RUN_SEND or QBLK_RUN_RESEND
 */
QblkRunEvent qblk_run_step_send(QblkRunTask *task, const QblkStep *step);

/** Drop the refusal of a step that turned out to have been carried out before. */
void qblk_run_step_forget_refusal(QblkRunTask *task);

/** Look, without waiting, whether the step that was taken last has ended; FALSE if it has not. */
gboolean qblk_run_step_has_ended(QblkRunTask *task, QblkRunEvent *event);

/**
 * Send @step and wait for what ends it, with a second attempt if the first one was not answered.
 * For the steps of a rollback, which have no state of their own.
 */
gboolean qblk_run_step_carry_out(QblkRunTask *task, const QblkStep *step,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
