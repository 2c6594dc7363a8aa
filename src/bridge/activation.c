/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/activation.h"

#include "base/const-cast.h"

#include <qblk/error.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The first descriptor that is passed, in sd_listen_fds(3). */
#define FIRST_FD 3

#define MAX_SOCKETS 64

/* ---- sockets ---- */

static gboolean
set_invalid(const char *variable, const char *value, GError **error)
{
    g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                "invalid environment variable %s: '%s'", variable, value);
    return FALSE;
}

/* A variable that is not set is 0. */
static gboolean
read_number(const char *const *environment, const char *variable, guint64 maximum, guint64 *number,
            GError **error)
{
    const char *value = g_environ_getenv(qblk_const_cast(environment), variable);

    *number = 0;
    return value == NULL || g_ascii_string_to_unsigned(value, 10, 0, maximum, number, NULL) ||
           set_invalid(variable, value, error);
}

/* Without FileDescriptorName= it is the name of the unit.  Such a socket is refused, because it may
 * have been meant to be read-only. */
static gboolean
read_name(const char *name, gboolean *is_read_only, GError **error)
{
    *is_read_only = g_str_equal(name, "read-only");
    if (*is_read_only || g_str_equal(name, "qmp")) {
        return TRUE;
    }

    g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                "cannot use the socket '%s' of the service manager: set FileDescriptorName=qmp or "
                "FileDescriptorName=read-only in its unit",
                name);
    return FALSE;
}

static gboolean
read_sockets(GArray *sockets, const char *const *environment, guint64 count, GError **error)
{
    const char *names = g_environ_getenv(qblk_const_cast(environment), "LISTEN_FDNAMES");
    g_auto(GStrv) each = g_strsplit(names == NULL ? "" : names, ":", -1);
    if (names != NULL && g_strv_length(each) != count) {
        return set_invalid("LISTEN_FDNAMES", names, error);
    }

    for (guint64 i = 0; i < count; i++) {
        QblkActivatedSocket entry = {.fd = FIRST_FD + (int)i};
        if (names != NULL && !read_name(each[i], &entry.is_read_only, error)) {
            return FALSE;
        }
        g_array_append_val(sockets, entry);
    }
    return TRUE;
}

GArray *
qblk_activation_read(const char *const *environment, gint64 pid, GError **error)
{
    guint64 for_pid = 0;
    guint64 count = 0;
    g_autoptr(GArray) sockets = g_array_new(FALSE, FALSE, sizeof(QblkActivatedSocket));
    if (!read_number(environment, "LISTEN_PID", G_MAXINT64, &for_pid, error) ||
        !read_number(environment, "LISTEN_FDS", MAX_SOCKETS, &count, error)) {
        return NULL;
    }

    /* The variables of a service are inherited by the processes that it starts. */
    if (for_pid != (guint64)pid) {
        return g_steal_pointer(&sockets);
    }
    return read_sockets(sockets, environment, count, error) ? g_steal_pointer(&sockets) : NULL;
}

/* ---- the state ---- */

gboolean
qblk_activation_notify(const char *socket_path, const char *message)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gsize length = socket_path == NULL ? 0 : strlen(socket_path);
    if (length < 2 || length >= sizeof(address.sun_path) || strchr("/@", socket_path[0]) == NULL) {
        return FALSE;
    }

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return FALSE;
    }

    /* An abstract name begins with a zero byte, and ends with the address. */
    memcpy(address.sun_path, socket_path, length);
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    gssize sent =
        sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&address,
               (socklen_t)(G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + length));
    close(fd);
    return sent >= 0;
}
