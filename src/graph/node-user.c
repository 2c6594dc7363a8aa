/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/node-user.h"

#include "base/const-cast.h"

void
qblk_node_user_free(QblkNodeUser *user)
{
    if (user == NULL) {
        return;
    }
    g_free(user->name);
    g_free(user->type);
    g_free(user->edge);
    g_free(user);
}

static QblkNodeUser *
add_user(GPtrArray *users, QblkUserKind kind, const char *name, const char *type, const char *edge)
{
    QblkNodeUser *user = g_new0(QblkNodeUser, 1);
    user->kind = kind;
    user->name = g_strdup(name);
    user->type = g_strdup(type);
    user->edge = g_strdup(edge);
    g_ptr_array_add(users, user);
    return user;
}

/* A disk of a storage daemon is a node without a user, or with exports only. */
static gboolean
is_device(const QblkDevice *device)
{
    return device->qdev != NULL || device->backend != NULL;
}

/* What the graph does not have as edges. Texts are borrowed from the snapshot. */
typedef struct {
    QblkUserKind kind;
    const char *name, *type, *edge;
    const QblkExport *export;
    const QblkJob *job;
} Entry;

struct QblkNodeUserIndex {
    GHashTable *entries; /* QblkNode -> GArray of Entry, owned */
};

static void
entries_free(gpointer entries)
{
    g_array_unref(entries);
}

static void
add_entry(QblkNodeUserIndex *index, const QblkNode *node, Entry entry)
{
    GArray *entries = g_hash_table_lookup(index->entries, node);

    if (entries == NULL) {
        entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        g_hash_table_insert(index->entries, qblk_const_cast(node), entries);
    }
    g_array_append_val(entries, entry);
}

static void
add_devices(QblkNodeUserIndex *index, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const QblkDevice *device = devices->pdata[i];
        if (device->node != NULL && is_device(device)) {
            const char *name =
                device->target != NULL ? device->target : qblk_device_get_label(device);
            const Entry entry = {.kind = QBLK_USER_KIND_DEVICE,
                                 .name = name,
                                 .type = qblk_device_kind_name(device->kind)};
            add_entry(index, device->node, entry);
        }
    }
}

static void
add_exports(QblkNodeUserIndex *index, const GPtrArray *exports)
{
    for (guint i = 0; i < exports->len; i++) {
        const QblkExport *export = exports->pdata[i];
        if (export->node != NULL) {
            const Entry entry = {.kind = QBLK_USER_KIND_EXPORT,
                                 .name = export->id,
                                 .type = export->type,
                                 .export = export};
            add_entry(index, export->node, entry);
        }
    }
}

static void
add_jobs(QblkNodeUserIndex *index, const GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        for (guint j = 0; j < job->nodes->len; j++) {
            const QblkChild *child = job->nodes->pdata[j];
            const Entry entry = {.kind = QBLK_USER_KIND_JOB,
                                 .name = job->id,
                                 .type = job->type,
                                 .edge = child->name,
                                 .job = job};
            add_entry(index, child->node, entry);
        }
    }
}

QblkNodeUserIndex *
qblk_node_user_index_new(const GPtrArray *devices, const GPtrArray *exports, const GPtrArray *jobs)
{
    QblkNodeUserIndex *index = g_new0(QblkNodeUserIndex, 1);
    index->entries = g_hash_table_new_full(NULL, NULL, NULL, entries_free);

    add_exports(index, exports);
    add_jobs(index, jobs);
    add_devices(index, devices);
    return index;
}

void
qblk_node_user_index_free(QblkNodeUserIndex *index)
{
    if (index == NULL) {
        return;
    }
    g_hash_table_unref(index->entries);
    g_free(index);
}

/* The parents have an entry for each edge. */
static void
add_parents(GPtrArray *users, const QblkNode *node, guint limit)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < node->parents->len && users->len < limit; i++) {
        const QblkNode *parent = node->parents->pdata[i];
        gboolean is_new = g_hash_table_add(seen, qblk_const_cast(parent));
        if (!is_new) {
            continue;
        }

        gboolean is_filter = qblk_node_is(parent, QBLK_DRIVER_FILTER);
        for (guint j = 0; j < parent->children->len; j++) {
            const QblkChild *child = parent->children->pdata[j];
            if (child->node == node) {
                QblkNodeUser *user =
                    add_user(users, is_filter ? QBLK_USER_KIND_FILTER : QBLK_USER_KIND_NODE,
                             parent->name, parent->driver, child->name);
                user->node = parent;
            }
        }
    }
}

static void
add_entries(GPtrArray *users, const GArray *entries, gboolean are_exports, guint limit)
{
    for (guint i = 0; entries != NULL && i < entries->len && users->len < limit; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);
        if ((entry->kind == QBLK_USER_KIND_EXPORT) != are_exports) {
            continue;
        }
        QblkNodeUser *user = add_user(users, entry->kind, entry->name, entry->type, entry->edge);
        user->export = entry->export;
        user->job = entry->job;
    }
}

GPtrArray *
qblk_node_users(const QblkNodeUserIndex *index, const QblkNode *node, guint limit)
{
    GPtrArray *users = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_user_free);
    const GArray *entries = g_hash_table_lookup(index->entries, node);

    add_entries(users, entries, TRUE, limit);
    add_parents(users, node, limit);
    add_entries(users, entries, FALSE, limit);
    return users;
}
