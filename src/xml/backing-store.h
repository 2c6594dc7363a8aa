/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The layers below the active one, as nested `<backingStore>` elements.
 */
#pragma once

#include "chain/chain.h"
#include "xml/writer.h"

/**
 * Write the layers of @chain below its active layer, each nested in the one above it, and the empty
 * element that ends a complete chain.
 *
 * Errors: those of the functions below, and of qblk_source_xml_write().
 */
gboolean qblk_backing_store_write(QblkWriter *writer, const QblkChain *chain,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer none): libvirt's name of the format of @layer; NULL with
 * QBLK_XML_ERROR_UNSUPPORTED if libvirt has no name for it
 */
const char *qblk_backing_store_format(const QblkLayer *layer,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): the source of @layer; NULL with QBLK_XML_ERROR_UNSUPPORTED and the
 * reason if libvirt's XML cannot express its file name
 */
QblkSource *qblk_backing_store_source(const QblkLayer *layer,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
