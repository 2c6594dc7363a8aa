/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whether a chain is the one a plan speaks of.
 */
#pragma once

#include "blockjob/plan.h"

/** Whether @chain is as @expected (of QblkExpectation) says; QBLK_BLOCKJOB_ERROR_RESULT has
 * both. */
gboolean qblk_verify_chain(const QblkChain *chain, const GPtrArray *expected,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
