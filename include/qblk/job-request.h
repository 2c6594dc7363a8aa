/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is wanted of a job that already exists.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkJobAction:
 * @QBLK_JOB_WAIT: wait until it is ready or concluded; finalize and dismiss it if it needs that
 * @QBLK_JOB_PIVOT: of a ready copy or active commit: switch the guest to what it has written
 * @QBLK_JOB_FINISH: of the same: keep the source; the copy has the data of that moment
 * @QBLK_JOB_ABORT: end it now; what a ready job has written is complete
 * @QBLK_JOB_PAUSE: pause it
 * @QBLK_JOB_RESUME: resume it
 * @QBLK_JOB_LIMIT: change its speed to that of the QblkPlanOptions
 *
 * What to do with a job.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_JOB_WAIT,
    QBLK_JOB_PIVOT,
    QBLK_JOB_FINISH,
    QBLK_JOB_ABORT,
    QBLK_JOB_PAUSE,
    QBLK_JOB_RESUME,
    QBLK_JOB_LIMIT,
} QblkJobAction;

/**
 * QblkJobRequest:
 *
 * An action for a job.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkJobRequest QblkJobRequest;

/**
 * qblk_job_request_new:
 *
 * Returns: (transfer full): the request to wait for a job
 *
 * Since: 0.1.0
 */
QblkJobRequest *qblk_job_request_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_job_request_ref:
 * @request: the request
 *
 * Returns: (transfer full): a further reference to @request
 *
 * Since: 0.1.0
 */
QblkJobRequest *qblk_job_request_ref(QblkJobRequest *request);

/**
 * qblk_job_request_unref:
 * @request: (nullable) (transfer full): the request
 *
 * Release a reference; the last one frees the request.
 *
 * Since: 0.1.0
 */
void qblk_job_request_unref(QblkJobRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJobRequest, qblk_job_request_unref)

/**
 * qblk_job_request_set_action:
 * @request: the request
 * @action: what to do; another value is not set
 *
 * Since: 0.1.0
 */
void qblk_job_request_set_action(QblkJobRequest *request, QblkJobAction action);

/**
 * qblk_job_request_set_waits:
 * @request: the request
 * @waits: wait until the job is ready, before a pivot or finish
 *
 * Since: 0.1.0
 */
void qblk_job_request_set_waits(QblkJobRequest *request, gboolean waits);

/**
 * qblk_job_request_set_delete_removed:
 * @request: the request
 * @delete_removed: delete the images that leave the chain with the pivot of an active commit;
 *   refused for any other end, for a copy, and unless QEMU is seen to have them open on this
 *   machine
 *
 * Since: 0.1.0
 */
void qblk_job_request_set_delete_removed(QblkJobRequest *request, gboolean delete_removed);

G_END_DECLS
