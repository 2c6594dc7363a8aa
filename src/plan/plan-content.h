/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What an image contains beside the data of the guest, and what would be lost of it: encryption,
 * and snapshots within the image.
 *
 * Each check returns TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that no data go from an encrypted layer into an image that is not encrypted, unless the
 * user allows that.
 *
 * @first, @end: the layers whose data are moved: from the position @first up to, but not including,
 *   @end
 * @name: of the image that is written
 * @is_encrypted: that image is encrypted
 */
gboolean qblk_plan_check_plaintext(const QblkPlanContext *context, const QblkChain *chain,
                                   guint first, guint end, const char *name, gboolean is_encrypted,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that no image with snapshots in it is deleted, unless the user allows that.  If it is not
 * deleted, a warning is added to @plan: the guest cannot go back to these snapshots any longer.
 *
 * @first, @end: the layers that leave the chain, as above
 */
gboolean qblk_plan_check_internal_snapshots(const QblkPlanContext *context, const QblkChain *chain,
                                            guint first, guint end, gboolean is_deleted,
                                            QblkPlan *plan,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
