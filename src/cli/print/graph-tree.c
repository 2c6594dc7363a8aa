/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "cli/print/output.h"
#include "cli/print/report.h"
#include "graph/bitmap.h"
#include "graph/export.h"
#include "graph/snapshot-jobs.h"

/* A deeper line has its level as a number.  Otherwise the output would grow with the square of the
 * depth, which a hostile peer can choose. */
#define MAX_INDENT 40

typedef struct {
    GString *out;
    GHashTable *shown; /* node-names, borrowed */
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
    for (guint i = 0; node->bitmaps != NULL && i < node->bitmaps->len; i++) {
        const QblkBitmap *bitmap = node->bitmaps->pdata[i];
        g_autofree char *name = qblk_output_escape(bitmap->name);
        const char *state = bitmap->is_recording ? "recording" : "disabled";

        indent(tree, level);
        g_string_append_printf(tree->out, "bitmap '%s' (%s%s)\n", name,
                               bitmap->is_inconsistent ? "inconsistent" : state,
                               bitmap->is_persistent ? ", persistent" : "");
    }
}

/* "file: disk-file (file) /images/disk.qcow2". */
static void
print_line(Tree *tree, const Line *line, gboolean is_repeated)
{
    const QblkNode *node = line->node;
    g_autofree char *name = qblk_output_escape(node->name);
    g_autofree char *driver = qblk_output_escape(node->driver);
    g_autofree char *file =
        qblk_output_escape(is_repeated ? "shown above" : qblk_report_file(node));

    indent(tree, line->level);
    if (line->edge != NULL) {
        g_autofree char *edge = qblk_output_escape(line->edge);
        g_string_append_printf(tree->out, "%s: ", edge);
    }

    g_string_append_printf(tree->out, "%s (%s%s%s)", name, driver,
                           node->read_only ? ", read-only" : "",
                           node->is_inactive ? ", inactive" : "");
    g_string_append_printf(tree->out, "%s%s\n", file[0] == '\0' ? "" : " ", file);
    if (!is_repeated) {
        print_bitmaps(tree, node, line->level + 1);
    }
}

/* A backing child has the indentation of its overlay: a chain may have 200 layers. */
static void
push_children(GArray *lines, const Line *line)
{
    const GPtrArray *children = line->node->children;
    const QblkChild *backing = NULL;

    for (guint i = 0; i < children->len; i++) {
        const QblkChild *child = children->pdata[i];
        backing = g_str_equal(child->name, "backing") ? child : backing;
    }

    /* The last line that is pushed is printed first. */
    if (backing != NULL) {
        Line next = {backing->name, backing->node, line->level};
        g_array_append_val(lines, next);
    }

    for (guint i = children->len; i > 0; i--) {
        const QblkChild *child = children->pdata[i - 1];
        if (child != backing) {
            Line next = {child->name, child->node, line->level + 1};
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

        gboolean is_new = g_hash_table_insert(tree->shown, line.node->name, line.node->name);
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
    if (device->is_vhost_user) {
        return " vhost-user, without nodes\n";
    }
    return top == NULL ? " empty\n" : "\n";
}

static void
print_disk(Tree *tree, const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    const char *name =
        device->target == NULL ? qblk_device_kind_name(device->kind) : device->target;
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

static void
print_export(Tree *tree, const QblkExport *export)
{
    g_autofree char *id = qblk_output_escape(export->id);
    g_autofree char *type = qblk_output_escape(export->type);
    const char *access = qblk_export_access_text(export->access);

    g_string_append_printf(tree->out, "export %s (%s%s%s)\n", id, type, access == NULL ? "" : ", ",
                           access == NULL ? "" : access);
    if (export->node != NULL) {
        print_from(tree, export->node, NULL);
    }
}

static void
print_job(Tree *tree, const QblkJob *job)
{
    g_autofree char *id = qblk_output_escape(job->id);
    g_autofree char *kind = qblk_output_escape(qblk_job_get_kind_name(job));
    g_autofree char *status = qblk_output_escape(job->status);

    g_string_append_printf(tree->out, "job %s (%s, %s)\n", id, kind, status);
    for (guint i = 0; i < job->nodes->len; i++) {
        const QblkChild *child = job->nodes->pdata[i];
        print_from(tree, child->node, child->name);
    }
}

/* Print nodes that were not printed yet.  @only_tops: only those without a parent */
static void
print_unused(Tree *tree, const QblkSnapshot *snapshot, gboolean only_tops, gboolean *has_head)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        gboolean is_shown = g_hash_table_contains(tree->shown, node->name);

        if (is_shown || (only_tops && node->parents->len > 0)) {
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
qblk_graph_tree(const QblkSnapshot *snapshot, GString *out)
{
    g_autoptr(GHashTable) shown = g_hash_table_new(g_str_hash, g_str_equal);
    Tree tree = {out, shown};
    gboolean has_head = FALSE;

    for (guint i = 0; i < snapshot->devices->len; i++) {
        print_disk(&tree, snapshot, snapshot->devices->pdata[i]);
    }

    for (guint i = 0; i < snapshot->exports->len; i++) {
        print_export(&tree, snapshot->exports->pdata[i]);
    }
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        print_job(&tree, snapshot->jobs->pdata[i]);
    }

    /* Nodes that form a cycle, from a broken peer, have no top. */
    print_unused(&tree, snapshot, TRUE, &has_head);
    print_unused(&tree, snapshot, FALSE, &has_head);
}
