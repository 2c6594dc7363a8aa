/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk resolve`: from a disk and index, a path or a node to the one layer it means. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_resolve(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
