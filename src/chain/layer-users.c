/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/layer-users.h"

#include "base/const-cast.h"
#include "base/limits.h"

/* A node, and the layer that it belongs to or uses. */
typedef struct {
    const QblkNode *node;
    guint position;
    gboolean is_own; /* it belongs to the chain */
} Place;

typedef struct {
    const QblkSnapshot *snapshot;
    QblkChain *chain;
    GArray *places;         /* of Place: nodes whose users are listed */
    GHashTable *seen;       /* QblkNode: those in @places */
    GHashTable *own;        /* QblkNode: those of the chain */
    const QblkNode *mirror; /* the destination of a copy: it is shown as the copy; or NULL */
} Search;

static void
add_place(Search *search, const QblkNode *node, guint position, gboolean is_own)
{
    const Place place = {node, position, is_own};
    gboolean is_new = g_hash_table_add(search->seen, qblk_const_cast(node));

    if (is_new) {
        g_array_append_val(search->places, place);
    }
    if (is_own) {
        g_hash_table_add(search->own, qblk_const_cast(node));
    }
}

/* ---- the nodes of the chain ---- */

static const Place *
place_at(const Search *search, guint i)
{
    return &g_array_index(search->places, Place, i);
}

/* Add the nodes of one layer from @top downwards.  What a filter uses beside the node that it
 * filters is not of the chain.  Returns: (nullable): the top of the next layer */
static const QblkNode *
add_layer(Search *search, const QblkNode *top, guint position)
{
    const QblkNode *next = NULL;
    guint i = search->places->len;

    add_place(search, top, position, TRUE);
    for (; i < search->places->len; i++) {
        const QblkNode *node = place_at(search, i)->node;
        const QblkNode *filtered = qblk_node_filtered(node);
        if (filtered != NULL) {
            add_place(search, filtered, position, TRUE);
            continue;
        }
        for (guint j = 0; j < node->children->len; j++) {
            const QblkChild *child = node->children->pdata[j];
            if (g_str_equal(child->name, "backing")) {
                next = child->node;
            } else {
                add_place(search, child->node, position, TRUE);
            }
        }
    }
    return next;
}

static void
add_chain(Search *search, const QblkNode *top)
{
    const QblkNode *next = top;
    for (guint i = 0; next != NULL && i < search->chain->layers->len; i++) {
        next = add_layer(search, next, i);
    }
}

static const QblkNode *
find_mirror(const QblkSnapshot *snapshot, const QblkChain *chain)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL || mirror->is_commit || mirror->layer->node_name == NULL) {
        return NULL;
    }
    return qblk_snapshot_find_node(snapshot, mirror->layer->node_name);
}

/* ---- users ---- */

/* Move what @found has to a user of the layer of @place. */
static void
add_user(const Search *search, const Place *place, QblkNodeUser *found)
{
    QblkLayer *layer = search->chain->layers->pdata[place->position];
    QblkLayerUser *user = qblk_user_new();

    user->kind = found->kind;
    user->name = g_steal_pointer(&found->name);
    user->type = g_steal_pointer(&found->type);
    user->role = g_steal_pointer(&found->edge);
    user->node = g_strdup(place->node->name);
    user->is_direct = place->is_own;
    user->access = found->export == NULL ? QBLK_EXPORT_ACCESS_UNKNOWN : found->export->access;
    user->status = found->job == NULL ? NULL : g_strdup(found->job->status);

    if (layer->users == NULL) {
        layer->users = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_user_unref);
    }
    g_ptr_array_add(layer->users, user);
}

/* TRUE if @user is the disk of the chain, or the chain itself. */
static gboolean
is_own(const Search *search, const QblkNodeUser *user)
{
    if (user->kind == QBLK_USER_KIND_DEVICE) {
        return g_strcmp0(user->name, search->chain->target) == 0;
    }
    return user->node != NULL &&
           (user->node == search->mirror || g_hash_table_contains(search->own, user->node));
}

/* TRUE if no more users are listed of the layer at @position, which is noted. */
static gboolean
is_full(const Search *search, guint position)
{
    QblkLayer *layer = search->chain->layers->pdata[position];
    if (layer->users == NULL || layer->users->len < QBLK_LIMIT_LAYER_USERS) {
        return FALSE;
    }
    layer->has_more_users = TRUE;
    return TRUE;
}

/* The places grow while they are walked: a user has users, too. */
static void
add_users(Search *search)
{
    for (guint i = 0; i < search->places->len; i++) {
        const Place place = *place_at(search, i);
        g_autoptr(GPtrArray) users =
            qblk_node_users(search->snapshot->users, place.node, QBLK_LIMIT_USERS);

        if (users->len == QBLK_LIMIT_USERS) {
            QblkLayer *layer = search->chain->layers->pdata[place.position];
            layer->has_more_users = TRUE;
        }
        for (guint j = 0; j < users->len; j++) {
            QblkNodeUser *user = users->pdata[j];
            if (is_own(search, user)) {
                continue;
            }
            if (is_full(search, place.position)) {
                break;
            }
            if (user->node != NULL) {
                add_place(search, user->node, place.position, FALSE);
            }
            add_user(search, &place, user);
        }
    }
}

void
qblk_layer_users_load(const QblkSnapshot *snapshot, const QblkNode *top, QblkChain *chain)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) own = g_hash_table_new(NULL, NULL);
    Search search = {snapshot, chain, places, seen, own, find_mirror(snapshot, chain)};

    add_chain(&search, top);
    add_users(&search);
}
