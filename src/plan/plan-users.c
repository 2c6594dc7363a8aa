/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-users.h"

#include "base/const-cast.h"
#include "base/limits.h"
#include "base/text.h"
#include "plan/plan-check.h"

#define MAX_DEPTH 100 /* of users above each other */

static gboolean
is_node(const QblkLayerUser *user)
{
    return user->kind == QBLK_USER_KIND_NODE || user->kind == QBLK_USER_KIND_FILTER;
}

static const QblkLayerUser *
user_at(const QblkLayer *layer, guint position)
{
    return layer->users->pdata[position];
}

static guint
count_users(const QblkLayer *layer)
{
    return layer->users == NULL ? 0 : layer->users->len;
}

/* TRUE if @name is the format node of @layer or a filter above it: what uses it follows if another
 * node takes its place. */
static gboolean
is_replaceable(const QblkLayer *layer, const char *name)
{
    if (g_strcmp0(layer->node_name, name) == 0) {
        return TRUE;
    }
    for (guint i = 0; i < layer->filters->len; i++) {
        const QblkFilter *filter = layer->filters->pdata[i];
        if (g_str_equal(filter->node_name, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- who reads a layer in the end ---- */

typedef struct {
    const char *const *ignored; /* names, or NULL */
    GHashTable *above;          /* node-name -> GPtrArray of QblkLayerUser: users of a user */
    GHashTable *seen;           /* node-names */
} Search;

static gboolean
is_ignored(const Search *search, const QblkLayerUser *user)
{
    return search->ignored != NULL && (is_node(user) || user->kind == QBLK_USER_KIND_EXPORT) &&
           g_strv_contains(search->ignored, user->name);
}

/* Returns: (transfer full): the users of the nodes that use a layer of @chain */
static GHashTable *
index_users(const QblkChain *chain)
{
    GHashTable *above =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        for (guint j = 0; j < count_users(layer); j++) {
            const QblkLayerUser *user = user_at(layer, j);
            if (user->is_direct) {
                continue;
            }

            GPtrArray *users = g_hash_table_lookup(above, user->node);
            if (users == NULL) {
                users = g_ptr_array_new();
                g_hash_table_insert(above, user->node, users);
            }
            g_ptr_array_add(users, qblk_const_cast(user));
        }
    }
    return above;
}

/* Returns: (nullable): the reader above @user, or @user itself if nothing is above it; NULL if all
 * of them are ignored, or jobs, which are checked by themselves */
static const QblkLayerUser *
find_reader_above(Search *search, const QblkLayerUser *user, guint depth)
{
    if (user->kind == QBLK_USER_KIND_JOB || is_ignored(search, user)) {
        return NULL;
    }
    const GPtrArray *above = is_node(user) ? g_hash_table_lookup(search->above, user->name) : NULL;
    if (above == NULL || depth == MAX_DEPTH) {
        return user;
    }
    gboolean is_new = g_hash_table_add(search->seen, user->name);
    if (!is_new) {
        return NULL;
    }

    for (guint i = 0; i < above->len; i++) {
        const QblkLayerUser *reader = find_reader_above(search, above->pdata[i], depth + 1);
        if (reader != NULL) {
            return reader;
        }
    }
    return NULL;
}

static const QblkLayerUser *
find_reader(GHashTable *above, const char *const *ignored, const QblkLayerUser *user)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Search search = {ignored, above, seen};
    return find_reader_above(&search, user, 0);
}

/* ---- readers that the user ignores ---- */

static void
collect_names(const QblkChain *chain, GPtrArray *names)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        for (guint j = 0; j < count_users(layer); j++) {
            const QblkLayerUser *user = user_at(layer, j);
            gboolean can_be_ignored = is_node(user) || user->kind == QBLK_USER_KIND_EXPORT;
            if (can_be_ignored &&
                !g_ptr_array_find_with_equal_func(names, user->name, g_str_equal, NULL)) {
                g_ptr_array_add(names, g_strdup(user->name));
            }
        }
    }
}

static gboolean
refuse_unknown(const char *name, GPtrArray *names, GError **error)
{
    if (names->len == 0) {
        return qblk_plan_refuse(
            error, "'%s' cannot be ignored: no export and no other node uses a layer", name);
    }

    for (guint i = 0; i < names->len; i++) {
        char *quoted = g_strdup_printf("'%s'", (const char *)names->pdata[i]);
        g_free(names->pdata[i]);
        names->pdata[i] = quoted;
    }
    g_autofree char *list = qblk_text_list((const char *const *)names->pdata, names->len);
    return qblk_plan_refuse(error,
                            "'%s' cannot be ignored: it uses no layer; the exports and nodes that "
                            "do are %s",
                            name, list);
}

gboolean
qblk_plan_check_ignored_users(const QblkPlanContext *context, GError **error)
{
    gboolean is_image = context->image_layers != NULL; /* see qblk_shared_layers_check() */
    if (is_image || context->ignored_users == NULL || context->ignored_users[0] == NULL) {
        return TRUE;
    }

    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *const *targets = qblk_snapshot_get_targets(context->snapshot);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, targets[i], NULL);
        if (chain != NULL) {
            collect_names(chain, names);
        }
    }

    for (guint i = 0; context->ignored_users[i] != NULL; i++) {
        const char *name = context->ignored_users[i];
        if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL)) {
            return refuse_unknown(name, names, error);
        }
    }
    return TRUE;
}

/* ---- what QEMU does not allow ---- */

gboolean
qblk_plan_check_replaced(const QblkChain *chain, GError **error)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    if (g_strcmp0(chain->root, top->node_name) == 0) {
        return TRUE; /* see qblk_plan_filters_check_root() */
    }

    for (guint i = 0; i < count_users(top); i++) {
        const QblkLayerUser *user = user_at(top, i);
        gboolean is_overlay = user->is_direct && g_strcmp0(user->role, "backing") == 0 &&
                              g_strcmp0(user->node, top->node_name) == 0;
        if (is_overlay) {
            g_autofree char *reader = qblk_user_to_text(user);
            return qblk_plan_refuse(error,
                                    "%s has '%s' as its backing image: QEMU could not replace that "
                                    "image by a copy of disk '%s': remove it first",
                                    reader, top->filename, chain->target);
        }
    }
    return TRUE;
}

/* ---- readers of a commit ---- */

typedef struct {
    const QblkPlanContext *context;
    GHashTable *above; /* of index_users() */
    const QblkLayer *top, *base;
    gboolean removes_top;
} Commit;

static gboolean
refuse_change(const QblkLayer *layer, const QblkLayerUser *user, GError **error)
{
    g_autofree char *reader = qblk_user_to_text(user);
    if (user->kind == QBLK_USER_KIND_DEVICE) {
        return qblk_plan_refuse(error, "%s reads '%s', whose data would change: detach it first",
                                reader, layer->filename);
    }
    return qblk_plan_refuse(error,
                            "%s reads '%s', whose data would change: remove it first, or allow "
                            "that with --ignore-user %s",
                            reader, layer->filename, user->name);
}

static gboolean
refuse_leaving(const QblkLayer *layer, const QblkLayerUser *user, GError **error)
{
    g_autofree char *reader = qblk_user_to_text(user);
    return qblk_plan_refuse(error,
                            "%s reads '%s', which would leave the chain: remove it first, or allow "
                            "that with --ignore-user %s",
                            reader, layer->filename, user->name);
}

/* The job does not share the data of a layer between the top and the base, which are not consistent
 * while it runs, nor the files of all layers.  A node that is not in use itself reads nothing. */
static gboolean
check_shared(const Commit *commit, const QblkLayer *layer, const QblkLayerUser *user,
             GError **error)
{
    const QblkLayerUser *reader = find_reader(commit->above, NULL, user);
    if (reader == NULL || is_node(reader)) {
        return TRUE;
    }

    g_autofree char *text = qblk_user_to_text(reader);
    if (!is_replaceable(layer, user->node)) {
        return qblk_plan_refuse(error,
                                "%s reads the file of '%s': QEMU does not start a commit then: "
                                "remove it first",
                                text, layer->filename);
    }
    if (layer == commit->top || layer == commit->base) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "%s reads '%s', which is between the top and the base: QEMU does not "
                            "start a commit then: remove it first",
                            text, layer->filename);
}

/* TRUE if @user of the top sees the same data in the node that takes the place of @layer, or if the
 * top stays. */
static gboolean
may_use_top(const Commit *commit, const QblkLayer *layer, const QblkLayerUser *user)
{
    gboolean is_of_disk = layer->position == 0 && user->kind == QBLK_USER_KIND_EXPORT &&
                          is_replaceable(layer, user->node);
    return !commit->removes_top || is_of_disk;
}

static gboolean
check_user(const Commit *commit, const QblkLayer *layer, const QblkLayerUser *user, GError **error)
{
    gboolean is_top = layer == commit->top;
    if (!user->is_direct || (is_top && may_use_top(commit, layer, user))) {
        return TRUE;
    }
    if (!check_shared(commit, layer, user, error)) {
        return FALSE;
    }

    const QblkLayerUser *reader = find_reader(commit->above, commit->context->ignored_users, user);
    if (reader == NULL) {
        return TRUE;
    }
    return is_top ? refuse_leaving(layer, reader, error) : refuse_change(layer, reader, error);
}

gboolean
qblk_plan_check_readers(const QblkPlanContext *context, const QblkChain *chain,
                        const QblkLayer *top, const QblkLayer *base, gboolean removes_top,
                        GError **error)
{
    g_autoptr(GHashTable) above = index_users(chain);
    const Commit commit = {context, above, top, base, removes_top};

    for (guint i = top->position; i <= base->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->has_more_users) {
            return qblk_plan_refuse(error, "'%s' has more than %d users: remove those that read it",
                                    layer->filename, QBLK_LIMIT_USERS);
        }
        for (guint j = 0; j < count_users(layer); j++) {
            if (!check_user(&commit, layer, user_at(layer, j), error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* ---- nodes that stay open ---- */

const QblkLayerUser *
qblk_plan_find_remaining_user(const QblkLayer *layer, gboolean is_replaced)
{
    for (guint i = 0; i < count_users(layer); i++) {
        const QblkLayerUser *user = user_at(layer, i);
        gboolean follows = is_replaced && is_replaceable(layer, user->node);
        if (user->is_direct && user->kind != QBLK_USER_KIND_JOB && !follows) {
            return user;
        }
    }
    return NULL;
}

/* ---- an existing job ---- */

void
qblk_plan_warn_of_readers(QblkPlan *plan, const QblkLayer *base)
{
    for (guint i = 0; base != NULL && i < count_users(base); i++) {
        const QblkLayerUser *user = user_at(base, i);
        if (user->is_direct && user->kind != QBLK_USER_KIND_JOB) {
            g_autofree char *text = qblk_user_to_text(user);
            g_ptr_array_add(plan->warnings,
                            g_strdup_printf("the job has changed the data of '%s', which %s reads",
                                            base->filename, text));
        }
    }
}
