/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"

#include "chain/chain.h"
#include "chain/index-spec.h"
#include "graph/libvirt-node.h"

#include <qblk/chain.h>
#include <string.h>

/* Each part ends in a byte that a part cannot contain: different lists of parts have different
 * sums. */
static void
add_to_sum(GChecksum *sum, const char *part)
{
    if (part != NULL) {
        g_checksum_update(sum, (const guchar *)part, -1);
    }
    g_checksum_update(sum, (const guchar *)"", 1);
}

void
qblk_chain_fingerprint(const QblkChain *chain, char text[17])
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        add_to_sum(sum, chain->has_passing_nodes ? NULL : layer->node_name);
        add_to_sum(sum, chain->has_passing_nodes ? NULL : layer->storage);
        add_to_sum(sum, layer->format);
        add_to_sum(sum, layer->filename);
    }
    g_strlcpy(text, g_checksum_get_string(sum), 17);
    g_checksum_free(sum);
}

/* Newer libvirt makes no format node for a raw image: then the storage node has the number. */
static gint64
libvirt_index(const QblkLayer *layer)
{
    gint64 index = qblk_libvirt_node_index(layer->node_name);
    return index != QBLK_UNKNOWN ? index : qblk_libvirt_node_index(layer->storage);
}

/* The target of an active commit is a layer of the chain and has its index. */
static gint64
mirror_index(const QblkChain *chain, const QblkLayer *mirror)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (mirror->node_name != NULL && g_strcmp0(layer->node_name, mirror->node_name) == 0) {
            return layer->index;
        }
    }
    return chain->has_libvirt_indexes ? libvirt_index(mirror) : QBLK_UNKNOWN;
}

/* ---- specifications ---- */

/* Of a layer without an index. */
static char *
spec_of_name(const QblkLayer *layer)
{
    return layer->node_name == NULL ? g_strdup(layer->filename)
                                    : g_strconcat(QBLK_NODE_PREFIX, layer->node_name, NULL);
}

char *
qblk_chain_layer_spec(const QblkChain *chain, const QblkLayer *layer)
{
    if (layer->position == 0) {
        return g_strdup(chain->target);
    }
    if (layer->index != QBLK_UNKNOWN) {
        return g_strdup_printf("%s[%" G_GINT64_FORMAT "]", chain->target, layer->index);
    }
    return spec_of_name(layer);
}

static void
set_specs(QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        g_free(layer->spec);
        layer->spec = qblk_chain_layer_spec(chain, layer);
    }

    if (chain->mirror != NULL) { /* it may have an index that no layer of the chain has */
        g_free(chain->mirror->layer->spec);
        chain->mirror->layer->spec = spec_of_name(chain->mirror->layer);
    }
}

/* ---- back pointers ---- */

static void
link_filters(QblkChain *chain, GPtrArray *filters)
{
    for (guint i = 0; i < filters->len; i++) {
        QblkFilter *filter = filters->pdata[i];
        filter->chain = chain;
    }
}

static void
link_layer(QblkChain *chain, QblkLayer *layer)
{
    layer->chain = chain;
    layer->open_file = (QblkOpenFile){chain, layer->filename, layer->file};
    link_filters(chain, layer->filters);
    link_filters(chain, layer->storage_filters);

    for (guint i = 0; layer->further_files != NULL && i < layer->further_files->len; i++) {
        QblkFurtherFile *further = layer->further_files->pdata[i];
        further->chain = chain;
    }
}

static void
link_all(QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        link_layer(chain, chain->layers->pdata[i]);
    }
    if (chain->mirror != NULL) {
        chain->mirror->chain = chain;
        link_layer(chain, chain->mirror->layer);
    }
}

/* ---- numbers ---- */

void
qblk_chain_number(QblkChain *chain)
{
    chain->has_libvirt_indexes = FALSE;
    for (guint i = 0; i < chain->layers->len; i++) {
        if (libvirt_index(chain->layers->pdata[i]) != QBLK_UNKNOWN) {
            chain->has_libvirt_indexes = TRUE;
        }
    }

    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        layer->position = i;
        if (!chain->has_own_indexes) {
            layer->index = chain->has_libvirt_indexes ? libvirt_index(layer) : (gint64)i;
        }
    }

    if (chain->mirror != NULL && chain->mirror->layer->index == QBLK_UNKNOWN) {
        chain->mirror->layer->index = mirror_index(chain, chain->mirror->layer);
    }
    qblk_chain_fingerprint(chain, chain->fingerprint);
    set_specs(chain);
    link_all(chain);
}

static gboolean
is_consecutive(GArray *indexes)
{
    for (guint i = 1; i < indexes->len; i++) {
        if (g_array_index(indexes, gint64, i) != g_array_index(indexes, gint64, i - 1) + 1) {
            return FALSE;
        }
    }
    return TRUE;
}

char *
qblk_chain_index_list(const QblkChain *chain)
{
    g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->index > 0) {
            g_array_append_val(indexes, layer->index);
        }
    }

    if (indexes->len == 0) {
        return NULL;
    }
    if (indexes->len > 2 && is_consecutive(indexes)) {
        return g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                               g_array_index(indexes, gint64, 0),
                               g_array_index(indexes, gint64, indexes->len - 1));
    }

    GString *list = g_string_new(NULL);
    for (guint i = 0; i < indexes->len; i++) {
        if (i > 0) {
            g_string_append(list, i + 1 == indexes->len ? " and " : ", ");
        }
        g_string_append_printf(list, "%" G_GINT64_FORMAT, g_array_index(indexes, gint64, i));
    }
    return g_string_free(list, FALSE);
}
