/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-server.h"

/* Each argument may be NULL. */
static gboolean
add_host(const QblkSourceParser *parser, const char *type, const char *host, const char *port,
         GError **error)
{
    const char *transport = g_strcmp0(type, "rdma") == 0 ? "rdma" : NULL;
    const char *actual_port = port == NULL ? parser->port : port;

    if (host == NULL || host[0] == '\0') {
        return qblk_source_parser_set_invalid(parser, "a server has no host", error);
    }
    if (!qblk_source_parser_check_number(parser, "port", port, 65535, error)) {
        return FALSE;
    }

    qblk_source_add_host(parser->source, transport, host, actual_port, NULL);
    return TRUE;
}

static gboolean
add_socket(const QblkSourceParser *parser, const char *path, GError **error)
{
    if (path[0] == '\0') {
        return qblk_source_parser_set_invalid(parser, "missing path of the unix socket", error);
    }

    qblk_source_add_host(parser->source, "unix", NULL, NULL, path);
    return TRUE;
}

/* Add the server below the option @server ("server" or "server.N"), if there is one. */
static gboolean
add_server(const QblkSourceParser *parser, const char *server, GError **error)
{
    g_autofree char *below = g_strconcat(parser->prefix, server, ".", NULL);
    const char *type = qblk_source_options_take(parser->options, below, "type");
    const char *host = qblk_source_options_take(parser->options, below, "host");
    const char *port = qblk_source_options_take(parser->options, below, "port");
    const char *path = qblk_source_options_take(parser->options, below, "path");
    const char *socket = qblk_source_options_take(parser->options, below, "socket");

    if (g_strcmp0(type, "vsock") == 0 || g_strcmp0(type, "fd") == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "driver '%s': libvirt's XML cannot express a server of type '%s'",
                    parser->driver, type);
        return FALSE;
    }

    if (path != NULL) {
        return add_socket(parser, path, error);
    }
    if (socket != NULL) {
        return add_socket(parser, socket, error);
    }
    if (type != NULL || host != NULL || port != NULL) {
        return add_host(parser, type, host, port, error);
    }
    return TRUE;
}

gboolean
qblk_source_server_add(const QblkSourceParser *parser, GError **error)
{
    guint count = G_MAXUINT;

    if (!add_server(parser, "server", error)) {
        return FALSE;
    }

    /* The list ends at the first index that has no server. */
    for (guint i = 0; count != parser->source->hosts->len; i++) {
        g_autofree char *server = g_strdup_printf("server.%u", i);

        count = parser->source->hosts->len;
        if (!add_server(parser, server, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_source_server_read(const QblkSourceParser *parser, GError **error)
{
    if (!qblk_source_server_add(parser, error)) {
        return FALSE;
    }
    if (parser->source->hosts->len == 0) {
        return qblk_source_parser_set_invalid(parser, "missing server", error);
    }
    return TRUE;
}

gboolean
qblk_source_server_read_one(const QblkSourceParser *parser, const char *path, GError **error)
{
    const char *host = qblk_source_parser_take(parser, "host");
    const char *port = qblk_source_parser_take(parser, "port");

    if (path != NULL && !add_socket(parser, path, error)) {
        return FALSE;
    }
    if ((host != NULL || port != NULL) && !add_host(parser, NULL, host, port, error)) {
        return FALSE;
    }

    if (!qblk_source_server_read(parser, error)) {
        return FALSE;
    }
    if (parser->source->hosts->len > 1) {
        return qblk_source_parser_set_invalid(parser, "more than one server is specified", error);
    }
    return TRUE;
}
