/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel passes at most this number of descriptors with one message (SCM_MAX_FD). */
#define MAX_DESCRIPTORS 253

struct QblkConnection {
    const QblkLoop *loop;  /* borrowed */
    QblkMuxClient *client; /* of the mux */
    QblkLoopSource in;     /* owns its descriptor */
    QblkLoopSource out;    /* the same; its fd is -1 if it is that of `in` */
    gboolean in_is_socket, out_is_socket;
    gboolean is_blocked;  /* no byte can be sent at the moment */
    gboolean input_ended; /* no byte follows, or is to be read */
    gboolean is_closing;  /* it does not wait for replies */
    gboolean is_broken;   /* no byte can be sent from now on */
};

/* ---- reading ---- */

/* Returns: the number of bytes; 0 at the end; -1 with errno */
static gssize
receive_message(const QblkConnection *connection, GArray *fds)
{
    union {
        char bytes[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {connection->loop->buffer, QBLK_LOOP_BUFFER_BYTES};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    gssize length = recvmsg(connection->in.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) {
        return length;
    }

    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item != NULL;
         item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS) {
            g_array_append_vals(fds, CMSG_DATA(item),
                                (guint)((item->cmsg_len - CMSG_LEN(0)) / sizeof(int)));
        }
    }
    return length;
}

static gssize
receive(const QblkConnection *connection, GArray *fds)
{
    gssize length;
    do {
        length = connection->in_is_socket
                     ? receive_message(connection, fds)
                     : read(connection->in.fd, connection->loop->buffer, QBLK_LOOP_BUFFER_BYTES);
    } while (length < 0 && errno == EINTR);
    return length;
}

/* One call of receive(), so that all clients take turns. */
static void
read_bytes(QblkConnection *connection)
{
    if (connection->input_ended || !qblk_mux_client_wants_bytes(connection->client)) {
        return;
    }

    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    gssize length = receive(connection, fds);
    if (length > 0) {
        qblk_mux_client_receive(connection->client, connection->loop->buffer, (gsize)length,
                                (const int *)(gconstpointer)fds->data, fds->len);
        return;
    }

    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    connection->input_ended = TRUE;
    connection->is_broken = connection->is_broken || length < 0;
}

/* A socket reports EPOLLHUP when its peer has closed it in both directions, a pipe when its other
 * end was closed; bytes may be left to read.  While none is read, the client is gone. */
static void
on_input(gpointer owner, guint32 events)
{
    QblkConnection *connection = owner;
    connection->is_blocked = connection->is_blocked && (events & EPOLLOUT) == 0;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !connection->input_ended) {
        read_bytes(connection);
    }

    gboolean is_closed = (events & (EPOLLHUP | EPOLLERR)) != 0 && connection->out.fd < 0;
    if (is_closed && (events & EPOLLIN) == 0) {
        connection->is_broken = TRUE;
    }
}

static void
on_output(gpointer owner, guint32 events)
{
    QblkConnection *connection = owner;
    connection->is_blocked = FALSE;
    connection->is_broken = connection->is_broken || (events & (EPOLLERR | EPOLLHUP)) != 0;
}

/* ---- the connection ---- */

static gboolean
is_socket(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

QblkConnection *
qblk_connection_new(const QblkLoop *loop, QblkMux *mux, int in, int out, QblkAccess access)
{
    QblkConnection *connection = g_new0(QblkConnection, 1);
    connection->loop = loop;
    connection->in = (QblkLoopSource){.fd = in, .func = on_input, .owner = connection};
    connection->out =
        (QblkLoopSource){.fd = out == in ? -1 : out, .func = on_output, .owner = connection};
    connection->in_is_socket = is_socket(in);
    connection->out_is_socket = is_socket(out);
    connection->client = qblk_mux_add_client(mux, access);
    qblk_connection_wait(connection);
    return connection;
}

void
qblk_connection_free(QblkConnection *connection)
{
    qblk_mux_remove_client(connection->client);
    qblk_loop_remove(connection->loop, &connection->in);
    qblk_loop_remove(connection->loop, &connection->out);
    close(connection->in.fd);
    if (connection->out.fd >= 0) {
        close(connection->out.fd);
    }
    g_free(connection);
}

void
qblk_connection_poll(QblkConnection *connection)
{
    if (connection->in.is_unwaitable) {
        read_bytes(connection);
    }
}

gboolean
qblk_connection_is_ready(const QblkConnection *connection)
{
    return connection->in.is_unwaitable && !connection->input_ended &&
           qblk_mux_client_wants_bytes(connection->client);
}

void
qblk_connection_close(QblkConnection *connection)
{
    connection->input_ended = TRUE;
    connection->is_closing = TRUE;
}

/* ---- sending ---- */

/* Returns: the number of bytes; 0 if none can be sent at the moment; -1 with errno */
static gssize
send_bytes(const QblkConnection *connection, const char *bytes, gsize length)
{
    int fd = connection->out.fd < 0 ? connection->in.fd : connection->out.fd;
    gssize sent;
    do {
        sent = connection->out_is_socket ? send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT)
                                         : write(fd, bytes, length);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : sent;
}

gboolean
qblk_connection_flush(QblkConnection *connection)
{
    gboolean has_sent = FALSE;

    while (!connection->is_blocked && !connection->is_broken) {
        gsize length;
        const char *bytes = qblk_mux_client_output(connection->client, &length);
        if (length == 0) {
            return has_sent;
        }

        gssize sent = send_bytes(connection, bytes, length);
        connection->is_blocked = sent == 0;
        connection->is_broken = sent < 0;
        if (sent > 0) {
            qblk_mux_client_sent(connection->client, (gsize)sent);
            has_sent = TRUE;
        }
    }
    return has_sent;
}

gboolean
qblk_connection_is_flushed(const QblkConnection *connection)
{
    gsize length = 0;
    if (!connection->is_broken) {
        (void)qblk_mux_client_output(connection->client, &length);
    }
    return length == 0;
}

/* A pipe reports its end even if nothing is waited for. */
static void
wait_for_pipe(QblkConnection *connection, guint32 input)
{
    if (input == 0) {
        qblk_loop_remove(connection->loop, &connection->in);
    } else {
        qblk_loop_set(connection->loop, &connection->in, input);
    }
}

void
qblk_connection_wait(QblkConnection *connection)
{
    gboolean wants_input =
        !connection->input_ended && qblk_mux_client_wants_bytes(connection->client);
    guint32 input = wants_input ? EPOLLIN : 0;
    guint32 output = connection->is_blocked ? EPOLLOUT : 0;

    if (connection->out.fd < 0) {
        qblk_loop_set(connection->loop, &connection->in, input | output);
    } else {
        qblk_loop_set(connection->loop, &connection->out, output);
        wait_for_pipe(connection, input);
    }
}

gboolean
qblk_connection_is_over(const QblkConnection *connection, const char **reason)
{
    *reason = qblk_mux_client_fault(connection->client);
    gboolean is_done = connection->input_ended &&
                       (connection->is_closing || qblk_mux_client_is_idle(connection->client));
    return *reason != NULL || connection->is_broken ||
           (is_done && qblk_connection_is_flushed(connection));
}

const QblkMuxClient *
qblk_connection_get_client(const QblkConnection *connection)
{
    return connection->client;
}
