/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-server.h"

static gboolean
add_host(const QblkSourceParser *reading, const char *type, const char *host, const char *port,
         GError **error)
{
    if (host == NULL || host[0] == '\0') {
        return qblk_source_parser_fail(reading, "a server has no host", error);
    }
    const char *transport = g_strcmp0(type, "rdma") == 0 ? "rdma" : NULL;
    qblk_source_add_host(reading->source, transport, host, port == NULL ? reading->port : port,
                         NULL);
    return qblk_source_parser_is_number(reading, "port", port, 65535, error);
}

static gboolean
add_socket(const QblkSourceParser *reading, const char *path, GError **error)
{
    qblk_source_add_host(reading->source, "unix", NULL, NULL, path);
    return path[0] != '\0' ||
           qblk_source_parser_fail(reading, "the path of a socket is empty", error);
}

/* The server below "@server." (which is "server" or "server.N"), if there is one. */
static gboolean
add_server(const QblkSourceParser *reading, const char *server, GError **error)
{
    g_autofree char *below = g_strconcat(reading->prefix, server, ".", NULL);
    const char *type = qblk_source_options_take(reading->options, below, "type");
    const char *host = qblk_source_options_take(reading->options, below, "host");
    const char *port = qblk_source_options_take(reading->options, below, "port");
    const char *path = qblk_source_options_take(reading->options, below, "path");
    const char *socket = qblk_source_options_take(reading->options, below, "socket");
    if (g_strcmp0(type, "vsock") == 0 || g_strcmp0(type, "fd") == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "driver '%s': libvirt's XML has no form for a server of type '%s'",
                    reading->driver, type);
        return FALSE;
    }
    path = path == NULL ? socket : path;
    if (path != NULL) {
        return add_socket(reading, path, error);
    }
    gboolean is_there = type != NULL || host != NULL || port != NULL;
    return !is_there || add_host(reading, type, host, port, error);
}

gboolean
qblk_source_server_add(const QblkSourceParser *reading, GError **error)
{
    guint found = G_MAXUINT;
    if (!add_server(reading, "server", error)) {
        return FALSE;
    }
    for (guint i = 0; found != reading->source->hosts->len; i++) {
        g_autofree char *server = g_strdup_printf("server.%u", i);
        found = reading->source->hosts->len;
        if (!add_server(reading, server, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_source_server_read(QblkSourceParser *reading, GError **error)
{
    if (!qblk_source_server_add(reading, error)) {
        return FALSE;
    }
    return reading->source->hosts->len > 0 ||
           qblk_source_parser_fail(reading, "it has no server", error);
}

gboolean
qblk_source_server_read_one(QblkSourceParser *reading, const char *path, GError **error)
{
    const char *host = qblk_source_parser_take(reading, "host");
    const char *port = qblk_source_parser_take(reading, "port");
    if (path != NULL && !add_socket(reading, path, error)) {
        return FALSE;
    }
    if ((host != NULL || port != NULL) && !add_host(reading, NULL, host, port, error)) {
        return FALSE;
    }
    return qblk_source_server_read(reading, error) &&
           (reading->source->hosts->len == 1 ||
            qblk_source_parser_fail(reading, "it has several servers", error));
}
