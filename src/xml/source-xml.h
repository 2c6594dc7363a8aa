/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a source to `<source>`, and back: one table of members for both directions.
 */
#pragma once

#include "source/source.h"
#include "xml/document.h"
#include "xml/writer.h"

#include <qblk/source-xml.h>

/**
 * Write the `<source>` element of @source.
 *
 * @index: its attribute `index`; 0 or QBLK_UNKNOWN: none
 *
 * Errors: QBLK_XML_ERROR_NAME
 */
gboolean qblk_source_xml_write(QblkWriter *writer, const QblkSource *source, gint64 index,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read a `<source>` element.
 *
 * @element: (nullable): the element; NULL makes a source without a location
 * @type: the type that its parent specifies
 *
 * Returns: (transfer full): the source
 */
QblkSource *qblk_source_xml_read(const QblkDocumentNode *element, QblkSourceType type);
