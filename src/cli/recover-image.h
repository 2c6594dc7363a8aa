/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * After QEMU has crashed: which image its guest has to boot from.
 */
#pragma once

#include "cli/invocation.h"

/**
 * Say from journal, mark and headers what became of the image @top, which nobody may have in use:
 * what to boot from, and what is not used any more.  QBLK_BLOCKJOB_ERROR_RESULT where it cannot be
 * known; nothing is changed then.
 */
gboolean qblk_recover_image(QblkInvocation *invocation, const char *top,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
