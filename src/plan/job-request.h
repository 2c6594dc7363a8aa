/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a user wants of a job that already exists.
 */
#pragma once

#include "plan/plan.h"

typedef enum {
    QBLK_JOB_WAIT,   /* until it is ready or concluded; finalize and dismiss it if it needs that */
    QBLK_JOB_PIVOT,  /* of a ready copy or active commit: switch the guest to what it has written */
    QBLK_JOB_FINISH, /* of the same: keep the source; the copy has the data of that moment */
    QBLK_JOB_ABORT,  /* end it now; what a ready job has written is complete */
    QBLK_JOB_PAUSE,
    QBLK_JOB_RESUME,
    QBLK_JOB_LIMIT, /* change its speed */
} QblkJobAction;

typedef struct {
    QblkJobAction action;
    gboolean waits; /* until the job is ready, before a pivot or finish */
} QblkJobRequest;
