/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whether a chain is the one a plan speaks of.
 */
#pragma once

#include "plan/plan.h"

/** Whether @chain, of the disk @target, is as @expected (of QblkExpectation) says;
 * QBLK_BLOCKJOB_ERROR_RESULT has both. */
gboolean qblk_verify_chain(const QblkChain *chain, const char *target, const GPtrArray *expected,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether the headers that the job of @plan has written say on disk what is below them now, as far
 * as the files can be read on this machine; QBLK_BLOCKJOB_ERROR_RESULT.
 */
gboolean qblk_verify_headers(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The name that the disk of @plan has in @snapshot: names may come from nodes and images that have
 * left.  Borrowed from either. */
const char *qblk_verify_find(const QblkPlan *plan, const QblkSnapshot *snapshot);
