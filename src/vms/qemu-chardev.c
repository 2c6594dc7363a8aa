/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/qemu-chardev.h"

#include "vms/keyval.h"

#include <string.h>

void
qblk_qemu_chardev_free(QblkQemuChardev *chardev)
{
    if (chardev == NULL) {
        return;
    }

    g_free(chardev->backend);
    g_free(chardev->path);
    g_free(chardev->host);
    g_free(chardev->port);
    g_free(chardev);
}

static int
parse_number(const char *text)
{
    guint64 number;
    gboolean is_number =
        text != NULL && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL);
    return is_number ? (int)number : -1;
}

QblkQemuChardev *
qblk_qemu_chardev_new(const char *backend, GHashTable *keyval)
{
    QblkQemuChardev *chardev = g_new0(QblkQemuChardev, 1);

    chardev->backend = g_strdup(backend);
    chardev->path = g_strdup(qblk_keyval_get(keyval, "path"));
    chardev->port = g_strdup(qblk_keyval_get(keyval, "port"));
    if (chardev->port != NULL) {
        const char *host = qblk_keyval_get(keyval, "host");
        chardev->host = g_strdup(host == NULL ? "" : host);
    }
    chardev->to = (guint)MAX(parse_number(qblk_keyval_get(keyval, "to")), 0);
    chardev->fd = parse_number(qblk_keyval_get(keyval, "fd"));
    chardev->listens = qblk_keyval_is_on(keyval, "server");
    chardev->is_abstract = qblk_keyval_is_on(keyval, "abstract");
    chardev->is_wrapped =
        qblk_keyval_is_on(keyval, "telnet") || qblk_keyval_is_on(keyval, "tn3270") ||
        qblk_keyval_is_on(keyval, "websocket") || qblk_keyval_get(keyval, "tls-creds") != NULL;
    return chardev;
}

/* "HOST:PORT,OPTION..." */
static QblkQemuChardev *
parse_tcp(const char *rest)
{
    gsize length = strcspn(rest, ",");
    g_autofree char *address = g_strndup(rest, length);
    const char *options = rest[length] == ',' ? rest + length + 1 : "";
    g_autoptr(GHashTable) keyval = qblk_keyval_parse(options, NULL);
    char *colon = strrchr(address, ':');

    if (colon != NULL) {
        *colon = '\0';
        g_hash_table_insert(keyval, g_strdup("host"), g_strdup(address));
        g_hash_table_insert(keyval, g_strdup("port"), g_strdup(colon + 1));
    }
    return qblk_qemu_chardev_new("socket", keyval);
}

static QblkQemuChardev *
parse_unix(const char *rest)
{
    g_autoptr(GHashTable) keyval = qblk_keyval_parse(rest, "path");
    return qblk_qemu_chardev_new("socket", keyval);
}

static QblkQemuChardev *
parse_wrapped(const char *rest)
{
    QblkQemuChardev *chardev = parse_tcp(rest);
    chardev->is_wrapped = TRUE;
    return chardev;
}

QblkQemuChardev *
qblk_qemu_chardev_parse(const char *text)
{
    static const struct {
        const char *prefix;
        QblkQemuChardev *(*parse)(const char *rest);
    } forms[] = {
        {"unix:", parse_unix},      {"tcp:", parse_tcp},           {"telnet:", parse_wrapped},
        {"tn3270:", parse_wrapped}, {"websocket:", parse_wrapped},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(text, forms[i].prefix)) {
            return forms[i].parse(text + strlen(forms[i].prefix));
        }
    }

    g_autoptr(GHashTable) none = qblk_keyval_parse("", NULL);
    g_autofree char *backend = g_strndup(text, strcspn(text, ":,"));
    return qblk_qemu_chardev_new(backend, none);
}

char *
qblk_qemu_chardev_describe(const QblkQemuChardev *chardev)
{
    if (chardev->path != NULL) {
        return g_strconcat(chardev->is_abstract ? "@" : "", chardev->path, NULL);
    }
    if (chardev->port != NULL) {
        return g_strdup_printf("tcp:%s:%s", chardev->host, chardev->port);
    }
    return chardev->fd >= 0 ? g_strdup_printf("fd %d", chardev->fd) : g_strdup(chardev->backend);
}
