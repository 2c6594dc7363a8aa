/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The virtual sizes of the images of a commit.
 *
 * QEMU grows a base that is smaller than the top to the size of the top, which is not possible with
 * a raw image on a block device ("Invalid argument").  A base that is larger is not shrunk: the
 * disk of the guest grows with the pivot.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that @base can get the size of @top, and add a warning to @plan if a size will change.
 *
 * @is_pivot: @base becomes the active layer
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_check_size(const QblkLayer *top, const QblkLayer *base, gboolean is_pivot,
                              QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
