/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-jobs.h"

/* The edges from a job to the nodes of its disk, from the most to the least reliable.  The edge
 * `target` leads to the target of a copy, and `base` may be shared with other disks. */
static const char *const disk_edges[] = {"main node", "active node", "source", "intermediate node"};

/* The filter above @node that only a job can have added, or NULL. */
static const QblkNode *
implicit_filter_above(const QblkNode *node)
{
    for (guint i = 0; i < node->parents->len; i++) {
        const QblkNode *parent = node->parents->pdata[i];
        gboolean is_of_job =
            g_str_equal(parent->driver, "mirror_top") || g_str_equal(parent->driver, "commit_top");
        if (is_of_job && qblk_node_filtered(parent) == node) {
            return parent;
        }
    }
    return NULL;
}

/* TRUE if @root is @top or a filter above it: a drive may have the name of another device. */
static gboolean
is_root_of(const QblkSnapshot *snapshot, const QblkNode *root, const QblkNode *top)
{
    const QblkNode *node = root;
    for (guint i = 0; node != NULL && i <= snapshot->nodes->len; i++) {
        if (node == top) {
            return TRUE;
        }
        node = qblk_node_filtered(node);
    }
    return FALSE;
}

static const QblkNode *
find_root(const QblkEdges *edges, const char *name)
{
    if (!edges->has_graph || name == NULL) {
        return NULL;
    }
    return g_hash_table_lookup(edges->roots, name);
}

const QblkNode *
qblk_snapshot_jobs_top(const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *top = device->node;
    if (top == NULL || snapshot->jobs->len == 0) {
        return top;
    }

    const char *const names[] = {device->backend, device->qdev};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const QblkNode *root = find_root(snapshot->edges, names[i]);
        if (root != NULL && is_root_of(snapshot, root, top)) {
            return root;
        }
    }

    const QblkNode *above = implicit_filter_above(top);
    return above == NULL ? top : above;
}

/* Add @node and all nodes below it to @owners as nodes of the disk at @position.  A node that has
 * an owner belongs to an earlier disk, with all nodes below it. */
static void
add_owner(GHashTable *owners, const QblkNode *node, guint position)
{
    gpointer owner = GUINT_TO_POINTER(position + 1);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    if (!g_hash_table_contains(owners, node->name)) {
        g_hash_table_insert(owners, node->name, owner);
        g_ptr_array_add(waiting, node->children);
    }

    while (waiting->len > 0) {
        const GPtrArray *children = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);
        for (guint i = 0; i < children->len; i++) {
            const QblkNode *child = ((const QblkChild *)children->pdata[i])->node;
            if (!g_hash_table_contains(owners, child->name)) {
                g_hash_table_insert(owners, child->name, owner);
                g_ptr_array_add(waiting, child->children);
            }
        }
    }
}

GHashTable *
qblk_snapshot_jobs_owners(const QblkSnapshot *snapshot)
{
    GHashTable *owners = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkNode *top = qblk_snapshot_jobs_top(snapshot, snapshot->devices->pdata[i]);
        if (top != NULL) {
            add_owner(owners, top, i);
        }
    }
    return owners;
}

/* The first disk at the end of the most reliable edge that @job has. */
static const QblkDevice *
find_disk(const QblkSnapshot *snapshot, const QblkJob *job, GHashTable *owners)
{
    for (gsize edge = 0; edge < G_N_ELEMENTS(disk_edges); edge++) {
        guint first = G_MAXUINT;
        for (guint i = 0; i < job->nodes->len; i++) {
            const QblkChild *child = job->nodes->pdata[i];
            guint owner = GPOINTER_TO_UINT(g_hash_table_lookup(owners, child->node->name));
            if (owner > 0 && g_str_equal(child->name, disk_edges[edge])) {
                first = MIN(first, owner - 1);
            }
        }
        if (first != G_MAXUINT) {
            return snapshot->devices->pdata[first];
        }
    }
    return NULL;
}

void
qblk_snapshot_jobs_attach(QblkSnapshot *snapshot)
{
    if (snapshot->jobs->len == 0 || snapshot->edges == NULL) {
        return;
    }
    g_autoptr(GHashTable) owners = qblk_snapshot_jobs_owners(snapshot);
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        QblkJob *job = snapshot->jobs->pdata[i];
        const GPtrArray *nodes = g_hash_table_lookup(snapshot->edges->jobs, job->id);
        for (guint j = 0; nodes != NULL && j < nodes->len; j++) {
            const QblkChild *child = nodes->pdata[j];
            qblk_node_children_add(job->nodes, child->name, child->node);
        }
        const QblkDevice *device = find_disk(snapshot, job, owners);
        job->target = device == NULL ? NULL : g_strdup(device->target);
    }
}
