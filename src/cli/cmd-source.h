/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk source`: what a file name of QEMU means. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_source(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
