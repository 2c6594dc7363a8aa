/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long to wait before the next attempt to connect to a unix socket. */
#define BACKLOG_PAUSE_MS 20

static gint64
milliseconds_left(gint64 deadline)
{
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    return CLAMP(left, 0, G_MAXINT);
}

static gboolean
set_flags(int fd, GError **error)
{
    int status = fcntl(fd, F_GETFL);
    int flags = fcntl(fd, F_GETFD);
    if (status < 0 || flags < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot make descriptor %d non-blocking: %s", fd, g_strerror(errno));
        return FALSE;
    }

    return TRUE;
}

/* ---- unix sockets ---- */

/* Returns: the remedy, for each way in which a connection to @path fails. */
static const char *
connect_hint(const char *path, int cause)
{
    struct stat info;
    switch (cause) {
    case ENOENT:
        return ": is the VM running, with -qmp unix:PATH,server=on,wait=off?";
    case ECONNREFUSED:
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            return ": it is a directory: specify the socket in it";
        }
        if (stat(path, &info) == 0 && !S_ISSOCK(info.st_mode)) {
            return ": it is not a socket: for an image specify image:PATH";
        }

        return ": no process listens on it; the QEMU that created it has probably ended";
    case ENOTDIR:
        return ": a part of the path in front of a '/' is not a directory";
    case EACCES:
    case EPERM:
        return ": this user has no permission to connect to it: use sudo";
    default:
        return "";
    }
}

static int
set_unix_error(const char *path, int cause, GError **error)
{
    if (cause == EAGAIN) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                    "cannot connect to '%s': other clients probably wait for this monitor", path);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot connect to '%s': %s%s",
                    path, g_strerror(cause), connect_hint(path, cause));
    }

    return -1;
}

int
qblk_unix_name_set(QblkUnixName *name, const char *path)
{
    struct sockaddr_un *address = &name->address;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof(address->sun_path)) {
        memcpy(address->sun_path, path, strlen(path) + 1);
        return 0;
    }

    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *last = g_path_get_basename(path);
    name->directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (name->directory < 0) {
        return errno;
    }

    int written = g_snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
                             name->directory, last);
    return written < (int)sizeof(address->sun_path) ? 0 : ENAMETOOLONG;
}

void
qblk_unix_name_clear(QblkUnixName *name)
{
    if (name->directory >= 0) {
        close(name->directory);
    }
}

/* connect() to a unix socket never returns EINPROGRESS: if the backlog is full it blocks, or fails
 * with EAGAIN.  Only SO_SNDTIMEO limits how long it blocks.
 * Returns: 0 or errno */
static int
connect_blocking(int fd, const struct sockaddr_un *name, gint64 deadline)
{
    int result;
    do {
        gint64 left = MAX(milliseconds_left(deadline), 1);
        struct timeval timeout = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
        result = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        if (result == 0) {
            result = connect(fd, (const struct sockaddr *)name, sizeof(*name));
        }
    } while (result < 0 && errno == EINTR && g_get_monotonic_time() < deadline);
    if (result == 0) {
        return 0;
    }

    return errno == EINTR ? EAGAIN : errno;
}

/* The same with a waiter.  The kernel does not report when the backlog has room again.
 * Returns: 0 or errno */
static int
connect_waiting(int fd, const struct sockaddr_un *name, gint64 deadline, const QblkWaiter *waiter)
{
    for (;;) {
        int cause = connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 ? 0 : errno;
        gint64 left = milliseconds_left(deadline);
        if ((cause != EAGAIN && cause != EINTR) || left == 0) {
            return cause == EINTR ? EAGAIN : cause;
        }

        struct pollfd nothing = {.fd = -1};
        int waited = qblk_waiter_poll(waiter, &nothing, (int)MIN(left, BACKLOG_PAUSE_MS));
        if (waited < 0 && waited != -EINTR) {
            return -waited;
        }
    }
}

static int
connect_unix(int fd, const struct sockaddr_un *name, gint64 deadline, const QblkWaiter *waiter)
{
    if (waiter == NULL) {
        return connect_blocking(fd, name, deadline);
    }

    int status = fcntl(fd, F_GETFL);
    int result = status < 0 ? status : fcntl(fd, F_SETFL, status | O_NONBLOCK);
    return result < 0 ? errno : connect_waiting(fd, name, deadline, waiter);
}

static int
open_unix(const char *path, gint64 deadline, const QblkWaiter *waiter, GError **error)
{
    g_auto(QblkUnixName) name = QBLK_UNIX_NAME_INIT;
    int cause = qblk_unix_name_set(&name, path);
    int fd = -1;
    if (cause == 0) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cause = fd < 0 ? errno : connect_unix(fd, &name.address, deadline, waiter);
    }

    if (cause == 0 && set_flags(fd, error)) {
        return fd;
    }

    if (fd >= 0) {
        close(fd);
    }

    return cause == 0 ? -1 : set_unix_error(path, cause, error);
}

/* ---- TCP ---- */

/* Wait until a connect() that is in progress ends.  Returns: 0 or errno */
static int
finish_connect(int fd, gint64 deadline, const QblkWaiter *waiter)
{
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    int ready;
    do {
        ready = qblk_waiter_poll(waiter, &item, (int)milliseconds_left(deadline));
    } while (ready == -EINTR);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : -ready;
    }

    int cause = 0;
    socklen_t size = sizeof(cause);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size) < 0 ? errno : cause;
}

/* Returns: a connected descriptor, or a negative errno */
static int
connect_tcp(const struct addrinfo *item, gint64 deadline, const QblkWaiter *waiter)
{
    int fd = socket(item->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }

    int cause = connect(fd, item->ai_addr, item->ai_addrlen) == 0 ? 0 : errno;
    /* connect() continues after a signal, as a non-blocking one does. */
    if (cause == EINPROGRESS || cause == EINTR) {
        cause = finish_connect(fd, deadline, waiter);
    }

    if (cause != 0) {
        close(fd);
        return -cause;
    }

    /* Commands are small and each waits for its reply; without this they also wait for an ACK. */
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static int
open_tcp(const QblkAddress *address, gint64 deadline, const QblkWaiter *waiter, GError **error)
{
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(address->host, address->port, &wanted, &found);
    if (code != 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot find host '%s': %s",
                    address->host, code == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(code));
        return -1;
    }

    int fd = -1;
    for (const struct addrinfo *item = found; item != NULL && fd < 0; item = item->ai_next) {
        fd = connect_tcp(item, deadline, waiter);
    }

    freeaddrinfo(found);
    if (fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot connect to '%s': %s%s",
                    address->text, g_strerror(-fd),
                    fd == -ECONNREFUSED ? ": no process listens there" : "");
    }

    return MAX(fd, -1);
}

/* ---- ssh ---- */

/* ssh listens before it tells that it is ready, so that the connection fails only if its end did
 * that, or if it cannot forward. */
static int
open_ssh(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter, QblkSsh **ssh,
         GError **error)
{
    g_autoptr(QblkSsh) started = qblk_ssh_start(address, timeout_ms, waiter, error);
    if (started == NULL) {
        return -1;
    }

    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    int fd = open_unix(qblk_ssh_get_socket(started), deadline, waiter, NULL);
    qblk_ssh_remove_socket(started);
    if (fd < 0) {
        qblk_ssh_end(started, error);
        return -1;
    }

    *ssh = g_steal_pointer(&started);
    return fd;
}

/* ---- inherited descriptors ---- */

static int
open_fd(const QblkAddress *address, GError **error)
{
    int type = 0;
    socklen_t type_size = sizeof(type);
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    const char *reason = NULL;
    if (getsockopt(address->fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0) {
        reason = errno == ENOTSOCK ? "it is not a socket" : g_strerror(errno);
    } else if (type != SOCK_STREAM) {
        reason = "it is not a stream socket";
    } else if (getpeername(address->fd, (struct sockaddr *)&peer, &peer_size) < 0) {
        reason = errno == ENOTCONN ? "it is not connected" : g_strerror(errno);
    }

    if (reason != NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot use '%s': %s",
                    address->text, reason);
        return -1;
    }

    return set_flags(address->fd, error) ? address->fd : -1;
}

int
qblk_transport_open(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter,
                    QblkSsh **ssh, GError **error)
{
    *ssh = NULL;
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    switch (address->kind) {
    case QBLK_ADDRESS_KIND_UNIX:
        return open_unix(address->path, deadline, waiter, error);
    case QBLK_ADDRESS_KIND_TCP:
        return open_tcp(address, deadline, waiter, error);
    case QBLK_ADDRESS_KIND_FD:
        return open_fd(address, error);
    case QBLK_ADDRESS_KIND_SSH:
        return open_ssh(address, timeout_ms, waiter, ssh, error);
    case QBLK_ADDRESS_KIND_IMAGE:
    case QBLK_ADDRESS_KIND_CAPTURE:
    case QBLK_ADDRESS_KIND_DOMAIN:
        break;
    }

    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s' is not a QMP monitor",
                address->text);
    return -1;
}

/* ---- bytes ---- */

gssize
qblk_transport_send(int fd, const char *bytes, gsize length)
{
    gssize sent;

    do {
        sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);

    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }

    return sent;
}

QblkTransportResult
qblk_transport_receive(int fd, char *buffer, gsize size, gsize *length)
{
    gssize received;

    do {
        received = recv(fd, buffer, size, MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);

    if (received > 0) {
        *length = (gsize)received;
        return QBLK_TRANSPORT_BYTES;
    }

    if (received == 0 || errno == ECONNRESET) {
        return QBLK_TRANSPORT_END;
    }

    return errno == EAGAIN || errno == EWOULDBLOCK ? QBLK_TRANSPORT_NOTHING : QBLK_TRANSPORT_FAILED;
}
