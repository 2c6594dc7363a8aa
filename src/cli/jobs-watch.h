/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * `qblk jobs --watch`: print the changes of jobs as they happen.
 */
#pragma once

#include "cli/invocation.h"

/**
 * Print changes of jobs to standard output until there are no jobs, or until Ctrl-C.  Changes of
 * state come as events; on a terminal the progress is printed once a second.
 */
gboolean qblk_jobs_watch(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
