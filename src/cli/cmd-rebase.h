/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk rebase`: a pull whose base is an argument, as virDomainBlockRebase has it. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_rebase(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `rebase` to @context. */
void qblk_cmd_rebase_options(QblkInvocation *invocation, GOptionContext *context);
