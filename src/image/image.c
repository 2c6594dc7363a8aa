/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "image/image-arguments.h"

#include <errno.h>
#include <poll.h>
#include <qblk/image.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of what the daemon says when it fails. */
#define MOST_WORDS 4096

struct QblkImage {
    GPid daemon; /* 0 when it was not started, or has been waited for */
    int socket;  /* ours; -1 when it was taken */
    int words;   /* what the daemon writes to its stdout and stderr */
};

/* ---- what the daemon says ---- */

/* The last @size - 1 bytes it wrote. */
static void
read_words(const QblkImage *image, char *text, gsize size)
{
    off_t end = lseek(image->words, 0, SEEK_END);
    off_t start = MAX(end - (off_t)(size - 1), 0);
    gssize count = pread(image->words, text, size - 1, start);
    text[MAX(count, 0)] = '\0';
}

/* "qemu-storage-daemon: --blockdev {...}: WHY": from WHY on.  The argument is as long as the name
 * in it, so it is looked for as it was given. */
static const char *
skip_argument(const char *words, char **arguments)
{
    static const char option[] = "--blockdev ";
    const char *argument = strstr(words, option);
    for (guint i = 0; argument != NULL && arguments[i] != NULL; i++) {
        const char *rest = argument + strlen(option);
        gsize length = strlen(arguments[i]);
        if (strncmp(rest, arguments[i], length) == 0 && g_str_has_prefix(rest + length, ": ")) {
            return rest + length + 2;
        }
    }
    return words;
}

/* One sentence, for it is printed on one line. */
static char *
describe_words(const QblkImage *image, char **arguments)
{
    char words[MOST_WORDS];
    read_words(image, words, sizeof words);
    g_autofree char *text = g_utf8_make_valid(skip_argument(words, arguments), -1);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    return g_strjoinv("; ", lines);
}

/* ---- starting and ending it ---- */

/* In the child, between fork and exec: only what is safe there. */
static void
end_with_parent(gpointer user_data)
{
    const pid_t *parent = user_data;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != *parent) {
        _exit(127); /* it died before that */
    }
}

static gboolean
fail_start(const GError *cause, GError **error)
{
    if (g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                            "there is no '" QBLK_IMAGE_PROGRAM "', which opens images: on Debian "
                            "it is in the package qemu-system-common");
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot start '%s': %s",
                    QBLK_IMAGE_PROGRAM, cause->message);
    }
    return FALSE;
}

static gboolean
fail_system(const char *what, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot make %s: %s", what,
                g_strerror(errno));
    return FALSE;
}

/* Start it with one end of a socket pair as its standard input: no descriptor has to be passed on
 * under a number of its own. */
static gboolean
start(QblkImage *image, char **arguments, GError **error)
{
    int pair[2];
    pid_t self = getpid();
    g_autoptr(GError) cause = NULL;
    image->words = memfd_create("qblk-image", MFD_CLOEXEC);
    if (image->words < 0) {
        return fail_system("a file in memory", error);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return fail_system("a pair of sockets", error);
    }
    image->socket = pair[0];
    gboolean started = g_spawn_async_with_fds(
        NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, end_with_parent,
        &self, &image->daemon, pair[1], image->words, image->words, &cause);
    close(pair[1]);
    return started || fail_start(cause, error);
}

/* Its status as waitpid() gives it. */
static int
wait_for_end(QblkImage *image)
{
    int status = 0;
    while (waitpid(image->daemon, &status, 0) < 0 && errno == EINTR) {
    }
    image->daemon = 0;
    return status;
}

void
qblk_image_free(QblkImage *image)
{
    if (image == NULL) {
        return;
    }
    if (image->daemon > 0) {
        (void)kill(image->daemon, SIGKILL);
        (void)wait_for_end(image);
    }
    if (image->socket >= 0) {
        close(image->socket);
    }
    if (image->words >= 0) {
        close(image->words);
    }
    g_free(image);
}

/* ---- waiting until it has opened everything ---- */

static gboolean
fail_open(QblkImage *image, const char *path, char **arguments, GError **error)
{
    int status = wait_for_end(image);
    g_autofree char *why = describe_words(image, arguments);
    if (WIFSIGNALED(status)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot open image '%s': '%s' died of signal %d%s%s", path, QBLK_IMAGE_PROGRAM,
                    WTERMSIG(status), why[0] == '\0' ? "" : ": ", why);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot open image '%s': %s",
                    path, why[0] == '\0' ? "'" QBLK_IMAGE_PROGRAM "' does not say why" : why);
    }
    return FALSE;
}

/* Whether there is something to read before @deadline, be it the end. */
static gboolean
wait_readable(int descriptor, gint64 deadline)
{
    struct pollfd item = {.fd = descriptor, .events = POLLIN};
    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
        int ready = poll(&item, 1, (int)CLAMP(left, 0, G_MAXINT));
        if (ready > 0 || (ready == 0 && left <= 0)) {
            return ready > 0;
        }
        if (ready < 0 && errno != EINTR) {
            return FALSE;
        }
    }
}

/* The greeting is left for the client to read. */
static gboolean
wait_for_greeting(QblkImage *image, const char *path, char **arguments, int timeout_ms,
                  GError **error)
{
    char byte;
    if (!wait_readable(image->socket, g_get_monotonic_time() + (gint64)timeout_ms * 1000)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                    "image '%s' was not open after %g seconds: give it more with --timeout", path,
                    timeout_ms / 1000.0);
        return FALSE;
    }
    gssize count;
    do {
        count = recv(image->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    return count > 0 || fail_open(image, path, arguments, error);
}

QblkImage *
qblk_image_open(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(GPtrArray) layers = qblk_image_chain(path, format, error);
    if (layers == NULL) {
        return NULL;
    }
    g_auto(GStrv) arguments = qblk_image_arguments(layers);
    g_autoptr(QblkImage) image = g_new0(QblkImage, 1);
    image->socket = -1;
    image->words = -1;
    int timeout = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
    if (!start(image, arguments, error) ||
        !wait_for_greeting(image, path, arguments, timeout, error)) {
        return NULL;
    }
    return g_steal_pointer(&image);
}

char *
qblk_image_take_address(QblkImage *image)
{
    if (image->socket < 0) {
        return NULL;
    }
    char *address = g_strdup_printf("fd:%d", image->socket);
    image->socket = -1;
    return address;
}
