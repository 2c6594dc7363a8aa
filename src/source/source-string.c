/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-string.h"

#include "base/host-port.h"
#include "source/source-url.h"
#include "source/source.h"

#include <string.h>

static gboolean
parse_path(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    if (rest[0] == '\0') {
        return qblk_source_set_invalid("missing path", error);
    }

    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "filename", rest);
    return TRUE;
}

/* "nbd:unix:PATH[:exportname=NAME]" or "nbd:HOST:PORT[:exportname=NAME]".  The name of the export
 * extends to the end. */
static gboolean
parse_nbd(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    static const char mark[] = ":exportname=";
    static const char unix_prefix[] = "unix:";
    const char *export = strstr(rest, mark);
    g_autofree char *server = g_strdup(rest);

    qblk_source_options_set(options, "driver", driver);
    if (export != NULL) {
        qblk_source_options_set(options, "export", export + strlen(mark));
        server[export - rest] = '\0';
    }

    if (g_str_has_prefix(server, unix_prefix)) {
        const char *path = server + strlen(unix_prefix);
        if (path[0] == '\0') {
            return qblk_source_set_invalid("missing path of the unix socket", error);
        }
        qblk_source_options_set(options, "path", path);
        return TRUE;
    }

    if (strrchr(server, ':') == NULL) {
        return qblk_source_set_invalid("expected nbd:HOST:PORT or nbd:unix:PATH", error);
    }
    return qblk_source_options_set_host(options, server, "host", "port", error);
}

/* ---- rbd ---- */

/* Take the text at @at up to one of @stops, without its backslashes.  Moves @at behind the stop,
 * and sets @stop to it, 0 at the end. */
static char *
next_token(const char **at, const char *stops, char *stop)
{
    GString *token = g_string_new(NULL);
    const char *text = *at;

    while (*text != '\0' && strchr(stops, *text) == NULL) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        }
        g_string_append_c(token, *text);
        text++;
    }

    *stop = *text;
    *at = *text == '\0' ? text : text + 1;
    return g_string_free(token, FALSE);
}

/* TRUE for "[v2:10.0.0.1:3300,v1:10.0.0.1:6789]": one address for each version of Ceph's protocol.
 * */
static gboolean
has_protocol_versions(const char *monitors)
{
    g_auto(GStrv) parts = g_strsplit_set(monitors, "[,; ", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        if (g_str_has_prefix(parts[i], "v1:") || g_str_has_prefix(parts[i], "v2:")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* "a:6789;b": each is a server. */
static gboolean
set_monitors(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) monitors = g_strsplit_set(text, ";, ", -1);
    guint count = 0;

    if (has_protocol_versions(text)) {
        qblk_source_options_set(options, "mon_host", text); /* no driver uses it: it is dropped */
        return TRUE;
    }

    for (guint i = 0; monitors[i] != NULL; i++) {
        if (monitors[i][0] == '\0') {
            continue;
        }

        g_autofree char *host = g_strdup_printf("server.%u.host", count);
        g_autofree char *port = g_strdup_printf("server.%u.port", count);
        if (!qblk_source_options_set_host(options, monitors[i], host, port, error)) {
            return FALSE;
        }
        count++;
    }
    return TRUE;
}

static gboolean
set_rbd_option(const char *key, const char *value, QblkSourceOptions *options, GError **error)
{
    if (key[0] == '\0') {
        return qblk_source_set_invalid("an rbd option has no name", error);
    }
    if (g_str_equal(key, "mon_host") || g_str_equal(key, "mon-host")) {
        return set_monitors(value, options, error);
    }

    /* The string has "id" for the option "user". */
    qblk_source_options_set(options, g_str_equal(key, "id") ? "user" : key, value);
    return TRUE;
}

/* POOL[/NAMESPACE][/IMAGE][@SNAPSHOT], up to a colon.  QEMU does not accept a pool without an
 * image; libvirt reads and writes such names. */
static gboolean
parse_rbd_image(const char **at, QblkSourceOptions *options, char *stop, GError **error)
{
    g_autofree char *pool = next_token(at, "/@:", stop);
    g_autofree char *first = *stop == '/' ? next_token(at, "/@:", stop) : NULL;
    g_autofree char *second = *stop == '/' ? next_token(at, "@:", stop) : NULL;
    g_autofree char *snapshot = *stop == '@' ? next_token(at, ":", stop) : NULL;
    const char *image = second != NULL ? second : first;

    if (pool[0] == '\0') {
        return qblk_source_set_invalid("missing pool name", error);
    }
    if ((image != NULL && image[0] == '\0') || (image == NULL && snapshot != NULL)) {
        return qblk_source_set_invalid("missing image name", error);
    }
    if (snapshot != NULL && snapshot[0] == '\0') {
        return qblk_source_set_invalid("missing snapshot name", error);
    }

    qblk_source_options_set(options, "pool", pool);
    qblk_source_options_set(options, "namespace", second != NULL ? first : NULL);
    qblk_source_options_set(options, "image", image == NULL ? "" : image);
    qblk_source_options_set(options, "snapshot", snapshot);
    return TRUE;
}

/* TRUE if an '@' is among the options: QEMU looks for an '@' before it looks for the colon in front
 * of the options. */
static gboolean
has_late_snapshot(const char *rest)
{
    char stop;
    g_autofree char *image = next_token(&rest, "@:", &stop);

    if (stop != ':') {
        return FALSE;
    }
    g_autofree char *options = next_token(&rest, "@", &stop);
    return stop == '@';
}

/* "rbd:IMAGE[:KEY=VALUE...]"; a backslash precedes special characters. */
static gboolean
parse_rbd(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    char stop;

    qblk_source_options_set(options, "driver", driver);
    if (has_late_snapshot(rest)) {
        return qblk_source_set_invalid("an '@' in an rbd option must be preceded by a backslash",
                                       error);
    }
    if (!parse_rbd_image(&rest, options, &stop, error)) {
        return FALSE;
    }

    while (stop == ':' && *rest != '\0') {
        g_autofree char *key = next_token(&rest, "=:", &stop);
        if (stop != '=') {
            return qblk_source_set_invalid("an rbd option has no value", error);
        }

        g_autofree char *value = next_token(&rest, ":", &stop);
        if (!set_rbd_option(key, value, options, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- others ---- */

/* "sheepdog:[HOST:PORT:]VDI[:SNAPSHOT]" */
static gboolean
parse_sheepdog(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(rest, ":", 4);
    guint count = g_strv_length(parts);
    guint vdi = count >= 3 ? 2 : 0;

    if (count == 0 || parts[vdi][0] == '\0') {
        return qblk_source_set_invalid("missing image name", error);
    }

    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "vdi", parts[vdi]);
    qblk_source_options_set(options, "tag", parts[vdi + 1]);

    if (vdi == 2) {
        if (!qblk_host_port_is_port(parts[1], 0)) {
            return qblk_source_set_invalid(QBLK_HOST_PORT_BAD_PORT, error);
        }
        qblk_source_options_set(options, "server.host", parts[0]);
        qblk_source_options_set(options, "server.port", parts[1]);
    }
    return TRUE;
}

static gboolean
set_fat_flag(const char *flag, QblkSourceOptions *options)
{
    static const struct {
        const char *flag, *key, *value;
    } flags[] = {
        {"floppy", "floppy", "on"}, {"12", "fat-type", "12"}, {"16", "fat-type", "16"},
        {"32", "fat-type", "32"},   {"rw", "rw", "on"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (g_str_equal(flags[i].flag, flag)) {
            qblk_source_options_set(options, flags[i].key, flags[i].value);
            return TRUE;
        }
    }
    return FALSE;
}

/* "fat:[floppy:][12:|16:|32:][rw:]DIRECTORY".  To QEMU the directory starts after the last colon.
 * */
static gboolean
parse_fat(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(rest, ":", -1);
    guint last = MAX(g_strv_length(parts), 1) - 1;

    for (guint i = 0; i < last; i++) {
        if (!set_fat_flag(parts[i], options)) {
            return qblk_source_set_invalid(
                "expected fat:[floppy:][12:|16:|32:][rw:]DIRECTORY: use json: if the directory "
                "name contains a colon",
                error);
        }
    }
    if (parts[last] == NULL || parts[last][0] == '\0') {
        return qblk_source_set_invalid("missing directory", error);
    }

    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "dir", parts[last]);
    return TRUE;
}

/* ---- all forms ---- */

/* Strings that are not URLs, although some look like one at the start. */
static const struct {
    const char *prefix;
    const char *driver;
    gboolean or_url; /* it is a URL if "//" follows */
    gboolean (*parse)(const char *driver, const char *rest, QblkSourceOptions *options,
                      GError **error);
} forms[] = {
    {"file:", "file", FALSE, parse_path},
    {"host_device:", "host_device", FALSE, parse_path},
    {"host_cdrom:", "host_cdrom", FALSE, parse_path},
    {"nbd:", "nbd", TRUE, parse_nbd},
    {"rbd:", "rbd", FALSE, parse_rbd},
    {"sheepdog:", "sheepdog", TRUE, parse_sheepdog},
    {"fat:", "vvfat", FALSE, parse_fat},
};

/* Of "blkdebug:[CONFIG]:NAME", which may be nested to any depth, the innermost NAME: the image that
 * the filter is on.  NULL with @error. */
static const char *
skip_blkdebug(const char *name, GError **error)
{
    static const char prefix[] = "blkdebug:";

    while (g_str_has_prefix(name, prefix)) {
        const char *colon = strchr(name + strlen(prefix), ':');

        if (colon == NULL) {
            g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                                "missing image name");
            return NULL;
        }
        name = colon + 1;
    }
    return name;
}

/* The text before the first colon, if no slash precedes it.  It is a protocol to QEMU
 * (path_has_protocol in block.c), even if a file has such a name. */
static char *
protocol_of(const char *name)
{
    gsize length = strcspn(name, ":/");

    return name[length] == ':' ? g_strndup(name, length) : NULL;
}

gboolean
qblk_source_string_parse(const char *name, QblkSourceOptions *options, GError **error)
{
    name = skip_blkdebug(name, error);
    if (name == NULL) {
        return FALSE;
    }

    g_autofree char *protocol = protocol_of(name);
    if (protocol == NULL) {
        return parse_path("file", name, options, error);
    }

    gboolean is_url = g_str_has_prefix(name + strlen(protocol), "://");
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(name, forms[i].prefix) && !(forms[i].or_url && is_url)) {
            const char *rest = name + strlen(forms[i].prefix);
            return forms[i].parse(forms[i].driver, rest, options, error);
        }
    }
    if (is_url) {
        return qblk_source_url_parse(name, options, error);
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "unknown protocol '%s': prefix a file name that contains a colon with './'",
                protocol);
    return FALSE;
}
