/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/job-request.h"

QblkJobRequest *
qblk_job_request_new(void)
{
    QblkJobRequest *request = g_new0(QblkJobRequest, 1);
    g_atomic_ref_count_init(&request->references);
    return request;
}

QblkJobRequest *
qblk_job_request_ref(QblkJobRequest *request)
{
    g_atomic_ref_count_inc(&request->references);
    return request;
}

void
qblk_job_request_unref(QblkJobRequest *request)
{
    if (request == NULL || !g_atomic_ref_count_dec(&request->references)) {
        return;
    }

    g_free(request);
}

void
qblk_job_request_set_action(QblkJobRequest *request, QblkJobAction action)
{
    g_return_if_fail(action <= QBLK_JOB_LIMIT);

    request->action = action;
}

void
qblk_job_request_set_waits(QblkJobRequest *request, gboolean waits)
{
    request->waits = waits;
}

void
qblk_job_request_set_delete_removed(QblkJobRequest *request, gboolean delete_removed)
{
    request->delete_removed = delete_removed;
}
