/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/disk.h"

#include "chain/chain.h"
#include "xml/backing-store.h"
#include "xml/source-xml.h"

#include <qblk/disk.h>

/* Add `<driver>` and `<source>`. */
static gboolean
add_active_layer(xmlNode *disk, const QblkLayer *layer, const QblkSource *source, GError **error)
{
    xmlNode *driver = qblk_writer_element(disk, "driver");

    qblk_writer_constant(driver, "name", "qemu");
    if (layer == NULL) {
        return TRUE; /* an empty drive */
    }

    const char *format = qblk_backing_store_format(layer, error);
    if (format == NULL) {
        return FALSE;
    }

    qblk_writer_constant(driver, "type", format);
    xmlNode *element = qblk_source_xml_add(disk, source, error);
    if (element == NULL) {
        return FALSE;
    }
    qblk_backing_store_index(element, layer);
    return TRUE;
}

static gboolean
add_target(xmlNode *disk, const QblkChain *chain, GError **error)
{
    xmlNode *target = qblk_writer_element(disk, "target");

    if (!qblk_writer_attribute(target, "dev", chain->target, error)) {
        return FALSE;
    }
    if (!qblk_writer_attribute(target, "bus", chain->bus, error)) {
        return FALSE;
    }

    if (chain->tray_open) {
        qblk_writer_constant(target, "tray", "open");
    }
    return TRUE;
}

/* The children are in libvirt's order. */
static gboolean
fill_disk(xmlNode *disk, const QblkChain *chain, GError **error)
{
    const QblkLayer *layer = qblk_chain_get_layer(chain, 0);
    g_autoptr(QblkSource) source = layer == NULL ? NULL : qblk_backing_store_source(layer, error);
    if (layer != NULL && source == NULL) {
        return FALSE;
    }

    QblkSourceType type = source == NULL ? QBLK_SOURCE_FILE : source->type;
    qblk_writer_constant(disk, "type", qblk_source_type_name(type));
    qblk_writer_constant(disk, "device", qblk_device_kind_name(chain->kind));

    if (!add_active_layer(disk, layer, source, error)) {
        return FALSE;
    }
    if (!qblk_backing_store_add(disk, chain, error)) {
        return FALSE;
    }
    if (!qblk_mirror_add(disk, chain, error)) {
        return FALSE;
    }
    if (!add_target(disk, chain, error)) {
        return FALSE;
    }

    if (chain->read_only || chain->kind == QBLK_DEVICE_KIND_CDROM) {
        (void)qblk_writer_element(disk, "readonly");
    }
    if (chain->alias != NULL) {
        return qblk_writer_attribute(qblk_writer_element(disk, "alias"), "name", chain->alias,
                                     error);
    }
    return TRUE;
}

/* A chain that was read from a document is written as its element was. */
static gboolean
add_disk(xmlNode *devices, const QblkChain *chain, GError **error)
{
    if (chain->element != NULL) {
        xmlAddChild(devices, xmlCopyNode(chain->element, 1));
        return TRUE;
    }

    if (!fill_disk(qblk_writer_element(devices, "disk"), chain, error)) {
        g_prefix_error(error, "%s: ", chain->target);
        return FALSE;
    }
    return TRUE;
}

char *
qblk_disk_to_xml(const QblkChain *chain, GError **error)
{
    g_autoptr(xmlNode) devices = qblk_writer_root("devices");

    if (!add_disk(devices, chain, error)) {
        return NULL;
    }
    return qblk_writer_print(devices->children);
}

char *
qblk_disk_all_to_xml(const QblkChain *const *chains, guint count, GError **error)
{
    g_autoptr(xmlNode) devices = qblk_writer_root("devices");

    for (guint i = 0; i < count; i++) {
        if (!add_disk(devices, chains[i], error)) {
            return NULL;
        }
    }
    return qblk_writer_print(devices);
}

/* For a copy into a file, libvirt writes file and format also as attributes, for readers that do
 * not know the elements (virDomainDiskDefFormatMirror). */
static gboolean
add_old_attributes(xmlNode *element, const QblkSource *source, const char *format, GError **error)
{
    if (source->type != QBLK_SOURCE_FILE) {
        return TRUE;
    }
    if (!qblk_writer_attribute(element, "file", source->path, error)) {
        return FALSE;
    }
    return qblk_writer_attribute(element, "format", format, error);
}

gboolean
qblk_mirror_add(xmlNode *disk, const QblkChain *chain, GError **error)
{
    const QblkMirror *mirror = chain->mirror;

    if (mirror == NULL) {
        return TRUE;
    }
    g_autoptr(QblkSource) source = qblk_backing_store_source(mirror->layer, error);
    if (source == NULL) {
        return FALSE;
    }
    const char *format = qblk_backing_store_format(mirror->layer, error);
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

    /* The layers below the base of a commit are in the chain of the disk. */
    if (!mirror->is_commit && mirror->is_complete) {
        (void)qblk_writer_element(element, "backingStore");
    }
    return TRUE;
}
