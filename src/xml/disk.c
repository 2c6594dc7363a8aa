/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/disk.h"

#include "chain/chain.h"
#include "xml/backing-store.h"
#include "xml/document-print.h"
#include "xml/source-xml.h"

#include <qblk/disk.h>

/* Write `<driver>` and `<source>`. */
static gboolean
write_active_layer(QblkWriter *writer, const QblkLayer *layer, const QblkSource *source,
                   GError **error)
{
    if (layer == NULL) {
        qblk_writer_empty(writer, "driver", "name", "qemu"); /* an empty drive */
        return TRUE;
    }

    const char *format = qblk_backing_store_format(layer, error);
    if (format == NULL) {
        return FALSE;
    }

    qblk_writer_open(writer, "driver");
    qblk_writer_constant(writer, "name", "qemu");
    qblk_writer_constant(writer, "type", format);
    qblk_writer_close(writer);
    return qblk_source_xml_write(writer, source, layer->index, error);
}

static gboolean
write_target(QblkWriter *writer, const QblkChain *chain, GError **error)
{
    qblk_writer_open(writer, "target");

    if (!qblk_writer_attribute(writer, "dev", chain->target, error)) {
        return FALSE;
    }
    if (!qblk_writer_attribute(writer, "bus", chain->bus, error)) {
        return FALSE;
    }
    if (chain->tray_open) {
        qblk_writer_constant(writer, "tray", "open");
    }

    qblk_writer_close(writer);
    return TRUE;
}

static gboolean
write_alias(QblkWriter *writer, const QblkChain *chain, GError **error)
{
    if (chain->alias == NULL) {
        return TRUE;
    }

    qblk_writer_open(writer, "alias");
    if (!qblk_writer_attribute(writer, "name", chain->alias, error)) {
        return FALSE;
    }
    qblk_writer_close(writer);
    return TRUE;
}

/* The children are in libvirt's order. */
static gboolean
write_children(QblkWriter *writer, const QblkChain *chain, const QblkSource *source, GError **error)
{
    if (!write_active_layer(writer, qblk_chain_get_layer(chain, 0), source, error)) {
        return FALSE;
    }
    if (!qblk_backing_store_write(writer, chain, error)) {
        return FALSE;
    }
    if (!qblk_mirror_write(writer, chain, error)) {
        return FALSE;
    }
    if (!write_target(writer, chain, error)) {
        return FALSE;
    }

    if (chain->read_only || chain->kind == QBLK_DEVICE_KIND_CDROM) {
        qblk_writer_empty(writer, "readonly", NULL, NULL);
    }
    return write_alias(writer, chain, error);
}

static gboolean
write_new_disk(QblkWriter *writer, const QblkChain *chain, GError **error)
{
    const QblkLayer *layer = qblk_chain_get_layer(chain, 0);
    g_autoptr(QblkSource) source = layer == NULL ? NULL : qblk_backing_store_source(layer, error);
    if (layer != NULL && source == NULL) {
        return FALSE;
    }

    QblkSourceType type = source == NULL ? QBLK_SOURCE_FILE : source->type;
    qblk_writer_open(writer, "disk");
    qblk_writer_constant(writer, "type", qblk_source_type_name(type));
    qblk_writer_constant(writer, "device", qblk_device_kind_name(chain->kind));
    if (!write_children(writer, chain, source, error)) {
        return FALSE;
    }

    qblk_writer_close(writer);
    return TRUE;
}

/* A chain that was read from a document is written as its element was. */
static gboolean
write_disk(QblkWriter *writer, const QblkChain *chain, GError **error)
{
    if (chain->document != NULL) {
        const QblkDocument *document = chain->document;
        qblk_document_print(document->root, writer);
        return TRUE;
    }

    if (!write_new_disk(writer, chain, error)) {
        g_prefix_error(error, "%s: ", chain->target);
        return FALSE;
    }
    return TRUE;
}

char *
qblk_disk_to_xml(const QblkChain *chain, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    return write_disk(&writer, chain, error) ? qblk_writer_finish(&writer) : NULL;
}

char *
qblk_disk_all_to_xml(const QblkChain *const *chains, guint count, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "devices");
    for (guint i = 0; i < count; i++) {
        if (!write_disk(&writer, chains[i], error)) {
            return NULL;
        }
    }

    qblk_writer_close(&writer);
    return qblk_writer_finish(&writer);
}

/* For a copy into a file, libvirt writes file and format also as attributes, for readers that do
 * not know the elements (virDomainDiskDefFormatMirror). */
static gboolean
write_old_attributes(QblkWriter *writer, const QblkSource *source, const char *format,
                     GError **error)
{
    if (source->type != QBLK_SOURCE_FILE) {
        return TRUE;
    }
    if (!qblk_writer_attribute(writer, "file", source->path, error)) {
        return FALSE;
    }
    return qblk_writer_attribute(writer, "format", format, error);
}

gboolean
qblk_mirror_write(QblkWriter *writer, const QblkChain *chain, GError **error)
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

    qblk_writer_open(writer, "mirror");
    qblk_writer_constant(writer, "type", qblk_source_type_name(source->type));
    if (!mirror->is_commit && !write_old_attributes(writer, source, format, error)) {
        return FALSE;
    }
    qblk_writer_constant(writer, "job", mirror->is_commit ? "active-commit" : "copy");
    if (mirror->ready) {
        qblk_writer_constant(writer, "ready", "yes");
    }

    qblk_writer_empty(writer, "format", "type", format);
    if (!qblk_source_xml_write(writer, source, mirror->layer->index, error)) {
        return FALSE;
    }

    /* The layers below the base of a commit are in the chain of the disk. */
    if (!mirror->is_commit && mirror->is_complete) {
        qblk_writer_empty(writer, "backingStore", NULL, NULL);
    }
    qblk_writer_close(writer);
    return TRUE;
}
