/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/leftovers.h"

#include "graph/node-user.h"
#include "plan/new-image.h"
#include "plan/plan-steps.h"

#include <string.h>

#define MAX_USERS 8 /* of one node: an image has one node above its file */

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

/* The ends of the names of one image, top first: its node, a part of its file, its file. */
static const char *const node_ends[] = {"", "-part", "-file"};

/* Returns: the place in @node_ends of "qblk-DISK-N", of qblk_new_image_choose_names(), or of a node
 * below it; -1: @name is another one */
static int
find_end(const char *name, const char *target)
{
    g_autofree char *part = qblk_new_image_id_part(target);
    g_autofree char *start = g_strdup_printf("qblk-%s-", part);
    if (!g_str_has_prefix(name, start)) {
        return -1;
    }

    const char *number = name + strlen(start);
    gsize digits = strspn(number, G_CSET_DIGITS);
    for (gsize i = 0; digits > 0 && i < G_N_ELEMENTS(node_ends); i++) {
        if (g_str_equal(number + digits, node_ends[i])) {
            return (int)i;
        }
    }
    return -1;
}

gboolean
qblk_leftovers_is_node(const char *name, const char *target)
{
    return find_end(name, target) >= 0;
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

/* A node is left with those above it, which are deleted before: a node uses only nodes with a later
 * end, so that this ends for a graph with a cycle, too. */
static gboolean
is_left(const QblkSnapshot *snapshot, const QblkNode *node, const char *target, int limit)
{
    int end = find_end(node->name, target);
    if (end < 0 || end >= limit || is_disk(snapshot, node)) {
        return FALSE;
    }

    g_autoptr(GPtrArray) users = qblk_node_users(snapshot->users, node, MAX_USERS);
    for (guint i = 0; i < users->len; i++) {
        const QblkNodeUser *user = users->pdata[i];
        if (user->node == NULL || !is_left(snapshot, user->node, target, end)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_leftovers_has_node(const QblkSnapshot *snapshot, const char *name, const char *target)
{
    const QblkNode *node = qblk_snapshot_find_node(snapshot, name);
    return node != NULL && is_left(snapshot, node, target, G_N_ELEMENTS(node_ends));
}

static void
add_nodes(const QblkSnapshot *snapshot, const QblkChain *chain, int end, GPtrArray *differences)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        if (find_end(node->name, chain->target) != end ||
            !is_left(snapshot, node, chain->target, G_N_ELEMENTS(node_ends))) {
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
    for (gsize i = 0; i < G_N_ELEMENTS(node_ends); i++) {
        add_nodes(snapshot, chain, (int)i, differences);
    }
}

/* ---- steps ---- */

QblkStep *
qblk_leftovers_add_step(QblkPlan *plan, gboolean is_job, const char *name)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, is_job ? "id" : "node-name", name);

    QblkStep *step =
        is_job ? qblk_plan_add(plan, "dismiss the job that was left", "job-dismiss", arguments)
               : qblk_plan_add(plan, "delete the node that was left", "blockdev-del", arguments);
    step->may_fail = TRUE;
    return step;
}

const char *
qblk_leftovers_get_removed(const QblkPlan *plan, const QblkStep *step)
{
    gboolean is_mend = g_str_equal(plan->kind, QBLK_PLAN_MEND) && step->job == NULL;
    if (is_mend && g_strcmp0(step->command, "blockdev-del") == 0) {
        return qblk_json_get_string(step->arguments, "node-name");
    }
    if (is_mend && g_strcmp0(step->command, "job-dismiss") == 0) {
        return qblk_json_get_string(step->arguments, "id");
    }
    return NULL;
}

gboolean
qblk_leftovers_are_removed(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        if (qblk_leftovers_get_removed(plan, plan->steps->pdata[i]) != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}
