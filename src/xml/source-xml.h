/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a source to `<source>`, and back: one table of members for both directions.
 */
#pragma once

#include "source/source.h"
#include "xml/writer.h"

#include <qblk/source-xml.h>

/**
 * Add the `<source>` element of @source to @parent.
 *
 * Returns: (transfer none): the element, owned by @parent; NULL with QBLK_XML_ERROR_NAME
 */
xmlNode *qblk_source_xml_add(xmlNode *parent, const QblkSource *source,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read a `<source>` element.
 *
 * @element: (nullable): the element; NULL makes a source without a location
 * @type: the type that its parent specifies
 *
 * Returns: (transfer full): the source
 */
QblkSource *qblk_source_xml_read(const xmlNode *element, QblkSourceType type);
