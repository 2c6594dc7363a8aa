/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-json.h"

static QblkJson *
hosts_json_new(const GPtrArray *hosts)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < hosts->len; i++) {
        const QblkSourceHost *host = hosts->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "transport", host->transport);
        qblk_json_set_string(object, "name", host->name);
        qblk_json_set_string(object, "port", host->port);
        qblk_json_set_string(object, "socket", host->socket);
        qblk_json_append(list, object);
    }
    return list;
}

/* A member that does not apply to the source is left out. */
QblkJson *
qblk_source_json_new(const QblkSource *source)
{
    if (source == NULL) {
        return qblk_json_new_null();
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "type", qblk_source_type_name(source->type));

    for (const QblkSourceMember *at = qblk_source_members(); at->name != NULL; at++) {
        const char *text = qblk_source_get(source, at->offset);

        if (text != NULL) {
            qblk_json_set_string(object, at->name, text);
        }
    }

    if (source->hosts->len > 0) {
        qblk_json_set(object, "hosts", hosts_json_new(source->hosts));
    }
    if (source->data_store != NULL) {
        qblk_json_set(object, "data-store", qblk_source_json_new(source->data_store));
    }

    return object;
}

char *
qblk_source_to_json(const QblkSource *source)
{
    g_autoptr(QblkJson) json = qblk_source_json_new(source);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
