/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/batch.h"

#include "base/limits.h"
#include "graph/alias.h"
#include "graph/block-stats.h"
#include "graph/bus-address.h"
#include "graph/device.h"
#include "graph/edges.h"
#include "graph/export.h"
#include "graph/guest-state.h"
#include "graph/job.h"
#include "graph/qom.h"
#include "graph/replies.h"
#include "graph/target.h"
#include "graph/vhost-user.h"
#include "qmp/query.h"

typedef struct {
    const QblkReplies *replies;
    const QblkSnapshotOptions *options;
    GPtrArray *queries; /* of QblkQuery, owned: what is missing */
    GHashTable *keys;   /* of the queries */
} Batch;

/* Add a query unless its reply is known or it was added before; takes @arguments. */
static void
add_query(Batch *batch, const char *command, QblkJson *arguments)
{
    g_autoptr(QblkJson) owned = arguments;
    if (qblk_replies_find(batch->replies, command, arguments) != NULL) {
        return;
    }
    gboolean is_new = g_hash_table_add(batch->keys, qblk_query_key(command, arguments));
    if (is_new) {
        g_ptr_array_add(batch->queries, qblk_query_new(command, g_steal_pointer(&owned)));
    }
}

static void
add_property(const char *path, const char *property, gpointer user_data)
{
    add_query(user_data, "qom-get", qblk_qom_arguments(path, property));
}

/* The jobs and the depth of the chains: they decide if the nodes may be queried, and for how long
 * that keeps QEMU busy.  The run state: it decides if the migration is queried.  The chardevs: they
 * decide if there may be disks that are not in query-block.
 * With qmp_capabilities these are not more than QEMU accepts at once. */
static void
add_first(Batch *batch)
{
    static const char *const always[] = {"query-jobs",  "query-name",          "query-status",
                                         "query-block", "query-block-exports", "query-chardev"};
    static const char *const capture[] = {"query-block-jobs", "query-uuid", "query-pci"};
    for (gsize i = 0; i < G_N_ELEMENTS(always); i++) {
        add_query(batch, always[i], NULL);
    }
    for (gsize i = 0; batch->options->everything && i < G_N_ELEMENTS(capture); i++) {
        add_query(batch, capture[i], NULL);
    }
}

/* The version, which a client has in its greeting.  What only block jobs have, which decides if the
 * nodes may be queried: QEMU lists each block job as a job. */
static void
add_conditions(Batch *batch)
{
    const QblkJson *jobs = qblk_replies_value(batch->replies, "query-jobs");
    gboolean is_idle = qblk_json_is(jobs, QBLK_JSON_ARRAY) && qblk_json_length(jobs) == 0;

    add_query(batch, "query-version", NULL);
    if (!is_idle) {
        add_query(batch, "query-block-jobs", NULL);
    }
}

/* TRUE if a node has a file that was passed to QEMU as a descriptor. */
static gboolean
has_fdset(QblkJsonView nodes)
{
    if (!qblk_json_view_may_contain(nodes, "/dev/fdset/")) {
        return FALSE;
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(nodes);
    for (const QblkJson *node; (node = qblk_json_walk_next(&walk)) != NULL;) {
        const char *file = qblk_json_get_string(node, "file");
        if (file != NULL && g_str_has_prefix(file, "/dev/fdset/")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE if a node has a block device: the only size in use that QEMU reports of it is how far it has
 * written. */
static gboolean
has_device(QblkJsonView nodes)
{
    if (!qblk_json_view_may_contain(nodes, "host_device")) {
        return FALSE;
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(nodes);
    for (const QblkJson *node; (node = qblk_json_walk_next(&walk)) != NULL;) {
        const char *driver = qblk_json_get_string(node, "drv");
        if (g_strcmp0(driver, "host_device") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The graph.  Its queries are sent in one write, so that little changes between them. */
static void
add_graph(Batch *batch, gboolean has_jobs, gboolean nodes_allowed)
{
    static const QblkQemuVersion reports_children = {10, 1, 0};
    QblkQemuVersion version;
    gboolean old = !qblk_replies_version(batch->replies, &version) ||
                   qblk_qemu_version_compare(&version, &reports_children) < 0;
    QblkEdgeSource edges = batch->options->edges;

    if (nodes_allowed) {
        add_query(batch, "query-named-block-nodes", qblk_batch_nodes_arguments());
    }
    if (batch->options->statistics) {
        add_query(batch, "query-blockstats", NULL);
    }
    if (batch->options->statistics && nodes_allowed) {
        add_query(batch, "query-blockstats", qblk_block_stats_arguments());
    }
    /* Only the debug graph has the nodes of jobs, the implicit filters that jobs add, and what the
     * clients of an export may do. */
    if (has_jobs || qblk_export_exists(batch->replies) || batch->options->everything ||
        edges == QBLK_EDGE_SOURCE_DEBUG || (edges == QBLK_EDGE_SOURCE_BEST && old)) {
        add_query(batch, "x-debug-query-block-graph", NULL);
    }
}

/* The next best source of edges, if the nodes have no children although the version reports them,
 * or if the debug graph was refused. */
static void
add_other_edges(Batch *batch, QblkJsonView nodes)
{
    QblkEdgeSource edges = qblk_edges_choose(batch->replies, nodes, batch->options->edges);
    if (edges == QBLK_EDGE_SOURCE_DEBUG) {
        add_query(batch, "x-debug-query-block-graph", NULL);
    }
    if (edges == QBLK_EDGE_SOURCE_BLOCKSTATS || batch->options->everything) {
        add_query(batch, "query-blockstats", NULL);
        add_query(batch, "query-blockstats", qblk_block_stats_arguments());
    }
}

/* Disks that are not in query-block. */
static void
add_vhost_user(Batch *batch, const GPtrArray *devices)
{
    if (devices != NULL && qblk_vhost_user_may_exist(batch->replies)) {
        add_query(batch, "query-pci", NULL);
        qblk_vhost_user_next(batch->replies, devices, add_property, batch);
    }
}

/* TRUE if @device is on virtio, or will be counted as if it was, because of its alias. */
static gboolean
is_on_virtio(const QblkDevice *device)
{
    const char *bus = device->bus;
    g_autofree char *target = device->id == NULL ? NULL : qblk_alias_to_target(device->id, &bus);
    return g_strcmp0(device->bus, "virtio") == 0 || g_strcmp0(bus, "virtio") == 0;
}

/* TRUE if enumeration cannot give @device another name than "vda": it is the only virtio disk. */
static gboolean
is_only_virtio_disk(const Batch *batch, const GPtrArray *devices, const QblkDevice *device)
{
    guint count = 0;
    for (guint i = 0; i < devices->len && count < 2; i++) {
        count += is_on_virtio(devices->pdata[i]) ? 1 : 0;
    }
    return is_on_virtio(device) && count == 1 && !qblk_vhost_user_may_exist(batch->replies);
}

static gboolean
needs_serial(const Batch *batch)
{
    const QblkSnapshotOptions *options = batch->options;
    return options->everything || !options->without_serials || options->hints->len > 0;
}

/* Type and serial number of each device, and its address if its name or bus depends on that. */
static void
add_devices(Batch *batch)
{
    g_autoptr(GPtrArray) devices = qblk_device_load_all(batch->replies, NULL);
    gboolean everything = batch->options->everything;

    for (guint i = 0; devices != NULL && i < devices->len; i++) {
        const QblkDevice *device = devices->pdata[i];
        if (device->path == NULL) {
            continue;
        }
        if (everything || !qblk_qom_is_virtio_backend(device->path)) {
            add_property(device->path, "type", batch);
        }
        if (needs_serial(batch)) {
            add_property(device->path, "serial", batch);
        }
        if (everything ||
            (qblk_target_needs_address(device) && !is_only_virtio_disk(batch, devices, device))) {
            qblk_bus_address_next(batch->replies, device->path, add_property, batch);
        }
    }
    if (qblk_nvme_subsystem_exists(batch->replies)) {
        add_query(batch, "query-pci", NULL);
        qblk_nvme_subsystem_next(batch->replies, add_property, batch);
    }
    add_vhost_user(batch, devices);
}

/* The names of disks and nodes, and the edges between nodes. */
static void
add_names(Batch *batch)
{
    static const char *const queries[] = {"query-block", "x-debug-query-block-graph",
                                          "query-chardev"};
    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        add_query(batch, queries[i], NULL);
    }
    if (batch->queries->len == 0) {
        add_devices(batch);
    }
}

QblkJson *
qblk_batch_nodes_arguments(void)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_boolean(arguments, "flat", TRUE);
    return arguments;
}

GPtrArray *
qblk_batch_next(const QblkReplies *replies, const QblkSnapshotOptions *options)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Batch batch = {
        .replies = replies,
        .options = options,
        .queries = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_query_free),
        .keys = keys,
    };
    if (options->names_only) {
        add_names(&batch);
        return batch.queries;
    }

    static void (*const first[])(Batch * batch) = {add_first, add_conditions};
    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        first[i](&batch);
        if (batch.queries->len > 0) {
            return batch.queries;
        }
    }

    /* If the jobs cannot be read the nodes are not queried; loading the snapshot reports why. */
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, NULL);
    g_autofree char *reason = jobs == NULL ? NULL : qblk_job_forbids_nodes(replies, jobs);
    gboolean nodes_allowed = jobs != NULL && reason == NULL;
    add_graph(&batch, jobs == NULL || jobs->len > 0, nodes_allowed);
    gboolean has_graph = batch.queries->len == 0;
    if (has_graph && nodes_allowed) {
        g_autoptr(QblkJson) arguments = qblk_batch_nodes_arguments();
        QblkJsonView nodes =
            qblk_reply_view(qblk_replies_find(replies, "query-named-block-nodes", arguments));
        if (!qblk_json_view_is_absent(nodes)) {
            add_other_edges(&batch, nodes);
            if (has_fdset(nodes)) {
                add_query(&batch, "query-fdsets", NULL);
            }
            if (has_device(nodes)) {
                add_query(&batch, "query-blockstats", qblk_block_stats_arguments());
            }
        }
    }
    add_devices(&batch);
    const char *migration = qblk_guest_state_next_query(replies);
    if (migration != NULL) {
        add_query(&batch, migration, NULL);
    }
    return batch.queries;
}

#define NODES_OF_AN_IMAGE 2

/* The number of images below the open one; 0 if the reply has no valid depth. */
static guint64
backing_depth(const QblkJson *inserted)
{
    gint64 depth = 0;
    (void)qblk_json_integer(qblk_json_get(inserted, "backing_file_depth"), &depth);
    return (guint64)CLAMP(depth, 0, QBLK_LIMIT_NODES);
}

guint64
qblk_batch_estimate_nodes(const QblkReplies *replies)
{
    const QblkJson *blocks = qblk_replies_value(replies, "query-block");
    gsize length = qblk_json_is(blocks, QBLK_JSON_ARRAY) ? qblk_json_length(blocks) : 0;
    guint64 nodes = 0;
    for (gsize i = 0; i < length; i++) {
        const QblkJson *inserted = qblk_json_get(qblk_json_at(blocks, i), "inserted");
        if (inserted != NULL) {
            nodes += NODES_OF_AN_IMAGE * (1 + backing_depth(inserted));
        }
    }
    return nodes;
}

guint64
qblk_batch_busy_ms(guint64 nodes)
{
    return nodes * QBLK_NODE_MICROSECONDS / 1000;
}
