/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/host-port.h"

#include <string.h>

void
qblk_host_port_clear(QblkHostPort *parts)
{
    g_clear_pointer(&parts->host, g_free);
    g_clear_pointer(&parts->port, g_free);
}

gboolean
qblk_host_port_is_port(const char *text, guint lowest)
{
    guint64 port;
    return g_ascii_string_to_unsigned(text, 10, lowest, G_MAXUINT16, &port, NULL);
}

/* TRUE for an IPv6 address, with or without a zone ("fe80::1%eth0"). */
static gboolean
is_ipv6(const char *text, gsize length)
{
    g_autofree char *address = g_strndup(text, length);
    address[strcspn(address, "%")] = '\0';

    /* GLib accepts ":". */
    return strlen(address) >= 2 && strchr(address, ':') != NULL &&
           g_hostname_is_ip_address(address);
}

/* Split "[IPV6]" or "[IPV6]:PORT"; @port is NULL if there is no port. */
static gboolean
split_brackets(const char *text, char **host, const char **port, const char **reason)
{
    const char *end = strchr(text, ']');
    if (end == NULL) {
        *reason = "the bracket is not closed";
        return FALSE;
    }

    if (end[1] != '\0' && end[1] != ':') {
        *reason = "unexpected text after the bracket";
        return FALSE;
    }

    *host = g_strndup(text + 1, (gsize)(end - text) - 1);
    *port = end[1] == ':' ? end + 2 : NULL;
    if ((*host)[0] != '\0' && !is_ipv6(*host, strlen(*host))) {
        *reason = "no IPv6 address in the brackets";
        return FALSE;
    }

    return TRUE;
}

/* Split "HOST", "HOST:PORT" or, as QEMU reports it, "IPV6" or "IPV6:PORT". */
static gboolean
split_plain(const char *text, char **host, const char **port, const char **reason)
{
    const char *first = strchr(text, ':');
    const char *last = strrchr(text, ':');
    gboolean has_port = last != NULL && (first == last || is_ipv6(text, (gsize)(last - text)));

    if (last != NULL && !has_port && !is_ipv6(text, strlen(text))) {
        *reason = "the host is neither a name nor an address";
        return FALSE;
    }

    *host = has_port ? g_strndup(text, (gsize)(last - text)) : g_strdup(text);
    *port = has_port ? last + 1 : NULL;
    return TRUE;
}

gboolean
qblk_host_port_parse(const char *text, QblkHostPort *parts, const char **reason)
{
    g_autofree char *host = NULL;
    const char *port = NULL;
    gboolean is_split = text[0] == '[' ? split_brackets(text, &host, &port, reason)
                                       : split_plain(text, &host, &port, reason);
    if (!is_split) {
        return FALSE;
    }

    if (host[0] == '\0') {
        *reason = "missing host";
        return FALSE;
    }

    if (port != NULL && !qblk_host_port_is_port(port, 0)) {
        *reason = QBLK_HOST_PORT_BAD_PORT;
        return FALSE;
    }

    parts->host = g_steal_pointer(&host);
    parts->port = g_strdup(port);
    return TRUE;
}
