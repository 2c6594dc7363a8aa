/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What has to be true of each plan, so that one that was read can be run like one that was made.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that @plan has only commands that plans have, for its own job or monitor, in an order in
 * which they can be run, and that it describes its images completely.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_consistent_check(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
