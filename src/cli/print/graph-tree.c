/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "cli/print/output.h"
#include "cli/print/report.h"

/* A deeper line has its level as a number.  Otherwise the output would grow with the square of the
 * depth, which a hostile peer can choose. */
#define MAX_INDENT 40

typedef struct {
    GString *out;
    GHashTable *shown; /* node-names, owned */
} Tree;

/* A line that is not printed yet. */
typedef struct {
    const char *edge; /* borrowed; NULL: a top node */
    const QblkNode *node;
    guint level;
} Line;

static void
indent(const Tree *tree, guint level)
{
    for (guint i = 0; i < MIN(level, MAX_INDENT); i++) {
        g_string_append(tree->out, "  ");
    }
    if (level > MAX_INDENT) {
        g_string_append_printf(tree->out, "[%u] ", level);
    }
}

/* "bitmap 'backup' (recording, persistent)". */
static void
print_bitmaps(const Tree *tree, const QblkNode *node, guint level)
{
    for (guint i = 0; i < qblk_node_get_n_bitmaps(node); i++) {
        const QblkBitmap *bitmap = qblk_node_get_bitmap(node, i);
        g_autofree char *name = qblk_output_escape(qblk_bitmap_get_name(bitmap));
        const char *state = qblk_bitmap_is_recording(bitmap) ? "recording" : "disabled";

        indent(tree, level);
        g_string_append_printf(tree->out, "bitmap '%s' (%s%s)\n", name,
                               qblk_bitmap_is_inconsistent(bitmap) ? "inconsistent" : state,
                               qblk_bitmap_is_persistent(bitmap) ? ", persistent" : "");
    }
}

/* "file: disk-file (file) /images/disk.qcow2". */
static void
print_line(Tree *tree, const Line *line, gboolean is_repeated)
{
    const QblkNode *node = line->node;
    g_autofree char *name = qblk_output_escape(qblk_node_get_name(node));
    g_autofree char *driver = qblk_output_escape(qblk_node_get_driver(node));
    g_autofree char *file =
        qblk_output_escape(is_repeated ? "shown above" : qblk_report_file(node));

    indent(tree, line->level);
    if (line->edge != NULL) {
        g_autofree char *edge = qblk_output_escape(line->edge);
        g_string_append_printf(tree->out, "%s: ", edge);
    }

    g_string_append_printf(tree->out, "%s (%s%s%s)", name, driver,
                           qblk_node_is_read_only(node) ? ", read-only" : "",
                           !qblk_node_is_active(node) ? ", inactive" : "");
    g_string_append_printf(tree->out, "%s%s\n", file[0] == '\0' ? "" : " ", file);
    if (!is_repeated) {
        print_bitmaps(tree, node, line->level + 1);
    }
}

/* A backing child has the indentation of its overlay: a chain may have 200 layers. */
static void
push_children(GArray *lines, const Line *line)
{
    const QblkNode *node = line->node;
    guint count = qblk_node_get_n_children(node);
    guint backing = count;

    for (guint i = 0; i < count; i++) {
        backing = g_str_equal(qblk_node_get_child_name(node, i), "backing") ? i : backing;
    }

    /* The last line that is pushed is printed first. */
    if (backing < count) {
        Line next = {"backing", qblk_node_get_child(node, backing), line->level};
        g_array_append_val(lines, next);
    }

    for (guint i = count; i > 0; i--) {
        if (i - 1 != backing) {
            Line next = {qblk_node_get_child_name(node, i - 1), qblk_node_get_child(node, i - 1),
                         line->level + 1};
            g_array_append_val(lines, next);
        }
    }
}

/* Print @top and what is below it, as far as that was not printed.  @edge: (nullable): to @top */
static void
print_from(Tree *tree, const QblkNode *top, const char *edge)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
    Line first = {edge, top, 1};
    g_array_append_val(lines, first);

    while (lines->len > 0) {
        Line line = g_array_index(lines, Line, lines->len - 1);
        g_array_set_size(lines, lines->len - 1);

        gboolean is_new = g_hash_table_add(tree->shown, g_strdup(qblk_node_get_name(line.node)));
        print_line(tree, &line, !is_new);
        if (is_new) {
            push_children(lines, &line);
        }
    }
}

/* The end of the line of a disk. */
static const char *
describe_top(const QblkDevice *device, const QblkNode *top)
{
    if (qblk_device_is_vhost_user(device)) {
        return " vhost-user, without nodes\n";
    }
    return top == NULL ? " empty\n" : "\n";
}

static void
print_disk(Tree *tree, const QblkDevice *device)
{
    const QblkNode *top = qblk_device_get_top_node(device);
    const char *name = qblk_device_get_target(device) == NULL
                           ? qblk_device_kind_name(qblk_device_get_kind(device))
                           : qblk_device_get_target(device);
    g_autofree char *target = qblk_output_escape(name);
    g_autofree char *label = qblk_output_escape(qblk_device_get_label(device));

    g_string_append(tree->out, target);
    if (!g_str_equal(target, label)) {
        g_string_append_printf(tree->out, " (%s)", label);
    }
    g_string_append(tree->out, describe_top(device, top));
    if (top != NULL) {
        print_from(tree, top, NULL);
    }
}

/* NULL: not known. */
static const char *
describe_access(const QblkExport *export)
{
    switch (qblk_export_get_access(export)) {
    case QBLK_EXPORT_ACCESS_READ_ONLY:
        return "read-only";
    case QBLK_EXPORT_ACCESS_WRITABLE:
        return "writable";
    case QBLK_EXPORT_ACCESS_UNKNOWN:
    default:
        return NULL;
    }
}

static void
print_export(Tree *tree, const QblkExport *export)
{
    g_autofree char *id = qblk_output_escape(qblk_export_get_id(export));
    g_autofree char *type = qblk_output_escape(qblk_export_get_export_type(export));
    const char *access = describe_access(export);

    g_string_append_printf(tree->out, "export %s (%s%s%s)\n", id, type, access == NULL ? "" : ", ",
                           access == NULL ? "" : access);
    if (qblk_export_get_node(export) != NULL) {
        print_from(tree, qblk_export_get_node(export), NULL);
    }
}

static void
print_job(Tree *tree, const QblkJob *job)
{
    g_autofree char *id = qblk_output_escape(qblk_job_get_id(job));
    g_autofree char *kind = qblk_output_escape(qblk_job_get_kind_name(job));
    g_autofree char *status = qblk_output_escape(qblk_job_get_state(job));

    g_string_append_printf(tree->out, "job %s (%s, %s)\n", id, kind, status);
    for (guint i = 0; i < qblk_job_get_n_nodes(job); i++) {
        print_from(tree, qblk_job_get_node(job, i), qblk_job_get_node_role(job, i));
    }
}

/* Print nodes that were not printed yet.  @only_tops: only those without a parent */
static void
print_unused(Tree *tree, const QblkSnapshot *snapshot, gboolean only_tops, gboolean *has_head)
{
    for (guint i = 0; i < qblk_snapshot_get_n_nodes(snapshot); i++) {
        const QblkNode *node = qblk_snapshot_get_node(snapshot, i);
        gboolean is_shown = g_hash_table_contains(tree->shown, qblk_node_get_name(node));

        if (is_shown || (only_tops && qblk_node_get_n_parents(node) > 0)) {
            continue;
        }

        if (!*has_head) {
            g_string_append(tree->out, "not used by any disk, export or job\n");
            *has_head = TRUE;
        }
        print_from(tree, node, NULL);
    }
}

void
qblk_graph_tree(const QblkSnapshot *snapshot, const QblkGraphSelection *selection, GString *out)
{
    g_autoptr(GHashTable) shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Tree tree = {out, shown};
    gboolean has_head = FALSE;

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

    if (selection != NULL) {
        return;
    }

    /* Nodes that form a cycle, from a broken peer, have no top. */
    print_unused(&tree, snapshot, TRUE, &has_head);
    print_unused(&tree, snapshot, FALSE, &has_head);
}
