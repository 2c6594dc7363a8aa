/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source-url.h"

#include "base/redact.h"
#include "graph/source-string.h"

#include <string.h>

/* A URL in parts; what is not there is NULL. */
typedef struct {
    char *scheme;    /* lower case */
    char *transport; /* after the plus sign: "tcp", "unix", "rdma" */
    char *user;
    gboolean has_password;
    char *server;           /* HOST[:PORT] */
    char *path;             /* without the slash that begins it, decoded */
    char *query;            /* as it stands */
    GHashTable *parameters; /* of the query, decoded */
    char *fragment;
} Url;

static void
url_clear(Url *url)
{
    g_free(url->scheme);
    g_free(url->transport);
    g_free(url->user);
    g_free(url->server);
    g_free(url->path);
    g_free(url->query);
    g_free(url->fragment);
    g_clear_pointer(&url->parameters, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Url, url_clear)

static gboolean
fail(GError **error, const char *text, const char *reason)
{
    g_autofree char *clean = qblk_redact_name(text, NULL);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "'%s' is not understood: %s", clean,
                reason);
    return FALSE;
}

/* "USER:PASSWORD@" or, in iSCSI, "USER%PASSWORD@". */
static void
take_user(Url *url, const char *authority, const char *at)
{
    const char *separators =
        g_str_equal(url->scheme, "iscsi") || g_str_equal(url->scheme, "iser") ? "%:" : ":";
    gsize length = (gsize)(at - authority);
    g_autofree char *info = g_strndup(authority, length);
    gsize user = strcspn(info, separators);
    url->has_password = user < length;
    g_autofree char *raw = g_strndup(info, user);
    url->user = g_uri_unescape_string(raw, NULL);
}

/* A percent sign that begins no code stays one: a path may be written by hand. */
static char *
decode(const char *text, gsize length)
{
    g_autofree char *raw = g_strndup(text, length);
    char *decoded = g_uri_unescape_string(raw, NULL);
    return decoded != NULL ? decoded : g_steal_pointer(&raw);
}

/* The path of an http URL may have a ';' or '@', so that only '?' and '#' end it. */
static gboolean
split(const char *text, Url *url, GError **error)
{
    const char *authority = strstr(text, "://") + strlen("://");
    g_autofree char *scheme = g_ascii_strdown(text, authority - text - 3);
    char *plus = strchr(scheme, '+');
    if (plus != NULL) {
        *plus = '\0';
        url->transport = g_strdup(plus + 1);
    }
    url->scheme = g_strdup(scheme);

    gsize length = strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, (gssize)length, "@");
    if (at != NULL) {
        take_user(url, authority, at);
    }
    const char *server = at == NULL ? authority : at + 1;
    const char *rest = authority + length;
    url->server = g_strndup(server, (gsize)(rest - server));
    gsize path = strcspn(rest, "?#");
    url->path = decode(rest + (path > 0 ? 1 : 0), path > 0 ? path - 1 : 0);
    rest += path;
    if (*rest == '?') {
        gsize query = strcspn(rest + 1, "#");
        url->query = g_strndup(rest + 1, query);
        rest += 1 + query;
    }
    url->fragment = *rest == '#' ? g_strdup(rest + 1) : NULL;
    url->parameters =
        g_uri_parse_params(url->query == NULL ? "" : url->query, -1, "&;", G_URI_PARAMS_NONE, NULL);
    return url->parameters != NULL || fail(error, text, "its query is malformed");
}

/* ---- one function for each family of schemes ---- */

static gboolean
set_server(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    return qblk_source_string_host(url->server, options, "server.host", "server.port", error);
}

static const char *
parameter(const Url *url, const char *name)
{
    return g_hash_table_lookup(url->parameters, name);
}

static void
set_transport(const Url *url, QblkSourceOptions *options, const char *key)
{
    qblk_source_options_set(options, key, url->transport);
}

static gboolean
set_unix_socket(const char *text, const Url *url, QblkSourceOptions *options, const char *key,
                GError **error)
{
    const char *socket = parameter(url, "socket");
    qblk_source_options_set(options, key, socket);
    return socket != NULL || fail(error, text, "there is no '?socket=PATH'");
}

static gboolean
is_unix(const Url *url)
{
    return g_strcmp0(url->transport, "unix") == 0;
}

static gboolean
read_nbd(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "export", url->path[0] == '\0' ? NULL : url->path);
    qblk_source_options_set(options, "tls-creds", g_str_equal(url->scheme, "nbds") ? "" : NULL);
    return is_unix(url) ? set_unix_socket(text, url, options, "path", error)
                        : set_server(text, url, options, error);
}

static gboolean
read_iscsi(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    const char *slash = strrchr(url->path, '/');
    guint64 lun;
    if (url->server[0] == '\0' || slash == NULL || slash == url->path ||
        !g_ascii_string_to_unsigned(slash + 1, 10, 0, 16383, &lun, NULL)) {
        return fail(error, text, "iscsi://HOST/TARGET/LUN is needed");
    }
    g_autofree char *target = g_strndup(url->path, (gsize)(slash - url->path));
    qblk_source_options_set(options, "portal", url->server);
    qblk_source_options_set(options, "target", target);
    qblk_source_options_set(options, "lun", slash + 1);
    return TRUE;
}

static gboolean
read_gluster(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    const char *slash = strchr(url->path, '/');
    if (slash == NULL || slash == url->path || slash[1] == '\0') {
        return fail(error, text, "gluster://HOST/VOLUME/PATH is needed");
    }
    g_autofree char *volume = g_strndup(url->path, (gsize)(slash - url->path));
    qblk_source_options_set(options, "volume", volume);
    qblk_source_options_set(options, "path", slash + 1);
    set_transport(url, options, "server.0.type");
    return is_unix(url) ? set_unix_socket(text, url, options, "server.0.path", error)
                        : qblk_source_string_host(url->server, options, "server.0.host",
                                                  "server.0.port", error);
}

static gboolean
read_ssh(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    qblk_source_options_set(options, "host_key_check", parameter(url, "host_key_check"));
    return set_server(text, url, options, error);
}

static gboolean
read_sheepdog(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    if (url->path[0] == '\0') {
        return fail(error, text, "there is no image");
    }
    qblk_source_options_set(options, "vdi", url->path);
    qblk_source_options_set(options, "tag", url->fragment);
    if (is_unix(url)) {
        qblk_source_options_set(options, "server.type", "unix");
        return set_unix_socket(text, url, options, "server.path", error);
    }
    return url->server[0] == '\0' || set_server(text, url, options, error);
}

static gboolean
read_web(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "url-path", url->path);
    qblk_source_options_set(options, "url-query", url->query);
    return set_server(text, url, options, error);
}

static gboolean
read_nfs(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    static const struct {
        const char *parameter, *key;
    } known[] = {{"uid", "user"}, {"gid", "group"}};
    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        qblk_source_options_set(options, known[i].key, parameter(url, known[i].parameter));
    }
    return (url->path[0] != '\0' || fail(error, text, "there is no path")) &&
           set_server(text, url, options, error);
}

/* nvme://0000:01:00.0/1 */
static gboolean
read_nvme(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "device", url->server);
    qblk_source_options_set(options, "namespace", url->path);
    return url->path[0] != '\0' || fail(error, text,
                                        "nvme://DOMAIN:BUS:SLOT.FUNCTION/NAMESPACE "
                                        "is needed");
}

static gboolean
read_vxhs(const char *text, const Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "vdisk-id", url->path);
    return (url->path[0] != '\0' || fail(error, text, "there is no disk in it")) &&
           set_server(text, url, options, error);
}

static const struct {
    const char *scheme, *driver;
    gboolean (*read)(const char *text, const Url *url, QblkSourceOptions *options, GError **error);
} schemes[] = {
    {"nbd", "nbd", read_nbd},
    {"nbds", "nbd", read_nbd},
    {"iscsi", "iscsi", read_iscsi},
    {"iser", "iscsi", read_iscsi},
    {"gluster", "gluster", read_gluster},
    {"ssh", "ssh", read_ssh},
    {"sheepdog", "sheepdog", read_sheepdog},
    {"http", "http", read_web},
    {"https", "https", read_web},
    {"ftp", "ftp", read_web},
    {"ftps", "ftps", read_web},
    {"nfs", "nfs", read_nfs},
    {"nvme", "nvme", read_nvme},
    {"vxhs", "vxhs", read_vxhs},
};

gboolean
qblk_source_url_parse(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(Url) url = {0};
    if (!split(text, &url, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (!g_str_equal(schemes[i].scheme, url.scheme)) {
            continue;
        }
        qblk_source_options_set(options, "driver", schemes[i].driver);
        qblk_source_options_set(options, "user", url.user);
        qblk_source_options_set(options, QBLK_SOURCE_URL_PASSWORD, url.has_password ? "" : NULL);
        if (g_str_equal(url.scheme, "iser")) {
            qblk_source_options_set(options, "transport", "iser");
        }
        return schemes[i].read(text, &url, options, error);
    }
    g_autofree char *clean = qblk_redact_name(text, NULL);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "'%s' has the unknown protocol '%s'", clean, url.scheme);
    return FALSE;
}
