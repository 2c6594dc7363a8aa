/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which disk is "vda": the ladder of ways to know a target name.
 */
#pragma once

#include "graph/device.h"
#include "graph/snapshot-options.h"

/**
 * Whether the address of @device has to be known to name it or to tell its bus; the target ladder
 * itself is not changed by this, it only saves queries.
 */
gboolean qblk_target_needs_address(const QblkDevice *device);

/**
 * Give every disk among @devices (of QblkDevice) its target name; no two get the same.  A node that
 * the user named and no device has becomes a device of its own, appended to @devices.
 *
 * A name that several devices have an equal right to goes to none of them: it is put into
 * @ambiguous (name -> text that lists the candidates, owned), and they are named in another way.
 *
 * QBLK_GRAPH_ERROR_NO_DISK where the user named a device that is not there, _AMBIGUOUS where the
 * user's word fits several.
 */
gboolean qblk_target_assign(GPtrArray *devices, GHashTable *nodes,
                            const QblkSnapshotOptions *options, GHashTable *ambiguous,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
