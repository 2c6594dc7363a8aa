/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Other users of an image: a change of its data would reach them, too.
 */
#pragma once

#include "chain/chain.h"
#include "graph/snapshot.h"

/**
 * Find another disk that has the image of @layer in its chain, as the same node or as the same file
 * in another node, or a part of a file that overlaps it.  Files are compared by device and inode if
 * they are known.
 *
 * @target: the disk of @layer, which is left out
 *
 * Returns: (transfer none) (nullable): the target name of the first such disk
 */
const char *qblk_snapshot_users_other(const QblkSnapshot *snapshot, const char *target,
                                      const QblkLayer *layer);
