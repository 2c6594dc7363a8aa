/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk copy`. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_copy(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `copy` to @context. */
void qblk_cmd_copy_options(QblkInvocation *invocation, GOptionContext *context);
