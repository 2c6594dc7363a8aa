/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/source-xml.h"

static const char *const path_attributes[] = {
    [QBLK_SOURCE_FILE] = "file",
    [QBLK_SOURCE_BLOCK] = "dev",
};

const char *
qblk_source_xml_path_attribute(QblkSourceType type)
{
    return path_attributes[type];
}

xmlNode *
qblk_source_xml_add(xmlNode *parent, const QblkSource *source, GError **error)
{
    xmlNode *element = qblk_writer_element(parent, "source");
    const char *attribute = qblk_source_xml_path_attribute(source->type);
    return qblk_writer_attribute(element, attribute, source->path, error) ? element : NULL;
}
