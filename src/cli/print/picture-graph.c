/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-graph.h"

#include "cli/print/output.h"
#include "cli/print/picture-nodes.h"
#include "cli/print/picture-rows.h"

#include <qblk/error.h>

/* Of a node, which are looked at for the filter of a job: a peer chooses their number. */
#define MAX_PARENTS 64

typedef struct {
    QblkPictureNodes nodes;
    const QblkGraphSelection *selection; /* nullable */
} Graph;

/* ---- devices, jobs, exports ---- */

static gboolean
is_main_disk(const QblkDevice *device)
{
    QblkDeviceKind kind = qblk_device_get_kind(device);

    return (kind == QBLK_DEVICE_KIND_DISK || kind == QBLK_DEVICE_KIND_LUN) &&
           qblk_device_get_top_node(device) != NULL;
}

static void
add_device(Graph *graph, const QblkDevice *device)
{
    const char *target = qblk_device_get_target(device);
    const char *name = target == NULL ? qblk_device_get_label(device) : target;
    guint depth = target == NULL ? 0 : qblk_picture_layers_depth(graph->nodes.layers, target);
    guint index = qblk_picture_nodes_add_box(&graph->nodes, QBLK_PICTURE_DEVICE, "disk:", name);
    const QblkNode *top = qblk_device_get_top_node(device);

    qblk_picture_rows_add_device(qblk_picture_box(graph->nodes.picture, index), device, depth);
    if (top != NULL) {
        qblk_picture_nodes_add(&graph->nodes, top, index);
    }
    qblk_picture_nodes_add_pending(&graph->nodes);
}

static void
add_devices(Graph *graph, gboolean are_main)
{
    for (guint i = 0; i < qblk_snapshot_get_n_devices(graph->nodes.snapshot) &&
                      !qblk_picture_nodes_are_too_many(&graph->nodes);
         i++) {
        const QblkDevice *device = qblk_snapshot_get_device(graph->nodes.snapshot, i);
        if (qblk_graph_selection_has_device(graph->selection, device) &&
            is_main_disk(device) == are_main) {
            add_device(graph, device);
        }
    }
}

static gboolean
is_written(const QblkJob *job, const char *role)
{
    gboolean is_commit = qblk_job_get_kind(job) == QBLK_JOB_KIND_COMMIT;

    return g_str_equal(role, "target") || (is_commit && g_str_equal(role, "base"));
}

/* The box of the filter that a commit below the active layer has put into the graph, which is not
 * one of its nodes. */
static guint
find_commit_filter(const Graph *graph, const QblkNode *node)
{
    for (guint i = 0; i < MIN(qblk_node_get_n_parents(node), MAX_PARENTS); i++) {
        const QblkNode *parent = qblk_node_get_parent(node, i);
        if (g_str_equal(qblk_node_get_driver(parent), "commit_top")) {
            return qblk_picture_nodes_find(&graph->nodes, parent);
        }
    }
    return QBLK_PICTURE_NONE;
}

/* The box of the filter that @job has put into the graph, or of the first node that it reads. */
static guint
find_home(const Graph *graph, const QblkJob *job)
{
    guint home = QBLK_PICTURE_NONE;

    for (guint i = 0; i < qblk_job_get_n_nodes(job); i++) {
        const QblkNode *node = qblk_job_get_node(job, i);
        guint filter = find_commit_filter(graph, node);
        if (filter != QBLK_PICTURE_NONE) {
            return filter;
        }
        if (home == QBLK_PICTURE_NONE && !is_written(job, qblk_job_get_node_role(job, i))) {
            home = qblk_picture_nodes_find(&graph->nodes, node);
        }
    }
    return home;
}

typedef struct {
    guint home;
    const QblkJob *job;
} PlacedJob;

/* From left to right: QEMU lists the newest first. */
static int
compare_jobs(gconstpointer a, gconstpointer b)
{
    const PlacedJob *left = a, *right = b;

    return (left->home > right->home) - (left->home < right->home);
}

static void
add_job(Graph *graph, const QblkJob *job, guint home)
{
    const char *id = qblk_job_get_id(job);

    if (home == QBLK_PICTURE_NONE) {
        home = qblk_picture_nodes_add_box(&graph->nodes, QBLK_PICTURE_LONE, "job:", id);
    }
    qblk_picture_rows_add_job(qblk_picture_box(graph->nodes.picture, home), job);

    for (guint i = 0;
         i < qblk_job_get_n_nodes(job) && !qblk_picture_nodes_are_too_many(&graph->nodes); i++) {
        if (!is_written(job, qblk_job_get_node_role(job, i))) {
            continue;
        }
        guint target = qblk_picture_nodes_need(&graph->nodes, qblk_job_get_node(job, i));
        if (target != QBLK_PICTURE_NONE && target != home) {
            qblk_picture_add_text(qblk_picture_box(graph->nodes.picture, target), QBLK_PICTURE_JOB,
                                  "written by %s", id);
            qblk_picture_add_link(graph->nodes.picture, QBLK_PICTURE_COPY, home, target, id);
        }
    }
}

static void
add_jobs(Graph *graph)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(PlacedJob));

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(graph->nodes.snapshot); i++) {
        PlacedJob placed = {.job = qblk_snapshot_get_job(graph->nodes.snapshot, i)};
        if (qblk_graph_selection_has_job(graph->selection, placed.job)) {
            placed.home = find_home(graph, placed.job);
            g_array_append_val(jobs, placed);
        }
    }

    g_array_sort(jobs, compare_jobs);
    for (guint i = 0; i < jobs->len && !qblk_picture_nodes_are_too_many(&graph->nodes); i++) {
        const PlacedJob *placed = &g_array_index(jobs, PlacedJob, i);
        add_job(graph, placed->job, placed->home);
    }
}

static void
add_exports(Graph *graph)
{
    for (guint i = 0; i < qblk_snapshot_get_n_exports(graph->nodes.snapshot) &&
                      !qblk_picture_nodes_are_too_many(&graph->nodes);
         i++) {
        const QblkExport *export = qblk_snapshot_get_export(graph->nodes.snapshot, i);
        const QblkNode *node = qblk_export_get_node(export);
        if (!qblk_graph_selection_has_export(graph->selection, export)) {
            continue;
        }

        guint index =
            node == NULL ? QBLK_PICTURE_NONE : qblk_picture_nodes_need(&graph->nodes, node);
        if (index == QBLK_PICTURE_NONE) {
            index = qblk_picture_nodes_add_box(&graph->nodes, QBLK_PICTURE_LONE,
                                               "export:", qblk_export_get_id(export));
        }
        qblk_picture_rows_add_export(qblk_picture_box(graph->nodes.picture, index), export);
    }
}

/* Nodes that form a cycle, from a broken peer, have no top. */
static void
add_other_nodes(Graph *graph, gboolean only_tops)
{
    for (guint i = 0; i < qblk_snapshot_get_n_nodes(graph->nodes.snapshot) &&
                      !qblk_picture_nodes_are_too_many(&graph->nodes);
         i++) {
        const QblkNode *node = qblk_snapshot_get_node(graph->nodes.snapshot, i);
        if (!only_tops || qblk_node_get_n_parents(node) == 0) {
            (void)qblk_picture_nodes_need(&graph->nodes, node);
        }
    }
    qblk_picture_nodes_add_pending(&graph->nodes);
}

/* ---- the whole ---- */

static char *
describe_vm(const QblkSnapshot *snapshot)
{
    const char *state = qblk_snapshot_get_run_state(snapshot);
    GString *text = g_string_new(NULL);
    int major, minor, micro;

    if (qblk_snapshot_get_qemu_version(snapshot, &major, &minor, &micro)) {
        g_string_append_printf(text, "QEMU %d.%d.%d", major, minor, micro);
    }
    if (state != NULL) {
        g_string_append_printf(text, "%s%s", text->len == 0 ? "" : ", ", state);
    }
    return g_string_free(text, FALSE);
}

/* The directory of most images is in the subtitle, others are in their boxes. */
static void
place_directories(QblkPicture *picture)
{
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *common = NULL;
    guint most = 0;

    for (guint i = 0; i < picture->boxes->len; i++) {
        const char *directory = qblk_picture_box(picture, i)->directory;
        if (directory != NULL) {
            guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, directory)) + 1;
            g_hash_table_insert(counts, g_strdup(directory), GUINT_TO_POINTER(count));
            common = count > most ? directory : common;
            most = MAX(most, count);
        }
    }
    gboolean is_common = most > 1 || g_hash_table_size(counts) == 1;
    common = is_common ? common : NULL;

    for (guint i = 0; i < picture->boxes->len; i++) {
        QblkPictureBox *box = qblk_picture_box(picture, i);
        if (box->directory != NULL && g_strcmp0(box->directory, common) != 0) {
            QblkPictureRow row = {.style = QBLK_PICTURE_MUTED, .percent = -1};
            row.left = g_strdup_printf("in %s", box->directory);
            g_array_insert_val(box->rows, 2, row); /* below the name */
        }
    }

    if (common == NULL) {
        return;
    }
    char *subtitle = g_strdup_printf("%s%simages in %s", picture->subtitle,
                                     picture->subtitle[0] == '\0' ? "" : ", ", common);
    g_free(picture->subtitle);
    picture->subtitle = subtitle;
}

static void
fill(Graph *graph)
{
    graph->nodes.section = QBLK_PICTURE_DISKS;
    add_devices(graph, TRUE);
    add_jobs(graph);

    graph->nodes.section = QBLK_PICTURE_OTHER_DEVICES;
    add_devices(graph, FALSE);

    graph->nodes.section = QBLK_PICTURE_OTHER_NODES;
    add_exports(graph);
    if (graph->selection == NULL) {
        add_other_nodes(graph, TRUE);
        add_other_nodes(graph, FALSE);
    }
    qblk_picture_nodes_add_pending(&graph->nodes);
}

QblkPicture *
qblk_picture_of_graph(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                      const char *name, GError **error)
{
    const char *vm = qblk_snapshot_get_vm_name(snapshot);
    g_autoptr(QblkPicture) picture =
        qblk_picture_new(qblk_output_escape(vm == NULL ? name : vm), describe_vm(snapshot));
    Graph graph = {.selection = selection};
    qblk_picture_nodes_init(&graph.nodes, snapshot, selection, picture);

    fill(&graph);
    gboolean is_too_large = qblk_picture_nodes_are_too_many(&graph.nodes);
    qblk_picture_nodes_clear(&graph.nodes);
    if (is_too_large) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "a picture of so many nodes could not be read, the limit is %d boxes: name "
                    "some disks, or use --format tree",
                    QBLK_PICTURE_MAX_BOXES);
        return NULL;
    }

    place_directories(picture);
    return g_steal_pointer(&picture);
}
