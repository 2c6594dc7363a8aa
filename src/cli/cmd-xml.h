/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** `qblk xml`: disks as libvirt's XML. */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_xml(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
