/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/daemon.h"

#include "base/memory-file.h"
#include "image/image-arguments.h"

#include <errno.h>
#include <poll.h>
#include <qblk/error.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_BYTES    4096  /* of the output that are used for a message */
#define CLOSE_MS     10000 /* that a daemon may take to close its images when it is cleared */
#define WAIT_TURN_MS 2     /* between two looks at it */

/* ---- starting ---- */

typedef struct {
    pid_t parent;
    gboolean is_writable;
} ChildSetup;

/* Called in the child, between fork and exec: only async-signal-safe functions may be used. */
static void
set_up_child(gpointer user_data)
{
    const ChildSetup *setup = user_data;

    if (setup->is_writable) {
        (void)setsid();
    }
    (void)prctl(PR_SET_PDEATHSIG, setup->is_writable ? SIGTERM : SIGKILL);
    if (getppid() != setup->parent) {
        _exit(127); /* the parent died before that */
    }
}

static void
set_spawn_error(const GError *cause, GError **error)
{
    if (g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                            "cannot find "
                            "'" QBLK_IMAGE_PROGRAM "', which opens images: on Debian install "
                            "the package qemu-system-common");
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot start '%s': %s",
                    QBLK_IMAGE_PROGRAM, cause->message);
    }
}

gboolean
qblk_daemon_start(QblkDaemon *daemon, char **arguments, gboolean is_writable, GError **error)
{
    ChildSetup setup = {.parent = getpid(), .is_writable = is_writable};
    int pair[2];
    g_autoptr(GError) cause = NULL;

    *daemon = (QblkDaemon){.socket = -1, .log_fd = -1, .is_writable = is_writable};
    daemon->log_fd = qblk_memory_file_new("qblk-image", NULL, 0);
    if (daemon->log_fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create a file in memory: %s", g_strerror(errno));
        return FALSE;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create a pair of sockets: %s", g_strerror(errno));
        return FALSE;
    }
    daemon->socket = pair[0];

    gboolean is_started = g_spawn_async_with_fds(
        NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, set_up_child,
        &setup, &daemon->pid, pair[1], daemon->log_fd, daemon->log_fd, &cause);
    close(pair[1]);

    if (!is_started) {
        set_spawn_error(cause, error);
    }
    return is_started;
}

/* ---- ending ---- */

gboolean
qblk_daemon_wait(QblkDaemon *daemon, int timeout_ms, int *status)
{
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    int flags = timeout_ms < 0 ? 0 : WNOHANG;

    for (;;) {
        pid_t ended = waitpid(daemon->pid, status, flags);
        if (ended == daemon->pid || (ended < 0 && errno != EINTR)) {
            daemon->pid = 0;
            return TRUE;
        }
        if (ended == 0 && g_get_monotonic_time() >= end) {
            return FALSE;
        }
        if (ended == 0) {
            (void)poll(NULL, 0, WAIT_TURN_MS);
        }
    }
}

void
qblk_daemon_clear(QblkDaemon *daemon)
{
    int status = 0;
    gboolean runs = daemon->pid > 0;

    if (runs && daemon->is_writable) {
        (void)kill(daemon->pid, SIGTERM);
        runs = !qblk_daemon_wait(daemon, CLOSE_MS, &status);
    }
    if (runs) {
        (void)kill(daemon->pid, SIGKILL);
        (void)!qblk_daemon_wait(daemon, -1, &status);
    }
    if (daemon->socket >= 0) {
        close(daemon->socket);
    }
    if (daemon->log_fd >= 0) {
        close(daemon->log_fd);
    }
    *daemon = (QblkDaemon){.socket = -1, .log_fd = -1};
}

/* ---- its output ---- */

gint64
qblk_daemon_get_log_size(const QblkDaemon *daemon)
{
    return lseek(daemon->log_fd, 0, SEEK_END);
}

char *
qblk_daemon_read_log(const QblkDaemon *daemon, gint64 begin)
{
    char text[LOG_BYTES];
    gint64 end = qblk_daemon_get_log_size(daemon);
    gint64 start = MAX(end - (gint64)sizeof text, begin);
    gssize count = pread(daemon->log_fd, text, sizeof text, start);

    return g_strndup(text, (gsize)MAX(count, 0));
}
