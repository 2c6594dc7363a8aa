/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The boxes and links of a picture from a graph snapshot.
 */
#pragma once

#include "cli/print/picture.h"

/**
 * @selection: (nullable)
 * @name: of the VM, if the snapshot does not have it
 *
 * Returns: (transfer full): the picture without coordinates; NULL with QBLK_GRAPH_ERROR_LIMIT if it
 * has more than QBLK_PICTURE_MAX_BOXES boxes or links
 */
QblkPicture *qblk_picture_of_graph(const QblkSnapshot *snapshot,
                                   const QblkGraphSelection *selection, const char *name,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
