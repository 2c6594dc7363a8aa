/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Who else uses an image: a change of its data would reach them too.
 */
#pragma once

#include "graph/chain.h"
#include "graph/snapshot.h"

/**
 * The target name of another disk than @target whose chain has the image of @layer, as the same
 * node or as the same file opened again; NULL where no disk has.  Borrowed.
 */
const char *qblk_snapshot_users_other(const QblkSnapshot *snapshot, const char *target,
                                      const QblkLayer *layer);
