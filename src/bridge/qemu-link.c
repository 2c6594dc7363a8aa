/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/qemu-link.h"

#include "base/const-cast.h"
#include "bridge/qemu-connect.h"

#include <errno.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads in one turn: a large reply takes many, and clients should not wait for all of them. */
#define TURN_READS 8

struct QblkQemuLink {
    const QblkLoop *loop; /* borrowed */
    QblkMux *mux;         /* borrowed */
    QblkQemuLinkOptions options;
    QblkQemuConnect *connect; /* owned; NULL once it is connected */
    QblkLoopSource source;    /* owns its descriptor; -1 without a connection */
    QblkQemuLinkState state;
    gboolean is_blocked; /* no byte can be sent at the moment */
    gint64 deadline;     /* of the handshake, in microseconds of the monotonic clock; -1: none */
    GError *error;       /* owned: why it has ended */
};

/* @error: (transfer full) (nullable) */
static void
end(QblkQemuLink *link, GError *error)
{
    if (link->state != QBLK_QEMU_LINK_ENDED) {
        link->state = QBLK_QEMU_LINK_ENDED;
        link->error = error;
    } else {
        g_clear_error(&error);
    }
    qblk_loop_remove(link->loop, &link->source);
}

/* The name of the peer in messages. */
static const char *
peer_name(const QblkQemuLink *link)
{
    return qblk_address_get_text(link->options.address);
}

static GError *
new_broken_error(const QblkQemuLink *link, int cause)
{
    return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "the connection to '%s' broke: %s",
                       peer_name(link), g_strerror(cause));
}

/* ---- receiving ---- */

static void
receive_end(QblkQemuLink *link)
{
    GError *error = NULL;
    if (link->state == QBLK_QEMU_LINK_GREETING) {
        error = g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                            "'%s' closed the connection before its greeting", peer_name(link));
    } else if (qblk_mux_is_inside_message(link->mux)) {
        error = g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                            "'%s' closed the connection inside a message", peer_name(link));
    }
    end(link, error);
}

static void
receive_bytes(QblkQemuLink *link, gsize length)
{
    GError *error = NULL;
    const char *bytes = link->loop->buffer;
    qblk_message_log_add(link->options.log, FALSE, bytes, length);
    if (!qblk_mux_receive(link->mux, bytes, length, &error)) {
        end(link, error);
    } else if (link->state == QBLK_QEMU_LINK_GREETING && qblk_mux_is_ready(link->mux)) {
        link->state = QBLK_QEMU_LINK_READY;
        link->deadline = -1;
    }
}

static void
on_ready(gpointer owner, guint32 events)
{
    QblkQemuLink *link = owner;
    link->is_blocked = link->is_blocked && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }

    for (guint i = 0; i < TURN_READS && link->state != QBLK_QEMU_LINK_ENDED; i++) {
        gssize length =
            recv(link->source.fd, link->loop->buffer, QBLK_LOOP_BUFFER_BYTES, MSG_DONTWAIT);
        if (length > 0) {
            receive_bytes(link, (gsize)length);
        } else if (length == 0) {
            receive_end(link);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            end(link, new_broken_error(link, errno));
        }
    }
}

/* ---- sending ---- */

/* Returns: as send() */
static gssize
send_with_descriptor(int socket, const char *bytes, gsize length, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec part = {qblk_const_cast(bytes), length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(int));
    }

    gssize sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* Returns: TRUE if more bytes can be sent */
static gboolean
send_some(QblkQemuLink *link, const char *bytes, gsize length, int fd)
{
    gssize sent = send_with_descriptor(link->source.fd, bytes, length, fd);

    /* What QEMU has sent before it ended is still to be read, and then its end. */
    if (sent < 0 &&
        (errno == EAGAIN || errno == EWOULDBLOCK || errno == EPIPE || errno == ECONNRESET)) {
        link->is_blocked = TRUE;
        return FALSE;
    }
    if (sent < 0) {
        end(link, new_broken_error(link, errno));
        return FALSE;
    }

    qblk_message_log_add(link->options.log, TRUE, bytes, (gsize)sent);
    qblk_mux_sent(link->mux, (gsize)sent);
    return TRUE;
}

gboolean
qblk_qemu_link_flush(QblkQemuLink *link)
{
    gboolean is_open =
        link->state == QBLK_QEMU_LINK_GREETING || link->state == QBLK_QEMU_LINK_READY;
    gboolean has_sent = FALSE;

    while (is_open && !link->is_blocked) {
        gsize length;
        int fd = -1;
        const char *bytes = qblk_mux_output(link->mux, &length, &fd);
        if (length == 0 || !send_some(link, bytes, length, fd)) {
            return has_sent;
        }
        has_sent = TRUE;
    }
    return has_sent;
}

/* ---- connecting ---- */

static void
look_for_connection(QblkQemuLink *link, gint64 now)
{
    if (link->state != QBLK_QEMU_LINK_CONNECTING || !qblk_qemu_connect_is_done(link->connect)) {
        return;
    }

    GError *error = NULL;
    link->source.fd = qblk_qemu_connect_take(link->connect, &error);
    g_clear_pointer(&link->connect, qblk_qemu_connect_unref);
    if (link->source.fd < 0) {
        end(link, error);
        return;
    }

    link->state = QBLK_QEMU_LINK_GREETING;
    link->deadline = link->options.waits ? -1 : now + (gint64)link->options.timeout_ms * 1000;
}

static void
check_deadline(QblkQemuLink *link, gint64 now)
{
    if (link->deadline < 0 || now < link->deadline) {
        return;
    }

    link->deadline = -1;
    if (qblk_mux_greeting(link->mux) == NULL) {
        end(link, g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                              "no greeting from '%s': another client probably holds this monitor",
                              peer_name(link)));
    } else {
        end(link,
            g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                        "'qmp_capabilities': no reply within %d ms", link->options.timeout_ms));
    }
}

/* ---- the link ---- */

QblkQemuLink *
qblk_qemu_link_new(const QblkLoop *loop, QblkMux *mux, QblkWorkers *workers,
                   const QblkQemuLinkOptions *options)
{
    QblkQemuLink *link = g_new0(QblkQemuLink, 1);
    link->loop = loop;
    link->mux = mux;
    link->options = *options;
    link->source = (QblkLoopSource){.fd = -1, .func = on_ready, .owner = link};
    link->deadline = -1;
    link->connect = qblk_qemu_connect_new(workers, options->address, options->timeout_ms,
                                          options->pause_ms, options->waits);
    qblk_message_log_reset(options->log);
    return link;
}

void
qblk_qemu_link_free(QblkQemuLink *link)
{
    if (link == NULL) {
        return;
    }

    g_clear_pointer(&link->connect, qblk_qemu_connect_unref);
    qblk_loop_remove(link->loop, &link->source);
    if (link->source.fd >= 0) {
        close(link->source.fd);
    }
    g_clear_error(&link->error);
    g_free(link);
}

QblkQemuLinkState
qblk_qemu_link_get_state(const QblkQemuLink *link)
{
    return link->state;
}

const char *
qblk_qemu_link_get_reason(const QblkQemuLink *link)
{
    return link->connect == NULL ? NULL : qblk_qemu_connect_get_reason(link->connect);
}

GError *
qblk_qemu_link_take_error(QblkQemuLink *link)
{
    return g_steal_pointer(&link->error);
}

void
qblk_qemu_link_check(QblkQemuLink *link, gint64 now)
{
    look_for_connection(link, now);
    check_deadline(link, now);
}

gint64
qblk_qemu_link_wait(QblkQemuLink *link)
{
    if (link->state == QBLK_QEMU_LINK_GREETING || link->state == QBLK_QEMU_LINK_READY) {
        qblk_loop_set(link->loop, &link->source, EPOLLIN | (link->is_blocked ? EPOLLOUT : 0));
    }
    return link->deadline;
}

int
qblk_qemu_link_get_fd(const QblkQemuLink *link)
{
    return link->source.fd;
}
