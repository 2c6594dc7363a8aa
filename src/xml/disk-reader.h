/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A `<disk>` of libvirt's as a chain.
 */
#pragma once

#include "graph/chain.h"
#include "xml/document.h"

/**
 * The chain that the element @disk says, with a copy of the element in it.  Children may stand in
 * any order.  QBLK_XML_ERROR_INVALID where it has no target, an index is no number or stands twice,
 * or a type is not known.
 */
QblkChain *qblk_disk_reader_chain(const xmlNode *disk, GError **error) G_GNUC_WARN_UNUSED_RESULT;
