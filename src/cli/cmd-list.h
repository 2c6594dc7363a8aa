/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk list`: the disks of a VM, one a line. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_list(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
