/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What else reads the layers of a chain: exports, the targets and readers of copy-before-write
 * filters, other overlays.
 *
 * Measured on QEMU 5.2, 7.2, 10.0 and 11.1:
 *
 * - A reader of the base of a commit sees its data change.
 * - QEMU starts no commit while a layer between the top and the base has a reader, or the file of
 *   one of all these layers.
 * - A reader of the top of a commit, or of the active layer, follows when another node replaces
 *   that layer, and sees the same data as before.
 * - A pull changes the data of no layer; its lower layers stay open for their readers.
 * - QEMU starts no copy below a filter if the active layer is the backing image of another node.
 *
 * Each check returns TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED and a message that names the
 * reader.
 */
#pragma once

#include "chain/layer-users.h"
#include "plan/plan.h"

/** Check that each name of @context->ignored_users is an export or node that uses a layer of one of
 * the disks: a wrong one allows less than its user believes. */
gboolean qblk_plan_check_ignored_users(const QblkPlanContext *context,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that a commit of @top into @base harms no reader, except those that the user ignores.
 *
 * @removes_top: @top leaves the chain.  An export of the active layer is not a reader then: it is
 *   another way to the disk, as the one of a storage daemon to its guest
 */
gboolean qblk_plan_check_readers(const QblkPlanContext *context, const QblkChain *chain,
                                 const QblkLayer *top, const QblkLayer *base, gboolean removes_top,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that QEMU can replace the active layer of @chain by a copy. */
gboolean qblk_plan_check_replaced(const QblkChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find what keeps the nodes of @layer open after it has left the chain.
 *
 * @is_replaced: another node takes the place of @layer; users of its format node follow it
 *
 * Returns: (transfer none) (nullable): the first such user
 */
const QblkLayerUser *qblk_plan_find_remaining_user(const QblkLayer *layer, gboolean is_replaced);

/** Warn in @plan of an existing job of all users of @base, whose data the job has changed.
 * @base: (nullable): the layer that a commit writes to */
void qblk_plan_warn_of_readers(QblkPlan *plan, const QblkLayer *base);
