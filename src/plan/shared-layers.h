/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Images that share layers with an image that no QEMU has open.
 *
 * The locks of QEMU protect the images of a guest that runs.  Nothing else knows of the overlays of
 * a guest that does not run, which are damaged if their backing file is written to or deleted.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that no image outside the chain has one of the layers from @first to @last as its backing
 * file, except those that the user ignores, and that each of these is such an image.  Warn in @plan
 * of a directory that is too large to examine all of it.  Of the disk of a VM nothing is checked.
 *
 * @first, @last: positions in the chain
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED and a message that names the image
 */
gboolean qblk_shared_layers_check(const QblkPlanContext *context, guint first, guint last,
                                  QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
