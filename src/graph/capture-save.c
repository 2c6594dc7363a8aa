/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A capture as a file of a directory, with the name of its guest. */
#include "graph/replies.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <qblk/capture.h>
#include <string.h>
#include <unistd.h>

#define SAFE      G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._+@"
#define MAX_BYTES 200

/* Returns: (transfer full): a name that is the same in each file system, and not hidden */
static char *
make_safe(const char *name)
{
    g_autofree char *safe = g_strcanon(g_strndup(name, MAX_BYTES), SAFE, '_');
    const char *start = safe + strspn(safe, "._-");
    return g_strdup(start[0] == '\0' ? "vm" : start);
}

static char *
choose_path(const QblkCapture *capture, const char *directory, const char *fallback,
            const char *const *taken)
{
    const QblkJson *reply = qblk_replies_value(capture, "query-name");
    const char *name = qblk_json_get_string(reply, "name");
    g_autofree char *safe = make_safe(name == NULL || name[0] == '\0' ? fallback : name);

    for (guint number = 1;; number++) {
        g_autofree char *file = number == 1 ? g_strdup_printf("%s.json", safe)
                                            : g_strdup_printf("%s-%u.json", safe, number);
        g_autofree char *path = g_build_filename(directory, file, NULL);
        if (taken == NULL || !g_strv_contains(taken, path)) {
            return g_steal_pointer(&path);
        }
    }
}

static gboolean
write_text(int fd, const char *text)
{
    gsize left = strlen(text);
    while (left > 0) {
        gssize count = write(fd, text, left);
        if (count < 0 && errno != EINTR) {
            return FALSE;
        }
        text += MAX(count, 0);
        left -= (gsize)MAX(count, 0);
    }
    return fsync(fd) == 0;
}

/* Give the complete file @temporary the name @path.  Returns: FALSE with errno */
static gboolean
publish(const char *temporary, const char *path, gboolean replace)
{
    return (replace ? g_rename(temporary, path) : link(temporary, path)) == 0;
}

static gboolean
save_text(const char *text, const char *path, gboolean replace, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp(temporary);
    gboolean is_saved = fd >= 0 && write_text(fd, text) && publish(temporary, path, replace);
    int cause = errno;

    if (fd >= 0) {
        (void)close(fd);
        (void)g_unlink(temporary);
    }
    if (!is_saved && cause == EEXIST) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "'%s' exists: use another directory, or --force to replace it", path);
    } else if (!is_saved) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot write '%s': %s", path,
                    g_strerror(cause));
    }
    return is_saved;
}

char *
qblk_capture_save(const QblkCapture *capture, const char *directory, const char *fallback,
                  const char *const *taken, gboolean replace, GError **error)
{
    g_autofree char *path = choose_path(capture, directory, fallback, taken);
    g_autofree char *text = qblk_capture_to_text(capture);
    return save_text(text, path, replace, error) ? g_steal_pointer(&path) : NULL;
}
