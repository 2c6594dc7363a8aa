/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/content-json.h"

#include "graph/bitmap.h"
#include "graph/user.h"

QblkJson *
qblk_internal_snapshots_json_new(const GPtrArray *snapshots)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; snapshots != NULL && i < snapshots->len; i++) {
        const QblkInternalSnapshot *snapshot = snapshots->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "name", snapshot->name);
        qblk_json_set_integer(object, "date", snapshot->date);
        qblk_json_set_integer(object, "vm-state-size", snapshot->vm_state_size);
        qblk_json_append(list, object);
    }
    return list;
}

QblkJson *
qblk_bitmaps_json_new(const GPtrArray *bitmaps)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        const QblkBitmap *bitmap = bitmaps->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "name", bitmap->name);
        qblk_json_set_integer(object, "granularity", bitmap->granularity);
        qblk_json_set_integer(object, "dirty", bitmap->count);
        qblk_json_set_boolean(object, "persistent", bitmap->is_persistent);
        qblk_json_set_boolean(object, "recording", bitmap->is_recording);
        qblk_json_set_boolean(object, "busy", bitmap->is_busy);
        qblk_json_set_boolean(object, "inconsistent", bitmap->is_inconsistent);
        qblk_json_append(list, object);
    }
    return list;
}

QblkJson *
qblk_users_json_new(const GPtrArray *users)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; users != NULL && i < users->len; i++) {
        const QblkUser *user = users->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "kind", qblk_user_kind_name(user->kind));
        qblk_json_set_string(object, "name", user->name);
        qblk_json_set_string(object, "type", user->type);
        qblk_json_set_string(object, "role", user->role);
        qblk_json_set_string(object, "node", user->node);
        qblk_json_set_boolean(object, "direct", user->is_direct);
        qblk_json_set_string(object, "access", qblk_export_access_name(user->access));
        qblk_json_set_string(object, "state", user->status);
        qblk_json_append(list, object);
    }
    return list;
}
