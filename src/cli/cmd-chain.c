/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/print/output.h"
#include "cli/print/report.h"
#include "cli/print/table.h"
#include "cli/vm.h"

static const char *const heads[] = {"LAYER", "FORMAT", ">SIZE", ">USED", "NODE", "FILE", NULL};

/* "throttle 'th', copy-on-read 'cor'". */
static void
append_filters(GString *text, const GPtrArray *filters)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        g_autofree char *driver = qblk_output_escape(filter->driver);
        g_autofree char *name = qblk_output_escape(filter->node_name);
        g_string_append_printf(text, "%s%s '%s'", i == 0 ? "" : ", ", driver, name);
    }
}

static void
print_head(QblkInvocation *invocation, const QblkChain *chain)
{
    guint depth = qblk_chain_get_depth(chain);
    g_autofree char *target = qblk_output_escape(chain->target);
    GString *what = g_string_new(chain->bus);
    g_string_append_printf(what, "%s%s", chain->bus == NULL ? "" : " ",
                           qblk_device_kind_name(chain->kind));
    qblk_output_print(&invocation->output, "%s: %s, ", target, what->str);
    g_string_free(what, TRUE);
    if (depth == 0) {
        qblk_output_print(&invocation->output, "empty%s\n", chain->tray_open ? ", tray open" : "");
        return;
    }
    qblk_output_print(&invocation->output, "%u layer%s%s, fingerprint %s\n", depth,
                      depth == 1 ? "" : "s", chain->is_complete ? "" : ", the rest not known",
                      chain->fingerprint);
}

/* Filters are no layers; they are told where they are, above or below one. */
static void
print_filters(QblkInvocation *invocation, const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const struct {
            const GPtrArray *filters;
            const char *where;
        } both[] = {{layer->filters, "above"}, {layer->storage_filters, "inside"}};
        for (gsize j = 0; j < G_N_ELEMENTS(both); j++) {
            if (both[j].filters->len == 0) {
                continue;
            }
            GString *text = g_string_new(NULL);
            g_autofree char *spec = qblk_report_spec(chain, layer);
            g_autofree char *safe = qblk_output_escape(spec);
            append_filters(text, both[j].filters);
            qblk_output_print(&invocation->output, "  %s %s: %s\n", both[j].where, safe, text->str);
            g_string_free(text, TRUE);
        }
    }
}

static void
print_mirror(QblkInvocation *invocation, const QblkChain *chain)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL) {
        return;
    }
    const QblkLayer *layer = mirror->layer;
    const char *name = mirror->job == NULL ? "" : mirror->job; /* a document does not say it */
    g_autofree char *job = qblk_output_escape(name);
    g_autofree char *file = qblk_output_escape(layer->filename);
    g_autofree char *format = qblk_output_escape(layer->format);
    const char *quote = mirror->job == NULL ? "" : "'";
    qblk_output_print(&invocation->output, "  %s%s%s%s%s to %s (%s), %s\n",
                      mirror->is_commit ? "active commit" : "copy", mirror->job == NULL ? "" : " ",
                      quote, job, quote, file, format, mirror->ready ? "ready" : "not ready");
}

static void
add_layer(QblkTable *table, const QblkChain *chain, const QblkLayer *layer)
{
    gboolean is_last = layer->position + 1 == chain->layers->len;
    g_autofree char *spec = qblk_report_spec(chain, layer);
    g_autofree char *branch = g_strconcat(is_last ? "└─ " : "├─ ", spec, NULL);
    g_autofree char *size = qblk_text_size(layer->virtual_size);
    g_autofree char *used = qblk_text_size(layer->actual_size);
    const char *const cells[] = {branch, layer->format,    size,
                                 used,   layer->node_name, layer->filename};
    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

static void
print_chain(QblkInvocation *invocation, const QblkChain *chain)
{
    print_head(invocation, chain);
    if (chain->layers->len == 0) {
        return;
    }
    g_autoptr(QblkTable) table = qblk_table_new(heads);
    for (guint i = 0; i < chain->layers->len; i++) {
        add_layer(table, chain, chain->layers->pdata[i]);
    }
    qblk_table_print(table, invocation->output.text);
    print_filters(invocation, chain);
    print_mirror(invocation, chain);
}

gboolean
qblk_cmd_chain(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    g_autoptr(GPtrArray) chains = vm == NULL ? NULL : qblk_vm_chains(vm, invocation, error);
    if (chains == NULL) {
        return vm != NULL && qblk_vm_fail_for_one(vm, invocation, error);
    }
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < chains->len; i++) {
        if (invocation->output.json) {
            qblk_json_append(list, qblk_report_chain(chains->pdata[i]));
            continue;
        }
        qblk_output_print(&invocation->output, "%s", i == 0 ? "" : "\n");
        print_chain(invocation, chains->pdata[i]);
    }
    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "chains", list);
    if (invocation->output.json) {
        qblk_output_json(&invocation->output, result);
    } else {
        qblk_json_unref(result);
    }
    return TRUE;
}
