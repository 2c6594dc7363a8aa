/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/address.h"

#include <qblk/error.h>
#include <string.h>

void
qblk_address_free(QblkAddress *address)
{
    if (address == NULL) {
        return;
    }
    g_free(address->text);
    g_free(address->path);
    g_free(address->host);
    g_free(address->port);
    g_free(address);
}

static gboolean
refuse(const char *text, const char *why, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "address '%s' %s", text, why);
    return FALSE;
}

static gboolean
parse_unix(QblkAddress *address, const char *path, GError **error)
{
    address->kind = QBLK_ADDRESS_UNIX;
    address->path = g_strdup(path);
    return path[0] != '\0' || refuse(address->text, "has no path after 'unix:'", error);
}

static gboolean
parse_tcp(QblkAddress *address, const char *rest, GError **error)
{
    const char *colon = strrchr(rest, ':');
    const char *bracket = strrchr(rest, ']');
    address->kind = QBLK_ADDRESS_TCP;
    if (colon == NULL || (bracket != NULL && colon < bracket)) {
        return refuse(address->text, "has no port: tcp:HOST:PORT", error);
    }
    gsize length = (gsize)(colon - rest);
    if (rest[0] == '[') {
        if (bracket == NULL || bracket + 1 != colon) {
            return refuse(address->text, "has no ']:' after the IPv6 address", error);
        }
        address->host = g_strndup(rest + 1, length - 2);
    } else if (memchr(rest, ':', length) != NULL) {
        return refuse(address->text, "has an IPv6 address without brackets: tcp:[ADDRESS]:PORT",
                      error);
    } else {
        address->host = g_strndup(rest, length);
    }
    if (address->host[0] == '\0') {
        return refuse(address->text, "has no host: tcp:HOST:PORT", error);
    }
    guint64 port;
    if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL)) {
        return refuse(address->text, "has no port from 1 to 65535", error);
    }
    address->port = g_strdup(colon + 1);
    return TRUE;
}

static gboolean
parse_fd(QblkAddress *address, const char *rest, GError **error)
{
    guint64 number;
    address->kind = QBLK_ADDRESS_FD;
    if (!g_ascii_string_to_unsigned(rest, 10, 0, G_MAXINT, &number, NULL)) {
        return refuse(address->text, "has no descriptor number after 'fd:'", error);
    }
    address->fd = (int)number;
    return TRUE;
}

static gboolean
parse_path(QblkAddress *address, const char *path, GError **error)
{
    address->kind = QBLK_ADDRESS_UNIX;
    address->path = g_strdup(path);
    return strchr(path, '/') != NULL ||
           refuse(address->text, "is none of PATH with a '/', unix:PATH, tcp:HOST:PORT and fd:N",
                  error);
}

QblkAddress *
qblk_address_parse(const char *text, GError **error)
{
    static const struct {
        const char *prefix;
        gboolean (*parse)(QblkAddress *address, const char *rest, GError **error);
    } forms[] = {
        {"unix:", parse_unix},
        {"tcp:", parse_tcp},
        {"fd:", parse_fd},
        {"", parse_path},
    };
    gsize form = 0;
    while (!g_str_has_prefix(text, forms[form].prefix)) {
        form++;
    }
    g_autoptr(QblkAddress) address = g_new0(QblkAddress, 1);
    address->text = g_strdup(text);
    address->fd = -1;
    if (!forms[form].parse(address, text + strlen(forms[form].prefix), error)) {
        return NULL;
    }
    return g_steal_pointer(&address);
}
