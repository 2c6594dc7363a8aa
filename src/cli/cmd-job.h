/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk job`: look at the job of one disk, or change what becomes of it. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_job(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `job` to @context. */
void qblk_cmd_job_options(QblkInvocation *invocation, GOptionContext *context);
