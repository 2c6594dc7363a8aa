/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image.h"

#include "image/image-error.h"

#include <errno.h>
#include <poll.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the check of a key may take: QEMU makes it so slow that it takes 2 seconds on an idle
 * machine like the one that has created the image. */
#define KEY_MS 10000

/* ---- the object ---- */

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

    qblk_daemon_clear(&image->daemon);
    g_clear_pointer(&image->layers, g_ptr_array_unref);
    g_free(image->path);
    g_free(image);
}

/* ---- waiting until the daemon has opened everything ---- */

/* Wait for the end of the daemon, which has closed its socket, and make an error of its output. */
static void
set_open_error(QblkImage *image, const char *path, char **arguments, GError **error)
{
    int status = 0;
    (void)!qblk_daemon_wait(&image->daemon, -1, &status);

    g_autofree char *log = qblk_daemon_read_log(&image->daemon, 0);
    const QblkImageFailure failure = {
        .path = path,
        .layers = image->layers,
        .arguments = arguments,
        .log = log,
        .status = status,
    };
    qblk_image_error_set(&failure, error);
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

static gint64
count_encrypted(const GPtrArray *layers)
{
    gint64 count = 0;

    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        count += layer->encryption != NULL;
    }
    return count;
}

/* The greeting stays in the socket, for the client to read. */
static gboolean
wait_for_greeting(QblkImage *image, const char *path, char **arguments, GError **error)
{
    gint64 limit_ms = image->timeout_ms + KEY_MS * count_encrypted(image->layers);
    gint64 deadline = g_get_monotonic_time() + limit_ms * 1000;
    char byte;
    gssize count;

    if (!wait_readable(image->daemon.socket, deadline)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                    "image '%s' was not open after %g seconds: use 'qblk -t SECONDS COMMAND' "
                    "with a longer time",
                    path, (double)limit_ms / 1000.0);
        return FALSE;
    }

    do {
        count = recv(image->daemon.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        set_open_error(image, path, arguments, error);
        return FALSE;
    }
    return TRUE;
}

QblkImage *
qblk_image_open_for(const char *path, const QblkImageOptions *options, QblkImageUse use,
                    GError **error)
{
    g_autoptr(GPtrArray) layers = qblk_image_chain_for(path, options, error);
    if (layers == NULL || !qblk_image_chain_set_secrets(layers, options, error)) {
        return NULL;
    }

    /* QEMU's locks do not show a process that takes none. */
    const QblkImageLayer *top = layers->pdata[0];
    if (use == QBLK_IMAGE_FOR_CHANGES && !qblk_image_error_check_free(top->path, 0, error)) {
        return NULL;
    }

    g_auto(GStrv) arguments = qblk_image_arguments(layers, options->secrets, use);
    g_autoptr(QblkImage) image = g_new0(QblkImage, 1);
    g_atomic_ref_count_init(&image->references);
    image->layers = g_ptr_array_ref(layers);
    image->path = g_canonicalize_filename(path, NULL);
    image->timeout_ms = options->timeout_ms;
    if (!qblk_daemon_start(&image->daemon, arguments, use == QBLK_IMAGE_FOR_CHANGES, error)) {
        return NULL;
    }

    if (!wait_for_greeting(image, path, arguments, error)) {
        return NULL;
    }
    return g_steal_pointer(&image);
}

QblkImage *
qblk_image_open_with(const char *path, QblkImageOptions *options, GError **error)
{
    g_autoptr(QblkImageOptions) defaults = options == NULL ? qblk_image_options_new() : NULL;
    const QblkImageOptions *how = options == NULL ? defaults : options;

    return qblk_image_open_for(
        path, how, how->is_writable ? QBLK_IMAGE_FOR_CHANGES : QBLK_IMAGE_FOR_READING, error);
}

QblkImage *
qblk_image_open(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();

    qblk_image_options_set_format(options, format);
    qblk_image_options_set_timeout(options, timeout_ms);
    return qblk_image_open_with(path, options, error);
}

int
qblk_image_take_fd(QblkImage *image)
{
    int fd = image->daemon.socket;
    image->daemon.socket = -1;
    return fd;
}
