/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/backing-store.h"

#include "xml/source-xml.h"

const char *
qblk_backing_store_format(const QblkLayer *layer, GError **error)
{
    if (layer->xml_format == NULL) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED,
                    "image '%s' has the format '%s', which libvirt's XML cannot express",
                    layer->filename, layer->format);
    }
    return layer->xml_format;
}

QblkSource *
qblk_backing_store_source(const QblkLayer *layer, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkSource *source = qblk_layer_decode_source(layer, &cause);

    if (source == NULL) {
        g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, cause->message);
    }
    return source;
}

/* Write the element of @layer, which stays open for the next layer. */
static gboolean
write_layer(QblkWriter *writer, const QblkLayer *layer, GError **error)
{
    g_autoptr(QblkSource) source = qblk_backing_store_source(layer, error);
    if (source == NULL) {
        return FALSE;
    }
    const char *format = qblk_backing_store_format(layer, error);
    if (format == NULL) {
        return FALSE;
    }

    qblk_writer_open(writer, "backingStore");
    qblk_writer_constant(writer, "type", qblk_source_type_name(source->type));
    if (layer->index > 0) {
        qblk_writer_number(writer, "index", layer->index);
    }
    qblk_writer_empty(writer, "format", "type", format);
    return qblk_source_xml_write(writer, source, 0, error);
}

gboolean
qblk_backing_store_write(QblkWriter *writer, const QblkChain *chain, GError **error)
{
    for (guint i = 1; i < chain->layers->len; i++) {
        if (!write_layer(writer, chain->layers->pdata[i], error)) {
            return FALSE;
        }
    }
    if (chain->is_complete) {
        qblk_writer_empty(writer, "backingStore", NULL, NULL);
    }

    for (guint i = 1; i < chain->layers->len; i++) {
        qblk_writer_close(writer);
    }
    return TRUE;
}
