/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-dot.h"

#include "cli/print/output.h"
#include "cli/print/report.h"

#include <errno.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/mman.h>
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
    g_autofree char *to = quote_id("node", qblk_node_get_name(node));
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

    for (guint i = 0; i < qblk_node_get_n_bitmaps(node); i++) {
        const QblkBitmap *bitmap = qblk_node_get_bitmap(node, i);
        g_string_append_printf(text, "%s%s", i == 0 ? "bitmaps: " : ", ",
                               qblk_bitmap_get_name(bitmap));
    }
    return g_string_free(text, FALSE);
}

static void
add_node(GString *out, const QblkNode *node)
{
    g_autofree char *bitmaps = list_bitmaps(node);
    const char *const lines[] = {qblk_node_get_name(node), qblk_node_get_driver(node),
                                 qblk_report_file(node), bitmaps};
    const char *style = qblk_node_get_kind(node) == QBLK_NODE_KIND_FILTER ? ", style=rounded" : "";
    g_autofree char *id = quote_id("node", qblk_node_get_name(node));
    g_autofree char *label = quote_lines(lines, G_N_ELEMENTS(lines));

    g_string_append_printf(out, "  %s [label=%s%s];\n", id, label, style);

    for (guint i = 0; i < qblk_node_get_n_children(node); i++) {
        add_edge(out, id, qblk_node_get_child(node, i), qblk_node_get_child_name(node, i), "");
    }
}

static void
add_disk(GString *out, const QblkDevice *device)
{
    const QblkNode *top = qblk_device_get_top_node(device);
    const char *name = qblk_device_get_target(device) == NULL ? qblk_device_get_label(device)
                                                              : qblk_device_get_target(device);
    g_autofree char *id = quote_id("disk", name);
    g_autofree char *label = quote(name);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse];\n", id, label);
    if (top != NULL) {
        add_edge(out, id, top, "", "");
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
add_export(GString *out, const QblkExport *export)
{
    const char *access = describe_access(export);
    g_autofree char *id = quote_id("export", qblk_export_get_id(export));
    g_autofree char *text = g_strdup_printf(
        "export %s (%s%s%s)", qblk_export_get_id(export), qblk_export_get_export_type(export),
        access == NULL ? "" : ", ", access == NULL ? "" : access);
    g_autofree char *label = quote(text);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse];\n", id, label);
    if (qblk_export_get_node(export) != NULL) {
        add_edge(out, id, qblk_export_get_node(export), "", "");
    }
}

static void
add_job(GString *out, const QblkJob *job, const QblkGraphSelection *selection)
{
    g_autofree char *id = quote_id("job", qblk_job_get_id(job));
    g_autofree char *text = g_strdup_printf("%s %s (%s)", qblk_job_get_kind_name(job),
                                            qblk_job_get_id(job), qblk_job_get_state(job));
    g_autofree char *label = quote(text);

    g_string_append_printf(out, "  %s [label=%s, shape=ellipse, style=dashed];\n", id, label);

    for (guint i = 0; i < qblk_job_get_n_nodes(job); i++) {
        const QblkNode *node = qblk_job_get_node(job, i);
        if (qblk_graph_selection_has_node(selection, node)) {
            add_edge(out, id, node, qblk_job_get_node_role(job, i), ", style=dashed");
        }
    }
}

void
qblk_graph_dot(const QblkSnapshot *snapshot, const QblkGraphSelection *selection, GString *out)
{
    g_string_append(out, "digraph qblk {\n  node [shape=box, fontname=\"sans-serif\"];\n");

    for (guint i = 0; i < qblk_snapshot_get_n_devices(snapshot); i++) {
        const QblkDevice *device = qblk_snapshot_get_device(snapshot, i);
        if (qblk_graph_selection_has_device(selection, device)) {
            add_disk(out, device);
        }
    }

    for (guint i = 0; i < qblk_snapshot_get_n_nodes(snapshot); i++) {
        const QblkNode *node = qblk_snapshot_get_node(snapshot, i);
        if (qblk_graph_selection_has_node(selection, node)) {
            add_node(out, node);
        }
    }

    for (guint i = 0; i < qblk_snapshot_get_n_exports(snapshot); i++) {
        const QblkExport *export = qblk_snapshot_get_export(snapshot, i);
        if (qblk_graph_selection_has_export(selection, export)) {
            add_export(out, export);
        }
    }

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        if (qblk_graph_selection_has_job(selection, job)) {
            add_job(out, job, selection);
        }
    }

    g_string_append(out, "}\n");
}

/* Returns: a descriptor of a file with @text, at its start; -1 on error */
static int
open_in_memory(const GString *text)
{
    int fd = memfd_create("qblk-graph", MFD_CLOEXEC);
    gsize written = 0;

    while (fd >= 0 && written < text->len) {
        /* At an offset, which leaves the position at the start. */
        gssize count = pwrite(fd, text->str + written, text->len - written, (off_t)written);
        if (count < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        written += (gsize)MAX(count, 0);
    }
    return fd;
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
qblk_graph_dot_draw(const QblkSnapshot *snapshot, const QblkGraphSelection *selection, GString *out,
                    GError **error)
{
    g_autoptr(GString) graph = g_string_new(NULL);
    qblk_graph_dot(snapshot, selection, graph);

    /* `dot` reads all of it before it writes, but a file in memory does not depend on that. */
    int input = open_in_memory(graph);
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
