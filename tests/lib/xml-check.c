/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/xml-check.h"

#include "chain/chain-number.h"
#include "lib/check.h"
#include "xml/document-parse.h"

QblkLayer *
xml_check_layer(const char *node, const char *path)
{
    QblkLayer *layer = qblk_chain_layer_new();
    layer->node_name = g_strdup(node);
    layer->format = g_strdup("qcow2");
    layer->xml_format = g_strdup("qcow2");
    layer->filename = g_strdup(path);
    layer->source = qblk_source_new(QBLK_SOURCE_FILE);
    layer->source->path = g_strdup(path);
    return layer;
}

QblkChain *
xml_check_chain(guint depth)
{
    QblkChain *chain = qblk_chain_new("vda");
    chain->bus = "virtio";
    chain->is_complete = TRUE;
    for (guint i = 0; i < depth; i++) {
        g_autofree char *node = g_strdup_printf("node-%u", i);
        g_autofree char *path = g_strdup_printf("/images/%u", i);
        g_ptr_array_add(chain->layers, xml_check_layer(node, path));
    }
    qblk_chain_number(chain);
    return chain;
}

void
xml_check_add_mirror(QblkChain *chain, gboolean is_commit, const char *node, const char *path)
{
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->is_commit = is_commit;
    chain->mirror->job = g_strdup("job0");
    chain->mirror->layer = xml_check_layer(node, path);
    qblk_chain_number(chain);
}

char *
xml_check_root_attribute(const char *text, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDocument) document = qblk_document_parse(text, strlen(text), &error);
    assert_no_error(error);
    return g_strdup(qblk_document_attribute(document->root, name));
}

guint
xml_check_count(const char *text, const char *part)
{
    guint count = 0;
    const char *end = text + strlen(text);
    gsize length = strlen(part);

    /* Not strstr(): with sanitizers it looks for the end of the text each time. */
    for (const char *at = text; (at = memmem(at, (gsize)(end - at), part, length)) != NULL; at++) {
        count++;
    }
    return count;
}
