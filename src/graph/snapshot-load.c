/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "base/redact.h"
#include "graph/batch.h"
#include "graph/block-graph.h"
#include "graph/block-stats.h"
#include "graph/guest-state.h"
#include "graph/snapshot-jobs.h"
#include "graph/snapshot.h"
#include "graph/target.h"
#include "graph/vhost-user.h"

#include <string.h>

/* ---- nodes and edges ---- */

static gboolean
check_node_count(gsize count, GError **error)
{
    if (count <= QBLK_LIMIT_NODES) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                "%" G_GSIZE_FORMAT " block nodes are more than the limit of %d", count,
                QBLK_LIMIT_NODES);
    return FALSE;
}

/* The name of an entry is made only for an error. */
static QblkNode *
load_node(const QblkJson *entry, gsize position, GError **error)
{
    QblkNode *node = qblk_node_load(entry, "", NULL);
    if (node != NULL) {
        return node;
    }
    g_autofree char *what =
        g_strdup_printf("query-named-block-nodes[%" G_GSIZE_FORMAT "]", position);
    return qblk_node_load(entry, what, error);
}

static void
reverse(GPtrArray *array)
{
    for (guint i = 0; i < array->len / 2; i++) {
        gpointer first = array->pdata[i];
        array->pdata[i] = array->pdata[array->len - 1 - i];
        array->pdata[array->len - 1 - i] = first;
    }
}

/* Add the node of @entry, and the edges that it lists to @listed (nullable). */
static gboolean
add_node(QblkSnapshot *snapshot, const QblkJson *entry, gsize position, QblkListedEdges *listed,
         GError **error)
{
    QblkNode *node = load_node(entry, position, error);
    if (node == NULL) {
        return FALSE;
    }
    g_ptr_array_add(snapshot->nodes, node);
    return listed == NULL ||
           qblk_listed_edges_add(listed, node, qblk_json_get(entry, "children"), error);
}

/* QEMU lists the newest node first.  All entries are counted only if there is an error. */
static gboolean
load_nodes(QblkSnapshot *snapshot, QblkJsonView entries, QblkListedEdges *listed, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(entries);
    const QblkJson *entry = qblk_json_walk_next(&walk);
    while (entry != NULL && walk.position <= QBLK_LIMIT_NODES &&
           add_node(snapshot, entry, walk.position - 1, listed, &cause)) {
        entry = qblk_json_walk_next(&walk);
    }

    if (entry != NULL && !check_node_count(qblk_json_view_length(entries), error)) {
        return FALSE;
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    reverse(snapshot->nodes);
    return TRUE;
}

static gboolean
index_nodes(QblkSnapshot *snapshot, GError **error)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        QblkNode *node = snapshot->nodes->pdata[i];
        gboolean is_new = g_hash_table_insert(snapshot->by_name, node->name, node);
        if (!is_new) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                        "two nodes have the name '%s'", node->name);
            return FALSE;
        }
    }
    return TRUE;
}

/* Without the reply for the nodes the debug graph is enough to find the disk of a job. */
static gboolean
load_debug_graph(QblkSnapshot *snapshot, const QblkReplies *replies, GError **error)
{
    QblkJsonView graph =
        qblk_reply_view(qblk_replies_find(replies, "x-debug-query-block-graph", NULL));
    if (qblk_json_view_is_absent(graph)) {
        return TRUE;
    }
    if (!qblk_block_graph_make_nodes(graph, snapshot->nodes, error)) {
        return FALSE;
    }
    if (!check_node_count(snapshot->nodes->len, error)) {
        return FALSE;
    }
    if (!index_nodes(snapshot, error)) {
        return FALSE;
    }

    snapshot->edges =
        qblk_edges_load(replies, graph, NULL, snapshot->by_name, QBLK_EDGE_SOURCE_DEBUG, error);
    return snapshot->edges != NULL;
}

/* Load nodes and edges, unless the query for the nodes was not safe. */
static gboolean
load_graph(QblkSnapshot *snapshot, const QblkReplies *replies, const QblkSnapshotOptions *options,
           GError **error)
{
    if (options->names_only) {
        return load_debug_graph(snapshot, replies, error);
    }

    g_autoptr(QblkJson) arguments = qblk_batch_nodes_arguments();
    const QblkReply *reply = qblk_replies_find(replies, "query-named-block-nodes", arguments);
    if (reply == NULL) {
        snapshot->no_nodes_reason = qblk_job_forbids_nodes(replies, snapshot->jobs);
        if (snapshot->no_nodes_reason != NULL) {
            return load_debug_graph(snapshot, replies, error);
        }
    }

    QblkJsonView entries = qblk_reply_view(reply);
    if (!qblk_json_view_is_array(entries)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "no reply to 'query-named-block-nodes' with 'flat': QEMU 5.0 or later is "
                    "required");
        return FALSE;
    }

    QblkEdgeSource source = qblk_edges_choose(replies, entries, options->edges);
    gboolean is_listed = source == QBLK_EDGE_SOURCE_CHILDREN && qblk_edges_are_in(entries);
    g_autoptr(QblkListedEdges) listed = is_listed ? qblk_listed_edges_new() : NULL;
    if (!load_nodes(snapshot, entries, listed, error)) {
        return FALSE;
    }
    if (!index_nodes(snapshot, error)) {
        return FALSE;
    }

    snapshot->edges = qblk_edges_load(replies, entries, listed, snapshot->by_name, source, error);
    if (snapshot->edges == NULL) {
        return FALSE;
    }
    qblk_block_stats_load_writes(replies, snapshot->by_name);
    snapshot->has_statistics = options->statistics && qblk_block_stats_exist(replies);
    return TRUE;
}

/* ---- exports ---- */

/* An export that was added between two queries may have a node that is not listed. */
static gboolean
load_exports(QblkSnapshot *snapshot, const QblkReplies *replies, GError **error)
{
    snapshot->exports = qblk_export_load_all(replies, error);
    for (guint i = 0; snapshot->exports != NULL && i < snapshot->exports->len; i++) {
        QblkExport *export = snapshot->exports->pdata[i];
        export->node = g_hash_table_lookup(snapshot->by_name, export->node_name);
    }
    return snapshot->exports != NULL;
}

/* ---- files ---- */

static void
load_files(QblkSnapshot *snapshot, const QblkReplies *replies)
{
    if (replies->image_layers != NULL) {
        snapshot->image_layers = g_ptr_array_ref(replies->image_layers);
    }
    if (replies->opened == NULL) {
        return;
    }
    snapshot->opened = qblk_opened_files_ref(replies->opened);
    const QblkJson *fdsets = qblk_replies_value(replies, "query-fdsets");
    snapshot->files =
        qblk_layer_files_load(snapshot->nodes, replies->opened, fdsets, &snapshot->unknown_files);
}

/* ---- devices ---- */

/* A storage daemon has no devices: each node without a parent is the top of a disk. */
static void
add_root_nodes(QblkSnapshot *snapshot, const QblkReplies *replies)
{
    const QblkReply *name = qblk_replies_find(replies, "query-name", NULL);
    gboolean is_system = name == NULL || name->refusal == NULL;
    if (is_system || snapshot->devices->len > 0) {
        return;
    }

    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        if (node->parents->len == 0) {
            g_ptr_array_add(snapshot->devices, qblk_device_new_for_node(node));
        }
    }
}

/* The statistics report the backing image only below a device: the chain of another node would
 * look as if it had one layer. */
static gboolean
check_stats_cover_disks(const QblkSnapshot *snapshot, GError **error)
{
    if (snapshot->edges == NULL || snapshot->edges->used != QBLK_EDGE_SOURCE_BLOCKSTATS) {
        return TRUE;
    }

    for (guint i = 0; i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (device->qdev == NULL && device->backend == NULL && !device->is_vhost_user) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                        "node '%s' is a disk that cannot be read: 'query-blockstats' does not "
                        "report what is below a node that no device uses, and this QEMU does not "
                        "have 'x-debug-query-block-graph'",
                        qblk_device_get_label(device));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
connect_devices(QblkSnapshot *snapshot, GError **error)
{
    for (guint i = 0; i < snapshot->devices->len; i++) {
        QblkDevice *device = snapshot->devices->pdata[i];
        if (device->node_name == NULL) {
            continue;
        }
        QblkNode *node = g_hash_table_lookup(snapshot->by_name, device->node_name);
        if (node != NULL && node->kind == NULL && device->driver != NULL) {
            node->kind = qblk_driver_find(device->driver);
        }
        device->node = node;
        if (device->node == NULL && snapshot->no_nodes_reason == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                        "the graph changed while it was read: node '%s' of '%s' is not listed",
                        device->node_name, qblk_device_get_label(device));
            return FALSE;
        }
    }
    return TRUE;
}

/* By bus prefix, then vdz before vdaa. */
static int
compare_targets(gconstpointer left, gconstpointer right)
{
    const QblkDevice *a = *(const QblkDevice *const *)left;
    const QblkDevice *b = *(const QblkDevice *const *)right;
    if (a->target == NULL || b->target == NULL) {
        return (a->target == NULL) - (b->target == NULL);
    }

    int prefix = strncmp(a->target, b->target, 2);
    gsize length_a = strlen(a->target), length_b = strlen(b->target);
    if (prefix == 0 && length_a != length_b) {
        return length_a < length_b ? -1 : 1;
    }
    return strcmp(a->target, b->target);
}

static void
sort_devices(QblkSnapshot *snapshot)
{
    g_ptr_array_sort(snapshot->devices, compare_targets);
    for (guint i = 0; i < snapshot->devices->len; i++) {
        QblkDevice *device = snapshot->devices->pdata[i];
        if (device->target != NULL) {
            g_ptr_array_add(snapshot->targets, device->target);
            g_hash_table_insert(snapshot->by_target, device->target, device);
            snapshot->disks++;
        }
    }
    g_ptr_array_add(snapshot->targets, NULL);
}

static gboolean
load_devices(QblkSnapshot *snapshot, const QblkReplies *replies, const QblkSnapshotOptions *options,
             GError **error)
{
    GPtrArray *devices = qblk_device_load_all(replies, error);
    if (devices == NULL) {
        return FALSE;
    }
    g_ptr_array_unref(snapshot->devices);
    snapshot->devices = devices;
    if (options->statistics) {
        qblk_block_stats_load_devices(replies, devices);
    }

    qblk_vhost_user_add(replies, devices);
    add_root_nodes(snapshot, replies);
    if (!connect_devices(snapshot, error)) {
        return FALSE;
    }
    if (!qblk_target_assign(devices, snapshot->by_name, options, snapshot->ambiguous, error)) {
        return FALSE;
    }
    if (!check_stats_cover_disks(snapshot, error)) {
        return FALSE;
    }
    sort_devices(snapshot);
    return TRUE;
}

/* ---- the manager ---- */

static const QblkManager *
find_manager(const QblkSnapshot *snapshot, const QblkReplies *replies)
{
    const QblkManagerEvidence evidence = {
        .nodes = snapshot->nodes,
        .devices = snapshot->devices,
        .jobs = snapshot->jobs,
        .arguments = (const char *const *)replies->arguments,
    };
    return qblk_manager_find(&evidence);
}

/* ---- the snapshot ---- */

/* The layers from @top downwards, up to as many as a chain may have. */
static guint
count_layers(const QblkNode *top)
{
    guint layers = 0;
    for (const QblkNode *node = top; node != NULL && layers < QBLK_LIMIT_LAYERS; layers++) {
        const QblkNode *below = qblk_node_filtered(node);
        node = below != NULL ? below : qblk_node_find_child(node, "backing");
    }
    return layers;
}

/* Disks may share nodes, and each disk has a chain of its own: few nodes can be many layers. */
static gboolean
check_layer_count(const QblkSnapshot *snapshot, GError **error)
{
    guint layers = 0;
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        layers += count_layers(device->node);
        if (layers > QBLK_LIMIT_ALL_LAYERS) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                        "the chains of all disks have more layers than the limit of %d",
                        QBLK_LIMIT_ALL_LAYERS);
            return FALSE;
        }
    }
    return TRUE;
}

QblkSnapshot *
qblk_snapshot_load(const QblkCapture *replies, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkSnapshotOptions) defaults = NULL;
    if (options == NULL) {
        defaults = qblk_snapshot_options_new();
        options = defaults;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_new();
    (void)qblk_replies_version(replies, &snapshot->version);
    const char *name = qblk_json_get_string(qblk_replies_value(replies, "query-name"), "name");
    snapshot->vm_name = name == NULL ? NULL : qblk_redact_name(name, NULL);

    const QblkJson *status = qblk_replies_value(replies, "query-status");
    snapshot->run_state = g_strdup(qblk_json_get_string(status, "status"));
    snapshot->may_be_inactive = qblk_guest_state_may_be_inactive(replies);

    snapshot->jobs = qblk_job_load_all(replies, error);
    if (snapshot->jobs == NULL) {
        return NULL;
    }
    if (!load_graph(snapshot, replies, options, error)) {
        return NULL;
    }
    if (!load_exports(snapshot, replies, error)) {
        return NULL;
    }
    if (!load_devices(snapshot, replies, options, error)) {
        return NULL;
    }
    if (!check_layer_count(snapshot, error)) {
        return NULL;
    }

    snapshot->manager = find_manager(snapshot, replies);
    qblk_snapshot_jobs_attach(snapshot);
    snapshot->users =
        qblk_node_user_index_new(snapshot->devices, snapshot->exports, snapshot->jobs);
    load_files(snapshot, replies);
    qblk_snapshot_adopt(snapshot);
    return g_steal_pointer(&snapshot);
}

/* Without the nodes neither the disk of @job nor the kind of a commit is known.  A job that was
 * started since may have the id of an earlier one. */
static void
copy_known(QblkJob *job, const QblkSnapshot *known)
{
    const QblkJob *before = known == NULL ? NULL : qblk_snapshot_find_job(known, job->id);
    if (before != NULL && g_str_equal(before->type, job->type)) {
        job->target = g_strdup(before->target);
        job->known_kind = qblk_job_get_kind(before);
    }
}

QblkSnapshot *
qblk_snapshot_load_jobs(const QblkReplies *replies, const QblkSnapshot *known, GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_new();
    snapshot->jobs = qblk_job_load_all(replies, error);
    if (snapshot->jobs == NULL) {
        return NULL;
    }

    for (guint i = 0; i < snapshot->jobs->len; i++) {
        copy_known(snapshot->jobs->pdata[i], known);
    }
    snapshot->no_nodes_reason = g_strdup("only the jobs were queried");
    snapshot->exports = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_export_free);
    g_ptr_array_add(snapshot->targets, NULL);
    snapshot->users =
        qblk_node_user_index_new(snapshot->devices, snapshot->exports, snapshot->jobs);
    qblk_snapshot_adopt(snapshot);
    return g_steal_pointer(&snapshot);
}
