/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"
#include "qmp/session.h"

#include <string.h>

QblkClient *
qblk_client_start_at(const QblkAddress *address, int timeout_ms, GError **error)
{
    return qblk_client_start_with(address, timeout_ms, NULL, error);
}

QblkClient *
qblk_client_start(const char *address_text, int timeout_ms, GError **error)
{
    g_autoptr(QblkAddress) address = qblk_address_parse(address_text, error);
    return address == NULL ? NULL : qblk_client_start_at(address, timeout_ms, error);
}

QblkClient *
qblk_client_start_fd(int fd, int timeout_ms, GError **error)
{
    g_autoptr(QblkAddress) address = qblk_address_new_fd(fd);
    return qblk_client_start_at(address, timeout_ms, error);
}

guint64
qblk_client_submit(QblkClient *client, const char *command, const char *arguments, int timeout_ms,
                   GError **error)
{
    if (command[0] == '\0' || !g_utf8_validate(command, -1, NULL)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s' is not a command name",
                    command);
        return 0;
    }

    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) json = NULL;
    if (arguments != NULL) {
        json = qblk_json_parse(arguments, strlen(arguments), &cause);
        if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                        "the arguments of '%s' are not a JSON object%s%s", command,
                        cause == NULL ? "" : ": ", cause == NULL ? "" : cause->message);
            return 0;
        }
    }

    return qblk_client_submit_json(client, command, json, timeout_ms);
}

char *
qblk_client_take_event(QblkClient *client)
{
    g_autoptr(QblkJson) event = qblk_client_take_event_json(client);
    return event == NULL ? NULL : qblk_json_print(event, QBLK_JSON_COMPACT);
}

const QblkJson *
qblk_client_peek_greeting(const QblkClient *client)
{
    return qblk_session_greeting(qblk_client_peek_session(client));
}

char *
qblk_client_get_greeting(const QblkClient *client)
{
    const QblkJson *greeting = qblk_client_peek_greeting(client);
    return greeting == NULL ? NULL : qblk_json_print(greeting, QBLK_JSON_COMPACT);
}

gboolean
qblk_client_get_version(const QblkClient *client, int *major, int *minor, int *micro)
{
    if (qblk_client_peek_greeting(client) == NULL) {
        return FALSE;
    }

    const QblkMessageVersion version = qblk_session_version(qblk_client_peek_session(client));
    const struct {
        gint64 value;
        int *target;
    } parts[] = {{version.major, major}, {version.minor, minor}, {version.micro, micro}};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].target != NULL) {
            *parts[i].target = (int)CLAMP(parts[i].value, 0, G_MAXINT);
        }
    }

    return TRUE;
}
