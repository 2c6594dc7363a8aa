/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A commit by the number of overlays that it keeps: the layers of a chain above its bottom are its
 * overlays, and those below the kept ones are merged into the bottom.
 */
#pragma once

#include "chain/chain.h"
#include "plan/merge-options.h"

/** Returns: TRUE if @options keep a number of overlays */
gboolean qblk_commit_keeps(const QblkCommitOptions *options);

/**
 * Check that no other option chooses layers, and that the end is one for these layers.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_commit_keep_check(const QblkCommitOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @chain has no more overlays than @options keep, so that nothing is merged */
gboolean qblk_commit_keep_is_done(const QblkCommitOptions *options, const QblkChain *chain);

/** Returns: (transfer full): "1 overlay" or "5 overlays": those of @chain */
char *qblk_commit_keep_describe(const QblkChain *chain);

/**
 * Returns: (nullable): the topmost layer that is merged, borrowed; NULL with
 * QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO if no layer is merged
 */
const QblkLayer *qblk_commit_keep_get_top(const QblkCommitOptions *options, const QblkChain *chain,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
