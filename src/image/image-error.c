/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-error.h"

#include "base/json.h"
#include "image/file-openers.h"
#include "image/image-arguments.h"

#include <qblk/error.h>
#include <string.h>
#include <sys/wait.h>

/* Of "qemu-storage-daemon: --blockdev {...}: REASON" the REASON.  The argument contains a file
 * name, so its end is found by comparing it with the arguments that were given.
 *
 * @argument: (out): the argument, NULL if the text has none */
static const char *
skip_argument(const char *log, char **arguments, const char **argument)
{
    static const char option[] = "--blockdev ";
    const char *found = strstr(log, option);

    *argument = NULL;
    for (guint i = 0; found != NULL && arguments[i] != NULL; i++) {
        const char *rest = found + strlen(option);
        gsize length = strlen(arguments[i]);

        if (strncmp(rest, arguments[i], length) == 0 && g_str_has_prefix(rest + length, ": ")) {
            *argument = arguments[i];
            return rest + length + 2;
        }
    }
    return log;
}

/* As one line, to be part of a message. */
static char *
join_lines(const char *log)
{
    g_autofree char *text = g_utf8_make_valid(log, -1);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);

    return g_strjoinv("; ", lines);
}

/* ---- other processes ---- */

gboolean
qblk_image_error_check_free(const char *path, gint64 own, GError **error)
{
    g_autofree char *openers = qblk_file_openers_describe(path, own);

    if (openers != NULL) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
            "image '%s' is in use by %s: if that is a running VM, specify the VM; otherwise "
            "end that process first",
            path, openers);
    }
    return openers == NULL;
}

/* QEMU reports only that it did not get a lock. */
static gboolean
set_lock_error(const QblkImageFailure *failure, const char *reason, GError **error)
{
    if (strstr(reason, "Failed to get ") == NULL || strstr(reason, " lock") == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < failure->layers->len; i++) {
        const QblkImageLayer *layer = failure->layers->pdata[i];
        /* Its name follows. */
        if (strstr(reason, layer->path) != NULL &&
            !qblk_image_error_check_free(layer->path, 0, error)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- keys ---- */

/* Returns: (nullable): the only encrypted layer, or that of the format node in @argument */
static const QblkImageLayer *
find_encrypted(const QblkImageFailure *failure, const char *argument)
{
    const QblkImageLayer *found = NULL;
    guint count = 0;
    g_autoptr(QblkJson) node =
        argument == NULL ? NULL : qblk_json_parse(argument, strlen(argument), NULL);
    const char *name = qblk_json_get_string(node, "node-name");

    for (guint i = 0; i < failure->layers->len; i++) {
        const QblkImageLayer *layer = failure->layers->pdata[i];
        if (name != NULL && qblk_image_arguments_is_node(i, name)) {
            return layer;
        }
        if (layer->encryption != NULL) {
            found = layer;
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

/* The text has been the same since QEMU 4.0. */
static gboolean
set_key_error(const QblkImageFailure *failure, const char *reason, const char *argument,
              GError **error)
{
    if (strstr(reason, "Invalid password") == NULL) {
        return FALSE;
    }

    const QblkImageLayer *layer = find_encrypted(failure, argument);
    if (layer != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "secret '%s' is not the key of image '%s': specify the file with its key, "
                    "which must not end in a line end that the key does not have",
                    layer->secret, layer->path);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "cannot open image '%s': a secret is not the key of the layer that it was "
                    "given for: specify each as --secret NAME-OF-IMAGE=FILE",
                    failure->path);
    }
    return TRUE;
}

/* ---- any reason ---- */

static void
set_other_error(const QblkImageFailure *failure, const char *reason, GError **error)
{
    if (reason[0] != '\0') {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot open image '%s': %s",
                    failure->path, reason);
    } else if (WIFSIGNALED(failure->status)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot open image '%s': '%s' was killed by signal %d", failure->path,
                    QBLK_IMAGE_PROGRAM, WTERMSIG(failure->status));
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot open image '%s': '%s' failed without a message", failure->path,
                    QBLK_IMAGE_PROGRAM);
    }
}

void
qblk_image_error_set(const QblkImageFailure *failure, GError **error)
{
    const char *argument = NULL;
    const char *rest = skip_argument(failure->log, failure->arguments, &argument);
    g_autofree char *reason = join_lines(rest);

    if (!set_lock_error(failure, reason, error) &&
        !set_key_error(failure, reason, argument, error)) {
        set_other_error(failure, reason, error);
    }
}
