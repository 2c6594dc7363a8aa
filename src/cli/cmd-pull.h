/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk pull`. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_pull(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `pull` to @context. */
void qblk_cmd_pull_options(QblkInvocation *invocation, GOptionContext *context);

/** A pull down to the layer @base, NULL for all. */
gboolean qblk_cmd_pull_to(QblkInvocation *invocation, const char *base,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
