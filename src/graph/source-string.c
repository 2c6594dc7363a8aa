/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source-string.h"

#include "base/redact.h"
#include "graph/source-url.h"

#include <string.h>

static gboolean
fail(GError **error, const char *name, const char *reason)
{
    g_autofree char *clean = qblk_redact_name(name, NULL);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "'%s' is not understood: %s", clean,
                reason);
    return FALSE;
}

gboolean
qblk_source_string_host(const char *text, QblkSourceOptions *options, const char *host_key,
                        const char *port_key, GError **error)
{
    gboolean has_bracket = text[0] == '[';
    const char *end = has_bracket ? strchr(text, ']') : NULL;
    if (has_bracket && end == NULL) {
        return fail(error, text, "the bracket is not closed");
    }
    const char *colon = has_bracket ? end + 1 : strrchr(text, ':');
    gboolean has_port = colon != NULL && *colon == ':';
    if (has_bracket && !has_port && *colon != '\0') {
        return fail(error, text, "there is something after the bracket");
    }
    const char *start = has_bracket ? text + 1 : text;
    const char *stop = has_bracket ? end : has_port ? colon : text + strlen(text);
    g_autofree char *host = g_strndup(start, (gsize)(stop - start));
    if (host[0] == '\0') {
        return fail(error, text, "there is no host");
    }
    qblk_source_options_set(options, host_key, host);
    if (has_port) {
        guint64 port;
        if (!g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
            return fail(error, text, "the port is not a number up to 65535");
        }
        qblk_source_options_set(options, port_key, colon + 1);
    }
    return TRUE;
}

static gboolean
parse_path(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
           GError **error)
{
    if (rest[0] == '\0') {
        return fail(error, name, "there is no path");
    }
    qblk_source_options_set(options, "driver", driver);
    qblk_source_options_set(options, "filename", rest);
    return TRUE;
}

/* nbd:unix:PATH[:exportname=NAME], nbd:HOST:PORT[:exportname=NAME]; the export's name goes to the
 * end of the string. */
static gboolean
parse_nbd(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
          GError **error)
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
        return path[0] != '\0' || fail(error, name, "there is no path of a socket");
    }
    if (strrchr(server, ':') == NULL) {
        return fail(error, name, "nbd:HOST:PORT or nbd:unix:PATH is needed");
    }
    return qblk_source_string_host(server, options, "host", "port", error);
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

/* "a:6789;b" with escaped colons before: each is a server. */
static gboolean
add_monitors(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(GStrv) monitors = g_strsplit_set(text, ";,", -1);
    guint count = 0;
    for (guint i = 0; monitors[i] != NULL; i++) {
        char *monitor = g_strstrip(monitors[i]);
        if (monitor[0] == '\0') {
            continue;
        }
        g_autofree char *host = g_strdup_printf("server.%u.host", count);
        g_autofree char *port = g_strdup_printf("server.%u.port", count);
        if (!qblk_source_string_host(monitor, options, host, port, error)) {
            return FALSE;
        }
        count++;
    }
    return TRUE;
}

static gboolean
add_rbd_option(const char *key, const char *value, QblkSourceOptions *options, GError **error)
{
    if (g_str_equal(key, "mon_host") || g_str_equal(key, "mon-host")) {
        return add_monitors(value, options, error);
    }
    /* In the string a user is called "id". */
    qblk_source_options_set(options, g_str_equal(key, "id") ? "user" : key, value);
    return TRUE;
}

static void
set_token(QblkSourceOptions *options, const char *key, const char **at, const char *stops,
          char *stop)
{
    g_autofree char *token = next_token(at, stops, stop);
    qblk_source_options_set(options, key, token);
}

/* POOL[/NAMESPACE][/IMAGE][@SNAPSHOT] up to a colon. */
static void
parse_rbd_image(const char **at, QblkSourceOptions *options, char *stop)
{
    set_token(options, "pool", at, "/@:", stop);
    if (*stop == '/') {
        g_autofree char *second = next_token(at, "/@:", stop);
        qblk_source_options_set(options, *stop == '/' ? "namespace" : "image", second);
    }
    if (*stop == '/') {
        set_token(options, "image", at, "@:", stop);
    }
    if (*stop == '@') {
        set_token(options, "snapshot", at, ":", stop);
    }
}

/* rbd:IMAGE[:KEY=VALUE...], special characters after a backslash. */
static gboolean
parse_rbd(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
          GError **error)
{
    char stop;
    if (rest[0] == '\0' || strchr("/@:", rest[0]) != NULL) {
        return fail(error, name, "there is no pool");
    }
    qblk_source_options_set(options, "driver", driver);
    parse_rbd_image(&rest, options, &stop);
    while (stop == ':' && *rest != '\0') {
        g_autofree char *key = next_token(&rest, "=:", &stop);
        if (stop != '=') {
            return fail(error, name, "an option has no value");
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
parse_sheepdog(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
               GError **error)
{
    g_auto(GStrv) parts = g_strsplit(rest, ":", 4);
    guint count = g_strv_length(parts);
    guint vdi = count >= 3 ? 2 : 0;
    if (count == 0 || parts[vdi][0] == '\0') {
        return fail(error, name, "there is no image");
    }
    qblk_source_options_set(options, "driver", driver);
    if (vdi == 2) {
        qblk_source_options_set(options, "server.host", parts[0]);
        qblk_source_options_set(options, "server.port", parts[1]);
    }
    qblk_source_options_set(options, "vdi", parts[vdi]);
    qblk_source_options_set(options, "tag", parts[vdi + 1]);
    return TRUE;
}

/* fat:[floppy:][12:|16:|32:][rw:]FOLDER */
static gboolean
parse_fat(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
          GError **error)
{
    static const struct {
        const char *word, *key, *value;
    } words[] = {
        {"floppy:", "floppy", "on"}, {"12:", "fat-type", "12"}, {"16:", "fat-type", "16"},
        {"32:", "fat-type", "32"},   {"rw:", "rw", "on"},
    };
    qblk_source_options_set(options, "driver", driver);
    for (gsize i = 0; i < G_N_ELEMENTS(words);) {
        if (g_str_has_prefix(rest, words[i].word)) {
            qblk_source_options_set(options, words[i].key, words[i].value);
            rest += strlen(words[i].word);
            i = 0;
        } else {
            i++;
        }
    }
    qblk_source_options_set(options, "dir", rest);
    return rest[0] != '\0' || fail(error, name, "there is no folder");
}

/* blkdebug:[CONFIG]:NAME stands above the image it is about. */
static gboolean
parse_blkdebug(const char *driver, const char *name, const char *rest, QblkSourceOptions *options,
               GError **error)
{
    const char *colon = strchr(rest, ':');
    return colon == NULL ? fail(error, name, "there is no image")
                         : qblk_source_string_parse(colon + 1, options, error);
}

/* Strings that are no URLs; longer prefixes first. */
static const struct {
    const char *prefix;
    const char *driver;
    gboolean (*parse)(const char *driver, const char *name, const char *rest,
                      QblkSourceOptions *options, GError **error);
} forms[] = {
    {"file:", "file", parse_path},
    {"host_device:", "host_device", parse_path},
    {"host_cdrom:", "host_cdrom", parse_path},
    {"nbd:", "nbd", parse_nbd},
    {"rbd:", "rbd", parse_rbd},
    {"sheepdog:", "sheepdog", parse_sheepdog},
    {"fat:", "vvfat", parse_fat},
    {"blkdebug:", NULL, parse_blkdebug},
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
        return parse_path("file", name, name, options, error);
    }
    if (strstr(name, "://") == name + strlen(protocol)) {
        return qblk_source_url_parse(name, options, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(name, forms[i].prefix)) {
            const char *rest = name + strlen(forms[i].prefix);
            return forms[i].parse(forms[i].driver, name, rest, options, error);
        }
    }
    g_autofree char *clean = qblk_redact_name(name, NULL);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "'%s' has the unknown protocol '%s'; a file of that name is './%s'", clean,
                protocol, clean);
    return FALSE;
}
