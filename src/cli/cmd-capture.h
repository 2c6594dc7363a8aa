/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk capture`: all replies that the other commands need, written down. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_capture(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
