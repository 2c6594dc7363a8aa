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

void
qblk_backing_store_index(xmlNode *element, const QblkLayer *layer)
{
    if (layer->index > 0) {
        g_autofree char *index = g_strdup_printf("%" G_GINT64_FORMAT, layer->index);
        qblk_writer_constant(element, "index", index);
    }
}

/* Returns: the element of @layer, in which the next layer goes; NULL with @error */
static xmlNode *
add_layer(xmlNode *parent, const QblkLayer *layer, GError **error)
{
    g_autoptr(QblkSource) source = qblk_backing_store_source(layer, error);
    if (source == NULL) {
        return NULL;
    }
    const char *format = qblk_backing_store_format(layer, error);
    if (format == NULL) {
        return NULL;
    }

    xmlNode *element = qblk_writer_element(parent, "backingStore");
    qblk_writer_constant(element, "type", qblk_source_type_name(source->type));
    qblk_backing_store_index(element, layer);
    qblk_writer_constant(qblk_writer_element(element, "format"), "type", format);

    if (qblk_source_xml_add(element, source, error) == NULL) {
        return NULL;
    }
    return element;
}

gboolean
qblk_backing_store_add(xmlNode *disk, const QblkChain *chain, GError **error)
{
    xmlNode *parent = disk;

    for (guint i = 1; i < chain->layers->len; i++) {
        parent = add_layer(parent, chain->layers->pdata[i], error);
        if (parent == NULL) {
            return FALSE;
        }
    }

    if (chain->is_complete) {
        (void)qblk_writer_element(parent, "backingStore");
    }
    return TRUE;
}
