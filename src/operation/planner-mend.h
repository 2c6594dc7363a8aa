/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans of the kind "mend" that were read.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/client.h"

/**
 * Check a plan that was read from JSON: it is made once more for @snapshot, and has to be the same.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, or an error of qblk_plans_new_mend()
 */
gboolean qblk_planner_mend_check_read(QblkClient *client, const QblkSnapshot *snapshot,
                                      QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
