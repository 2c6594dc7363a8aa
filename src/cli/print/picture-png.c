/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-png.h"

#include "cli/print/picture-svg.h"

#include <errno.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pixels of the PNG: it takes four bytes of memory for each, and cairo has 32767 in a row. */
#define MAX_PIXELS 64000000
#define MAX_SIDE   32000

typedef struct {
    int input, output; /* files in memory, which do not fill up as pipes do; -1: not open */
} Files;

static void
close_files(Files *files)
{
    if (files->input >= 0) {
        close(files->input);
    }
    if (files->output >= 0) {
        close(files->output);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Files, close_files)

static gboolean
open_files(Files *files, const GString *text)
{
    gsize written = 0;

    files->input = memfd_create("qblk-picture-svg", MFD_CLOEXEC);
    files->output = memfd_create("qblk-picture-png", MFD_CLOEXEC);
    if (files->input < 0 || files->output < 0) {
        return FALSE;
    }

    while (written < text->len) {
        /* At an offset, which leaves the position at the start. */
        gssize count =
            pwrite(files->input, text->str + written, text->len - written, (off_t)written);
        if (count < 0 && errno != EINTR) {
            return FALSE;
        }
        written += (gsize)MAX(count, 0);
    }
    return TRUE;
}

static gboolean
read_output(const Files *files, GString *out)
{
    char buffer[65536];
    gssize count = 1;

    for (off_t offset = 0; count != 0; offset += MAX(count, 0)) {
        count = pread(files->output, buffer, sizeof(buffer), offset);
        if (count < 0 && errno != EINTR) {
            return FALSE;
        }
        g_string_append_len(out, buffer, MAX(count, 0));
    }
    return TRUE;
}

/* In the child process. */
static void
use_files(gpointer user_data)
{
    const Files *files = user_data;

    dup2(files->input, STDIN_FILENO);
    dup2(files->output, STDOUT_FILENO);
}

static void
set_spawn_error(const GError *cause, GError **error)
{
    if (g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                            "cannot draw the picture as PNG: 'rsvg-convert' is not installed: on "
                            "Debian install the package librsvg2-bin, or use --format svg");
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the picture as PNG: %s: use --format svg", cause->message);
    }
}

/* @zoom: in thousandths */
static gboolean
run_converter(Files *files, int zoom, GError **error)
{
    g_autofree char *option = g_strdup_printf("--zoom=%d.%03d", zoom / 1000, zoom % 1000);
    char program[] = "rsvg-convert", format[] = "--format=png";
    char *argv[] = {program, format, option, NULL};
    g_autoptr(GError) cause = NULL;
    g_autofree char *messages = NULL;
    int status;

    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN,
                      use_files, files, NULL, &messages, &status, &cause)) {
        set_spawn_error(cause, error);
        return FALSE;
    }
    if (status != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the picture as PNG: 'rsvg-convert' failed: %s: use --format svg",
                    g_strstrip(messages));
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_picture_png(const QblkPicture *picture, QblkPictureTheme theme, GString *out, GError **error)
{
    /* A PNG cannot adapt to its reader. */
    QblkPictureTheme shown = theme == QBLK_PICTURE_THEME_AUTO ? QBLK_PICTURE_THEME_LIGHT : theme;
    gint64 pixels = (gint64)picture->width * picture->height;
    gint64 zoom = MIN(2000, qblk_picture_root(MAX_PIXELS * G_GINT64_CONSTANT(1000000) / pixels));
    zoom = MIN(zoom, MAX_SIDE * G_GINT64_CONSTANT(1000) / MAX(picture->width, picture->height));

    g_autoptr(GString) svg = g_string_new(NULL);
    qblk_picture_svg(picture, shown, svg);

    g_auto(Files) files = {-1, -1};
    if (!open_files(&files, svg)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the picture as PNG: %s", g_strerror(errno));
        return FALSE;
    }
    if (!run_converter(&files, (int)zoom, error)) {
        return FALSE;
    }
    if (!read_output(&files, out)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot draw the picture as PNG: %s", g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}
