/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The reply set of an image that QEMU does not open, because its key is not known: what a QEMU with
 * the key would reply, as far as headers show it.
 */
#pragma once

#include "graph/replies.h"

/** TRUE if a layer of @layers (of QblkImageLayer) is encrypted. */
gboolean qblk_image_replies_are_needed(const GPtrArray *layers);

/**
 * Make the replies from the headers of all @layers (of QblkImageLayer, top first).  Nothing is
 * opened for writing, and no lock is taken: the image may be in use.
 *
 * Returns: (transfer full): the replies; NULL with QBLK_GRAPH_ERROR, see qblk_image_info_read()
 */
QblkReplies *qblk_image_replies_new(const GPtrArray *layers,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
