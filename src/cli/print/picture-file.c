/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-file.h"

#include <qblk/source.h>
#include <string.h>

/* "nbd://host:10809/disk" for the source of a `json:` name. */
static char *
describe_source(const QblkSource *source)
{
    const char *protocol = qblk_source_get_member(source, "protocol");
    const char *path = qblk_source_get_path(source);
    GString *text = g_string_new(NULL);

    if (protocol != NULL) {
        g_string_append_printf(text, "%s:", protocol);
    }
    if (protocol != NULL && qblk_source_get_n_hosts(source) > 0) {
        const char *host = qblk_source_get_host_name(source, 0);
        const char *port = qblk_source_get_host_port(source, 0);
        const char *socket = qblk_source_get_host_socket(source, 0);

        g_string_append_printf(text, "//%s%s%s",
                               host == NULL ? (socket == NULL ? "" : socket) : host,
                               port == NULL ? "" : ":", port == NULL ? "" : port);
        g_string_append(text, path == NULL || path[0] == '/' ? "" : "/");
    }
    g_string_append(text, path == NULL ? "" : path);
    return g_string_free(text, FALSE);
}

/* A `json:` name repeats the options of all nodes below. */
static char *
find_name(const QblkNode *node)
{
    const char *name = qblk_node_get_filename(node);
    if (!g_str_has_prefix(name, "json:")) {
        return g_strdup(name);
    }

    g_autoptr(QblkSource) source = qblk_source_parse(name, NULL, NULL);
    return source == NULL ? g_strdup("") : describe_source(source);
}

void
qblk_picture_file_init(QblkPictureFile *file, const QblkNode *node)
{
    file->whole = find_name(node);

    /* The query of a URL may have slashes, too. */
    const char *scheme = file->whole[0] == '/' ? NULL : strstr(file->whole, "://");
    gsize length = scheme == NULL ? strlen(file->whole) : strcspn(file->whole, "?");
    const char *slash = g_strrstr_len(file->whole, (gssize)length, "/");
    gboolean is_of_scheme = scheme != NULL && slash != NULL && slash < scheme + strlen("://");
    gboolean is_split = slash != NULL && !is_of_scheme && slash + 1 < file->whole + length;

    if (!is_split) {
        file->name = g_strdup(file->whole);
        return;
    }

    gsize before = (gsize)(slash - file->whole);
    g_autofree char *start = before == 0 ? g_strdup("/") : g_strndup(file->whole, before);
    file->name = g_strndup(slash + 1, length - before - 1);
    file->directory = g_strconcat(start, file->whole + length, NULL);
}

void
qblk_picture_file_clear(QblkPictureFile *file)
{
    g_free(file->whole);
    g_free(file->name);
    g_free(file->directory);
}
