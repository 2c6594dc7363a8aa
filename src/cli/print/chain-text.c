/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/chain-text.h"

#include "base/text.h"
#include "chain/chain-resolve.h"
#include "cli/print/layer-text.h"
#include "cli/print/table.h"

static const char *const heads[] = {"LAYER", "FORMAT", ">SIZE", ">USED", "NODE", "FILE", NULL};

static void
print_head(QblkOutput *output, const QblkChain *chain)
{
    guint depth = qblk_chain_get_depth(chain);
    const char *kind = qblk_device_kind_name(chain->kind);
    g_autofree char *target = qblk_output_escape(chain->target);

    qblk_output_print(output, "%s: ", target);
    if (chain->bus != NULL) {
        qblk_output_print(output, "%s ", chain->bus);
    }
    if (depth == 0) {
        qblk_output_print(output, "%s, empty%s\n", kind, chain->tray_open ? ", tray open" : "");
        return;
    }

    qblk_output_print(output, "%s, %u layer%s%s, fingerprint %s\n", kind, depth,
                      depth == 1 ? "" : "s", chain->is_complete ? "" : ", incomplete",
                      chain->fingerprint);
}

/* Returns: (transfer full) (nullable): the allocated size.  A block device has none, but at least
 * what QEMU has written to it since it opened the image. */
static char *
format_used(const QblkLayer *layer)
{
    if (layer->actual_size != QBLK_UNKNOWN || layer->written_end == QBLK_UNKNOWN) {
        return qblk_text_size(layer->actual_size);
    }

    g_autofree char *size = qblk_text_size(layer->written_end);
    return g_strconcat("≥ ", size, NULL);
}

static void
add_layer(QblkTable *table, const QblkChain *chain, const QblkLayer *layer)
{
    gboolean is_last = layer->position + 1 == chain->layers->len;
    g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
    g_autofree char *branch = g_strconcat(is_last ? "└─ " : "├─ ", spec, NULL);
    g_autofree char *size = qblk_text_size(layer->virtual_size);
    g_autofree char *used = format_used(layer);
    const char *const cells[] = {branch, layer->format,    size,
                                 used,   layer->node_name, layer->filename};

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

/* " (target 'scratch')". */
static void
print_others(QblkOutput *output, const QblkFilter *filter)
{
    for (guint i = 0; i < filter->others->len; i++) {
        const QblkFilterChild *child = filter->others->pdata[i];
        g_autofree char *edge = qblk_output_escape(child->edge);
        g_autofree char *name = qblk_output_escape(child->node_name);

        qblk_output_print(output, " (%s '%s')", edge, name);
    }
}

/* One line: "  above vda[1]: throttle 'th', copy-on-read 'cor'". */
static void
print_filters(QblkOutput *output, const char *where, const char *spec, const GPtrArray *filters)
{
    if (filters->len == 0) {
        return;
    }

    g_autofree char *safe = qblk_output_escape(spec);
    qblk_output_print(output, "  %s %s:", where, safe);

    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        g_autofree char *driver = qblk_output_escape(filter->driver);
        g_autofree char *name = qblk_output_escape(filter->node_name);

        qblk_output_print(output, "%s %s '%s'", i == 0 ? "" : ",", driver, name);
        print_others(output, filter);
    }
    qblk_output_print(output, "\n");
}

static void
print_all_filters(QblkOutput *output, const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_autofree char *spec = qblk_chain_layer_spec(chain, layer);

        print_filters(output, "above", spec, layer->filters);
        print_filters(output, "inside", spec, layer->storage_filters);
    }
}

static void
print_io_status(QblkOutput *output, const QblkChain *chain)
{
    if (!chain->is_stopped) {
        return;
    }

    g_autofree char *target = qblk_output_escape(chain->target);
    g_autofree char *status = qblk_output_escape(chain->io_status);
    qblk_output_print(output, "  %s: the guest is stopped, I/O status '%s'\n", target, status);
}

static void
print_all_content(QblkOutput *output, const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
        qblk_layer_text_print_content(layer, spec, output);
    }
}

/* The job of a copy or active commit has a line of its own. */
void
qblk_chain_text_print_users(const QblkChain *chain, const char *indent, QblkOutput *output)
{
    g_autoptr(GHashTable) jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (chain->mirror != NULL && chain->mirror->job != NULL) {
        g_hash_table_add(jobs, g_strdup(chain->mirror->job));
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
        qblk_layer_text_print_users(layer, indent, spec, jobs, output);
    }
}

/* One line for a file of a layer, if its name does not lead to the one that QEMU has open. */
static void
print_file(QblkOutput *output, const char *spec, const QblkLayerFile *file, const char *filename)
{
    if (!qblk_layer_file_differs(file)) {
        return;
    }

    g_autofree char *text = qblk_layer_file_describe(file, filename, NULL);
    g_autofree char *safe_spec = qblk_output_escape(spec);
    g_autofree char *safe = qblk_output_escape(text);
    qblk_output_print(output, "  %s: %s\n", safe_spec, safe);
}

static void
print_layer_files(QblkOutput *output, const char *spec, const QblkLayer *layer)
{
    print_file(output, spec, layer->file, layer->filename);
    for (guint i = 0; layer->further_files != NULL && i < layer->further_files->len; i++) {
        const QblkFurtherFile *further = layer->further_files->pdata[i];
        print_file(output, spec, further->file, further->filename);
    }
}

static void
print_all_files(QblkOutput *output, const QblkChain *chain)
{
    const char *unknown = qblk_chain_get_unknown_files(chain);
    if (unknown != NULL) {
        g_autofree char *safe = qblk_output_escape(unknown);
        qblk_output_print(output, "  the files that QEMU has open are not known: %s\n", safe);
        return;
    }

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
        print_layer_files(output, spec, layer);
    }
}

static void
print_mirror(QblkOutput *output, const QblkChain *chain)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL) {
        return;
    }

    g_autofree char *file = qblk_output_escape(mirror->layer->filename);
    g_autofree char *format = qblk_output_escape(mirror->layer->format);

    qblk_output_print(output, "  %s", mirror->is_commit ? "active commit" : "copy");
    if (mirror->job != NULL) { /* domain XML does not have it */
        g_autofree char *job = qblk_output_escape(mirror->job);
        qblk_output_print(output, " '%s'", job);
    }
    qblk_output_print(output, " to %s (%s), %s\n", file, format,
                      mirror->ready ? "ready" : "not ready");
    if (qblk_chain_get_unknown_files(chain) == NULL) {
        print_layer_files(output, mirror->is_commit ? "active commit" : "copy", mirror->layer);
    }
}

void
qblk_chain_text_print(const QblkChain *chain, QblkOutput *output)
{
    print_head(output, chain);
    if (chain->layers->len == 0) {
        return;
    }

    g_autoptr(QblkTable) table = qblk_table_new(heads);
    for (guint i = 0; i < chain->layers->len; i++) {
        add_layer(table, chain, chain->layers->pdata[i]);
    }
    qblk_table_print(table, output->text);

    print_all_filters(output, chain);
    print_io_status(output, chain);
    print_all_content(output, chain);
    qblk_chain_text_print_users(chain, "  ", output);
    print_all_files(output, chain);
    print_mirror(output, chain);
}
