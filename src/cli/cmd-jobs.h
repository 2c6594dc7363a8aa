/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk jobs`: the jobs of a VM. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_jobs(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `jobs` to @context. */
void qblk_cmd_jobs_options(QblkInvocation *invocation, GOptionContext *context);
