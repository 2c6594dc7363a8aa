/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/chain-text.h"
#include "chain/chain-number.h"

static void
describe_filters(GString *text, const GPtrArray *filters)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        g_string_append_printf(text, "%s>", filter->node_name);
    }
}

static void
describe_layer(GString *text, const QblkLayer *layer)
{
    if (layer->index == QBLK_UNKNOWN) {
        g_string_append(text, "- ");
    } else {
        g_string_append_printf(text, "%" G_GINT64_FORMAT " ", layer->index);
    }
    describe_filters(text, layer->filters);
    g_string_append_printf(text, "%s>", layer->node_name);
    describe_filters(text, layer->storage_filters);
    g_string_append_printf(text, "%s:%s", layer->storage == NULL ? "?" : layer->storage,
                           layer->format);
}

char *
chain_text(const QblkChain *chain)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_string_append(text, i == 0 ? "" : ", ");
        describe_layer(text, chain->layers->pdata[i]);
    }
    if (chain->mirror != NULL) {
        g_string_append_printf(text, " => %s%s ", chain->mirror->is_commit ? "commit" : "copy",
                               chain->mirror->ready ? " ready" : "");
        describe_layer(text, chain->mirror->layer);
    }
    return g_string_free(text, FALSE);
}

char *
chain_text_files(const QblkChain *chain)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_autofree char *name = g_path_get_basename(layer->filename);
        g_string_append_printf(text, "%s%s", i == 0 ? "" : " ", name);
    }
    return g_string_free(text, FALSE);
}

char *
chain_text_targets(const QblkSnapshot *snapshot)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        g_string_append_printf(text, "%s%s=%s", i == 0 ? "" : " ", device->target,
                               qblk_name_source_name(device->name_source));
    }
    return g_string_free(text, FALSE);
}

QblkChain *
chain_text_new(const char *target, const char *const *node_names)
{
    QblkChain *chain = qblk_chain_new(target);
    for (guint i = 0; node_names[i] != NULL; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->node_name = g_strdup(node_names[i]);
        layer->storage = g_strconcat(node_names[i], "-file", NULL);
        layer->format = g_strdup("qcow2");
        layer->filename = g_strdup_printf("/%s.img", node_names[i]);
        g_ptr_array_add(chain->layers, layer);
    }
    qblk_chain_number(chain);
    return chain;
}
