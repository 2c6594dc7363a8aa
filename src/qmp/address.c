/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/address.h"

#include "base/const-cast.h"
#include "base/enum.h"
#include "base/host-port.h"

#include <qblk/error.h>
#include <string.h>

static const char *const kind_names[] = {
    [QBLK_ADDRESS_KIND_UNIX] = "unix",       [QBLK_ADDRESS_KIND_TCP] = "tcp",
    [QBLK_ADDRESS_KIND_FD] = "fd",           [QBLK_ADDRESS_KIND_IMAGE] = "image",
    [QBLK_ADDRESS_KIND_CAPTURE] = "capture", [QBLK_ADDRESS_KIND_DOMAIN] = "domain",
};

const char *
qblk_address_kind_name(QblkAddressKind kind)
{
    return qblk_enum_name(kind_names, G_N_ELEMENTS(kind_names), (int)kind);
}

static QblkAddress *
address_new(QblkAddressKind kind, int fd)
{
    QblkAddress *address = g_new0(QblkAddress, 1);
    g_atomic_ref_count_init(&address->references);
    address->kind = kind;
    address->fd = fd;
    return address;
}

QblkAddress *
qblk_address_ref(const QblkAddress *address)
{
    QblkAddress *counted = qblk_const_cast(address);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_address_unref(QblkAddress *address)
{
    if (address == NULL || !g_atomic_ref_count_dec(&address->references)) {
        return;
    }

    g_free(address->text);
    g_free(address->path);
    g_free(address->host);
    g_free(address->port);
    g_free(address);
}

/* ---- parsing ---- */

/* Always FALSE. */
static gboolean
set_syntax_error(const QblkAddress *address, const char *reason, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "address '%s' %s", address->text,
                reason);
    return FALSE;
}

static gboolean
parse_file(QblkAddress *address, const char *path, GError **error)
{
    address->path = g_strdup(path);
    return path[0] != '\0' || set_syntax_error(address, "has no path after the ':'", error);
}

static gboolean
parse_tcp(QblkAddress *address, const char *rest, GError **error)
{
    g_auto(QblkHostPort) parts = {0};
    const char *reason;
    if (!qblk_host_port_parse(rest, &parts, &reason)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "address '%s' is not tcp:HOST:PORT: %s", address->text, reason);
        return FALSE;
    }

    /* "::1:4444" could have a port or not. */
    if (rest[0] != '[' && strchr(parts.host, ':') != NULL) {
        return set_syntax_error(address, "has an IPv6 address without brackets: tcp:[ADDRESS]:PORT",
                                error);
    }

    if (parts.port == NULL) {
        return set_syntax_error(address, "has no port: tcp:HOST:PORT", error);
    }

    if (!qblk_host_port_is_port(parts.port, 1)) {
        return set_syntax_error(address, "has no port from 1 to 65535", error);
    }

    address->host = g_steal_pointer(&parts.host);
    address->port = g_steal_pointer(&parts.port);
    return TRUE;
}

static gboolean
parse_fd(QblkAddress *address, const char *rest, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(rest, 10, 0, G_MAXINT, &number, NULL)) {
        return set_syntax_error(address, "has no descriptor number after 'fd:'", error);
    }

    address->fd = (int)number;
    return TRUE;
}

static void
set_form_error(const char *text, GError **error)
{
    gboolean is_file_name = text[0] != '\0' && strchr(text, ':') == NULL;

    if (is_file_name) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': did you mean './%s'?", text, text);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': use PATH, unix:PATH, tcp:HOST:PORT, fd:N, image:PATH, "
                    "capture:FILE or domain:FILE",
                    text);
    }
}

/* A ':' before the first '/' belongs to a form that is unknown or misspelt. */
static gboolean
parse_path(QblkAddress *address, const char *path, GError **error)
{
    if (path[strcspn(path, "/:")] != '/') {
        set_form_error(path, error);
        return FALSE;
    }

    address->path = g_strdup(path);
    return TRUE;
}

static const struct {
    const char *prefix;
    QblkAddressKind kind;
    gboolean (*parse)(QblkAddress *address, const char *rest, GError **error);
} forms[] = {
    {"unix:", QBLK_ADDRESS_KIND_UNIX, parse_file},
    {"tcp:", QBLK_ADDRESS_KIND_TCP, parse_tcp},
    {"fd:", QBLK_ADDRESS_KIND_FD, parse_fd},
    {"image:", QBLK_ADDRESS_KIND_IMAGE, parse_file},
    {"capture:", QBLK_ADDRESS_KIND_CAPTURE, parse_file},
    {"domain:", QBLK_ADDRESS_KIND_DOMAIN, parse_file},
    {"", QBLK_ADDRESS_KIND_UNIX, parse_path},
};

/* Returns: the index of the first form that @text may have */
static gsize
find_form(const char *text)
{
    gsize form = 0;

    while (!g_str_has_prefix(text, forms[form].prefix)) {
        form++;
    }
    return form;
}

gboolean
qblk_address_has_form(const char *text)
{
    return forms[find_form(text)].prefix[0] != '\0' || strchr(text, '/') != NULL;
}

QblkAddress *
qblk_address_parse(const char *text, GError **error)
{
    gsize form = find_form(text);
    g_autoptr(QblkAddress) address = address_new(forms[form].kind, -1);
    address->text = g_strdup(text);
    if (!forms[form].parse(address, text + strlen(forms[form].prefix), error)) {
        return NULL;
    }
    return g_steal_pointer(&address);
}

QblkAddress *
qblk_address_new_fd(int fd)
{
    QblkAddress *address = address_new(QBLK_ADDRESS_KIND_FD, fd);
    address->text = g_strdup_printf("fd:%d", fd);
    return address;
}

/* ---- what it is ---- */

QblkAddressKind
qblk_address_get_kind(const QblkAddress *address)
{
    return address->kind;
}

const char *
qblk_address_get_text(const QblkAddress *address)
{
    return address->text;
}

const char *
qblk_address_get_path(const QblkAddress *address)
{
    return address->path;
}

gboolean
qblk_address_has_monitor(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX || address->kind == QBLK_ADDRESS_KIND_TCP ||
           address->kind == QBLK_ADDRESS_KIND_FD;
}

gboolean
qblk_address_can_reconnect(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX || address->kind == QBLK_ADDRESS_KIND_TCP;
}

gboolean
qblk_address_is_local(const QblkAddress *address)
{
    return address->kind != QBLK_ADDRESS_KIND_TCP && address->kind != QBLK_ADDRESS_KIND_CAPTURE;
}

char *
qblk_address_to_absolute(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX ? g_canonicalize_filename(address->path, NULL)
                                                   : g_strdup(address->text);
}
