/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One command to QEMU and its outcome, also if no reply is received.
 */
#pragma once

#include "blockjob/run-task.h"

typedef enum {
    QBLK_SEND_ANSWERED,   /* QEMU accepted it, or refused one that may be refused */
    QBLK_SEND_REFUSED,    /* QEMU refused it, and has changed nothing */
    QBLK_SEND_HAD_EFFECT, /* it was not answered, and the state of the job has changed */
    QBLK_SEND_NO_ANSWER,  /* it was not answered, and the job is where it was */
    QBLK_SEND_FAILED,     /* it was not answered, and QEMU cannot be asked */
} QblkSendOutcome;

/** Begin with another step of @task: the next attempt is its first one. */
void qblk_run_send_begin(QblkRunTask *task, const QblkStep *step);

/**
 * Send the command of @step, if it has one.  After an attempt that was not answered a second one
 * may be refused because the first one was received, unless the state of a job shows that.
 *
 * @error is set unless the result is _ANSWERED or _HAD_EFFECT.
 */
QblkSendOutcome qblk_run_send(QblkRunTask *task, const QblkStep *step, GError **error);

/** Wait a while for a sign that @step, which was not answered, was received.  FALSE with @error set
 * if the task must stop or the connection is lost. */
gboolean qblk_run_send_await(const QblkRunTask *task, const QblkStep *step, gboolean *was_received,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if the job of @step has left the state that it had before the first attempt. */
gboolean qblk_run_send_had_effect(const QblkRunTask *task, const QblkStep *step);
