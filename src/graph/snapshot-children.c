/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to a snapshot: a reference to it is a reference to the snapshot. */
#include "base/const-cast.h"
#include "graph/snapshot-jobs.h"
#include "graph/snapshot.h"
#include "graph/user.h"

void
qblk_snapshot_adopt(QblkSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        ((QblkNode *)snapshot->nodes->pdata[i])->snapshot = snapshot;
    }
    for (guint i = 0; i < snapshot->devices->len; i++) {
        ((QblkDevice *)snapshot->devices->pdata[i])->snapshot = snapshot;
    }
    for (guint i = 0; i < snapshot->exports->len; i++) {
        ((QblkExport *)snapshot->exports->pdata[i])->snapshot = snapshot;
    }
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        ((QblkJob *)snapshot->jobs->pdata[i])->snapshot = snapshot;
    }
}

/* ---- references: while a snapshot is loaded its children have no root, and one owner ---- */

static void
release(const QblkSnapshot *snapshot)
{
    qblk_snapshot_unref(qblk_const_cast(snapshot));
}

QblkNode *
qblk_node_ref(const QblkNode *node)
{
    qblk_snapshot_ref(node->snapshot);
    return qblk_const_cast(node);
}

void
qblk_node_unref(QblkNode *node)
{
    if (node == NULL) {
        return;
    }
    if (node->snapshot == NULL) {
        qblk_node_free(node);
    } else {
        release(node->snapshot);
    }
}

QblkDevice *
qblk_device_ref(const QblkDevice *device)
{
    qblk_snapshot_ref(device->snapshot);
    return qblk_const_cast(device);
}

void
qblk_device_unref(QblkDevice *device)
{
    if (device == NULL) {
        return;
    }
    if (device->snapshot == NULL) {
        qblk_device_free(device);
    } else {
        release(device->snapshot);
    }
}

QblkJob *
qblk_job_ref(const QblkJob *job)
{
    qblk_snapshot_ref(job->snapshot);
    return qblk_const_cast(job);
}

void
qblk_job_unref(QblkJob *job)
{
    if (job == NULL) {
        return;
    }
    if (job->snapshot == NULL) {
        qblk_job_free(job);
    } else {
        release(job->snapshot);
    }
}

QblkExport *
qblk_export_ref(const QblkExport *export)
{
    qblk_snapshot_ref(export->snapshot);
    return qblk_const_cast(export);
}

void
qblk_export_unref(QblkExport *export)
{
    if (export == NULL) {
        return;
    }
    if (export->snapshot == NULL) {
        qblk_export_free(export);
    } else {
        release(export->snapshot);
    }
}

/* ---- what needs all of the snapshot ---- */

const QblkNode *
qblk_device_get_top_node(const QblkDevice *device)
{
    return qblk_snapshot_jobs_top(device->snapshot, device);
}

/* Move what @found has to a user for programs. */
static QblkUser *
make_user(const QblkNode *node, QblkNodeUser *found)
{
    QblkUser *user = qblk_user_new();
    user->kind = found->kind;
    user->name = g_steal_pointer(&found->name);
    user->type = g_steal_pointer(&found->type);
    user->role = g_steal_pointer(&found->edge);
    user->node = g_strdup(node->name);
    user->is_direct = TRUE;
    user->access = found->export == NULL ? QBLK_EXPORT_ACCESS_UNKNOWN : found->export->access;
    user->status = found->job == NULL ? NULL : g_strdup(found->job->status);
    return user;
}

static GPtrArray *
make_users(const QblkNode *node)
{
    GPtrArray *users = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_user_unref);
    g_autoptr(GPtrArray) found = qblk_node_users(node->snapshot->users, node, G_MAXUINT);
    for (guint i = 0; i < found->len; i++) {
        g_ptr_array_add(users, make_user(node, found->pdata[i]));
    }
    return users;
}

/* Few programs ask for users, so they are listed at the first request.  If two threads make the
 * list at once, the first one is kept. */
static const GPtrArray *
users_of(const QblkNode *node)
{
    QblkNode *owner = qblk_const_cast(node);
    GPtrArray *users = g_atomic_pointer_get(&owner->users);
    if (users != NULL) {
        return users;
    }

    GPtrArray *made = make_users(node);
    if (g_atomic_pointer_compare_and_exchange(&owner->users, NULL, made)) {
        return made;
    }
    g_ptr_array_unref(made);
    return g_atomic_pointer_get(&owner->users);
}

guint
qblk_node_get_n_users(const QblkNode *node)
{
    return users_of(node)->len;
}

const QblkUser *
qblk_node_get_user(const QblkNode *node, guint index)
{
    const GPtrArray *users = users_of(node);
    return index < users->len ? users->pdata[index] : NULL;
}
