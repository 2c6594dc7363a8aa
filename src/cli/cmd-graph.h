/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk graph`: the whole node graph. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_graph(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `graph` to @context. */
void qblk_cmd_graph_options(QblkInvocation *invocation, GOptionContext *context);
