/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * `qblk jobs --watch`: what becomes of the jobs, as it happens.
 */
#pragma once

#include "cli/invocation.h"

/**
 * Print what changes, at once, until there are no jobs any more or the user has enough (Ctrl-C).
 * States come by events; on a terminal the progress is asked for once a second.
 */
gboolean qblk_jobs_watch(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
