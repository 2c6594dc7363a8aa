/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Comparing a chain with the one that a plan expects.
 */
#pragma once

#include "plan/plan.h"

/** Compare @chain, of the disk @target, with @expected (of QblkExpectation).
 * QBLK_BLOCKJOB_ERROR_RESULT, with both in the message. */
gboolean qblk_verify_chain(const QblkChain *chain, const char *target, const GPtrArray *expected,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that the headers which the job of @plan has written name the next image, as far as the
 * files can be read on this machine.  QBLK_BLOCKJOB_ERROR_RESULT. */
gboolean qblk_verify_headers(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the name that the disk of @plan has in @snapshot, which may differ
 * from the plan's: names may come from nodes and images that have left the chain. */
const char *qblk_verify_find(const QblkPlan *plan, const QblkSnapshot *snapshot);
