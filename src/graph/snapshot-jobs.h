/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The disk that a job works on, and the filters that a job adds above it.
 */
#pragma once

#include "graph/snapshot.h"

/** Set the nodes and the disk of each job; a part of loading a snapshot. */
void qblk_snapshot_jobs_attach(QblkSnapshot *snapshot);

/**
 * The top node of the chain of @device, including the filters of jobs, which query-block hides.
 *
 * Returns: (nullable): the node, or NULL for an empty drive
 */
const QblkNode *qblk_snapshot_jobs_top(const QblkSnapshot *snapshot, const QblkDevice *device);

/** Returns: (transfer full): node-name (borrowed) -> 1 + the position, among the devices, of the
 * first disk that has the node in its chain */
GHashTable *qblk_snapshot_jobs_owners(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
