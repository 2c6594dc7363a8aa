/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk open-monitor`: one more QMP monitor, so that a watcher does not take the manager's. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_open_monitor(QblkInvocation *invocation,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `open-monitor` to @context. */
void qblk_cmd_open_monitor_options(QblkInvocation *invocation, GOptionContext *context);
