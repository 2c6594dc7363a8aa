/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "base/memory-file.h"
#include "image/image-arguments.h"

#include <errno.h>
#include <poll.h>
#include <qblk/image.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes of the daemon's output that are used for a message. */
#define LOG_BYTES 4096

struct QblkImage {
    gatomicrefcount references;
    GPid daemon; /* 0 if it was not started, or has been waited for */
    int socket;  /* our end; -1 once it was taken */
    int log_fd;  /* receives what the daemon writes to its stdout and stderr */
};

/* ---- output of the daemon ---- */

/* Read the last @size - 1 bytes that it wrote. */
static void
read_log(const QblkImage *image, char *text, gsize size)
{
    off_t end = lseek(image->log_fd, 0, SEEK_END);
    off_t start = MAX(end - (off_t)(size - 1), 0);
    gssize count = pread(image->log_fd, text, size - 1, start);

    text[MAX(count, 0)] = '\0';
}

/* Of "qemu-storage-daemon: --blockdev {...}: REASON" the REASON.  The argument contains a file
 * name, so its end is found by comparing it with the arguments that were given. */
static const char *
skip_argument(const char *log, char **arguments)
{
    static const char option[] = "--blockdev ";
    const char *argument = strstr(log, option);

    if (argument == NULL) {
        return log;
    }

    for (guint i = 0; arguments[i] != NULL; i++) {
        const char *rest = argument + strlen(option);
        gsize length = strlen(arguments[i]);

        if (strncmp(rest, arguments[i], length) == 0 && g_str_has_prefix(rest + length, ": ")) {
            return rest + length + 2;
        }
    }
    return log;
}

/* The output as one line, to be part of a message. */
static char *
describe_log(const QblkImage *image, char **arguments)
{
    char log[LOG_BYTES];
    read_log(image, log, sizeof log);

    g_autofree char *text = g_utf8_make_valid(skip_argument(log, arguments), -1);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    return g_strjoinv("; ", lines);
}

/* ---- starting and ending the daemon ---- */

/* Called in the child, between fork and exec: only async-signal-safe functions may be used. */
static void
end_with_parent(gpointer user_data)
{
    const pid_t *parent = user_data;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != *parent) {
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

/* Start the daemon with one end of a socket pair as its standard input.  So no descriptor has to be
 * passed to it under a number of its own. */
static gboolean
start_daemon(QblkImage *image, char **arguments, GError **error)
{
    int pair[2];
    pid_t self = getpid();
    g_autoptr(GError) cause = NULL;

    image->log_fd = qblk_memory_file_new("qblk-image", NULL, 0);
    if (image->log_fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create a file in memory: %s", g_strerror(errno));
        return FALSE;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create a pair of sockets: %s", g_strerror(errno));
        return FALSE;
    }
    image->socket = pair[0];

    gboolean is_started = g_spawn_async_with_fds(
        NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, end_with_parent,
        &self, &image->daemon, pair[1], image->log_fd, image->log_fd, &cause);
    close(pair[1]);

    if (!is_started) {
        set_spawn_error(cause, error);
    }
    return is_started;
}

/* Returns: its status as waitpid() sets it */
static int
wait_for_exit(QblkImage *image)
{
    int status = 0;

    while (waitpid(image->daemon, &status, 0) < 0 && errno == EINTR) {
    }
    image->daemon = 0;
    return status;
}

QblkImage *
qblk_image_ref(QblkImage *image)
{
    g_atomic_ref_count_inc(&image->references);
    return image;
}

void
qblk_image_unref(QblkImage *image)
{
    if (image == NULL || !g_atomic_ref_count_dec(&image->references)) {
        return;
    }

    if (image->daemon > 0) {
        (void)kill(image->daemon, SIGKILL);
        (void)wait_for_exit(image);
    }
    if (image->socket >= 0) {
        close(image->socket);
    }
    if (image->log_fd >= 0) {
        close(image->log_fd);
    }
    g_free(image);
}

/* ---- waiting until the daemon has opened everything ---- */

/* Wait for the end of the daemon, which has closed its socket, and make an error of its output. */
static void
set_open_error(QblkImage *image, const char *path, char **arguments, GError **error)
{
    int status = wait_for_exit(image);
    g_autofree char *why = describe_log(image, arguments);

    if (why[0] != '\0') {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot open image '%s': %s",
                    path, why);
    } else if (WIFSIGNALED(status)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot open image '%s': '%s' was killed by signal %d", path,
                    QBLK_IMAGE_PROGRAM, WTERMSIG(status));
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot open image '%s': '%s' failed without a message", path,
                    QBLK_IMAGE_PROGRAM);
    }
}

/* Wait until @descriptor has data or was closed by the peer; FALSE after @deadline (monotonic, in
 * microseconds). */
static gboolean
wait_readable(int descriptor, gint64 deadline)
{
    struct pollfd item = {.fd = descriptor, .events = POLLIN};

    for (;;) {
        gint64 left_ms = (deadline - g_get_monotonic_time() + 999) / 1000;
        int ready = poll(&item, 1, (int)CLAMP(left_ms, 0, G_MAXINT));

        if (ready > 0) {
            return TRUE;
        }
        if (ready == 0 && left_ms <= 0) {
            return FALSE;
        }
        if (ready < 0 && errno != EINTR) {
            return FALSE;
        }
    }
}

/* The greeting stays in the socket, for the client to read. */
static gboolean
wait_for_greeting(QblkImage *image, const char *path, char **arguments, int timeout_ms,
                  GError **error)
{
    char byte;
    gssize count;

    if (!wait_readable(image->socket, g_get_monotonic_time() + (gint64)timeout_ms * 1000)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                    "image '%s' was not open after %g seconds: use a longer --timeout", path,
                    timeout_ms / 1000.0);
        return FALSE;
    }

    do {
        count = recv(image->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        set_open_error(image, path, arguments, error);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_no_key_needed(const GPtrArray *layers, GError **error)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        if (layer->encryption != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                        "image '%s' is encrypted: only a QEMU that has the passphrase can open it",
                        layer->path);
            return FALSE;
        }
    }
    return TRUE;
}

QblkImage *
qblk_image_open(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(GPtrArray) layers = qblk_image_chain(path, format, error);
    if (layers == NULL) {
        return NULL;
    }

    if (!check_no_key_needed(layers, error)) {
        return NULL;
    }
    g_auto(GStrv) arguments = qblk_image_arguments(layers);
    g_autoptr(QblkImage) image = g_new0(QblkImage, 1);
    g_atomic_ref_count_init(&image->references);
    image->socket = -1;
    image->log_fd = -1;
    if (!start_daemon(image, arguments, error)) {
        return NULL;
    }

    int timeout = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
    if (!wait_for_greeting(image, path, arguments, timeout, error)) {
        return NULL;
    }
    return g_steal_pointer(&image);
}

int
qblk_image_take_fd(QblkImage *image)
{
    int fd = image->socket;
    image->socket = -1;
    return fd;
}
