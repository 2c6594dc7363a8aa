/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/input.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <unistd.h>

/* Always NULL. */
static char *
set_read_error(const char *file, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read '%s': %s", file,
                qblk_text_is_url(file) ? "it is a URL: use the path of a file" : reason);
    return NULL;
}

static char *
read_all(int descriptor, const char *file, gsize limit, gsize *length, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 buffer[65536];

    for (;;) {
        ssize_t count = read(descriptor, buffer, sizeof buffer);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return set_read_error(file, g_strerror(errno), error);
        }
        if (count == 0) {
            break;
        }

        if (bytes->len + (gsize)count > limit) {
            g_autofree char *reason = g_strdup_printf(
                "it is larger than the limit of %" G_GSIZE_FORMAT " MiB", limit / (1024 * 1024));
            return set_read_error(file, reason, error);
        }
        g_byte_array_append(bytes, buffer, (guint)count);
    }

    *length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

char *
qblk_input_read(const char *file, gsize limit, gsize *length, GError **error)
{
    if (file[0] == '\0') {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "the name of the file is empty");
        return NULL;
    }

    if (g_str_equal(file, "-")) {
        return read_all(STDIN_FILENO, "standard input", limit, length, error);
    }

    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return set_read_error(file, g_strerror(errno), error);
    }

    char *text = read_all(descriptor, file, limit, length, error);
    close(descriptor);
    return text;
}
