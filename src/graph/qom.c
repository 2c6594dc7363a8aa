/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/qom.h"

char *
qblk_qom_path(const char *qdev)
{
    return g_path_is_absolute(qdev) ? g_strdup(qdev)
                                    : g_strconcat("/machine/peripheral/", qdev, NULL);
}

char *
qblk_qom_parent(const char *path)
{
    return g_path_get_dirname(path);
}

QblkJson *
qblk_qom_arguments(const char *path, const char *property)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "path", path);
    qblk_json_set_string(arguments, "property", property);
    return arguments;
}

static const QblkJson *
get_property(const QblkReplies *replies, const char *path, const char *property)
{
    g_autoptr(QblkJson) arguments = qblk_qom_arguments(path, property);
    const QblkReply *reply = qblk_replies_find(replies, "qom-get", arguments);
    return reply == NULL ? NULL : reply->value;
}

const char *
qblk_qom_string(const QblkReplies *replies, const char *path, const char *property)
{
    return qblk_json_string(get_property(replies, path, property));
}

gboolean
qblk_qom_is_virtio_backend(const char *path)
{
    return g_str_has_suffix(path, "/virtio-backend");
}

const char *
qblk_qom_type(const QblkReplies *replies, const char *path)
{
    const char *type = qblk_qom_string(replies, path, "type");

    return type == NULL && qblk_qom_is_virtio_backend(path) ? "virtio-blk-device" : type;
}

gint64
qblk_qom_integer(const QblkReplies *replies, const char *path, const char *property, gint64 missing)
{
    gint64 value = missing;
    (void)qblk_json_integer(get_property(replies, path, property), &value);
    return value;
}
