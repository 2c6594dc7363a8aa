/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "cli/print/fit.h"
#include "cli/print/graph-places.h"
#include "cli/print/graph-text.h"
#include "cli/print/report.h"
#include "cli/print/tree-lines.h"

typedef struct {
    const QblkSnapshot *snapshot;
    const QblkTerminal *terminal;
    QblkGraphPlaces *places;
    QblkTreeLines lines; /* the output */
    GHashTable *shown;   /* node-names, owned: those that were printed */
    GHashTable *jobs;    /* ids, owned: the same */
    GHashTable *exports; /* ids, owned: the same */
    GArray *pending;     /* of Line: the last one is printed next */

    const QblkDevice *disk; /* whose chain is printed, or NULL */
    guint layer_width;      /* of the names of its layers */
} Tree;

/* A line that is not printed yet: a node, or a text. */
typedef struct {
    const QblkNode *node; /* borrowed, or NULL */
    const char *edge;     /* borrowed; NULL: it is not printed */
    char *text;           /* owned, escaped, or NULL */
    QblkStyle style;      /* of the text */
    guint level;
    gboolean is_last;  /* of its parent; for a chain: its lowest node is */
    gboolean is_chain; /* the node below it is at the same level */
} Line;

/* ---- what was printed ---- */

static gboolean
is_new(GHashTable *names, const char *name)
{
    return g_hash_table_add(names, g_strdup(name));
}

static gboolean
is_shown(const Tree *tree, const QblkNode *node)
{
    return g_hash_table_contains(tree->shown, qblk_node_get_name(node));
}

/* ---- what is at a node ---- */

/* @text: (transfer full) */
static void
push_text(Tree *tree, guint level, QblkStyle style, char *text)
{
    Line line = {.text = text, .style = style, .level = level};
    g_array_append_val(tree->pending, line);
}

static char *
describe_job(const Tree *tree, const QblkJob *job)
{
    const QblkNode *target = qblk_graph_places_find_destination(job);
    const char *layer = target == NULL ? NULL : qblk_graph_places_get_layer(tree->places, target);
    return qblk_graph_text_job(tree->terminal, job, layer);
}

/* The nodes of @job that no other line leads to, such as the target of a copy. */
static void
push_job_nodes(Tree *tree, guint level, const QblkJob *job)
{
    for (guint i = qblk_job_get_n_nodes(job); i > 0; i--) {
        const QblkNode *node = qblk_job_get_node(job, i - 1);
        if (qblk_graph_places_get_disk(tree->places, node) == NULL) {
            Line line = {.node = node, .edge = qblk_job_get_node_role(job, i - 1), .level = level};
            g_array_append_val(tree->pending, line);
        }
    }
}

static void
push_jobs(Tree *tree, guint level, const QblkNode *node)
{
    const GPtrArray *jobs = qblk_graph_places_get_jobs(tree->places, node);

    for (guint i = jobs == NULL ? 0 : jobs->len; i > 0; i--) {
        const QblkJob *job = jobs->pdata[i - 1];
        if (is_new(tree->jobs, qblk_job_get_id(job))) {
            push_job_nodes(tree, level, job);
            push_text(tree, level, qblk_graph_text_job_style(job), describe_job(tree, job));
        }
    }
}

/* What is below the node, of which the last one is pushed first. */
static void
push_objects(Tree *tree, guint level, const QblkNode *node)
{
    const GPtrArray *exports = qblk_graph_places_get_exports(tree->places, node);
    g_autoptr(GPtrArray) users = qblk_graph_places_find_users(tree->places, node);

    for (guint i = users->len; i > 0; i--) {
        push_text(tree, level, QBLK_STYLE_PLAIN,
                  qblk_terminal_escape(tree->terminal, users->pdata[i - 1]));
    }
    push_jobs(tree, level, node);
    for (guint i = exports == NULL ? 0 : exports->len; i > 0; i--) {
        const QblkExport *export = exports->pdata[i - 1];
        if (is_new(tree->exports, qblk_export_get_id(export))) {
            push_text(tree, level, QBLK_STYLE_PLAIN,
                      qblk_graph_text_export(tree->terminal, export));
        }
    }
    for (guint i = qblk_node_get_n_bitmaps(node); i > 0; i--) {
        const QblkBitmap *bitmap = qblk_node_get_bitmap(node, i - 1);
        gboolean is_lost = qblk_bitmap_is_inconsistent(bitmap);
        push_text(tree, level, is_lost ? QBLK_STYLE_WARNING : QBLK_STYLE_PLAIN,
                  qblk_graph_text_bitmap(tree->terminal, bitmap));
    }
}

/* ---- nodes ---- */

/* Returns: (nullable): the child of @node that is on its line: a node that does nothing but to
 * store the bytes of @node */
static const QblkNode *
find_storage(const Tree *tree, const QblkNode *node)
{
    const QblkNode *file = qblk_node_find_child(node, "file");

    if (file == NULL || file == qblk_graph_places_next(node) ||
        qblk_node_get_n_children(file) > 0 || qblk_node_get_n_parents(file) > 1 ||
        qblk_node_get_n_bitmaps(file) > 0 || is_shown(tree, file) ||
        qblk_graph_places_get_disk(tree->places, file) != NULL ||
        qblk_graph_places_get_jobs(tree->places, file) != NULL ||
        qblk_graph_places_get_exports(tree->places, file) != NULL) {
        return NULL;
    }
    return file;
}

/* @parent: (nullable): whose line it is on, and which has the same flags in most cases */
static void
put_node(Tree *tree, QblkStyle style, const QblkNode *node, const QblkNode *parent)
{
    gboolean is_read_only = qblk_node_is_read_only(node);
    gboolean is_active = qblk_node_is_active(node);
    gboolean has_access = is_read_only && (parent == NULL || !qblk_node_is_read_only(parent));
    gboolean has_state = !is_active && (parent == NULL || qblk_node_is_active(parent));

    qblk_tree_lines_put_escaped(&tree->lines, style, qblk_node_get_name(node));
    qblk_tree_lines_put(&tree->lines, style, " (");
    qblk_tree_lines_put_escaped(&tree->lines, style, qblk_node_get_driver(node));
    qblk_tree_lines_put(&tree->lines, style, has_access ? ", read-only" : "");
    qblk_tree_lines_put(&tree->lines, style, has_state ? ", inactive)" : ")");
}

/* "see vda[2]". */
static void
put_reference(Tree *tree, const QblkNode *node)
{
    const char *layer = qblk_graph_places_get_layer(tree->places, node);
    const QblkDevice *disk = qblk_graph_places_get_disk(tree->places, node);
    const char *place = disk == NULL ? "above" : qblk_graph_places_name(disk);

    qblk_tree_lines_put(&tree->lines, QBLK_STYLE_DIM, "  see ");
    qblk_tree_lines_put_escaped(&tree->lines, QBLK_STYLE_DIM, layer == NULL ? place : layer);
}

/* "vda[2]  ", as wide as for the other layers of the disk. */
static void
put_layer(Tree *tree, const Line *line, gboolean is_repeated)
{
    gboolean is_of_chain = line->edge == NULL && tree->disk != NULL;
    const char *layer = is_repeated ? NULL : qblk_graph_places_get_layer(tree->places, line->node);
    if (is_repeated && is_of_chain) {
        layer = qblk_graph_places_get_shared_layer(tree->places, tree->disk);
    }
    if (layer == NULL) {
        return;
    }

    const char *target = tree->disk == NULL ? NULL : qblk_device_get_target(tree->disk);
    gboolean is_top = g_strcmp0(layer, target) == 0;
    g_autofree char *safe = qblk_terminal_escape(tree->terminal, layer);
    guint width = qblk_fit_width(safe);
    guint space = tree->layer_width > width ? tree->layer_width - width : 0;
    g_autofree char *gap = g_strnfill(space + 2, ' ');
    qblk_tree_lines_put(&tree->lines, is_top ? QBLK_STYLE_STRONG : QBLK_STYLE_PLAIN, safe);
    qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, gap);
}

/* @storage: (nullable) */
static void
put_node_line(Tree *tree, const Line *line, gboolean is_repeated, const QblkNode *storage)
{
    const QblkNode *node = line->node;

    if (line->edge != NULL) {
        qblk_tree_lines_put_escaped(&tree->lines, QBLK_STYLE_PLAIN, line->edge);
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, ": ");
    }
    put_layer(tree, line, is_repeated);
    put_node(tree, QBLK_STYLE_PLAIN, node, NULL);
    if (is_repeated) {
        put_reference(tree, node);
        return;
    }

    if (storage != NULL) {
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_DIM, " on ");
        put_node(tree, QBLK_STYLE_DIM, storage, node);
    }
    /* A filter has the name of what it filters. */
    gboolean is_filter =
        qblk_node_get_kind(node) == QBLK_NODE_KIND_FILTER && qblk_graph_places_next(node) != NULL;
    gboolean has_file_below = storage == NULL && qblk_node_find_child(node, "file") != NULL;
    if (!is_filter && !has_file_below) {
        qblk_tree_lines_put_file(&tree->lines, qblk_report_file(storage == NULL ? node : storage));
    }
}

static const char *
name_of_child(const QblkNode *node, const QblkNode *child)
{
    guint i = 0;
    while (qblk_node_get_child(node, i) != child) {
        i++;
    }
    return qblk_node_get_child_name(node, i);
}

/* Push what is below @line, so that the first one is the last of the pending lines. */
static void
push_below(Tree *tree, const Line *line, const QblkNode *next, const QblkNode *storage)
{
    const QblkNode *node = line->node;
    guint level = line->level + 1;

    if (next != NULL) {
        gboolean is_of_disk = qblk_graph_places_get_disk(tree->places, node) != NULL;
        Line below = {
            .node = next,
            .edge = is_of_disk ? NULL : name_of_child(node, next),
            .level = line->is_chain ? line->level : level,
            .is_last = line->is_chain ? line->is_last : TRUE,
            .is_chain = TRUE,
        };
        g_array_append_val(tree->pending, below);
    }

    guint first = tree->pending->len;
    for (guint i = qblk_node_get_n_children(node); i > 0; i--) {
        const QblkNode *child = qblk_node_get_child(node, i - 1);
        if (child != next && child != storage) {
            Line below = {
                .node = child, .edge = qblk_node_get_child_name(node, i - 1), .level = level};
            g_array_append_val(tree->pending, below);
        }
    }
    push_objects(tree, level, node);

    gboolean has_next_below = next != NULL && !line->is_chain;
    if (tree->pending->len > first && !has_next_below) {
        g_array_index(tree->pending, Line, first).is_last = TRUE;
    }
}

/* A node of the chain of a disk is printed there. */
static gboolean
is_reference(const Tree *tree, const Line *line)
{
    gboolean is_elsewhere =
        line->edge != NULL && qblk_graph_places_get_disk(tree->places, line->node) != NULL;
    return is_elsewhere || is_shown(tree, line->node);
}

static void
print_node(Tree *tree, const Line *line)
{
    gboolean is_repeated = is_reference(tree, line);
    const QblkNode *next = is_repeated ? NULL : qblk_graph_places_next(line->node);
    const QblkNode *storage = is_repeated ? NULL : find_storage(tree, line->node);

    qblk_tree_lines_begin(&tree->lines, line->level,
                          line->is_last && (next == NULL || !line->is_chain));
    put_node_line(tree, line, is_repeated, storage);
    qblk_tree_lines_end(&tree->lines);
    if (is_repeated) {
        return;
    }

    (void)is_new(tree->shown, qblk_node_get_name(line->node));
    if (storage != NULL) {
        (void)is_new(tree->shown, qblk_node_get_name(storage));
    }
    push_below(tree, line, next, storage);
}

static void
print_pending(Tree *tree)
{
    while (tree->pending->len > 0) {
        Line line = g_array_index(tree->pending, Line, tree->pending->len - 1);
        g_array_set_size(tree->pending, tree->pending->len - 1);
        g_autofree char *text = line.text;

        if (line.node != NULL) {
            print_node(tree, &line);
        } else {
            qblk_tree_lines_begin(&tree->lines, line.level, line.is_last);
            qblk_tree_lines_put(&tree->lines, line.style, text);
            qblk_tree_lines_end(&tree->lines);
        }
    }
}

/* Returns: the width of the longest name of a layer below @top */
static guint
measure_layers(const Tree *tree, const QblkNode *top)
{
    const char *shared = qblk_graph_places_get_shared_layer(tree->places, tree->disk);
    guint widest = shared == NULL ? 0 : qblk_fit_width(shared);
    const QblkNode *node = top;

    for (guint i = 0; node != NULL && i < qblk_snapshot_get_n_nodes(tree->snapshot); i++) {
        const char *layer = qblk_graph_places_get_layer(tree->places, node);
        gboolean is_mine = qblk_graph_places_get_disk(tree->places, node) == tree->disk;
        widest = MAX(widest, layer == NULL || !is_mine ? 0 : qblk_fit_width(layer));
        node = is_mine ? qblk_graph_places_next(node) : NULL;
    }
    return widest;
}

/* Print the chain from @top, below a head. */
static void
print_chain(Tree *tree, const QblkNode *top)
{
    Line line = {.node = top, .is_last = TRUE, .is_chain = TRUE};
    g_array_append_val(tree->pending, line);
    print_pending(tree);
}

/* ---- heads ---- */

static void
print_disk(Tree *tree, const QblkDevice *device)
{
    const QblkNode *top = qblk_device_get_top_node(device);
    const char *target = qblk_device_get_target(device);
    const char *kind = qblk_device_kind_name(qblk_device_get_kind(device));
    const char *bus = qblk_bus_name(qblk_device_get_bus(device));
    const char *label = qblk_device_get_label(device);

    qblk_tree_lines_put_escaped(&tree->lines, QBLK_STYLE_STRONG, target == NULL ? kind : target);
    if (g_strcmp0(target, label) != 0) {
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, " (");
        qblk_tree_lines_put_escaped(&tree->lines, QBLK_STYLE_PLAIN, label);
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, ")");
    }
    if (target != NULL) {
        g_autofree char *text =
            g_strdup_printf(": %s%s%s", bus == NULL ? "" : bus, bus == NULL ? "" : " ", kind);
        qblk_tree_lines_put_escaped(&tree->lines, QBLK_STYLE_PLAIN, text);
    }
    if (qblk_device_is_vhost_user(device)) {
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, ", vhost-user, without nodes");
    } else if (top == NULL) {
        qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, ", empty");
    }
    qblk_tree_lines_end(&tree->lines);

    if (top != NULL) {
        tree->disk = device;
        tree->layer_width = measure_layers(tree, top);
        print_chain(tree, top);
        tree->disk = NULL;
        tree->layer_width = 0;
    }
}

/* What is not at a node of a disk. */
static void
print_export(Tree *tree, const QblkExport *export)
{
    g_autofree char *text = qblk_graph_text_export(tree->terminal, export);
    if (!is_new(tree->exports, qblk_export_get_id(export))) {
        return;
    }

    qblk_tree_lines_put(&tree->lines, QBLK_STYLE_PLAIN, text);
    qblk_tree_lines_end(&tree->lines);
    if (qblk_export_get_node(export) != NULL) {
        print_chain(tree, qblk_export_get_node(export));
    }
}

static void
print_job(Tree *tree, const QblkJob *job)
{
    g_autofree char *text = describe_job(tree, job);
    if (!is_new(tree->jobs, qblk_job_get_id(job))) {
        return;
    }

    qblk_tree_lines_put(&tree->lines, qblk_graph_text_job_style(job), text);
    qblk_tree_lines_end(&tree->lines);
    for (guint i = qblk_job_get_n_nodes(job); i > 0; i--) {
        Line line = {.node = qblk_job_get_node(job, i - 1),
                     .edge = qblk_job_get_node_role(job, i - 1),
                     .is_last = i == qblk_job_get_n_nodes(job)};
        g_array_append_val(tree->pending, line);
    }
    print_pending(tree);
}

/* Push the nodes that were not printed.  @only_tops: only those without a parent */
static void
push_unused(Tree *tree, gboolean only_tops)
{
    guint first = tree->pending->len;

    for (guint i = qblk_snapshot_get_n_nodes(tree->snapshot); i > 0; i--) {
        const QblkNode *node = qblk_snapshot_get_node(tree->snapshot, i - 1);
        gboolean is_wanted = !only_tops || qblk_node_get_n_parents(node) == 0;
        if (is_wanted && !is_shown(tree, node)) {
            Line line = {.node = node, .is_last = tree->pending->len == first};
            g_array_append_val(tree->pending, line);
        }
    }
}

static void
print_unused(Tree *tree)
{
    push_unused(tree, TRUE);
    if (tree->pending->len == 0) {
        push_unused(tree, FALSE); /* nodes that form a cycle, from a broken peer */
    }
    if (tree->pending->len == 0) {
        return;
    }

    qblk_tree_lines_put(&tree->lines, QBLK_STYLE_STRONG, "not used by any disk, export or job");
    qblk_tree_lines_end(&tree->lines);
    print_pending(tree);
    push_unused(tree, FALSE);
    print_pending(tree);
}

void
qblk_graph_tree(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                const QblkTerminal *terminal, GString *out)
{
    g_autoptr(GHashTable) shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) exports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) pending = g_array_new(FALSE, FALSE, sizeof(Line));
    g_autoptr(QblkGraphPlaces) places = qblk_graph_places_new(snapshot, selection);
    Tree tree = {.snapshot = snapshot,
                 .terminal = terminal,
                 .lines = {.terminal = terminal, .out = out},
                 .places = places,
                 .shown = shown,
                 .jobs = jobs,
                 .exports = exports,
                 .pending = pending};

    for (guint i = 0; i < qblk_snapshot_get_n_devices(snapshot); i++) {
        const QblkDevice *device = qblk_snapshot_get_device(snapshot, i);
        if (qblk_graph_selection_has_device(selection, device)) {
            print_disk(&tree, device);
        }
    }
    for (guint i = 0; i < qblk_snapshot_get_n_exports(snapshot); i++) {
        const QblkExport *export = qblk_snapshot_get_export(snapshot, i);
        if (qblk_graph_selection_has_export(selection, export)) {
            print_export(&tree, export);
        }
    }
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        if (qblk_graph_selection_has_job(selection, job)) {
            print_job(&tree, job);
        }
    }
    if (selection == NULL) {
        print_unused(&tree);
    }
}
