/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Changes of a chain that crash certain versions of QEMU: one table, with a row for each crash.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that no filter makes this QEMU crash when another node replaces that of @layer: below the
 * top of a commit, or at the pivot of a copy.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the filter and the commands
 * that remove it
 */
gboolean qblk_crash_guard_check(const QblkPlanContext *context, const QblkLayer *layer,
                                const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
