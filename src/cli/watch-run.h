/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The loop of `qblk watch`: all VMs, the keyboard and signals in one poll().
 */
#pragma once

#include "cli/watch-show.h"

/**
 * Follow the VMs of @invocation until the user ends it, or all have ended.
 *
 * The terminal is restored when this returns.
 */
gboolean qblk_watch_run(QblkInvocation *invocation, const QblkWatchRunOptions *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
