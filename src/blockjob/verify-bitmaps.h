/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Comparing the bitmaps of a graph snapshot with those that a plan carries over.
 */
#pragma once

#include "graph/snapshot.h"
#include "plan/plan.h"

/** Returns: TRUE if each bitmap that @plan carries over is where it has to be, as it has to be;
 * FALSE with QBLK_BLOCKJOB_ERROR_RESULT. */
gboolean qblk_verify_bitmaps(const QblkSnapshot *snapshot, const QblkPlan *plan,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
