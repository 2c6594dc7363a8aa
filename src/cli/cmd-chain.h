/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk chain`: the layers of each disk, with indexes, formats, sizes and files. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_chain(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
