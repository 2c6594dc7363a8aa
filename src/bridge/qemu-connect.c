/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/qemu-connect.h"

#include "qmp/transport.h"

#include <errno.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* QEMU listens shortly after its socket has appeared.  The pauses double up to the longest one,
 * which matters only if the directory cannot be watched. */
#define FIRST_PAUSE_MS   5
#define LONGEST_PAUSE_MS 1000

struct QblkQemuConnect {
    guint references; /* of the owner and of the worker */
    QblkAddress *address;
    int timeout_ms;
    int pause_ms;
    gboolean waits;
    gboolean is_done;
    int watch;  /* owned: of inotify, or -1 */
    char *name; /* owned: of the socket in its directory, or NULL */
    int fd;     /* owned; -1 without a connection */
    GError *error;
};

static void
release(gpointer data)
{
    QblkQemuConnect *connect = data;
    if (--connect->references > 0) {
        return;
    }

    if (connect->fd >= 0) {
        close(connect->fd);
    }
    if (connect->watch >= 0) {
        close(connect->watch);
    }
    g_clear_error(&connect->error);
    qblk_address_unref(connect->address);
    g_free(connect->name);
    g_free(connect);
}

/* ---- waiting for a socket ---- */

static void
watch_directory(QblkQemuConnect *connect)
{
    const char *path = qblk_address_get_path(connect->address);
    if (!connect->waits || qblk_address_get_kind(connect->address) != QBLK_ADDRESS_KIND_UNIX) {
        return;
    }

    g_autofree char *directory = g_path_get_dirname(path);
    connect->name = g_path_get_basename(path);
    connect->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (connect->watch >= 0 &&
        inotify_add_watch(connect->watch, directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
        close(connect->watch);
        connect->watch = -1;
    }
}

/* Returns: TRUE if the socket has appeared */
static gboolean
read_watch(const QblkQemuConnect *connect)
{
    union {
        char bytes[4096];
        struct inotify_event align;
    } buffer;
    gboolean has_appeared = FALSE;
    gssize length;

    while ((length = read(connect->watch, buffer.bytes, sizeof(buffer.bytes))) > 0) {
        gsize offset = 0;
        while (offset + sizeof(struct inotify_event) <= (gsize)length) {
            const struct inotify_event *event =
                (const struct inotify_event *)(gconstpointer)(buffer.bytes + offset);
            has_appeared =
                has_appeared || (event->len > 0 && strcmp(event->name, connect->name) == 0);
            offset += sizeof(*event) + event->len;
        }
    }
    return has_appeared;
}

/* Wait for the pause, or until the socket has appeared.  Returns: FALSE if no wait succeeds */
static gboolean
pause_attempts(QblkQemuConnect *connect, const QblkWaiter *waiter)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)connect->pause_ms * 1000;
    connect->pause_ms = MIN(MAX(connect->pause_ms, FIRST_PAUSE_MS) * 2, LONGEST_PAUSE_MS);

    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
        struct pollfd item = {.fd = connect->watch, .events = POLLIN};
        int waited = left <= 0 ? 0 : qblk_waiter_poll(waiter, &item, (int)left);
        if (waited == 0 || (waited < 0 && waited != -EINTR)) {
            return waited == 0;
        }

        if (waited > 0 && read_watch(connect)) {
            connect->pause_ms = FIRST_PAUSE_MS;
            return TRUE;
        }
    }
}

/* ---- the worker ---- */

/* Returns: TRUE if another attempt may succeed */
static gboolean
can_repeat(const QblkQemuConnect *connect)
{
    return connect->waits && connect->references > 1 &&
           (g_error_matches(connect->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT) ||
            g_error_matches(connect->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY));
}

static void
connect_in_worker(QblkWorker *worker, gpointer user_data)
{
    QblkQemuConnect *connect = user_data;
    const QblkWaiter *waiter = qblk_worker_waiter(worker);
    gboolean can_wait = connect->pause_ms == 0 || pause_attempts(connect, waiter);

    while (can_wait && connect->references > 1) {
        QblkSsh *ssh;
        g_clear_error(&connect->error);
        connect->fd = qblk_transport_open(connect->address, connect->timeout_ms, waiter, &ssh,
                                          &connect->error);
        can_wait = connect->fd < 0 && can_repeat(connect) && pause_attempts(connect, waiter);
    }
    connect->is_done = TRUE;
}

/* ---- for the owner ---- */

QblkQemuConnect *
qblk_qemu_connect_new(QblkWorkers *workers, const QblkAddress *address, int timeout_ms,
                      int pause_ms, gboolean waits)
{
    QblkQemuConnect *connect = g_new0(QblkQemuConnect, 1);
    connect->references = 2;
    connect->address = qblk_address_ref(address);
    connect->timeout_ms = timeout_ms;
    connect->pause_ms = pause_ms;
    connect->waits = waits;
    connect->fd = -1;
    connect->watch = -1;

    watch_directory(connect);
    qblk_workers_start(workers, connect_in_worker, connect, release);
    return connect;
}

void
qblk_qemu_connect_unref(QblkQemuConnect *connect)
{
    release(connect);
}

gboolean
qblk_qemu_connect_is_done(const QblkQemuConnect *connect)
{
    return connect->is_done;
}

int
qblk_qemu_connect_take(QblkQemuConnect *connect, GError **error)
{
    int fd = connect->fd;
    connect->fd = -1;
    if (fd < 0) {
        if (connect->error == NULL) {
            g_set_error(&connect->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                        "not connected to '%s'", qblk_address_get_text(connect->address));
        }
        g_propagate_error(error, g_steal_pointer(&connect->error));
    }
    return fd;
}

const char *
qblk_qemu_connect_get_reason(const QblkQemuConnect *connect)
{
    return connect->error == NULL ? NULL : connect->error->message;
}
