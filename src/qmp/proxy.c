/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/proxy.h"

#include <string.h>

gboolean
qblk_proxy_sent(const QblkMessage *greeting)
{
    const QblkMessageVersion version = qblk_message_version(greeting);
    const QblkJson *members = qblk_json_get(greeting->payload, "version");
    g_autofree char *package =
        g_strdup_printf("qemu-%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
                        version.major, version.minor, version.micro);
    return g_strcmp0(qblk_json_get_string(members, "package"), package) == 0;
}

QblkJson *
qblk_proxy_correct_event(const QblkJson *event)
{
    const char *text = qblk_json_get_string(event, "data");
    QblkJson *data = text == NULL ? NULL : qblk_json_parse(text, strlen(text), NULL);
    if (data == NULL) {
        return NULL;
    }

    QblkJson *corrected = qblk_json_copy(event);
    qblk_json_set(corrected, "data", data);
    return corrected;
}

QblkMessage *
qblk_proxy_greeting(const QblkJson *version, GError **error)
{
    QblkJson *members = qblk_json_new_object();
    qblk_json_set(members, "version",
                  version != NULL ? qblk_json_copy(version) : qblk_json_new_null());
    qblk_json_set(members, "capabilities", qblk_json_new_array());

    g_autoptr(QblkJson) greeting = qblk_json_new_object();
    qblk_json_set(greeting, "QMP", members);
    g_autofree char *text = qblk_json_print(greeting, QBLK_JSON_COMPACT);
    return qblk_message_parse(text, strlen(text), error);
}
