/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a `<disk>` element of libvirt to a chain.
 */
#pragma once

#include "chain/chain.h"
#include "xml/document.h"

/**
 * Read the element @disk, whose children may be in any order.  The chain has a copy of the element.
 * A layer whose element does not specify a location, such as a volume of a storage pool, has no
 * source; its `problem` is the reason.
 *
 * Returns: (transfer full): the chain; NULL with QBLK_XML_ERROR_INVALID if the disk has no target
 * or one that no layer specification can contain, if an index is not a number or used twice, if a
 * type is unknown, or if an element occurs twice that may occur once
 */
QblkChain *qblk_disk_reader_chain(const QblkDocumentNode *disk,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
