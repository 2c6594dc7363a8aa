/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk commit`. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_commit(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `commit` to @context. */
void qblk_cmd_commit_options(QblkInvocation *invocation, GOptionContext *context);
