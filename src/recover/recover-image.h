/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * After QEMU has crashed: which image its guest has to boot from.
 */
#pragma once

#include "base/json.h"
#include "cli/invocation.h"

/**
 * Say from journal, mark and headers what became of the image @top, which nobody may have in use:
 * what to boot from, and what is not used any more.  QBLK_BLOCKJOB_ERROR_RESULT where it cannot be
 * known; nothing is changed then.
 */
gboolean qblk_recover_image(QblkInvocation *invocation, const char *top,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same for a look only: nothing is settled, nothing is said where neither journal nor mark
 * tells of the image, and @is_told is whether one does.  It is added to @result, or printed where
 * that is NULL.
 */
gboolean qblk_recover_image_check(QblkInvocation *invocation, const char *top, QblkJson *result,
                                  gboolean *is_told, GError **error) G_GNUC_WARN_UNUSED_RESULT;
