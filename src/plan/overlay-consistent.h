/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What has to be true of each plan of a snapshot, so that one that was read can be run.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that @plan creates and opens one image, puts it over the active image of its disk, and does
 * nothing else.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_overlay_consistent_check(const QblkPlan *plan,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
