/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning a copy: everything the guest sees on a disk is copied to another image, which can then
 * become the active one.
 */
#pragma once

#include "plan/copy-request.h"

/**
 * Plan a copy.  Result and errors as of qblk_plan_make_commit().
 *
 * QEMU creates the destination (`blockdev-create`), unless it is reused, and opens it with the
 * cache mode of the active layer.  Filters above the chain stay: QEMU mirrors only a topmost node,
 * and with `replaces` it puts the copy in the place of the active layer below them.
 */
QblkPlan *qblk_plan_make_copy(const QblkPlanContext *context, const QblkCopyOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
