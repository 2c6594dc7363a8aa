/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-places.h"

#include <qblk/chain.h>
#include <qblk/shared-images.h>

struct QblkGraphPlaces {
    /* By node-name; keys and values are owned. */
    GHashTable *disks;   /* QblkDevice */
    GHashTable *layers;  /* char: the specification */
    GHashTable *shared;  /* char: the first layer that an earlier disk has, by target */
    GHashTable *jobs;    /* GPtrArray of QblkJob */
    GHashTable *exports; /* GPtrArray of QblkExport */

    QblkSharedImages *images; /* owned */
};

const QblkNode *
qblk_graph_places_next(const QblkNode *node)
{
    static const char *const filtered[] = {"file", "raw"};
    const QblkNode *next = qblk_node_find_child(node, "backing");

    if (qblk_node_get_kind(node) != QBLK_NODE_KIND_FILTER) {
        return next;
    }
    for (gsize i = 0; next == NULL && i < G_N_ELEMENTS(filtered); i++) {
        next = qblk_node_find_child(node, filtered[i]);
    }
    return next;
}

/* ---- disks and layers ---- */

/* A disk without a chain, such as a quorum, has no layers. */
static void
add_layers(QblkGraphPlaces *places, const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const char *target = qblk_device_get_target(device);
    g_autoptr(QblkChain) chain =
        target == NULL ? NULL : qblk_snapshot_chain(snapshot, target, NULL);
    guint depth = chain == NULL ? 0 : qblk_chain_get_depth(chain);

    for (guint i = 0; i < depth; i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        const char *node = qblk_layer_get_node_name(layer);
        const char *spec = qblk_layer_get_spec(layer);
        if (node == NULL) {
            continue;
        }
        if (g_hash_table_contains(places->layers, node)) {
            g_hash_table_insert(places->shared, g_strdup(target), g_strdup(spec));
            return;
        }
        g_hash_table_insert(places->layers, g_strdup(node), g_strdup(spec));
    }
}

/* A node of several disks is that of the first one, with all that is below it. */
static void
add_disk(QblkGraphPlaces *places, const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *node = qblk_device_get_top_node(device);

    while (node != NULL && qblk_graph_places_get_disk(places, node) == NULL) {
        g_hash_table_insert(places->disks, g_strdup(qblk_node_get_name(node)),
                            qblk_device_ref(device));
        node = qblk_graph_places_next(node);
    }
    add_layers(places, snapshot, device);
}

/* ---- jobs and exports ---- */

/* @object: (transfer full) */
static void
add_to(GHashTable *table, const QblkNode *node, gpointer object, GDestroyNotify free_object)
{
    const char *name = qblk_node_get_name(node);
    GPtrArray *list = g_hash_table_lookup(table, name);

    if (list == NULL) {
        list = g_ptr_array_new_with_free_func(free_object);
        g_hash_table_insert(table, g_strdup(name), list);
    }
    g_ptr_array_add(list, object);
}

static void
unref_job(gpointer data)
{
    qblk_job_unref(data);
}

static void
unref_export(gpointer data)
{
    qblk_export_unref(data);
}

/* Returns: (nullable): the filter of a commit in the middle of a chain is below the main node of
 * its job. */
static const QblkNode *
find_place_of_job(const QblkJob *job)
{
    const QblkNode *node = NULL;

    for (guint i = 0; node == NULL && i < qblk_job_get_n_nodes(job); i++) {
        const char *role = qblk_job_get_node_role(job, i);
        node = g_strcmp0(role, "main node") == 0 ? qblk_job_get_node(job, i) : NULL;
    }
    if (node == NULL) {
        return qblk_job_get_node(job, 0);
    }

    const QblkNode *next = qblk_graph_places_next(node);
    gboolean is_below = next != NULL && g_str_equal(qblk_node_get_driver(next), "commit_top");
    return is_below ? next : node;
}

static void
add_jobs(QblkGraphPlaces *places, const QblkSnapshot *snapshot, const QblkGraphSelection *selection)
{
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        const QblkNode *place = find_place_of_job(job);
        if (place != NULL && qblk_graph_selection_has_job(selection, job)) {
            add_to(places->jobs, place, qblk_job_ref(job), unref_job);
        }
    }
}

static void
add_exports(QblkGraphPlaces *places, const QblkSnapshot *snapshot,
            const QblkGraphSelection *selection)
{
    for (guint i = 0; i < qblk_snapshot_get_n_exports(snapshot); i++) {
        const QblkExport *export = qblk_snapshot_get_export(snapshot, i);
        const QblkNode *node = qblk_export_get_node(export);
        if (node != NULL && qblk_graph_selection_has_export(selection, export)) {
            add_to(places->exports, node, qblk_export_ref(export), unref_export);
        }
    }
}

/* ---- objects ---- */

static void
unref_device(gpointer data)
{
    qblk_device_unref(data);
}

static void
unref_list(gpointer data)
{
    g_ptr_array_unref(data);
}

static GHashTable *
new_table(GDestroyNotify free_value)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
}

QblkGraphPlaces *
qblk_graph_places_new(const QblkSnapshot *snapshot, const QblkGraphSelection *selection)
{
    QblkGraphPlaces *places = g_new0(QblkGraphPlaces, 1);

    places->disks = new_table(unref_device);
    places->layers = new_table(g_free);
    places->shared = new_table(g_free);
    places->jobs = new_table(unref_list);
    places->exports = new_table(unref_list);
    places->images = qblk_shared_images_new(snapshot);

    for (guint i = 0; i < qblk_snapshot_get_n_devices(snapshot); i++) {
        const QblkDevice *device = qblk_snapshot_get_device(snapshot, i);
        if (qblk_graph_selection_has_device(selection, device)) {
            add_disk(places, snapshot, device);
        }
    }
    add_jobs(places, snapshot, selection);
    add_exports(places, snapshot, selection);
    return places;
}

void
qblk_graph_places_free(QblkGraphPlaces *places)
{
    g_hash_table_unref(places->disks);
    g_hash_table_unref(places->layers);
    g_hash_table_unref(places->shared);
    g_hash_table_unref(places->jobs);
    g_hash_table_unref(places->exports);
    qblk_shared_images_unref(places->images);
    g_free(places);
}

const QblkDevice *
qblk_graph_places_get_disk(const QblkGraphPlaces *places, const QblkNode *node)
{
    return g_hash_table_lookup(places->disks, qblk_node_get_name(node));
}

const char *
qblk_graph_places_get_layer(const QblkGraphPlaces *places, const QblkNode *node)
{
    return g_hash_table_lookup(places->layers, qblk_node_get_name(node));
}

const char *
qblk_graph_places_get_shared_layer(const QblkGraphPlaces *places, const QblkDevice *disk)
{
    const char *target = qblk_device_get_target(disk);
    return target == NULL ? NULL : g_hash_table_lookup(places->shared, target);
}

const GPtrArray *
qblk_graph_places_get_jobs(const QblkGraphPlaces *places, const QblkNode *node)
{
    return g_hash_table_lookup(places->jobs, qblk_node_get_name(node));
}

const GPtrArray *
qblk_graph_places_get_exports(const QblkGraphPlaces *places, const QblkNode *node)
{
    return g_hash_table_lookup(places->exports, qblk_node_get_name(node));
}

/* ---- relations ---- */

const QblkNode *
qblk_graph_places_find_destination(const QblkJob *job)
{
    for (guint i = 0; i < qblk_job_get_n_nodes(job); i++) {
        const char *role = qblk_job_get_node_role(job, i);
        if (g_strcmp0(role, "target") == 0 || g_strcmp0(role, "base") == 0) {
            return qblk_job_get_node(job, i);
        }
    }
    return NULL;
}

const char *
qblk_graph_places_name(const QblkDevice *disk)
{
    const char *target = qblk_device_get_target(disk);
    return target == NULL ? qblk_device_get_label(disk) : target;
}

GPtrArray *
qblk_graph_places_find_users(const QblkGraphPlaces *places, const QblkNode *node)
{
    const QblkDevice *disk = qblk_graph_places_get_disk(places, node);
    guint count = disk == NULL ? 0 : qblk_node_get_n_parents(node);
    GPtrArray *users = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < count; i++) {
        const QblkNode *parent = qblk_node_get_parent(node, i);
        const QblkDevice *other = qblk_graph_places_get_disk(places, parent);
        if (other == NULL) {
            g_ptr_array_add(users, g_strdup_printf("used by %s (%s)", qblk_node_get_name(parent),
                                                   qblk_node_get_driver(parent)));
        } else if (other != disk) {
            g_ptr_array_add(users, g_strdup_printf("used by %s", qblk_graph_places_name(other)));
        }
    }

    char *same = qblk_shared_images_to_text(places->images, qblk_node_get_name(node));
    if (same != NULL) {
        g_ptr_array_add(users, same);
    }
    return users;
}
