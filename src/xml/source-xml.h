/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A source as `<source>`.
 */
#pragma once

#include "graph/source.h"
#include "xml/writer.h"

/** The name of the attribute of `<source>` that has the path: "file" or "dev". */
const char *qblk_source_xml_path_attribute(QblkSourceType type);

/** Add `<source>` for @source below @parent.  Returns it, owned by @parent; NULL with @error. */
xmlNode *qblk_source_xml_add(xmlNode *parent, const QblkSource *source,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
