/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

#include <errno.h>

static gboolean
wait_until_ready(QblkClient *client, GError **error)
{
    while (!qblk_client_is_ready(client)) {
        if (!qblk_client_wait_turn(client, -1, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

QblkClient *
qblk_client_connect_with(const char *address_text, int timeout_ms, const QblkWaiter *waiter,
                         GError **error)
{
    g_autoptr(QblkAddress) address = qblk_address_parse(address_text, error);
    if (address == NULL) {
        return NULL;
    }

    g_autoptr(QblkClient) client = qblk_client_start_with(address, timeout_ms, waiter, error);
    if (client == NULL) {
        return NULL;
    }

    return wait_until_ready(client, error) ? g_steal_pointer(&client) : NULL;
}

QblkClient *
qblk_client_connect(const char *address, int timeout_ms, GError **error)
{
    return qblk_client_connect_with(address, timeout_ms, NULL, error);
}

gboolean
qblk_client_reconnect(QblkClient *client, int timeout_ms, GError **error)
{
    const char *text = qblk_client_get_address(client);
    g_autoptr(QblkAddress) address = qblk_address_parse(text, error);
    if (address == NULL) {
        return FALSE;
    }

    if (!qblk_address_can_reconnect(address)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "cannot connect to '%s' again: a descriptor is one connection", text);
        return FALSE;
    }

    return qblk_client_reconnect_to(client, text, timeout_ms, error);
}

gboolean
qblk_client_reconnect_to(QblkClient *client, const char *address, int timeout_ms, GError **error)
{
    if (!qblk_client_restart(client, address, timeout_ms, error)) {
        return FALSE;
    }
    return wait_until_ready(client, error);
}

/* ---- commands ---- */

char *
qblk_client_execute(QblkClient *client, const char *command, const char *arguments, int timeout_ms,
                    GError **error)
{
    guint64 id = qblk_client_submit(client, command, arguments, timeout_ms, error);
    if (id == 0) {
        return NULL;
    }

    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, id, error);
    if (answer == NULL || !qblk_answer_check(answer, command, error)) {
        return NULL;
    }

    return qblk_json_print(qblk_answer_value(answer), QBLK_JSON_COMPACT);
}

QblkJson *
qblk_client_call(QblkClient *client, const char *command, const QblkJson *arguments, GError **error)
{
    guint64 id = qblk_client_submit_json(client, command, arguments, 0);
    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, id, error);
    if (answer == NULL || !qblk_answer_check(answer, command, error)) {
        return NULL;
    }

    return qblk_json_ref(qblk_answer_value(answer));
}

GArray *
qblk_client_submit_batch(QblkClient *client, const GPtrArray *queries)
{
    GArray *ids = g_array_sized_new(FALSE, FALSE, sizeof(guint64), queries->len);
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = g_ptr_array_index(queries, i);
        guint64 id = qblk_client_submit_json(client, query->command, query->arguments, 0);
        g_array_append_val(ids, id);
    }
    return ids;
}

gboolean
qblk_client_wait_batch(QblkClient *client, const GArray *ids, GPtrArray *answers, GError **error)
{
    g_autoptr(GPtrArray) received =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
    for (guint i = 0; i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        QblkAnswer *answer = qblk_client_wait_answer(client, id, error);
        if (answer == NULL) {
            for (guint rest = i + 1; rest < ids->len; rest++) {
                qblk_client_abandon(client, g_array_index(ids, guint64, rest));
            }

            return FALSE;
        }

        g_ptr_array_add(received, answer);
    }

    g_ptr_array_extend_and_steal(answers, g_steal_pointer(&received));
    return TRUE;
}

/* Returns: the time until the deadline of @client or @deadline, whichever is first, for poll(). */
static int
turn_timeout(const QblkClient *client, gint64 deadline)
{
    int timeout = qblk_client_get_timeout(client);
    if (deadline < 0) {
        return timeout;
    }

    gint64 left = CLAMP((deadline - g_get_monotonic_time() + 999) / 1000, 0, G_MAXINT);
    return timeout < 0 ? (int)left : MIN(timeout, (int)left);
}

gboolean
qblk_client_wait_turn(QblkClient *client, gint64 deadline, GError **error)
{
    struct pollfd item = {
        .fd = qblk_client_get_fd(client),
        .events = (short)qblk_client_get_events(client),
    };
    /* A client that has failed has no descriptor and nothing to wait for. */
    int ready = item.fd < 0 ? 0
                            : qblk_waiter_poll(qblk_client_get_waiter(client), &item,
                                               turn_timeout(client, deadline));
    if (ready < 0 && ready != -EINTR) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "cannot wait for QEMU: %s",
                    g_strerror(-ready));
        return FALSE;
    }

    return qblk_client_process(client, item.revents, error);
}

QblkAnswer *
qblk_client_wait_answer(QblkClient *client, guint64 id, GError **error)
{
    QblkAnswer *answer = NULL;
    while (qblk_client_take_answer(client, id, &answer, error) && answer == NULL) {
        g_autoptr(GError) cause = NULL;
        /* If the connection fails the command fails, too; only if poll() itself fails the command
         * stays unanswered. */
        if (!qblk_client_wait_turn(client, -1, &cause) && qblk_client_get_error(client) == NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            qblk_client_abandon(client, id);
            return NULL;
        }
    }

    return answer;
}

QblkJson *
qblk_client_wait_event_json(QblkClient *client, int timeout_ms, GError **error)
{
    gint64 deadline = timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    QblkJson *event;
    while ((event = qblk_client_take_event_json(client)) == NULL) {
        g_autoptr(GError) cause = NULL;
        gboolean is_connected = qblk_client_wait_turn(client, deadline, &cause);
        event = qblk_client_take_event_json(client);
        if (event != NULL) {
            return event;
        }

        if (!is_connected) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }

        if (deadline >= 0 && g_get_monotonic_time() >= deadline) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "no event within %d ms",
                        timeout_ms);
            return NULL;
        }
    }

    return event;
}

char *
qblk_client_wait_event(QblkClient *client, int timeout_ms, GError **error)
{
    g_autoptr(QblkJson) event = qblk_client_wait_event_json(client, timeout_ms, error);
    return event == NULL ? NULL : qblk_json_print(event, QBLK_JSON_COMPACT);
}

const QblkSchema *
qblk_client_get_schema(QblkClient *client, GError **error)
{
    if (qblk_client_peek_schema(client) != NULL) {
        return qblk_client_peek_schema(client);
    }

    qblk_client_pause_log(client, TRUE);
    g_autoptr(QblkJson) reply = qblk_client_call(client, "query-qmp-schema", NULL, error);
    qblk_client_pause_log(client, FALSE);

    QblkSchema *schema = reply == NULL ? NULL : qblk_schema_new(reply, error);
    qblk_client_keep_schema(client, schema);
    return schema;
}
