/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A source as `<source>`, and back: one table of members for both directions.
 */
#pragma once

#include "source/source.h"
#include "xml/writer.h"

#include <qblk/source-xml.h>

/**
 * Add `<source>` for @source below @parent.  Returns it, owned by @parent; NULL with
 * QBLK_XML_ERROR.
 */
xmlNode *qblk_source_xml_add(xmlNode *parent, const QblkSource *source,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read the element `<source>` of an element with that type; @element may be NULL for one that is
 * not there, which is a source without a place.
 */
QblkSource *qblk_source_xml_read(const xmlNode *element, QblkSourceType type);
