/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which disk is "vda": the assignment of target names, from the most to the least reliable source.
 */
#pragma once

#include "graph/device.h"
#include "graph/snapshot-options.h"

/**
 * TRUE if the name or the bus of @device depends on its address on the bus.  It does not change the
 * assignment and saves queries.
 */
gboolean qblk_target_needs_address(const QblkDevice *device);

/**
 * Assign a target name to each disk; no two disks get the same name.
 *
 * @devices: of QblkDevice; a node that the user named and that no device has is added as a device
 * @nodes: node-name -> QblkNode
 * @ambiguous: name -> GPtrArray of the devices that could have it, borrowed.  A name that several
 *   devices could have from the same source is added here; these devices get other names.
 *
 * Returns: TRUE, or FALSE with QBLK_GRAPH_ERROR_NO_DISK if the user named a device that does not
 * exist, or _AMBIGUOUS if several devices have that name.
 */
gboolean qblk_target_assign(GPtrArray *devices, GHashTable *nodes,
                            const QblkSnapshotOptions *options, GHashTable *ambiguous,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
