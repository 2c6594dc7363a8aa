/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-string.h"

#include "base/host-port.h"
#include "source/source-url.h"

#include <string.h>

static gboolean
fail(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
    return FALSE;
}

static gboolean
parse_path(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    if (rest[0] == '\0') {
        return fail(error, "there is no path");
    }
    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "filename", rest);
    return TRUE;
}

/* nbd:unix:PATH[:exportname=NAME], nbd:HOST:PORT[:exportname=NAME]; the export's name goes to the
 * end of the string. */
static gboolean
parse_nbd(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    static const char mark[] = ":exportname=";
    const char *export = strstr(rest, mark);
    g_autofree char *server =
        export == NULL ? g_strdup(rest) : g_strndup(rest, (gsize)(export - rest));
    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "export", export == NULL ? NULL : export + strlen(mark));
    if (g_str_has_prefix(server, "unix:")) {
        const char *path = server + strlen("unix:");
        qblk_source_options_set(options, "path", path);
        return path[0] != '\0' || fail(error, "there is no path of a socket");
    }
    if (strrchr(server, ':') == NULL) {
        return fail(error, "nbd:HOST:PORT or nbd:unix:PATH is needed");
    }
    return qblk_source_options_set_host(options, server, "host", "port", error);
}

/* The text up to one of @stops, with its backslashes taken out.  @at moves behind the stop,
 * which is returned in @stop, 0 for the end. */
static char *
next_token(const char **at, const char *stops, char *stop)
{
    GString *token = g_string_new(NULL);
    const char *text = *at;
    while (*text != '\0' && strchr(stops, *text) == NULL) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        }
        g_string_append_c(token, *text++);
    }
    *stop = *text;
    *at = *text == '\0' ? text : text + 1;
    return g_string_free(token, FALSE);
}

/* Ceph's "[v2:10.0.0.1:3300,v1:10.0.0.1:6789]", an address for each version of its protocol. */
static gboolean
has_versions(const char *monitors)
{
    g_auto(GStrv) parts = g_strsplit_set(monitors, "[,; ", -1);
    gboolean found = FALSE;
    for (guint i = 0; parts[i] != NULL; i++) {
        found = found || g_str_has_prefix(parts[i], "v1:") || g_str_has_prefix(parts[i], "v2:");
    }
    return found;
}

/* "a:6789;b": each is a server. */
static gboolean
add_monitors(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) monitors = g_strsplit_set(text, ";, ", -1);
    guint count = 0;
    if (has_versions(text)) {
        qblk_source_options_set(options, "mon_host", text); /* said to be left out */
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
add_rbd_option(const char *key, const char *value, QblkSourceOptions *options, GError **error)
{
    if (key[0] == '\0') {
        return fail(error, "an option has no name");
    }
    if (g_str_equal(key, "mon_host") || g_str_equal(key, "mon-host")) {
        return add_monitors(value, options, error);
    }
    /* In the string a user is called "id". */
    qblk_source_options_set(options, g_str_equal(key, "id") ? "user" : key, value);
    return TRUE;
}

/* POOL[/NAMESPACE]/IMAGE[@SNAPSHOT] up to a colon.  A pool alone is nothing to QEMU; libvirt reads
 * it, and writes such names. */
static gboolean
parse_rbd_image(const char **at, QblkSourceOptions *options, char *stop, GError **error)
{
    g_autofree char *pool = next_token(at, "/@:", stop);
    g_autofree char *first = *stop == '/' ? next_token(at, "/@:", stop) : NULL;
    g_autofree char *second = *stop == '/' ? next_token(at, "@:", stop) : NULL;
    g_autofree char *snapshot = *stop == '@' ? next_token(at, ":", stop) : NULL;
    const char *image = second != NULL ? second : first;
    if (pool[0] == '\0') {
        return fail(error, "there is no pool");
    }
    if ((image != NULL && image[0] == '\0') || (image == NULL && snapshot != NULL)) {
        return fail(error, "there is no image");
    }
    if (snapshot != NULL && snapshot[0] == '\0') {
        return fail(error, "the snapshot has no name");
    }
    qblk_source_options_set(options, "pool", pool);
    qblk_source_options_set(options, "namespace", second != NULL ? first : NULL);
    qblk_source_options_set(options, "image", image == NULL ? "" : image);
    qblk_source_options_set(options, "snapshot", snapshot);
    return TRUE;
}

/* QEMU looks for an at sign before it looks for the colon in front of the options. */
static gboolean
has_late_snapshot(const char *rest)
{
    char stop;
    g_autofree char *image = next_token(&rest, "@:", &stop);
    g_autofree char *options = stop == ':' ? next_token(&rest, "@", &stop) : NULL;
    return options != NULL && stop == '@';
}

/* rbd:IMAGE[:KEY=VALUE...], special characters after a backslash. */
static gboolean
parse_rbd(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    char stop;
    qblk_source_options_set(options, "driver", driver);
    if (has_late_snapshot(rest)) {
        return fail(error, "an '@' among the options needs a backslash before it");
    }
    if (!parse_rbd_image(&rest, options, &stop, error)) {
        return FALSE;
    }
    while (stop == ':' && *rest != '\0') {
        g_autofree char *key = next_token(&rest, "=:", &stop);
        if (stop != '=') {
            return fail(error, "an option has no value");
        }
        g_autofree char *value = next_token(&rest, ":", &stop);
        if (!add_rbd_option(key, value, options, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* sheepdog:[HOST:PORT:]VDI[:SNAPSHOT] */
static gboolean
parse_sheepdog(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(rest, ":", 4);
    guint count = g_strv_length(parts);
    guint vdi = count >= 3 ? 2 : 0;
    if (count == 0 || parts[vdi][0] == '\0') {
        return fail(error, "there is no image");
    }
    qblk_source_options_set(options, "driver", driver);
    if (vdi == 2) {
        qblk_source_options_set(options, "server.host", parts[0]);
        qblk_source_options_set(options, "server.port", parts[1]);
    }
    qblk_source_options_set(options, "vdi", parts[vdi]);
    qblk_source_options_set(options, "tag", parts[vdi + 1]);
    return vdi == 0 || qblk_host_port_is_port(parts[1], 0) || fail(error, QBLK_HOST_PORT_BAD_PORT);
}

static gboolean
set_fat_word(const char *word, QblkSourceOptions *options)
{
    static const struct {
        const char *word, *key, *value;
    } words[] = {
        {"floppy", "floppy", "on"}, {"12", "fat-type", "12"}, {"16", "fat-type", "16"},
        {"32", "fat-type", "32"},   {"rw", "rw", "on"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i].word, word)) {
            qblk_source_options_set(options, words[i].key, words[i].value);
            return TRUE;
        }
    }
    return FALSE;
}

/* fat:[floppy:][12:|16:|32:][rw:]DIRECTORY; to QEMU the directory begins behind the last colon. */
static gboolean
parse_fat(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(rest, ":", -1);
    guint last = MAX(g_strv_length(parts), 1) - 1;
    for (guint i = 0; i < last; i++) {
        if (!set_fat_word(parts[i], options)) {
            return fail(error, "before a colon stand 'floppy', '12', '16', '32' and 'rw' only; a "
                               "directory with a colon has to be said as json:");
        }
    }
    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "dir", parts[last]);
    return (parts[last] != NULL && parts[last][0] != '\0') || fail(error, "there is no directory");
}

/* blkdebug:[CONFIG]:NAME stands above the image it is about. */
static gboolean
parse_blkdebug(const char *driver, const char *rest, QblkSourceOptions *options, GError **error)
{
    const char *colon = strchr(rest, ':');
    return colon == NULL ? fail(error, "there is no image")
                         : qblk_source_string_parse(colon + 1, options, error);
}

/* Strings that are no URLs.  Some begin as a URL does. */
static const struct {
    const char *prefix;
    const char *driver;
    gboolean or_url; /* with "//" behind it, it is one */
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
    {"blkdebug:", NULL, FALSE, parse_blkdebug},
};

/* What stands before the first colon, if that comes before any slash: then it is a protocol to QEMU
 * (path_has_protocol in block.c), whatever file may be called so. */
static char *
protocol_of(const char *name)
{
    gsize length = strcspn(name, ":/");
    return name[length] == ':' ? g_strndup(name, length) : NULL;
}

gboolean
qblk_source_string_parse(const char *name, QblkSourceOptions *options, GError **error)
{
    g_autofree char *protocol = protocol_of(name);
    if (protocol == NULL) {
        return parse_path("file", name, options, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        gboolean is_form = g_str_has_prefix(name, forms[i].prefix);
        if (is_form && (!forms[i].or_url || strstr(name, "://") != name + strlen(protocol))) {
            return forms[i].parse(forms[i].driver, name + strlen(forms[i].prefix), options, error);
        }
    }
    if (strstr(name, "://") == name + strlen(protocol)) {
        return qblk_source_url_parse(name, options, error);
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "there is no protocol '%s' (a file of that name has to begin with './')", protocol);
    return FALSE;
}
