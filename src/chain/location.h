/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where the data of an image are, as its nodes report it.
 *
 * Few commands need the source of a layer, and decoding one takes longer than loading the layer.  A
 * location is a copy of what the nodes report; the source is decoded from it on request.
 */
#pragma once

#include "graph/node.h"
#include "source/source.h"

typedef struct QblkLocation QblkLocation;

/**
 * Copy what the nodes from @format down to @protocol report: names, parts of a file that raw nodes
 * use, encryption, an external data file.
 *
 * @protocol: (nullable): reached from @format by qblk_node_storage; NULL if the edges lead to no
 *   protocol node
 */
QblkLocation *qblk_location_new(const QblkNode *format,
                                const QblkNode *protocol) G_GNUC_WARN_UNUSED_RESULT;
void qblk_location_free(QblkLocation *location);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLocation, qblk_location_free)

/** Returns: where the image begins in its file, in bytes: 0 unless a raw node uses a part of it. */
gint64 qblk_location_get_offset(const QblkLocation *location);

/**
 * Decode the source of the image at @location.
 *
 * Returns: (transfer full): the source, or NULL with QBLK_GRAPH_ERROR: SPEC if a file name has no
 * known form, UNSUPPORTED if libvirt's XML has no form for it.
 */
QblkSource *qblk_location_decode(const QblkLocation *location,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
