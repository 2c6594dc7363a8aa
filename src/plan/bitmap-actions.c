/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/bitmap-actions.h"

void
qblk_bitmap_actions_append(QblkJson *actions, const char *type, QblkJson *data)
{
    QblkJson *action = qblk_json_new_object();
    qblk_json_set_string(action, "type", type);
    qblk_json_set(action, "data", data);
    qblk_json_append(actions, action);
}

QblkJson *
qblk_bitmap_actions_new_data(const QblkPlannedBitmap *planned, const char *member)
{
    QblkJson *data = qblk_json_new_object();
    qblk_json_set_string(data, "node", planned->into);
    qblk_json_set_string(data, member, planned->name);
    return data;
}

void
qblk_bitmap_actions_append_add(QblkJson *actions, const QblkPlannedBitmap *planned)
{
    QblkJson *data = qblk_bitmap_actions_new_data(planned, "name");
    qblk_json_set_integer(data, "granularity", planned->granularity);
    qblk_json_set_boolean(data, "persistent", planned->is_persistent);
    qblk_json_set_boolean(data, "disabled", !planned->is_recording);
    qblk_bitmap_actions_append(actions, "block-dirty-bitmap-add", data);
}
