/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-url.h"

#include "base/redact.h"

#include <string.h>

/* A URL in parts; what is not there is NULL. */
typedef struct {
    gboolean is_raw; /* its percent signs are part of the names */
    char *scheme;
    char *transport; /* after the plus sign: "tcp", "unix", "rdma" */
    char *user;
    gboolean has_password;
    char *server;             /* HOST[:PORT] */
    char *path;               /* without the slash that begins it, decoded */
    gboolean has_coded_slash; /* in the path, where it parts nothing */
    char *query;              /* as it stands */
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
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Url, url_clear)

static gboolean
fail(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
    return FALSE;
}

/* ---- parts ---- */

/* The byte that the percent code at @text stands for, -1 where it is none. */
static int
code_at(const char *text, const char *end)
{
    if (end - text < 3 || text[0] != '%' || !g_ascii_isxdigit(text[1]) ||
        !g_ascii_isxdigit(text[2])) {
        return -1;
    }
    return g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
}

/* A percent sign that begins no code stays one: a path may be written by hand. */
static char *
decode(const Url *url, const char *text, gsize length, GError **error)
{
    GString *decoded = g_string_new(NULL);
    const char *end = text + length;
    for (const char *at = text; at < end; at++) {
        int code = url->is_raw ? -1 : code_at(at, end);
        if (code == 0) {
            g_string_free(decoded, TRUE);
            (void)fail(error, "'%00' ends a name, and there is more of it");
            return NULL;
        }
        g_string_append_c(decoded, code < 0 ? *at : (char)code);
        at += code < 0 ? 0 : 2;
    }
    return g_string_free(decoded, FALSE);
}

/* "USER:PASSWORD@" or, in iSCSI, "USER%PASSWORD@". */
static gboolean
take_user(Url *url, const char *authority, const char *at, GError **error)
{
    gboolean is_iscsi = g_str_equal(url->scheme, "iscsi") || g_str_equal(url->scheme, "iser");
    gsize length = (gsize)(at - authority);
    g_autofree char *info = g_strndup(authority, length);
    gsize user = strcspn(info, is_iscsi ? "%:" : ":");
    url->has_password = user < length;
    url->user = user == 0 ? NULL : decode(url, info, user, error);
    return user == 0 || url->user != NULL;
}

static void
split_scheme(const char *text, gsize length, Url *url)
{
    g_autofree char *scheme = g_strndup(text, length);
    char *plus = strchr(scheme, '+');
    if (plus != NULL) {
        *plus = '\0';
        url->transport = g_strdup(plus + 1);
    }
    url->scheme = g_strdup(scheme);
}

/* The path of an http URL may have a ';' or '@', so that only '?' and '#' end it. */
static gboolean
split(const char *text, Url *url, GError **error)
{
    const char *mark = strstr(text, "://");
    if (mark == NULL) {
        return fail(error, "it is no URL");
    }
    split_scheme(text, (gsize)(mark - text), url);
    const char *authority = mark + strlen("://");
    gsize length = strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, (gssize)length, "@");
    if (at != NULL && !take_user(url, authority, at, error)) {
        return FALSE;
    }
    const char *server = at == NULL ? authority : at + 1;
    const char *rest = authority + length;
    url->server = decode(url, server, (gsize)(rest - server), error);
    gsize path = strcspn(rest, "?#");
    url->has_coded_slash = g_strstr_len(rest, (gssize)path, "%2F") != NULL ||
                           g_strstr_len(rest, (gssize)path, "%2f") != NULL;
    url->path = decode(url, rest + (path > 0 ? 1 : 0), path > 0 ? path - 1 : 0, error);
    rest += path;
    if (*rest == '?') {
        gsize query = strcspn(rest + 1, "#");
        url->query = g_strndup(rest + 1, query);
        rest += 1 + query;
    }
    url->fragment = *rest == '#' ? g_strdup(rest + 1) : NULL;
    return url->server != NULL && url->path != NULL;
}

/* ---- queries ---- */

/* What the parameters of a query become; those of others are errors, as they are to QEMU. */
typedef struct {
    const char *parameter, *key;
} Known;

static gboolean
set_parameter(const Url *url, const char *text, const Known *known, gsize count,
              QblkSourceOptions *options, GError **error)
{
    gsize name = strcspn(text, "=");
    for (gsize i = 0; i < count; i++) {
        if (strlen(known[i].parameter) == name && strncmp(known[i].parameter, text, name) == 0 &&
            text[name] == '=') {
            const char *value = text + name + 1;
            g_autofree char *decoded = decode(url, value, strlen(value), error);
            qblk_source_options_set(options, known[i].key, decoded);
            return decoded != NULL;
        }
    }
    return fail(error, "its query has a parameter that is not known");
}

static gboolean
read_query(const Url *url, const Known *known, gsize count, QblkSourceOptions *options,
           GError **error)
{
    g_auto(GStrv) parameters = g_strsplit(url->query == NULL ? "" : url->query, "&", -1);
    for (guint i = 0; parameters[i] != NULL; i++) {
        if (parameters[i][0] != '\0' &&
            !set_parameter(url, parameters[i], known, count, options, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
has_secret(const Url *url, const char *parameter)
{
    g_autofree char *raw = g_strndup(parameter, strcspn(parameter, "="));
    g_autofree char *name = decode(url, raw, strlen(raw), NULL);
    return name == NULL || qblk_redact_is_query_secret(name);
}

/* The query but for its secrets; for each of them an option says that it was there.  What parts
 * the parameters is up to the server: both ways are looked at, and where there is a secret behind
 * a semicolon the parameter in which it stands is left out. */
static void
set_public_query(const Url *url, QblkSourceOptions *options)
{
    g_auto(GStrv) parameters = g_strsplit(url->query, "&", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; parameters[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(parameters[i], ";", -1);
        gboolean is_secret = FALSE;
        for (guint j = 0; parts[j] != NULL; j++) {
            is_secret = is_secret || has_secret(url, parts[j]);
        }
        if (is_secret) {
            qblk_source_options_set(options, QBLK_SOURCE_URL_QUERY_SECRET, "");
        } else {
            g_ptr_array_add(kept, parameters[i]);
        }
    }
    gboolean any = kept->len > 0;
    g_ptr_array_add(kept, NULL);
    g_autofree char *query = g_strjoinv("&", (char **)kept->pdata);
    qblk_source_options_set(options, "url-query", any || url->query[0] == '\0' ? query : NULL);
}

/* ---- servers ---- */

static gboolean
is_unix(const Url *url)
{
    return g_strcmp0(url->transport, "unix") == 0;
}

static gboolean
set_server(const Url *url, QblkSourceOptions *options, GError **error)
{
    return qblk_source_options_set_host(options, url->server, "server.host", "server.port", error);
}

/* The socket of a URL that has a transport, or that it has none and no query either. */
static gboolean
set_socket(const Url *url, QblkSourceOptions *options, const char *key, GError **error)
{
    const Known known[] = {{"socket", key}};
    if (!read_query(url, known, is_unix(url) ? 1 : 0, options, error)) {
        return FALSE;
    }
    if (!is_unix(url)) {
        return TRUE;
    }
    const char *socket = qblk_source_options_take(options, "", key);
    if (socket == NULL || socket[0] == '\0') {
        return fail(error, "there is no '?socket=PATH'");
    }
    return url->server[0] == '\0' || fail(error, "it has both a host and a socket");
}

/* ---- one function for each family of schemes ---- */

/* As QEMU reports it, an export may have a question mark in its name (nbd_refresh_filename). */
static gboolean
set_reported_socket(Url *url, const char *text, QblkSourceOptions *options, GError **error)
{
    static const char mark[] = "?socket=";
    const char *socket = g_strrstr(text, mark);
    const char *path = strstr(text, "://") + strlen("://");
    if (socket == NULL) {
        return fail(error, "there is no '?socket=PATH'");
    }
    path += path[0] == '/' ? 1 : 0;
    g_free(url->path);
    url->path = g_strndup(path, (gsize)(socket - path));
    qblk_source_options_set(options, "path", socket + strlen(mark));
    return TRUE;
}

/* All behind the server is the path, but for a query that begins with one of @marks. */
static void
set_reported_path(Url *url, const char *text, const char *const *marks)
{
    const char *server = strstr(text, "://") + strlen("://");
    const char *path = server + strcspn(server, "/");
    const char *end = path + strlen(path);
    for (guint i = 0; marks[i] != NULL; i++) {
        const char *mark = g_strrstr(path, marks[i]);
        end = mark != NULL && mark < end ? mark : end;
    }
    g_free(url->path);
    g_free(url->query);
    url->path = g_strndup(path + (path < end ? 1 : 0), (gsize)(end - path) - (path < end ? 1 : 0));
    url->query = *end == '?' ? g_strdup(end + 1) : NULL;
}

static gboolean
read_nbd(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    static const char *const marks[] = {NULL};
    if (url->is_raw && !is_unix(url)) {
        set_reported_path(url, text, marks);
    }
    gboolean is_read = url->is_raw && is_unix(url) ? set_reported_socket(url, text, options, error)
                                                   : set_socket(url, options, "path", error);
    qblk_source_options_set(options, "export", url->path[0] == '\0' ? NULL : url->path);
    qblk_source_options_set(options, "tls-creds", g_str_equal(url->scheme, "nbds") ? "" : NULL);
    return is_read && (is_unix(url) || set_server(url, options, error));
}

static gboolean
read_iscsi(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    static const Known known[] = {
        {"target_user", "target-user"},
        {"target_password", "target-password"},
        {"header_digest", "header-digest"},
        {"data_digest", "data-digest"},
    };
    const char *slash = strrchr(url->path, '/');
    if (url->server[0] == '\0' || slash == NULL || slash == url->path) {
        return fail(error, "iscsi://HOST/TARGET/LUN is needed");
    }
    g_autofree char *target = g_strndup(url->path, (gsize)(slash - url->path));
    qblk_source_options_set(options, "portal", url->server);
    qblk_source_options_set(options, "target", target);
    qblk_source_options_set(options, "lun", slash + 1);
    qblk_source_options_set(options, "transport", g_str_equal(url->scheme, "iser") ? "iser" : NULL);
    return read_query(url, known, G_N_ELEMENTS(known), options, error);
}

/* QEMU takes any number of slashes around the volume, and its own host where none is said. */
static gboolean
read_gluster(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    const char *start = url->path + strspn(url->path, "/");
    const char *slash = start + strcspn(start, "/");
    const char *path = slash + strspn(slash, "/");
    if (slash == start || path[0] == '\0') {
        return fail(error, "gluster://HOST/VOLUME/PATH is needed");
    }
    g_autofree char *volume = g_strndup(start, (gsize)(slash - start));
    qblk_source_options_set(options, "volume", volume);
    qblk_source_options_set(options, "path", path);
    qblk_source_options_set(options, "server.0.type", url->transport);
    return set_socket(url, options, "server.0.path", error) &&
           (is_unix(url) || qblk_source_options_set_host(
                                options, url->server[0] == '\0' ? "localhost" : url->server,
                                "server.0.host", "server.0.port", error));
}

/* QEMU ignores the parameters that it does not know; the one it knows says how the host is told. */
static gboolean
read_ssh(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    static const char *const marks[] = {"?host_key_check=", NULL};
    if (url->is_raw) {
        set_reported_path(url, text, marks);
    }
    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    const char *authority = strstr(text, "://") + strlen("://");
    return (authority[strcspn(authority, "/?#")] == '/' || fail(error, "there is no path")) &&
           set_server(url, options, error);
}

static gboolean
read_sheepdog(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "vdi", url->path);
    qblk_source_options_set(options, "tag", url->fragment);
    return (url->path[0] != '\0' || fail(error, "there is no image")) &&
           set_socket(url, options, "server.path", error) &&
           (url->server[0] == '\0' || set_server(url, options, error));
}

static gboolean
read_web(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    gboolean is_ftp = g_str_has_prefix(url->scheme, "ftp");
    qblk_source_options_set(options, "url-path", url->path);
    qblk_source_options_set(options, "coded-slash", url->has_coded_slash ? "" : NULL);
    if (url->query != NULL && is_ftp) {
        qblk_source_options_set(options, "unsent-query", ""); /* libcurl cuts it off */
    } else if (url->query != NULL) {
        set_public_query(url, options);
    }
    return set_server(url, options, error);
}

static gboolean
read_nfs(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    static const Known known[] = {
        {"uid", "user"},
        {"gid", "group"},
        {"tcp-syncnt", "tcp-syn-count"},
        {"readahead", "readahead-size"},
        {"pagecache", "page-cache-size"},
        {"debug", "debug"},
    };
    static const char *const marks[] = {"?uid=", "?gid=", NULL};
    if (url->is_raw) {
        set_reported_path(url, text, marks);
    }
    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    if (url->path[0] == '\0') {
        return fail(error, "there is no path");
    }
    /* It knows no ports, so that QEMU's names with an address have nothing behind it. */
    if (strchr(url->server, ':') != NULL && g_hostname_is_ip_address(url->server)) {
        qblk_source_options_set(options, "server.host", url->server);
    } else if (!set_server(url, options, error)) {
        return FALSE;
    }
    return read_query(url, known, G_N_ELEMENTS(known), options, error);
}

/* nvme://0000:01:00.0/1, where the namespace need not be said. */
static gboolean
read_nvme(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "device", url->server);
    qblk_source_options_set(options, "namespace", url->path[0] == '\0' ? NULL : url->path);
    return TRUE;
}

static gboolean
read_vxhs(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "vdisk-id", url->path);
    return (url->path[0] != '\0' || fail(error, "there is no disk in it")) &&
           set_server(url, options, error);
}

static const struct {
    const char *scheme, *driver;
    const char *transports; /* what may stand behind a plus sign */
    const char *user;       /* the option for the user */
    gboolean (*read)(const char *text, Url *url, QblkSourceOptions *options, GError **error);
} schemes[] = {
    {"nbd", "nbd", "tcp unix", "url-user", read_nbd},
    {"nbds", "nbd", "tcp unix", "url-user", read_nbd},
    {"iscsi", "iscsi", "", "user", read_iscsi},
    {"iser", "iscsi", "", "user", read_iscsi},
    {"gluster", "gluster", "tcp unix rdma", "url-user", read_gluster},
    {"ssh", "ssh", "", "user", read_ssh},
    {"sheepdog", "sheepdog", "tcp unix", "url-user", read_sheepdog},
    {"http", "http", "", "user", read_web},
    {"https", "https", "", "user", read_web},
    {"ftp", "ftp", "", "user", read_web},
    {"ftps", "ftps", "", "user", read_web},
    {"nfs", "nfs", "", "url-user", read_nfs},
    {"nvme", "nvme", "", "url-user", read_nvme},
    {"vxhs", "vxhs", "", "url-user", read_vxhs},
};

static gboolean
check_transport(const Url *url, const char *transports, GError **error)
{
    g_auto(GStrv) known = g_strsplit(transports, " ", -1);
    return url->transport == NULL || g_strv_contains((const char *const *)known, url->transport) ||
           fail(error, "its scheme has no such transport");
}

static gboolean
parse(const char *text, Url *url, QblkSourceOptions *options, GError **error)
{
    if (!split(text, url, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (!g_str_equal(schemes[i].scheme, url->scheme)) {
            continue;
        }
        qblk_source_options_set(options, "driver", schemes[i].driver);
        qblk_source_options_set(options, schemes[i].user, url->user);
        qblk_source_options_set(options, QBLK_SOURCE_URL_PASSWORD, url->has_password ? "" : NULL);
        return check_transport(url, schemes[i].transports, error) &&
               schemes[i].read(text, url, options, error);
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "there is no protocol '%s' in QEMU and libvirt", url->scheme);
    return FALSE;
}

gboolean
qblk_source_url_parse(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(Url) url = {0};
    return parse(text, &url, options, error);
}

gboolean
qblk_source_url_parse_reported(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(Url) url = {.is_raw = TRUE};
    return parse(text, &url, options, error);
}
