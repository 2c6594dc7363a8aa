/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/listener.h"

#include "qmp/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <qblk/error.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Clients that wait until the bridge accepts them. */
#define BACKLOG 128

/* How long another bridge may hold the lock of the directory: it only makes a socket. */
#define LOCK_TRIES    500
#define LOCK_PAUSE_US 10000

struct QblkListener {
    int fd;
    char *path; /* owned, absolute */
    int file;   /* of the file at @path, which was made here; -1: it is not removed.  While it
                 * is open, no other file has its inode number */
};

/* ---- the directory ---- */

/* Returns: a descriptor that holds the lock until it is closed; -1 with errno */
static int
lock_directory(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }

    for (guint i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return fd;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            break;
        }
        g_usleep(LOCK_PAUSE_US);
    }

    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

/* ---- the file ---- */

static gboolean
fail(const char *path, int cause, GError **error)
{
    g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, "cannot listen at '%s': %s",
                path, g_strerror(cause));
    return FALSE;
}

/* A connection of another type is refused in another way if there is a listener, which does not
 * notice: to a monitor with one client it would be the next one.
 * Returns: 0 if a process has bound the socket at @name, else errno */
static int
probe(const QblkUnixName *name)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }

    int cause = connect(fd, (const struct sockaddr *)&name->address, sizeof(name->address)) == 0
                    ? 0
                    : errno;
    close(fd);
    return cause == EPROTOTYPE ? 0 : cause;
}

/* Remove the socket at @path if nothing listens to it. */
static gboolean
remove_stale(const char *path, const QblkUnixName *name, GError **error)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        return errno == ENOENT || fail(path, errno, error);
    }
    if (!S_ISSOCK(info.st_mode)) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_IN_USE,
                    "cannot listen at '%s': there is a file that is not a socket: remove it, or "
                    "choose another path",
                    path);
        return FALSE;
    }

    int cause = probe(name);
    if (cause == 0) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_IN_USE,
                    "cannot listen at '%s': another process already listens there", path);
        return FALSE;
    }
    if (cause != ECONNREFUSED || unlink(path) < 0) {
        return fail(path, cause == ECONNREFUSED ? errno : cause, error);
    }
    return TRUE;
}

/* Open the file of the socket, so that another one cannot take its place from here on.  The owner
 * of the directory may have been faster; no other file has all that bind_socket() has given it. */
static gboolean
open_file(QblkListener *listener, GError **error)
{
    listener->file = open(listener->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    if (listener->file < 0 || fstat(listener->file, &info) < 0) {
        return fail(listener->path, errno, error);
    }
    if (!S_ISSOCK(info.st_mode) || (info.st_mode & 07777) != 0 || info.st_uid != geteuid()) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET,
                    "cannot listen at '%s': another file has taken the place of the socket: choose "
                    "a directory of your own",
                    listener->path);
        close(listener->file);
        listener->file = -1; /* it is not ours to remove */
        return FALSE;
    }
    return TRUE;
}

/* Set what the kernel does not set when the socket is bound. */
static gboolean
set_access(const QblkListener *listener, const QblkListenerAccess *access, GError **error)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", listener->file);
    if (access->group != (gid_t)-1 &&
        fchownat(listener->file, "", (uid_t)-1, access->group, AT_EMPTY_PATH) < 0) {
        return fail(listener->path, errno, error);
    }
    return chmod(link, access->mode) == 0 || fail(listener->path, errno, error);
}

/* The mode of the new file is at most that of the descriptor. */
static gboolean
bind_socket(QblkListener *listener, const QblkUnixName *name, GError **error)
{
    gboolean done =
        fchmod(listener->fd, 0) == 0 &&
        bind(listener->fd, (const struct sockaddr *)&name->address, sizeof(name->address)) == 0;
    return done || fail(listener->path, errno, error);
}

static gboolean
make_socket(QblkListener *listener, const QblkListenerAccess *access, GError **error)
{
    g_auto(QblkUnixName) name = QBLK_UNIX_NAME_INIT;
    int cause = qblk_unix_name_set(&name, listener->path);
    if (cause != 0) {
        return fail(listener->path, cause, error);
    }

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0) {
        return fail(listener->path, errno, error);
    }

    if (!remove_stale(listener->path, &name, error) || !bind_socket(listener, &name, error) ||
        !open_file(listener, error) || !set_access(listener, access, error)) {
        return FALSE;
    }
    return listen(listener->fd, BACKLOG) == 0 || fail(listener->path, errno, error);
}

/* ---- the listener ---- */

QblkListener *
qblk_listener_new(const char *path, const QblkListenerAccess *access, GError **error)
{
    if (path[0] == '\0') { /* it would be the working directory */
        (void)fail(path, ENOENT, error);
        return NULL;
    }
    int lock = lock_directory(path);
    if (lock < 0) {
        (void)fail(path, errno, error);
        return NULL;
    }

    QblkListener *listener = g_new0(QblkListener, 1);
    listener->fd = -1;
    listener->file = -1;
    listener->path = g_canonicalize_filename(path, NULL);
    gboolean done = make_socket(listener, access, error);
    close(lock);

    if (!done) {
        g_clear_pointer(&listener, qblk_listener_free);
    }
    return listener;
}

QblkListener *
qblk_listener_new_fd(int fd, GError **error)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof(address) - 1;
    int type = 0;
    int listens = 0;
    socklen_t int_size = sizeof(int);
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_size) < 0 ||
        address.sun_family != AF_UNIX || type != SOCK_STREAM || !listens) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET,
                    "cannot use descriptor %d: it is not a unix stream socket that listens", fd);
        return NULL;
    }

    int status = fcntl(fd, F_GETFL);
    if (status < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET,
                    "cannot use descriptor %d: %s", fd, g_strerror(errno));
        return NULL;
    }

    QblkListener *listener = g_new0(QblkListener, 1);
    listener->fd = fd;
    listener->file = -1;
    listener->path = address.sun_path[0] == '\0' ? g_strdup_printf("descriptor %d", fd)
                                                 : g_strdup(address.sun_path);
    return listener;
}

/* Without the lock another bridge could have replaced the file after it was compared. */
static void
remove_socket(const QblkListener *listener)
{
    int lock = lock_directory(listener->path);
    if (lock < 0) {
        return;
    }

    struct stat ours;
    struct stat found;
    if (fstat(listener->file, &ours) == 0 && lstat(listener->path, &found) == 0 &&
        found.st_dev == ours.st_dev && found.st_ino == ours.st_ino) {
        (void)unlink(listener->path);
    }
    close(lock);
}

void
qblk_listener_free(QblkListener *listener)
{
    if (listener == NULL) {
        return;
    }

    /* It is removed first: a client must not find a socket that refuses it. */
    if (listener->file >= 0) {
        remove_socket(listener);
        close(listener->file);
    }
    if (listener->fd >= 0) {
        close(listener->fd);
    }
    g_free(listener->path);
    g_free(listener);
}

int
qblk_listener_get_fd(const QblkListener *listener)
{
    return listener->fd;
}

const char *
qblk_listener_get_path(const QblkListener *listener)
{
    return listener->path;
}

gboolean
qblk_listener_find_group(const char *name, gid_t *group, GError **error)
{
    const struct group *entry = getgrnam(name);
    guint64 number = 0;
    if (entry != NULL) {
        *group = entry->gr_gid;
        return TRUE;
    }

    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
        *group = (gid_t)number;
        return TRUE;
    }

    g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT, "group '%s' does not exist",
                name);
    return FALSE;
}
