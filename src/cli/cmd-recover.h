/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk recover`: take up what a crash has left. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_recover(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
