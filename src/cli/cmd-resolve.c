/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk resolve`: the one layer that a disk and index, a path or a node-name means. */
#include "cli/commands.h"
#include "cli/print/report.h"
#include "cli/vm.h"

#include <qblk/chain.h>
#include <qblk/domain.h>
#include <string.h>

static void
warn(const char *message, gpointer user_data)
{
    const QblkOutput *output = user_data;
    qblk_output_warn(output, message);
}

static QblkLayer *
find_layer(const QblkVm *vm, const char *spec, GError **error)
{
    const char *expect = vm->invocation->expect;
    if (vm->domain != NULL) {
        return qblk_domain_resolve(vm->domain, spec, expect, error);
    }
    return qblk_snapshot_resolve_full(vm->snapshot, spec, expect, warn, &vm->invocation->output,
                                      error);
}

static void
print_json(QblkOutput *output, const QblkLayer *layer)
{
    const QblkChain *chain = qblk_layer_get_chain(layer);
    QblkJson *result = qblk_json_new_object();

    qblk_json_set_string(result, "target", qblk_chain_get_target(chain));
    qblk_json_set_string(result, "fingerprint", qblk_chain_get_fingerprint(chain));
    qblk_json_set(result, "layer", qblk_report_parse(qblk_layer_to_json(layer)));
    qblk_output_json(output, result);
}

/* The node of an index is found with fewer queries than all that JSON has of a layer, or that its
 * fingerprint depends on.  A path may have brackets as well, and is looked for in all chains. */
static gboolean
needs_name_only(const QblkInvocation *invocation)
{
    const char *layer = invocation->arguments[1];
    gboolean is_index = strchr(layer, '[') != NULL && strchr(layer, '/') == NULL;
    return is_index && qblk_address_has_monitor(invocation->address) && !invocation->output.json &&
           invocation->expect == NULL;
}

static gboolean
resolve_live(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }

    qblk_vm_log(client, invocation);
    g_autofree char *node =
        qblk_client_resolve(client, invocation->arguments[1], invocation->snapshot_options, error);
    if (node == NULL) {
        return FALSE;
    }

    g_autofree char *safe = qblk_output_escape(node);
    invocation->output.is_data = TRUE;
    qblk_output_print(&invocation->output, "%s\n", safe);
    return TRUE;
}

/* Print the node-name or, if there are no nodes as in domain XML, the image. */
static gboolean
print_text(QblkOutput *output, const QblkLayer *layer, GError **error)
{
    const char *node = qblk_layer_get_node_name(layer);
    const char *name = node == NULL ? qblk_layer_get_filename(layer) : node;

    if (name[0] == '\0') {
        /* The document does not name the image: the error has the reason. */
        g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, error);
        g_prefix_error(error, "%s: ", qblk_chain_get_target(qblk_layer_get_chain(layer)));
        return FALSE;
    }

    g_autofree char *safe = qblk_output_escape(name);
    output->is_data = TRUE;
    qblk_output_print(output, "%s\n", safe);
    return TRUE;
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    if (!invocation->output.json) {
        *form = QBLK_HEADING_LINE;
    }
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    if (needs_name_only(invocation)) {
        return resolve_live(invocation, error);
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    g_autoptr(QblkLayer) layer = find_layer(vm, invocation->arguments[1], error);
    if (layer == NULL) {
        return FALSE;
    }

    if (invocation->output.json) {
        print_json(&invocation->output, layer);
        return TRUE;
    }
    return print_text(&invocation->output, layer, error);
}

const QblkCommand qblk_cmd_resolve = {
    .name = "resolve",
    .arguments = "VM LAYER",
    .summary = "Print the node-name of one layer",
    .description = "With --json, print all that is known of it.",
    .example = "qblk resolve /run/vm1.qmp 'vda[1]'",
    .group = QBLK_COMMAND_LOOKS,
    .prints_plain = TRUE,
    .min_arguments = 2,
    .max_arguments = 2,
    .vms = QBLK_COMMAND_LISTED_VMS,
    .one_disk = TRUE,
    .begin_several = begin_several,
    .only_reads = TRUE,
    .run = run,
};
