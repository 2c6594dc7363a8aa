/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-dot.h"

#include "cli/print/output.h"

/* Append @text without the quotes around it.  In Graphviz a backslash starts an escape; @text has
 * no control characters but line ends. */
static void
append_quoted(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n') {
            g_string_append(out, "\\n");
            continue;
        }
        if (*at == '"' || *at == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *at);
    }
}

/* An id has the kind of the object, because a node, a disk and a job may have the same name. */
static void
append_id(GString *out, const QblkPictureBox *box)
{
    g_autofree char *safe = qblk_output_escape(box->id);

    g_string_append_c(out, '"');
    append_quoted(out, safe);
    g_string_append_c(out, '"');
}

static void
append_row(GString *out, const QblkPictureRow *row)
{
    append_quoted(out, row->left);
    if (row->right != NULL) {
        g_string_append(out, row->left[0] == '\0' ? "" : ", ");
        append_quoted(out, row->right);
    }
}

static void
append_box(GString *out, const QblkPictureBox *box)
{
    static const char *const styles[QBLK_PICTURE_N_KINDS] = {
        [QBLK_PICTURE_DEVICE] = ", shape=ellipse",
        [QBLK_PICTURE_FILTER] = ", style=rounded",
        [QBLK_PICTURE_IMAGE] = "",
        [QBLK_PICTURE_SEVERAL] = ", style=diagonals",
        [QBLK_PICTURE_LONE] = ", style=dashed",
    };
    gboolean is_first = TRUE;

    g_string_append(out, "  ");
    append_id(out, box);
    g_string_append(out, " [label=\"");
    for (guint i = 0; i < box->rows->len; i++) {
        const QblkPictureRow *row = &g_array_index(box->rows, QblkPictureRow, i);
        if (row->style != QBLK_PICTURE_BAR) { /* the row above it has the number */
            g_string_append(out, is_first ? "" : "\\n");
            append_row(out, row);
            is_first = FALSE;
        }
    }
    g_string_append_printf(out, "\"%s", styles[box->kind]);
    if (box->tooltip != NULL) {
        g_string_append(out, ", tooltip=\"");
        append_quoted(out, box->tooltip);
        g_string_append_c(out, '"');
    }
    g_string_append(out, "];\n");
}

static void
append_edge(GString *out, const QblkPicture *picture, guint from, guint to)
{
    g_string_append(out, "  ");
    append_id(out, qblk_picture_box(picture, from));
    g_string_append(out, " -> ");
    append_id(out, qblk_picture_box(picture, to));
}

static void
append_link(GString *out, const QblkPicture *picture, const QblkPictureLink *link)
{
    append_edge(out, picture, link->from, link->to);
    g_string_append(out, " [label=\"");
    append_quoted(out, link->label);
    g_string_append_printf(out, "\"%s];\n",
                           link->kind == QBLK_PICTURE_COPY ? ", style=dashed" : "");
}

void
qblk_graph_dot(const QblkPicture *picture, GString *out)
{
    g_string_append(out, "digraph qblk {\n  label=\"");
    append_quoted(out, picture->title);
    g_string_append(out, picture->subtitle[0] == '\0' ? "" : "\\n");
    append_quoted(out, picture->subtitle);
    g_string_append(out, "\";\n  labelloc=t;\n  node [shape=box, fontname=\"sans-serif\"];\n");

    for (guint i = 0; i < picture->boxes->len; i++) {
        append_box(out, qblk_picture_box(picture, i));
    }
    for (guint i = 0; i < picture->boxes->len; i++) {
        guint next = qblk_picture_box(picture, i)->next;
        if (next != QBLK_PICTURE_NONE) {
            append_edge(out, picture, i, next);
            g_string_append(out, ";\n");
        }
    }
    for (guint i = 0; i < picture->links->len; i++) {
        append_link(out, picture, &g_array_index(picture->links, QblkPictureLink, i));
    }
    g_string_append(out, "}\n");
}
