/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A `<disk>` of libvirt's as a chain.
 */
#pragma once

#include "graph/chain.h"
#include "xml/document.h"

/**
 * The chain that the element @disk says, with a copy of the element in it.  Children may stand in
 * any order.  A layer that does not say where its image is has no source but a problem that says
 * so; a volume of a storage pool is such a layer.
 *
 * QBLK_XML_ERROR_INVALID where it has no target or one that no layer could be named by, an index is
 * no number or stands twice, a type is not known, or an element that there is once stands twice.
 */
QblkChain *qblk_disk_reader_chain(const xmlNode *disk, GError **error) G_GNUC_WARN_UNUSED_RESULT;
