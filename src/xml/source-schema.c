/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/source-schema.h"

#include <arpa/inet.h>
#include <qblk/error.h>
#include <string.h>

G_GNUC_PRINTF(2, 3)
static gboolean
set_unsupported(GError **error, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    g_autofree char *message = g_strdup_vprintf(format, values);
    va_end(values);

    g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, message);
    return FALSE;
}

/* Absolute paths of one line only. */
static gboolean
check_path(const char *path, GError **error)
{
    if (path == NULL || (path[0] == '/' && path[1] != '\0' && strpbrk(path, "\r\n") == NULL)) {
        return TRUE;
    }

    if (path[0] != '/') {
        return set_unsupported(
            error, "the path '%s' is relative: the XML of libvirt needs an absolute path", path);
    }
    if (path[1] == '\0') {
        return set_unsupported(
            error, "the XML of libvirt has no form for the path '%s', the root directory", path);
    }
    return set_unsupported(
        error, "the XML of libvirt has no form for the path '%s': it has a line break", path);
}

static gboolean
check_snapshot(const char *snapshot, GError **error)
{
    if (snapshot == NULL || qblk_source_is_generic_name(snapshot)) {
        return TRUE;
    }
    return set_unsupported(error,
                           "the XML of libvirt has no form for the snapshot '%s': it allows only "
                           "letters, digits, '_', '+' and '-'",
                           snapshot);
}

/* An IPv6 address with a zone is not one for inet_pton(). */
static gboolean
is_server(const char *name)
{
    struct in6_addr address;
    gsize length = strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-");

    return (length > 0 && name[length] == '\0') || inet_pton(AF_INET6, name, &address) == 1;
}

static gboolean
check_host(const QblkSourceHost *host, GError **error)
{
    if (host->name != NULL && !is_server(host->name)) {
        return set_unsupported(error,
                               "the XML of libvirt has no form for the server '%s': it allows "
                               "only letters, digits, '.' and '-' in a name, and no zone in an "
                               "address",
                               host->name);
    }
    return check_path(host->socket, error);
}

gboolean
qblk_source_schema_check(const QblkSource *source, GError **error)
{
    if (!check_path(source->path, error) || !check_path(source->config, error) ||
        !check_snapshot(source->snapshot, error)) {
        return FALSE;
    }

    for (guint i = 0; i < source->hosts->len; i++) {
        if (!check_host(source->hosts->pdata[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}
