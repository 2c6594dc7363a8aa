/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The layers below the active one as nested `<backingStore>`.
 */
#pragma once

#include "graph/chain.h"
#include "xml/writer.h"

/**
 * Add the layers of @chain below its active layer to @disk, each nested in the one above, and the
 * empty element that ends a chain known to be complete.
 */
gboolean qblk_backing_store_add(xmlNode *disk, const QblkChain *chain,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** libvirt's name of @layer's format; NULL with QBLK_XML_ERROR_UNSUPPORTED where it has none. */
const char *qblk_backing_store_format(const QblkLayer *layer,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The source of @layer; NULL with QBLK_XML_ERROR_UNSUPPORTED where its file name has no form. */
const QblkSource *qblk_backing_store_source(const QblkLayer *layer,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Give @element the `index` of @layer; none where it has none or where that is 0. */
void qblk_backing_store_index(xmlNode *element, const QblkLayer *layer);
