/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-dot.h"

#include "base/memory-file.h"
#include "cli/print/output.h"
#include "cli/print/report.h"
#include "graph/bitmap.h"
#include "graph/export.h"
#include "graph/snapshot-jobs.h"

#include <qblk/error.h>
#include <string.h>
#include <unistd.h>

/* Quote a string in the language of Graphviz, in which a backslash starts an escape. */
static char *
quote(const char *text)
{
    g_autofree char *safe = qblk_output_escape(text);
    GString *out = g_string_new("\"");

    for (const char *at = safe; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *at);
    }

    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

/* An id has the kind of the object, because a node, a disk and a job may have the same name. */
static char *
quote_id(const char *kind, const char *name)
{
    g_autofree char *id = g_strconcat(kind, ":", name, NULL);

    return quote(id);
}

static void
add_edge(GString *out, const char *from, const QblkNode *node, const char *label, const char *style)
{
    g_autofree char *to = quote_id("node", node->name);
    g_autofree char *text = quote(label);

    g_string_append_printf(out, "  %s -> %s [label=%s%s];\n", from, to, text, style);
}

/* A quoted label of several lines, which leaves out empty ones. */
static char *
quote_lines(const char *const *lines, gsize count)
{
    GString *label = g_string_new("\"");

    for (gsize i = 0; i < count; i++) {
        if (lines[i][0] == '\0') {
            continue;
        }

        g_autofree char *line = quote(lines[i]);
        g_string_append(label, label->len > 1 ? "\\n" : "");
        g_string_append_len(label, line + 1, (gssize)strlen(line) - 2);
    }

    g_string_append_c(label, '"');
    return g_string_free(label, FALSE);
}

/* "bitmaps: a, b", or an empty text. */
static char *
list_bitmaps(const QblkNode *node)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; node->bitmaps != NULL && i < node->bitmaps->len; i++) {
        const QblkBitmap *bitmap = node->bitmaps->pdata[i];
        g_string_append_printf(text, "%s%s", i == 0 ? "bitmaps: " : ", ", bitmap->name);
    }
    return g_string_free(text, FALSE);
}

static void
add_node(GString *out, const QblkNode *node)
{
    g_autofree char *bitmaps = list_bitmaps(node);
    const char *const lines[] = {node->name, node->driver, qblk_report_file(node), bitmaps};
    const char *style = qblk_node_is(node, QBLK_DRIVER_FILTER) ? ", style=rounded" : "";
    g_autofree char *id = quote_id("node", node->name);
    g_autofree char *label = quote_lines(lines, G_N_ELEMENTS(lines));

    g_string_append_printf(out, "  %s [label=%s%s];\n", id, label, style);

    for (guint i = 0; i < node->children->len; i++) {
        const QblkChild *child = node->children->pdata[i];
        add_edge(out, id, child->node, child->name, "");
    }
}

static void
add_disk(GString *out, const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    const char *name = device->target == NULL ? qblk_device_get_label(device) : device->target;
    g_autofree char *id = quote_id("disk", name);
    g_autofree char *label = quote(name);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse];\n", id, label);
    if (top != NULL) {
        add_edge(out, id, top, "", "");
    }
}

static void
add_export(GString *out, const QblkExport *export)
{
    const char *access = qblk_export_access_text(export->access);
    g_autofree char *id = quote_id("export", export->id);
    g_autofree char *text =
        g_strdup_printf("export %s (%s%s%s)", export->id, export->type, access == NULL ? "" : ", ",
                        access == NULL ? "" : access);
    g_autofree char *label = quote(text);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse];\n", id, label);
    if (export->node != NULL) {
        add_edge(out, id, export->node, "", "");
    }
}

static void
add_job(GString *out, const QblkJob *job)
{
    g_autofree char *id = quote_id("job", job->id);
    g_autofree char *text =
        g_strdup_printf("%s %s (%s)", qblk_job_get_kind_name(job), job->id, job->status);
    g_autofree char *label = quote(text);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse, style=dashed];\n", id, label);

    for (guint i = 0; i < job->nodes->len; i++) {
        const QblkChild *child = job->nodes->pdata[i];
        add_edge(out, id, child->node, child->name, ", style=dashed");
    }
}

void
qblk_graph_dot(const QblkSnapshot *snapshot, GString *out)
{
    g_string_append(out, "digraph qblk {\n  node [shape=box, fontname=\"sans-serif\"];\n");

    for (guint i = 0; i < snapshot->devices->len; i++) {
        add_disk(out, snapshot, snapshot->devices->pdata[i]);
    }

    for (guint i = 0; i < snapshot->nodes->len; i++) {
        add_node(out, snapshot->nodes->pdata[i]);
    }

    for (guint i = 0; i < snapshot->exports->len; i++) {
        add_export(out, snapshot->exports->pdata[i]);
    }

    for (guint i = 0; i < snapshot->jobs->len; i++) {
        add_job(out, snapshot->jobs->pdata[i]);
    }

    g_string_append(out, "}\n");
}

static void
use_as_input(gpointer user_data)
{
    dup2(GPOINTER_TO_INT(user_data), STDIN_FILENO);
}

/* Returns: the output of `dot` for @input; NULL on error. */
static char *
run_dot(int input, GError **error)
{
    char program[] = "dot", option[] = "-Tsvg";
    char *argv[] = {program, option, NULL};
    GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN;
    g_autoptr(GError) cause = NULL;
    g_autofree char *drawing = NULL;
    int status;

    if (!g_spawn_sync(NULL, argv, NULL, flags, use_as_input, GINT_TO_POINTER(input), &drawing, NULL,
                      &status, &cause)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the graph: %s: install Graphviz, or use --format dot",
                    cause->message);
        return NULL;
    }

    if (status != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the graph: 'dot' of Graphviz failed: use --format dot");
        return NULL;
    }

    return g_steal_pointer(&drawing);
}

gboolean
qblk_graph_dot_draw(const QblkSnapshot *snapshot, GString *out, GError **error)
{
    g_autoptr(GString) graph = g_string_new(NULL);
    qblk_graph_dot(snapshot, graph);

    /* `dot` reads all of it before it writes, but a file in memory does not depend on that. */
    int input = qblk_memory_file_new("qblk-graph", graph->str, graph->len);
    if (input < 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the graph: out of memory");
        return FALSE;
    }

    g_autofree char *drawing = run_dot(input, error);
    close(input);
    if (drawing == NULL) {
        return FALSE;
    }

    g_string_append(out, drawing);
    return TRUE;
}
