/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "cli/print/output.h"
#include "cli/print/report.h"
#include "graph/snapshot-jobs.h"

/* Further in than this a line says how far it is: a path of many nodes below one another, which no
 * QEMU makes, would be mostly white space. */
#define DEEPEST_INDENT 40

typedef struct {
    GString *out;
    GHashTable *shown; /* node-names, borrowed */
} Tree;

/* A line that is still to be written. */
typedef struct {
    const char *edge; /* borrowed, NULL for the top */
    const QblkNode *node;
    guint level;
} Line;

/* "file: disk-file (file) /images/disk.qcow2". */
static void
print_line(Tree *tree, const Line *line, gboolean again)
{
    g_autofree char *edge = line->edge == NULL ? NULL : qblk_output_escape(line->edge);
    g_autofree char *name = qblk_output_escape(line->node->name);
    g_autofree char *driver = qblk_output_escape(line->node->driver);
    g_autofree char *file =
        qblk_output_escape(again ? "shown above" : qblk_report_file(line->node));
    for (guint i = 0; i < MIN(line->level, DEEPEST_INDENT); i++) {
        g_string_append(tree->out, "  ");
    }
    if (line->level > DEEPEST_INDENT) {
        g_string_append_printf(tree->out, "[%u] ", line->level);
    }
    g_string_append_printf(tree->out, "%s%s%s (%s%s)", edge == NULL ? "" : edge,
                           edge == NULL ? "" : ": ", name, driver,
                           line->node->read_only ? ", read-only" : "");
    g_string_append_printf(tree->out, "%s%s\n", file[0] == '\0' ? "" : " ", file);
}

/* A backing child stands below its overlay and not further in: a chain is read downwards, and 200
 * layers would walk off the page. */
static void
push_children(GArray *lines, const Line *line)
{
    const GPtrArray *children = line->node->children;
    const QblkChild *backing = NULL;
    for (guint i = 0; i < children->len; i++) {
        const QblkChild *child = children->pdata[i];
        backing = g_str_equal(child->name, "backing") ? child : backing;
    }
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

static void
print_from(Tree *tree, const QblkNode *top)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
    Line first = {NULL, top, 1};
    g_array_append_val(lines, first);
    while (lines->len > 0) {
        Line line = g_array_index(lines, Line, lines->len - 1);
        g_array_set_size(lines, lines->len - 1);
        gboolean again = !g_hash_table_insert(tree->shown, line.node->name, line.node->name);
        print_line(tree, &line, again);
        if (!again) {
            push_children(lines, &line);
        }
    }
}

static void
print_disk(Tree *tree, const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    const char *name =
        device->target == NULL ? qblk_device_kind_name(device->kind) : device->target;
    g_autofree char *target = qblk_output_escape(name);
    g_autofree char *label = qblk_output_escape(qblk_device_label(device));
    g_string_append(tree->out, target);
    if (!g_str_equal(target, label)) {
        g_string_append_printf(tree->out, " (%s)", label);
    }
    g_string_append(tree->out, top == NULL ? " empty\n" : "\n");
    if (top != NULL) {
        print_from(tree, top);
    }
}

void
qblk_graph_tree(const QblkSnapshot *snapshot, GString *out)
{
    g_autoptr(GHashTable) shown = g_hash_table_new(g_str_hash, g_str_equal);
    Tree tree = {out, shown};
    for (guint i = 0; i < snapshot->devices->len; i++) {
        print_disk(&tree, snapshot, snapshot->devices->pdata[i]);
    }
    gboolean headed = FALSE;
    /* Tops first, then what is left: a circle that a broken peer made has no top. */
    for (guint round = 0; round < 2; round++) {
        for (guint i = 0; i < snapshot->nodes->len; i++) {
            const QblkNode *node = snapshot->nodes->pdata[i];
            if (g_hash_table_contains(shown, node->name) ||
                (round == 0 && node->parents->len > 0)) {
                continue;
            }
            g_string_append(out, headed ? "" : "used by no disk\n");
            headed = TRUE;
            print_from(&tree, node);
        }
    }
}
