/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-resolve.h"

#include "base/text.h"
#include "chain/chain-number.h"
#include "chain/index-spec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The most candidates that a message names. */
#define MAX_NAMED 10

static gboolean
has_filter(const GPtrArray *filters, const char *node_name)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        if (g_str_equal(filter->node_name, node_name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_node(const QblkLayer *layer, const char *node_name)
{
    return g_strcmp0(layer->node_name, node_name) == 0 ||
           g_strcmp0(layer->storage, node_name) == 0 || has_filter(layer->filters, node_name) ||
           has_filter(layer->storage_filters, node_name);
}

static gboolean
has_filename(const QblkLayer *layer, const char *path)
{
    return g_strcmp0(layer->filename, path) == 0;
}

/* The links of @path are resolved. */
static gboolean
has_resolved_filename(const QblkLayer *layer, const char *path)
{
    if (layer->filename == NULL || layer->filename[0] != '/') {
        return FALSE;
    }
    char *resolved = realpath(layer->filename, NULL);
    gboolean same = resolved != NULL && g_str_equal(resolved, path);
    free(resolved);
    return same;
}

static void
add_matching_layers(const QblkChain *chain, gboolean (*matches)(const QblkLayer *, const char *),
                    const char *name, GPtrArray *found)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        if (matches(chain->layers->pdata[i], name)) {
            g_ptr_array_add(found, chain->layers->pdata[i]);
        }
    }
}

/* Add the layers that have the file @file open. */
static void
add_open_layers(const QblkChain *chain, const QblkFileIdentity *file, GPtrArray *found)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        if (qblk_layer_file_is_known(layer->file) &&
            qblk_file_identity_is_same(&layer->file->open, file)) {
            g_ptr_array_add(found, layer);
        }
    }
}

/* Add the layers whose name is @name, or that of its node. */
static void
add_named_layers(const QblkChain *chain, const char *name, GPtrArray *found)
{
    if (g_str_has_prefix(name, QBLK_NODE_PREFIX)) {
        add_matching_layers(chain, has_node, name + strlen(QBLK_NODE_PREFIX), found);
        return;
    }

    guint before = found->len;
    add_matching_layers(chain, has_filename, name, found);
    if (found->len > before || strchr(name, '/') == NULL) {
        return;
    }

    char *resolved = realpath(name, NULL);
    if (resolved != NULL) {
        add_matching_layers(chain, has_resolved_filename, resolved, found);
    }
    free(resolved);
}

static void
set_no_index_error(const QblkChain *chain, gint64 index, GError **error)
{
    g_autofree char *indexes = qblk_chain_index_list(chain);
    if (chain->layers->len == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "disk '%s' is an empty drive: it has no layers", chain->target);
    } else if (indexes == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "disk '%s' has no index %" G_GINT64_FORMAT
                    ": its chain has the active layer only",
                    chain->target, index);
    } else if (strchr(indexes, ' ') == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "disk '%s' has no index %" G_GINT64_FORMAT ": its chain has index %s",
                    chain->target, index, indexes);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "disk '%s' has no index %" G_GINT64_FORMAT ": its chain has indexes %s",
                    chain->target, index, indexes);
    }
}

const QblkLayer *
qblk_chain_resolve_index(const QblkChain *chain, gint64 index, GError **error)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (index == 0 || (index > 0 && layer->index == index)) {
            return layer;
        }
    }
    set_no_index_error(chain, index, error);
    return NULL;
}

/* "vda", "vda and vdb", "vda, vdb and vdc". */
static char *
list_targets(const QblkChain *const *chains, guint count)
{
    const char *names[QBLK_DEVICE_MOST_LISTED];
    for (guint i = 0; i < MIN(count, QBLK_DEVICE_MOST_LISTED); i++) {
        names[i] = chains[i]->target;
    }
    return qblk_text_list_some(names, count, QBLK_DEVICE_MOST_LISTED);
}

static void
set_not_found_error(const QblkChain *const *chains, guint count, const char *name, GError **error)
{
    g_autofree char *targets = list_targets(chains, count);
    if (count == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "no layer '%s': there are no disks", name);
    } else if (g_str_has_prefix(name, QBLK_NODE_PREFIX)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "no layer has the node '%s' (searched: %s)", name + strlen(QBLK_NODE_PREFIX),
                    targets);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                    "'%s' is neither a disk nor an image of a chain (searched: %s)", name, targets);
    }
}

/* A layer and the first chain that it was found in. */
typedef struct {
    const QblkLayer *layer;
    const QblkChain *chain;
} Candidate;

static char *
node_spec(const QblkLayer *layer)
{
    return g_strconcat(QBLK_NODE_PREFIX, layer->node_name, NULL);
}

static char *
index_spec(const QblkChain *chain, gint64 index)
{
    return g_strdup_printf("%s[%" G_GINT64_FORMAT "]", chain->target, index);
}

/* A running QEMU has node names.  In a document only the disk and the index tell layers of one
 * image apart. */
static char *
candidate_spec(const Candidate *candidate)
{
    const QblkLayer *layer = candidate->layer;

    if (layer->node_name != NULL) {
        return node_spec(layer);
    }
    if (layer->position == 0) {
        return index_spec(candidate->chain, 0);
    }
    if (layer->index != QBLK_UNKNOWN) {
        return index_spec(candidate->chain, layer->index);
    }
    return g_strdup_printf("layer %u of %s, which has no index", layer->position,
                           candidate->chain->target);
}

static void
set_ambiguous_error(const char *name, const GArray *candidates, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < MIN(candidates->len, MAX_NAMED); i++) {
        g_autofree char *spec = candidate_spec(&g_array_index(candidates, Candidate, i));
        g_string_append_printf(list, "%s'%s'", i == 0 ? "" : " or ", spec);
    }
    if (candidates->len > MAX_NAMED) {
        g_string_append_printf(list, ", and %u more", candidates->len - MAX_NAMED);
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                "'%s' is open %u times: specify one as %s", name, candidates->len, list->str);
}

/* The layers of all @chains that @name means, each node once: disks may share a layer. */
static void
add_candidates(const QblkChain *chain, const GPtrArray *found, GHashTable *nodes,
               GArray *candidates)
{
    for (guint i = 0; i < found->len; i++) {
        Candidate candidate = {found->pdata[i], chain};
        char *node = candidate.layer->node_name;
        gboolean is_new = node == NULL || g_hash_table_add(nodes, node);
        if (is_new) {
            g_array_append_val(candidates, candidate);
        }
    }
}

/* A path that leads to a file which QEMU has open means the layer that has it open, although others
 * may have its name. */
static GArray *
collect_candidates(const QblkChain *const *chains, guint count, const char *name)
{
    struct stat status;
    QblkFileIdentity file = {0};
    GArray *candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);
    if (!g_str_has_prefix(name, QBLK_NODE_PREFIX) && stat(name, &status) == 0) {
        file = qblk_file_identity(&status);
    }

    for (guint i = 0; i < count && qblk_file_identity_is_known(&file); i++) {
        g_autoptr(GPtrArray) found = g_ptr_array_new();
        add_open_layers(chains[i], &file, found);
        add_candidates(chains[i], found, nodes, candidates);
    }

    gboolean is_open = candidates->len > 0;
    for (guint i = 0; i < count && !is_open; i++) {
        g_autoptr(GPtrArray) found = g_ptr_array_new();
        add_named_layers(chains[i], name, found);
        add_candidates(chains[i], found, nodes, candidates);
    }
    return candidates;
}

const QblkLayer *
qblk_chain_resolve_among(const QblkChain *const *chains, guint count, const char *name,
                         const QblkChain **chain, GError **error)
{
    g_autoptr(GArray) candidates = collect_candidates(chains, count, name);
    if (candidates->len == 0) {
        set_not_found_error(chains, count, name, error);
        return NULL;
    }
    if (candidates->len > 1) {
        set_ambiguous_error(name, candidates, error);
        return NULL;
    }

    const Candidate *only = &g_array_index(candidates, Candidate, 0);
    *chain = only->chain;
    return only->layer;
}

const QblkLayer *
qblk_chain_resolve(const QblkChain *chain, const char *spec, GError **error)
{
    const QblkChain *same = NULL;
    if (qblk_index_spec_is_node_or_path(spec)) {
        return qblk_chain_resolve_among(&chain, 1, spec, &same, error);
    }

    g_autoptr(GError) malformed = NULL;
    g_autoptr(QblkIndexSpec) index = qblk_index_spec_parse(spec, &malformed);
    if (index != NULL && g_str_equal(index->target, chain->target)) {
        return qblk_chain_resolve_index(chain, index->index, error);
    }

    if (qblk_index_spec_has_brackets(spec)) {
        if (index == NULL) {
            g_propagate_error(error, g_steal_pointer(&malformed));
            return NULL;
        }
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "'%s' is a layer of disk '%s', not of '%s'", spec, index->target,
                    chain->target);
        return NULL;
    }

    /* The name of an image may look like a malformed specification. */
    g_autoptr(GError) cause = NULL;
    const QblkLayer *layer = qblk_chain_resolve_among(&chain, 1, spec, &same, &cause);
    if (layer == NULL) {
        gboolean is_unknown = g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER);
        gboolean is_malformed = is_unknown && malformed != NULL;
        g_propagate_error(error,
                          is_malformed ? g_steal_pointer(&malformed) : g_steal_pointer(&cause));
    }
    return layer;
}

static gboolean
check_expected(const QblkChain *chain, const char *fingerprint, GError **error)
{
    return fingerprint == NULL || qblk_chain_expect(chain, fingerprint, error);
}

QblkLayer *
qblk_chain_resolve_expected(const QblkChain *chain, gint64 index, const char *fingerprint,
                            GError **error)
{
    if (!check_expected(chain, fingerprint, error)) {
        return NULL;
    }

    const QblkLayer *layer = qblk_chain_resolve_index(chain, index, error);
    return layer == NULL ? NULL : qblk_layer_ref(layer);
}

QblkLayer *
qblk_chain_resolve_name(const GPtrArray *chains, const char *name, const char *fingerprint,
                        GError **error)
{
    const QblkChain *chain = NULL;
    const QblkLayer *layer = qblk_chain_resolve_among((const QblkChain *const *)chains->pdata,
                                                      chains->len, name, &chain, error);
    if (layer == NULL) {
        return NULL;
    }
    return check_expected(chain, fingerprint, error) ? qblk_layer_ref(layer) : NULL;
}
