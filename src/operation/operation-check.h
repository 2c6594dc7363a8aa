/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What plans an operation accepts.
 */
#pragma once

#include <qblk/plans.h>

/**
 * Check that @plans can be run by an operation that ends once their jobs have started: what a plan
 * does afterwards would not be done, and the caller would believe that it was.
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if a plan ends its job, or deletes images
 */
gboolean qblk_operation_check_detached(const QblkPlans *plans,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if @plans cannot be run in one operation, or at
 * all */
gboolean qblk_operation_check_plans(const QblkPlans *plans,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
