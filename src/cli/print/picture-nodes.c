/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-nodes.h"

#include "cli/print/picture-rows.h"

#include <string.h>

/* Files of one image in its box, beside that of the guest's data: a peer chooses their number. */
#define MAX_FURTHER_FILES 4

/* A child that is not the next box. */
typedef struct {
    guint from;
    const QblkNode *node;
    const char *edge; /* borrowed */
} Pending;
/* ---- nodes ---- */

guint
qblk_picture_nodes_find(const QblkPictureNodes *nodes, const QblkNode *node)
{
    gpointer index;
    gboolean is_found =
        g_hash_table_lookup_extended(nodes->boxes, qblk_node_get_name(node), NULL, &index);

    return is_found ? GPOINTER_TO_UINT(index) : QBLK_PICTURE_NONE;
}

static void
set_box(QblkPictureNodes *nodes, const QblkNode *node, guint index)
{
    g_hash_table_insert(nodes->boxes, g_strdup(qblk_node_get_name(node)), GUINT_TO_POINTER(index));
}

/* Returns: (nullable): the child that has the data of the filter @node */
static const QblkNode *
find_filtered(const QblkNode *node)
{
    static const char *const edges[] = {"file", "backing", "image", "raw"};

    for (gsize i = 0; i < G_N_ELEMENTS(edges); i++) {
        const QblkNode *child = qblk_node_find_child(node, edges[i]);
        if (child != NULL) {
            return child;
        }
    }
    return qblk_node_get_child(node, 0);
}

/* TRUE if @node is between an image and its file: a filter, or a raw node that is no layer, such as
 * a slice of the file. */
static gboolean
is_inside(const QblkPictureNodes *nodes, const QblkNode *node)
{
    gboolean is_raw = g_str_equal(qblk_node_get_driver(node), "raw") &&
                      qblk_picture_layers_find(nodes->layers, node) == NULL;

    return is_raw || qblk_node_get_kind(node) == QBLK_NODE_KIND_FILTER;
}

/* Returns: (nullable): the protocol node below @node */
static const QblkNode *
find_storage(const QblkPictureNodes *nodes, const QblkNode *node)
{
    const QblkNode *file = qblk_node_find_child(node, "file");

    /* No graph has so many nodes there; those of a broken peer may form a cycle. */
    for (guint i = 0; i < 16 && file != NULL; i++) {
        if (qblk_node_get_kind(file) == QBLK_NODE_KIND_PROTOCOL) {
            return file;
        }
        file = is_inside(nodes, file) ? find_filtered(file) : NULL;
    }
    return NULL;
}

static void
add_pending(QblkPictureNodes *nodes, guint from, const QblkNode *node, const char *edge)
{
    Pending pending = {from, node, edge};

    g_array_append_val(nodes->pending, pending);
}

/* All children but @next and @file. */
static void
add_other_children(QblkPictureNodes *nodes, guint index, const QblkNode *node, const QblkNode *next,
                   const QblkNode *file)
{
    guint files = 0;

    for (guint i = 0; i < qblk_node_get_n_children(node); i++) {
        const QblkNode *child = qblk_node_get_child(node, i);
        const char *edge = qblk_node_get_child_name(node, i);
        gboolean is_file = qblk_node_get_kind(node) == QBLK_NODE_KIND_FORMAT &&
                           qblk_node_get_kind(child) == QBLK_NODE_KIND_PROTOCOL &&
                           qblk_picture_nodes_find(nodes, child) == QBLK_PICTURE_NONE;

        if (child == next || child == file) {
            continue;
        }
        if (!is_file) {
            add_pending(nodes, index, child, edge);
            continue;
        }
        set_box(nodes, child, index);
        files++;
        if (files <= MAX_FURTHER_FILES) {
            qblk_picture_rows_add_file(qblk_picture_box(nodes->picture, index), edge, child);
        }
    }
    if (files > MAX_FURTHER_FILES) {
        qblk_picture_add_text(qblk_picture_box(nodes->picture, index), QBLK_PICTURE_PLAIN,
                              "and %u more files", files - MAX_FURTHER_FILES);
    }
}

/* Filters between the image and its file are rows in the box of the image, which it also is for
 * all these nodes. */
static void
take_storage(QblkPictureNodes *nodes, guint index, const QblkNode *node, const QblkNode *storage)
{
    QblkPictureBox *box = qblk_picture_box(nodes->picture, index);
    const QblkNode *at = qblk_node_find_child(node, "file");

    while (at != storage) {
        g_autofree char *text = g_strdup_printf("inside: %s", qblk_node_get_driver(at));
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, text, qblk_node_get_name(at));
        if (qblk_picture_nodes_find(nodes, at) == QBLK_PICTURE_NONE) {
            set_box(nodes, at, index);
        }
        at = find_filtered(at);
    }

    guint other = qblk_picture_nodes_find(nodes, storage);
    if (other == QBLK_PICTURE_NONE) {
        set_box(nodes, storage, index);
    } else {
        qblk_picture_add_text(box, QBLK_PICTURE_WARNING, "file also used by %s",
                              qblk_picture_box(nodes->picture, other)->id + strlen("node:"));
    }
}

/* Returns: (nullable): the node of the next box */
static const QblkNode *
fill_image(QblkPictureNodes *nodes, guint index, const QblkNode *node, gboolean is_top)
{
    QblkPictureBox *box = qblk_picture_box(nodes->picture, index);
    const QblkPictureLayer *layer = qblk_picture_layers_find(nodes->layers, node);
    const QblkNode *backing = qblk_node_find_child(node, "backing");
    const QblkNode *storage = find_storage(nodes, node);
    const QblkNode *next = backing;

    box->kind = QBLK_PICTURE_IMAGE;
    box->is_active = is_top && !qblk_node_is_read_only(node);
    qblk_picture_rows_add_image(box, node, storage, layer);
    g_autofree char *same = qblk_shared_images_to_text(nodes->images, qblk_node_get_name(node));
    qblk_picture_rows_add_same(box, same);
    qblk_picture_rows_add_content(box, node);
    if (storage != NULL) {
        take_storage(nodes, index, node, storage);
    } else if (next == NULL) {
        next = qblk_node_find_child(node, "file");
    }
    add_other_children(nodes, index, node, next,
                       storage == NULL ? NULL : qblk_node_find_child(node, "file"));
    return next;
}

static const QblkNode *
fill_other(QblkPictureNodes *nodes, guint index, const QblkNode *node)
{
    QblkPictureBox *box = qblk_picture_box(nodes->picture, index);
    gboolean is_filter = qblk_node_get_kind(node) == QBLK_NODE_KIND_FILTER;
    const QblkNode *next = is_filter ? find_filtered(node) : qblk_node_get_child(node, 0);

    if (is_filter) {
        box->kind = QBLK_PICTURE_FILTER;
        qblk_picture_rows_add_filter(box, node);
    } else {
        box->kind = QBLK_PICTURE_SEVERAL;
        qblk_picture_rows_add_image(box, node, NULL, NULL);
    }
    add_other_children(nodes, index, node, next, NULL);
    return next;
}

guint
qblk_picture_nodes_add_box(QblkPictureNodes *nodes, QblkPictureKind kind, const char *prefix,
                           const char *name)
{
    guint index = qblk_picture_add_box(nodes->picture, kind, g_strconcat(prefix, name, NULL));

    qblk_picture_box(nodes->picture, index)->section = nodes->section;
    return index;
}

static void
set_next(QblkPictureNodes *nodes, guint index, guint next)
{
    if (index != QBLK_PICTURE_NONE) {
        qblk_picture_box(nodes->picture, index)->next = next;
    }
}

gboolean
qblk_picture_nodes_are_too_many(const QblkPictureNodes *nodes)
{
    return nodes->picture->boxes->len > QBLK_PICTURE_MAX_BOXES ||
           nodes->picture->links->len > QBLK_PICTURE_MAX_BOXES ||
           nodes->pending->len > 2 * QBLK_PICTURE_MAX_BOXES;
}

void
qblk_picture_nodes_add(QblkPictureNodes *nodes, const QblkNode *node, guint above)
{
    guint first_new = nodes->picture->boxes->len;
    guint last = above;
    gboolean is_top = above != QBLK_PICTURE_NONE;

    while (node != NULL && !qblk_picture_nodes_are_too_many(nodes)) {
        guint index = qblk_picture_nodes_find(nodes, node);

        if (index != QBLK_PICTURE_NONE) {
            gboolean is_cycle = index >= first_new;
            if (is_cycle) { /* of a broken peer */
                qblk_picture_add_text(qblk_picture_box(nodes->picture, last), QBLK_PICTURE_WARNING,
                                      "forms a cycle with %s", qblk_node_get_name(node));
            } else {
                set_next(nodes, last, index);
            }
            break;
        }

        index = qblk_picture_nodes_add_box(nodes, QBLK_PICTURE_IMAGE,
                                           "node:", qblk_node_get_name(node));
        set_box(nodes, node, index);
        set_next(nodes, last, index);

        gboolean has_box_of_its_own = qblk_node_get_kind(node) == QBLK_NODE_KIND_FILTER ||
                                      qblk_node_get_kind(node) == QBLK_NODE_KIND_MULTI_CHILD;
        node = has_box_of_its_own ? fill_other(nodes, index, node)
                                  : fill_image(nodes, index, node, is_top);
        is_top = is_top && qblk_picture_box(nodes->picture, index)->kind == QBLK_PICTURE_FILTER;
        last = index;
    }
}

guint
qblk_picture_nodes_need(QblkPictureNodes *nodes, const QblkNode *node)
{
    guint index = qblk_picture_nodes_find(nodes, node);

    if (index == QBLK_PICTURE_NONE && !qblk_picture_nodes_are_too_many(nodes)) {
        qblk_picture_nodes_add(nodes, node, QBLK_PICTURE_NONE);
        index = qblk_picture_nodes_find(nodes, node);
    }
    return index;
}

/* The children that are not below, which may have more of them. */
void
qblk_picture_nodes_add_pending(QblkPictureNodes *nodes)
{
    while (nodes->next_pending < nodes->pending->len && !qblk_picture_nodes_are_too_many(nodes)) {
        Pending pending = g_array_index(nodes->pending, Pending, nodes->next_pending);
        guint to = qblk_picture_nodes_need(nodes, pending.node);

        nodes->next_pending++;
        if (to != QBLK_PICTURE_NONE && to != pending.from) {
            gboolean is_chain =
                qblk_picture_box(nodes->picture, pending.from)->kind == QBLK_PICTURE_SEVERAL;
            qblk_picture_add_link(nodes->picture,
                                  is_chain ? QBLK_PICTURE_CHAIN : QBLK_PICTURE_CHILD, pending.from,
                                  to, pending.edge);
        }
    }
}

/* ---- the whole ---- */

void
qblk_picture_nodes_init(QblkPictureNodes *nodes, const QblkSnapshot *snapshot,
                        const QblkGraphSelection *selection, QblkPicture *picture)
{
    nodes->snapshot = snapshot;
    nodes->picture = picture;
    nodes->images = qblk_shared_images_new(snapshot);
    nodes->boxes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    nodes->layers = qblk_picture_layers_new(snapshot, selection);
    nodes->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
}

void
qblk_picture_nodes_clear(QblkPictureNodes *nodes)
{
    g_hash_table_unref(nodes->boxes);
    qblk_picture_layers_free(nodes->layers);
    g_array_unref(nodes->pending);
    qblk_shared_images_unref(nodes->images);
}
