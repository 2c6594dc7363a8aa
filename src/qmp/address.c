/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/address.h"

#include "base/const-cast.h"
#include "base/enum.h"
#include "base/host-port.h"
#include "base/text.h"

#include <qblk/error.h>
#include <string.h>

static const char *const kind_names[] = {
    [QBLK_ADDRESS_KIND_UNIX] = "unix",       [QBLK_ADDRESS_KIND_TCP] = "tcp",
    [QBLK_ADDRESS_KIND_FD] = "fd",           [QBLK_ADDRESS_KIND_IMAGE] = "image",
    [QBLK_ADDRESS_KIND_CAPTURE] = "capture", [QBLK_ADDRESS_KIND_DOMAIN] = "domain",
    [QBLK_ADDRESS_KIND_SSH] = "ssh",
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
    g_free(address->user);
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
    if (qblk_text_is_url(path)) {
        return set_syntax_error(
            address, "has a URL after the ':': use the path of a file of this machine", error);
    }
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

/* ssh hands user and host to commands of the user's configuration, which a shell runs: these are
 * the characters that OpenSSH 9.6 refuses there. */
static gboolean
is_safe_for_ssh(const char *name, const char *forbidden)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (g_ascii_iscntrl(*at) || strchr(forbidden, *at) != NULL) {
            return FALSE;
        }
    }
    return name[0] != '-';
}

static gboolean
parse_ssh_user(QblkAddress *address, const char *user, GError **error)
{
    if (strchr(user, ':') != NULL) {
        /* The text is not repeated, because it contains the password. */
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "the address of ssh contains a password: leave it out, and ssh asks for it");
        return FALSE;
    }

    address->user = g_uri_unescape_string(user, NULL);
    if (address->user == NULL || address->user[0] == '\0' ||
        !is_safe_for_ssh(address->user, "'`\"$;&<>|(){} ") ||
        g_str_has_suffix(address->user, "\\")) {
        return set_syntax_error(address, "has no valid user before the '@'", error);
    }
    return TRUE;
}

static gboolean
parse_ssh_host(QblkAddress *address, const char *text, GError **error)
{
    g_auto(QblkHostPort) parts = {0};
    const char *reason;
    if (!qblk_host_port_parse(text, &parts, &reason)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "address '%s' is not ssh://[USER@]HOST[:PORT]/PATH: %s", address->text, reason);
        return FALSE;
    }

    if (text[0] != '[' && strchr(parts.host, ':') != NULL) {
        return set_syntax_error(
            address, "has an IPv6 address without brackets: ssh://[ADDRESS]/PATH", error);
    }
    if (!is_safe_for_ssh(parts.host, "'`\"$\\;&<>|(){} ")) {
        return set_syntax_error(address, "has no valid host", error);
    }
    if (parts.port != NULL && !qblk_host_port_is_port(parts.port, 1)) {
        return set_syntax_error(address, "has no port from 1 to 65535", error);
    }

    address->host = g_steal_pointer(&parts.host);
    address->port = g_steal_pointer(&parts.port);
    return TRUE;
}

/* ssh replaces "${NAME}" in a path by a variable, and has no way to write these two characters. */
static gboolean
parse_ssh_path(QblkAddress *address, const char *path, GError **error)
{
    address->path = g_uri_unescape_string(path, NULL);
    if (address->path == NULL) {
        return set_syntax_error(address, "has a '%' without two hexadecimal digits, or %00", error);
    }
    if (address->path[1] == '\0') {
        return set_syntax_error(address, "has no path after the host", error);
    }
    if (strstr(address->path, "${") != NULL) {
        return set_syntax_error(address, "has a path with '${', which ssh cannot forward", error);
    }
    return TRUE;
}

static gboolean
parse_ssh(QblkAddress *address, const char *rest, GError **error)
{
    const char *path = g_str_has_prefix(rest, "//") ? strchr(rest + 2, '/') : NULL;
    if (path == NULL) {
        return set_syntax_error(address, "is not ssh://[USER@]HOST[:PORT]/PATH", error);
    }

    g_autofree char *authority = g_strndup(rest + 2, (gsize)(path - rest - 2));
    char *at = strrchr(authority, '@');
    if (at != NULL) {
        *at = '\0';
        if (!parse_ssh_user(address, authority, error)) {
            return FALSE;
        }
    }
    return parse_ssh_host(address, at == NULL ? authority : at + 1, error) &&
           parse_ssh_path(address, path, error);
}

static void
set_form_error(const char *text, GError **error)
{
    gboolean is_file_name = text[0] != '\0' && strchr(text, ':') == NULL;
    gboolean is_libvirt = strstr(text, "+ssh://") != NULL;

    if (is_libvirt) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': that is a connection of libvirt: use ssh://HOST/PATH, with "
                    "the path of a QMP socket",
                    text);
    } else if (is_file_name) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': did you mean './%s'?", text, text);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': use PATH, unix:PATH, tcp:HOST:PORT, ssh://HOST/PATH, fd:N, "
                    "image:PATH, capture:FILE or domain:FILE",
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
    {"ssh:", QBLK_ADDRESS_KIND_SSH, parse_ssh},
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

const char *
qblk_address_get_user(const QblkAddress *address)
{
    return address->user;
}

const char *
qblk_address_get_host(const QblkAddress *address)
{
    return address->host;
}

const char *
qblk_address_get_port(const QblkAddress *address)
{
    return address->port;
}

gboolean
qblk_address_has_monitor(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_FD || qblk_address_can_reconnect(address);
}

gboolean
qblk_address_can_reconnect(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX || address->kind == QBLK_ADDRESS_KIND_TCP ||
           address->kind == QBLK_ADDRESS_KIND_SSH;
}

gboolean
qblk_address_is_local(const QblkAddress *address)
{
    return address->kind != QBLK_ADDRESS_KIND_TCP && address->kind != QBLK_ADDRESS_KIND_SSH &&
           address->kind != QBLK_ADDRESS_KIND_CAPTURE;
}

char *
qblk_address_to_absolute(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX ? g_canonicalize_filename(address->path, NULL)
                                                   : g_strdup(address->text);
}

const char *
qblk_address_peer_name(const QblkAddress *address)
{
    return address->kind == QBLK_ADDRESS_KIND_UNIX ? address->path : address->text;
}
