/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/leftovers.h"

#include "graph/node-user.h"
#include "plan/new-image.h"
#include "plan/plan.h"

#include <string.h>

#define FILE_END "-file"

/* ---- jobs ---- */

gboolean
qblk_leftovers_is_job(const char *id, const char *target)
{
    static const char *const kinds[] = {"commit", "active-commit", "pull",
                                        "copy",   "snapshot",      "mend"};
    static const char *const ends[] = {"", "-create", "-header"};
    g_autofree char *part = qblk_plan_id_part(target);

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(ends); j++) {
            g_autofree char *own = g_strdup_printf("qblk-%s-%s%s", kinds[i], part, ends[j]);
            if (g_str_equal(id, own)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* ---- nodes ---- */

/* TRUE if @name is "qblk-DISK-N", of qblk_new_image_choose_names(), or that of its file. */
static gboolean
is_our_name(const char *name, const char *target)
{
    g_autofree char *part = qblk_new_image_id_part(target);
    g_autofree char *start = g_strdup_printf("qblk-%s-", part);
    if (!g_str_has_prefix(name, start)) {
        return FALSE;
    }

    const char *number = name + strlen(start);
    gsize digits = strspn(number, G_CSET_DIGITS);
    const char *end = number + digits;
    return digits > 0 && (end[0] == '\0' || g_str_equal(end, FILE_END));
}

/* A node of a storage daemon that nothing uses is a disk. */
static gboolean
is_disk(const QblkSnapshot *snapshot, const QblkNode *node)
{
    for (guint i = 0; i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (device->node == node) {
            return TRUE;
        }
    }
    return FALSE;
}

/* @parent: (nullable): the only node that may use @node */
static gboolean
is_left(const QblkSnapshot *snapshot, const QblkNode *node, const QblkNode *parent,
        const char *target)
{
    g_autoptr(GPtrArray) users = qblk_node_users(snapshot->users, node, 2);
    if (!is_our_name(node->name, target) || is_disk(snapshot, node)) {
        return FALSE;
    }
    for (guint i = 0; i < users->len; i++) {
        const QblkNodeUser *user = users->pdata[i];
        if (parent == NULL || user->node != parent) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The node of a file is left with that of its image, which is deleted before. */
static gboolean
is_left_with_image(const QblkSnapshot *snapshot, const QblkNode *node, const char *target)
{
    gboolean is_file = g_str_has_suffix(node->name, FILE_END);
    g_autofree char *name =
        is_file ? g_strndup(node->name, strlen(node->name) - strlen(FILE_END)) : NULL;
    const QblkNode *image = name == NULL ? NULL : qblk_snapshot_find_node(snapshot, name);

    return is_left(snapshot, node, image, target) &&
           (image == NULL || is_left(snapshot, image, NULL, target));
}

static void
add_nodes(const QblkSnapshot *snapshot, const QblkChain *chain, gboolean of_files,
          GPtrArray *differences)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        if (g_str_has_suffix(node->name, FILE_END) != of_files ||
            !is_left_with_image(snapshot, node, chain->target)) {
            continue;
        }

        QblkDifference *difference = qblk_difference_add(differences, QBLK_DIFFERENCE_NODE, chain,
                                                         NULL, NULL, node->filename);
        difference->name = g_strdup(node->name);
        difference->text = g_strdup_printf("node '%s' has the name of one of a copy or snapshot, "
                                           "and nothing uses it",
                                           node->name);
    }
}

void
qblk_leftovers_add_nodes(const QblkSnapshot *snapshot, const QblkChain *chain,
                         GPtrArray *differences)
{
    add_nodes(snapshot, chain, FALSE, differences);
    add_nodes(snapshot, chain, TRUE, differences);
}
