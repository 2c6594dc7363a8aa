/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

#include "base/limits.h"
#include "base/redact.h"
#include "qmp/session.h"
#include "qmp/transport.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* One call of qblk_client_process() reads at most READ_TURNS buffers of READ_BYTES. */
#define READ_BYTES (64 * 1024)
#define READ_TURNS 16

struct QblkClient {
    gatomicrefcount references;
    int fd;       /* -1 after the session has failed */
    QblkSsh *ssh; /* owned; NULL if no ssh forwards the connection */
    gboolean write_closed;
    int timeout_ms;
    char *address; /* owned: as it was given */
    QblkSession *session;
    const QblkWaiter *waiter;                  /* borrowed; NULL: poll() */
    gboolean is_driven;                        /* an operation drives it */
    char *refusal_class, *refusal_description; /* owned: of the last command that was refused */
    QblkClientLogger logger;
    gpointer logger_data;
    GDestroyNotify logger_destroy;
    gboolean is_local;  /* the files that QEMU names are those of this machine */
    QblkSchema *schema; /* owned, of this connection; NULL until it is asked for */
    QblkClientPeer peer;
    QblkClientBridge bridge; /* of this connection */
};

QblkClient *
qblk_client_start_with(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter,
                       GError **error)
{
    int timeout = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
    QblkSsh *ssh = NULL;
    int fd = qblk_transport_open(address, timeout, waiter, &ssh, error);
    if (fd < 0) {
        return NULL;
    }

    QblkClient *client = g_new0(QblkClient, 1);
    g_atomic_ref_count_init(&client->references);
    client->fd = fd;
    client->ssh = ssh;
    client->timeout_ms = timeout;
    client->is_local = qblk_address_is_local(address);
    client->address = g_strdup(address->text);
    client->waiter = waiter;
    client->session = qblk_session_new(qblk_address_peer_name(address), g_get_monotonic_time(),
                                       (gint64)timeout * 1000, 0);
    return client;
}

static void
destroy_logger(QblkClient *client)
{
    if (client->logger_destroy != NULL) {
        client->logger_destroy(client->logger_data);
    }
}

/* An open descriptor would wake each poll(), and hold the monitor. */
static void
close_descriptor(QblkClient *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }

    client->fd = -1;
    g_clear_pointer(&client->ssh, qblk_ssh_free);
}

gboolean
qblk_client_restart(QblkClient *client, const char *address_text, int timeout_ms, GError **error)
{
    int timeout = timeout_ms > 0 ? timeout_ms : client->timeout_ms;
    g_autoptr(QblkAddress) address = qblk_address_parse(address_text, error);
    if (address == NULL) {
        return FALSE;
    }

    /* QEMU serves a second connection only after the first one was closed. */
    qblk_session_end(client->session, "the client connects again");
    close_descriptor(client);
    QblkSsh *ssh = NULL;
    int fd = qblk_transport_open(address, timeout, client->waiter, &ssh, error);
    if (fd < 0) {
        return FALSE;
    }

    /* The program may have connected it while that waited. */
    qblk_session_end(client->session, "the client connects again");
    close_descriptor(client);
    client->fd = fd;
    client->ssh = ssh;
    client->write_closed = FALSE;
    client->is_local = qblk_address_is_local(address);
    g_clear_pointer(&client->schema, qblk_schema_free);
    qblk_client_bridge_clear(&client->bridge, client->session);
    qblk_session_restart(client->session, qblk_address_peer_name(address), g_get_monotonic_time(),
                         (gint64)timeout * 1000);
    return TRUE;
}

QblkClient *
qblk_client_ref(QblkClient *client)
{
    g_atomic_ref_count_inc(&client->references);
    return client;
}

void
qblk_client_unref(QblkClient *client)
{
    if (client == NULL || !g_atomic_ref_count_dec(&client->references)) {
        return;
    }

    close_descriptor(client);
    g_clear_pointer(&client->schema, qblk_schema_free);
    qblk_client_bridge_clear(&client->bridge, client->session);
    qblk_session_free(client->session);
    destroy_logger(client);
    g_free(client->address);
    g_free(client->refusal_class);
    g_free(client->refusal_description);
    g_clear_pointer(&client->peer.owner, client->peer.release);
    g_free(client);
}

/* ---- how it waits ---- */

void
qblk_client_set_waiter(QblkClient *client, const QblkWaiter *waiter)
{
    client->waiter = waiter;
}

const QblkWaiter *
qblk_client_get_waiter(const QblkClient *client)
{
    return client->waiter;
}

gboolean
qblk_client_begin_operation(QblkClient *client)
{
    if (client->is_driven) {
        return FALSE;
    }

    qblk_client_drive(client, TRUE, FALSE);
    return TRUE;
}

void
qblk_client_drive(QblkClient *client, gboolean is_driven, gboolean is_blocking)
{
    client->is_driven = is_driven;
    qblk_session_follow_events(client->session, is_driven, is_blocking);
}

int
qblk_client_get_time_limit(const QblkClient *client)
{
    return client->timeout_ms;
}

/* ---- driving it ---- */

int
qblk_client_get_fd(const QblkClient *client)
{
    return client->fd;
}

int
qblk_client_get_events(const QblkClient *client)
{
    if (client->fd < 0) {
        return 0;
    }

    gsize length;
    (void)qblk_session_output(client->session, &length);
    return length > 0 && !client->write_closed ? POLLIN | POLLOUT : POLLIN;
}

int
qblk_client_get_timeout(const QblkClient *client)
{
    gint64 deadline = qblk_session_deadline(client->session);
    if (deadline < 0) {
        return -1;
    }

    /* Rounded up: a loop whose wait ends before the deadline would spin until it has passed. */
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    return (int)CLAMP(left, 0, G_MAXINT);
}

static void
end_session(QblkClient *client)
{
    g_autofree char *reason = client->ssh == NULL ? NULL : qblk_ssh_explain(client->ssh);
    qblk_session_end(client->session, reason);
}

static void
receive_bytes(QblkClient *client)
{
    char buffer[READ_BYTES];
    for (int turn = 0; turn < READ_TURNS && qblk_session_error(client->session) == NULL; turn++) {
        gsize length = 0;
        switch (qblk_transport_receive(client->fd, buffer, sizeof(buffer), &length)) {
        case QBLK_TRANSPORT_BYTES:
            qblk_session_receive(client->session, buffer, length, g_get_monotonic_time());
            break;
        case QBLK_TRANSPORT_NOTHING:
            return;
        case QBLK_TRANSPORT_END:
            end_session(client);
            return;
        case QBLK_TRANSPORT_FAILED:
            qblk_session_end(client->session, g_strerror(errno));
            return;
        }
    }
}

static void
send_output(QblkClient *client)
{
    gsize length;
    const char *bytes = qblk_session_output(client->session, &length);
    while (length > 0 && !client->write_closed) {
        gssize sent = qblk_transport_send(client->fd, bytes, length);
        if (sent == 0) {
            return;
        }

        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            /* QEMU has ended, but there may be replies to read: the connection ends when they have
             * been read. */
            client->write_closed = TRUE;
            return;
        }

        if (sent < 0) {
            qblk_session_end(client->session, g_strerror(errno));
            return;
        }

        qblk_session_sent(client->session, (gsize)sent);
        bytes = qblk_session_output(client->session, &length);
    }
}

gboolean
qblk_client_process(QblkClient *client, int revents, GError **error)
{
    if (client->fd >= 0) {
        if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
            receive_bytes(client);
        }

        send_output(client);
        qblk_session_tick(client->session, g_get_monotonic_time());
    }

    const GError *cause = qblk_session_error(client->session);
    if (cause == NULL) {
        return TRUE;
    }

    close_descriptor(client);
    g_propagate_error(error, g_error_copy(cause));
    return FALSE;
}

gboolean
qblk_client_is_ready(const QblkClient *client)
{
    return qblk_session_state(client->session) == QBLK_SESSION_READY;
}

const GError *
qblk_client_get_error(const QblkClient *client)
{
    return qblk_session_error(client->session);
}

guint64
qblk_client_arrived(const QblkClient *client)
{
    return qblk_session_arrived(client->session);
}

guint64
qblk_client_taken(const QblkClient *client)
{
    return qblk_session_taken(client->session);
}

/* ---- commands ---- */

guint64
qblk_client_submit_json(QblkClient *client, const char *command, const QblkJson *arguments,
                        int timeout_ms)
{
    int timeout = timeout_ms > 0 ? timeout_ms : client->timeout_ms;
    return qblk_session_submit(client->session, command, arguments, g_get_monotonic_time(),
                               (gint64)timeout * 1000);
}

static void
keep_refusal(QblkClient *client, const QblkAnswer *answer)
{
    g_free(client->refusal_class);
    g_free(client->refusal_description);
    client->refusal_class = g_strdup(qblk_json_get_string(answer->refusal, "class"));
    client->refusal_description = qblk_answer_describe(answer);
}

gboolean
qblk_client_take_answer(QblkClient *client, guint64 id, QblkAnswer **answer, GError **error)
{
    gboolean done = qblk_session_take_answer(client->session, id, answer, error);
    if (done && *answer != NULL && (*answer)->refusal != NULL) {
        keep_refusal(client, *answer);
    }

    return done;
}

gboolean
qblk_client_take_reply(QblkClient *client, guint64 id, gboolean *done, char **reply, GError **error)
{
    g_autofree char *command = g_strdup(qblk_session_command(client->session, id));
    g_autoptr(QblkAnswer) answer = NULL;
    if (!qblk_client_take_answer(client, id, &answer, error) ||
        (answer != NULL && !qblk_answer_check(answer, command, error))) {
        return FALSE;
    }

    *done = answer != NULL;
    if (answer != NULL) {
        *reply = qblk_json_print(qblk_answer_value(answer), QBLK_JSON_COMPACT);
    }

    return TRUE;
}

void
qblk_client_abandon(QblkClient *client, guint64 id)
{
    qblk_session_abandon(client->session, id);
}

QblkJson *
qblk_client_take_event_json(QblkClient *client)
{
    return qblk_session_take_event(client->session);
}

const QblkJson *
qblk_client_peek_event(QblkClient *client, guint64 *next)
{
    return qblk_session_peek_event(client->session, next);
}

guint64
qblk_client_next_event(const QblkClient *client)
{
    return qblk_session_next_event(client->session);
}

/* ---- about the peer ---- */

const char *
qblk_client_get_address(const QblkClient *client)
{
    return client->address;
}

gboolean
qblk_client_get_refusal(const QblkClient *client, const char **error_class,
                        const char **description)
{
    if (client->refusal_description == NULL) {
        return FALSE;
    }
    if (error_class != NULL) {
        *error_class = client->refusal_class;
    }
    if (description != NULL) {
        *description = client->refusal_description;
    }
    return TRUE;
}

const QblkSession *
qblk_client_peek_session(const QblkClient *client)
{
    return client->session;
}

static void
log_redacted(gboolean sent, const char *text, gsize length, gpointer user_data)
{
    const QblkClient *client = user_data;
    g_autofree char *message = qblk_redact_message(text, length);

    client->logger(sent, message, client->logger_data);
}

void
qblk_client_set_logger(QblkClient *client, QblkClientLogger logger, gpointer user_data,
                       GDestroyNotify destroy)
{
    destroy_logger(client);
    client->logger = logger;
    client->logger_data = user_data;
    client->logger_destroy = destroy;
    qblk_session_set_logger(client->session, logger == NULL ? NULL : log_redacted, client);
}

void
qblk_client_set_reply_limit(QblkClient *client, gsize bytes)
{
    qblk_session_set_reply_limit(client->session, bytes);
}

/* ---- what is known of this QEMU ---- */

void
qblk_client_set_address(QblkClient *client, const QblkAddress *address)
{
    g_free(client->address);
    client->address = g_strdup(address->text);
    client->is_local = qblk_address_is_local(address);
}

void
qblk_client_set_peer(QblkClient *client, const QblkClientPeer *peer)
{
    client->peer = *peer;
}

const QblkClientPeer *
qblk_client_get_peer(const QblkClient *client)
{
    return client->peer.owner == NULL ? NULL : &client->peer;
}

QblkClientBridge *
qblk_client_get_bridge(QblkClient *client)
{
    return &client->bridge;
}

gboolean
qblk_client_is_forwarded(const QblkClient *client)
{
    return client->ssh != NULL;
}

gboolean
qblk_client_is_local(const QblkClient *client)
{
    return client->is_local;
}

const QblkSchema *
qblk_client_peek_schema(const QblkClient *client)
{
    return client->schema;
}

void
qblk_client_keep_schema(QblkClient *client, QblkSchema *schema)
{
    g_clear_pointer(&client->schema, qblk_schema_free);
    client->schema = schema;
}

void
qblk_client_pause_log(QblkClient *client, gboolean is_paused)
{
    gboolean is_logged = client->logger != NULL && !is_paused;
    qblk_session_set_logger(client->session, is_logged ? log_redacted : NULL, client);
}
