/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/mirror.h"

#include "xml/backing-store.h"
#include "xml/source-xml.h"

/* A copy into a file says file and format a second time, as attributes: libvirt does so for readers
 * from before the elements (virDomainDiskDefFormatMirror). */
static gboolean
add_old_attributes(xmlNode *element, const QblkSource *source, const char *format, GError **error)
{
    if (source->type != QBLK_SOURCE_FILE) {
        return TRUE;
    }
    return qblk_writer_attribute(element, "file", source->path, error) &&
           qblk_writer_attribute(element, "format", format, error);
}

gboolean
qblk_mirror_add(xmlNode *disk, const QblkChain *chain, GError **error)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL) {
        return TRUE;
    }
    const QblkSource *source = qblk_backing_store_source(mirror->layer, error);
    const char *format = source == NULL ? NULL : qblk_backing_store_format(mirror->layer, error);
    if (format == NULL) {
        return FALSE;
    }
    xmlNode *element = qblk_writer_element(disk, "mirror");
    qblk_writer_constant(element, "type", qblk_source_type_name(source->type));
    if (!mirror->is_commit && !add_old_attributes(element, source, format, error)) {
        return FALSE;
    }
    qblk_writer_constant(element, "job", mirror->is_commit ? "active-commit" : "copy");
    if (mirror->ready) {
        qblk_writer_constant(element, "ready", "yes");
    }
    qblk_writer_constant(qblk_writer_element(element, "format"), "type", format);
    xmlNode *place = qblk_source_xml_add(element, source, error);
    if (place == NULL) {
        return FALSE;
    }
    qblk_backing_store_index(place, mirror->layer);
    /* What is below the base of a commit is in the disk's own chain. */
    if (!mirror->is_commit && mirror->is_complete) {
        (void)qblk_writer_element(element, "backingStore");
    }
    return TRUE;
}
