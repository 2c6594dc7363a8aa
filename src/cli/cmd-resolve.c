/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/print/output.h"
#include "cli/print/report.h"
#include "cli/vm.h"
#include "graph/alias.h"
#include "graph/chain-resolve.h"
#include "graph/index-spec.h"

#include <string.h>

typedef struct {
    GPtrArray *chains;      /* of QblkChain, owned */
    const QblkChain *chain; /* the one of them that has the layer */
    const QblkLayer *layer;
} Found;

static void
found_clear(Found *found)
{
    g_clear_pointer(&found->chains, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

/* Whether @spec is a disk with or without an index, rather than a path or node. */
static gboolean
names_disk(const QblkVm *vm, const char *spec, QblkIndexSpec **index, GError **error)
{
    if (g_str_has_prefix(spec, "node:") || strchr(spec, '/') != NULL) {
        return FALSE;
    }
    if (strpbrk(spec, "[]") != NULL) {
        *index = qblk_index_spec_parse(spec, error);
        return TRUE;
    }
    /* The name of an image may look like anything; what no disk is called and no disk is usually
     * called may be one. */
    gboolean is_disk = qblk_vm_has_disk(vm, spec) || qblk_alias_is_target(spec);
    *index = is_disk ? qblk_index_spec_parse(spec, error) : NULL;
    return is_disk;
}

static gboolean
find_by_index(const QblkVm *vm, const QblkInvocation *invocation, const QblkIndexSpec *spec,
              Found *found, GError **error)
{
    QblkChain *chain = qblk_vm_chain(vm, invocation, spec->target, error);
    if (chain == NULL) {
        return FALSE;
    }
    g_ptr_array_add(found->chains, chain);
    found->chain = chain;
    found->layer = qblk_chain_resolve_index(chain, spec->index, error);
    return found->layer != NULL;
}

/* A disk without a chain may still have another one beside it that is meant. */
static gboolean
find_by_name(const QblkVm *vm, const char *name, Found *found, GError **error)
{
    g_autofree const char **targets = qblk_vm_targets(vm);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_vm_find_chain(vm, targets[i], &cause);
        gboolean is_last_hope = targets[i + 1] == NULL && found->chains->len == 0;
        if (chain != NULL) {
            g_ptr_array_add(found->chains, chain);
        } else if (is_last_hope ||
                   g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        } else {
            qblk_output_warn(cause->message);
        }
    }
    found->layer = qblk_chain_resolve_among((const QblkChain *const *)found->chains->pdata,
                                            found->chains->len, name, &found->chain, error);
    return found->layer != NULL;
}

static gboolean
find(const QblkVm *vm, const QblkInvocation *invocation, Found *found, GError **error)
{
    const char *spec = invocation->arguments[1];
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkIndexSpec) index = NULL;
    if (names_disk(vm, spec, &index, &cause)) {
        if (index == NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        return find_by_index(vm, invocation, index, found, error);
    }
    return find_by_name(vm, spec, found, error) &&
           (invocation->expect == NULL ||
            qblk_chain_expect(found->chain, invocation->expect, error));
}

gboolean
qblk_cmd_resolve(QblkInvocation *invocation, GError **error)
{
    g_auto(Found) found = {.chains =
                               g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_free)};
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL || !find(vm, invocation, &found, error)) {
        return FALSE;
    }
    if (!invocation->output.json) {
        /* Without a QEMU there are no nodes: then the image is what the layer is called. */
        const QblkLayer *layer = found.layer;
        if (layer->node_name == NULL && layer->filename[0] == '\0') {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, "%s: %s",
                        found.chain->target, layer->problem);
            return FALSE;
        }
        g_autofree char *name =
            qblk_output_escape(layer->node_name == NULL ? layer->filename : layer->node_name);
        qblk_output_print(&invocation->output, "%s\n", name);
        return TRUE;
    }
    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "target", found.chain->target);
    qblk_json_set_string(result, "fingerprint", found.chain->fingerprint);
    qblk_json_set(result, "layer", qblk_report_layer(found.chain, found.layer));
    qblk_output_json(&invocation->output, result);
    return TRUE;
}
