/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a user wants of a job that already exists, as the planners read it.
 */
#pragma once

#include "plan/plan.h"

#include <qblk/job-request.h>

struct QblkJobRequest {
    gatomicrefcount references;
    QblkJobAction action;
    gboolean waits; /* until the job is ready, before a pivot or finish */
    gboolean delete_removed;
};
