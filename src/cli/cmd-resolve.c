/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk resolve`: the one layer that a disk and index, a path or a node-name means. */
#include "chain/chain-resolve.h"
#include "chain/index-spec.h"
#include "cli/commands.h"
#include "cli/print/report.h"
#include "cli/vm.h"
#include "graph/alias.h"

#include <string.h>

typedef struct {
    GPtrArray *chains;      /* of QblkChain, owned */
    const QblkChain *chain; /* the one that has the layer, borrowed */
    const QblkLayer *layer; /* borrowed */
} Found;

static void
found_clear(Found *found)
{
    g_clear_pointer(&found->chains, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

/* TRUE if @spec is a disk, with an index or without, and not a path or a node-name.  A word that is
 * neither the name of a disk nor looks like one may be the file name of an image. */
static gboolean
names_disk(const QblkVm *vm, const char *spec)
{
    if (qblk_index_spec_is_node_or_path(spec)) {
        return FALSE;
    }

    return strpbrk(spec, "[]") != NULL || qblk_vm_has_disk(vm, spec) || qblk_alias_is_target(spec);
}

static gboolean
find_by_index(const QblkVm *vm, const char *text, Found *found, GError **error)
{
    g_autoptr(QblkIndexSpec) spec = qblk_index_spec_parse(text, error);
    if (spec == NULL) {
        return FALSE;
    }

    QblkChain *chain = qblk_vm_find_expected_chain(vm, spec->target, error);
    if (chain == NULL) {
        return FALSE;
    }

    g_ptr_array_add(found->chains, chain);
    found->chain = chain;
    found->layer = qblk_chain_resolve_index(chain, spec->index, error);
    return found->layer != NULL;
}

/* Read the chains of all disks.  A disk whose chain cannot be read is left out with a warning, if
 * another disk may have the layer. */
static gboolean
read_all_chains(const QblkVm *vm, GPtrArray *chains, GError **error)
{
    g_auto(GStrv) targets = qblk_vm_get_targets(vm);

    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_vm_find_chain(vm, targets[i], &cause);
        gboolean is_last_chance = targets[i + 1] == NULL && chains->len == 0;

        gboolean has_no_node = g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE);
        if (chain != NULL) {
            g_ptr_array_add(chains, chain);
        } else if (has_no_node) {
            continue; /* it has no layers */
        } else if (is_last_chance ||
                   g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        } else {
            qblk_output_warn(cause->message);
        }
    }

    return TRUE;
}

static gboolean
find_by_name(const QblkVm *vm, const char *name, Found *found, GError **error)
{
    const char *expect = vm->invocation->expect;
    if (!read_all_chains(vm, found->chains, error)) {
        return FALSE;
    }

    found->layer = qblk_chain_resolve_among((const QblkChain *const *)found->chains->pdata,
                                            found->chains->len, name, &found->chain, error);
    if (found->layer == NULL) {
        return FALSE;
    }

    return expect == NULL || qblk_chain_expect(found->chain, expect, error);
}

static void
print_json(QblkOutput *output, const Found *found)
{
    QblkJson *result = qblk_json_new_object();

    qblk_json_set_string(result, "target", found->chain->target);
    qblk_json_set_string(result, "fingerprint", found->chain->fingerprint);
    qblk_json_set(result, "layer", qblk_report_layer(found->layer));
    qblk_output_json(output, result);
}

/* Print the node-name or, if there are no nodes as in domain XML, the image. */
static gboolean
print_text(QblkOutput *output, const Found *found, GError **error)
{
    const QblkLayer *layer = found->layer;
    const char *name = layer->node_name == NULL ? layer->filename : layer->node_name;

    if (name[0] == '\0') {
        /* The document does not name the image: the error has the reason. */
        g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, error);
        g_prefix_error(error, "%s: ", found->chain->target);
        return FALSE;
    }

    g_autofree char *safe = qblk_output_escape(name);
    qblk_output_print(output, "%s\n", safe);
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const char *spec = invocation->arguments[1];
    g_auto(Found) found = {0};
    found.chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    gboolean is_found = names_disk(vm, spec) ? find_by_index(vm, spec, &found, error)
                                             : find_by_name(vm, spec, &found, error);
    if (!is_found) {
        return FALSE;
    }

    if (invocation->output.json) {
        print_json(&invocation->output, &found);
        return TRUE;
    }
    return print_text(&invocation->output, &found, error);
}

const QblkCommand qblk_cmd_resolve = {
    .name = "resolve",
    .arguments = "VM LAYER",
    .summary = "Print the node-name of one layer",
    .min_arguments = 2,
    .max_arguments = 2,
    .one_disk = TRUE,
    .run = run,
};
