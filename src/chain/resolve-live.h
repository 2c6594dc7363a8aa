/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The nodes that several specifications mean in a live QEMU, all at the same time.
 */
#pragma once

#include <qblk/chain.h>

/**
 * qblk_client_resolve() for each of @specs, in one graph.
 *
 * @specs: (element-type utf8)
 * @options: (nullable)
 *
 * Returns: (transfer full) (element-type utf8 utf8): the name of the node of each; NULL with the
 * error of the first one that means no layer
 */
GHashTable *qblk_client_resolve_all(QblkClient *client, const GPtrArray *specs,
                                    const QblkSnapshotOptions *options,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
