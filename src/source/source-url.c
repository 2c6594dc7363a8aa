/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-url.h"

#include "base/redact.h"
#include "source/source.h"
#include "source/url.h"

#include <string.h>

/* ---- queries ---- */

/* A parameter of a query, and the option that it becomes. */
typedef struct {
    const char *parameter, *key;
} Parameter;

/* Set the option for @text, "PARAMETER=VALUE".  QEMU refuses an unknown parameter as well. */
static gboolean
set_parameter(const QblkUrl *url, const char *text, const Parameter *known, gsize count,
              QblkSourceOptions *options, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *name = g_strndup(text, equals == NULL ? 0 : (gsize)(equals - text));

    for (gsize i = 0; equals != NULL && i < count; i++) {
        if (!g_str_equal(known[i].parameter, name)) {
            continue;
        }

        g_autofree char *value = qblk_url_decode(url, equals + 1, strlen(equals + 1), error);
        qblk_source_options_set(options, known[i].key, value);
        return value != NULL;
    }
    return qblk_source_set_invalid("unknown parameter in the query of the URL", error);
}

/* Set the options for the query of @url, which may have the @count parameters @known. */
static gboolean
set_query(const QblkUrl *url, const Parameter *known, gsize count, QblkSourceOptions *options,
          GError **error)
{
    g_auto(GStrv) parameters = g_strsplit(url->query == NULL ? "" : url->query, "&", -1);

    for (guint i = 0; parameters[i] != NULL; i++) {
        if (parameters[i][0] == '\0') {
            continue;
        }
        if (!set_parameter(url, parameters[i], known, count, options, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* TRUE if the name of one of the ';' separated parts of @parameter is that of a secret, or cannot
 * be decoded.  It is up to the server if '&' or ';' separates parameters. */
static gboolean
has_secret(const QblkUrl *url, const char *parameter)
{
    g_auto(GStrv) parts = g_strsplit(parameter, ";", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        g_autofree char *name = qblk_url_decode(url, parts[i], strcspn(parts[i], "="), NULL);

        if (name == NULL || qblk_redact_is_query_secret(name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Set the option for the query without the parameters that have a secret, and the option for these.
 * */
static void
set_public_query(const QblkUrl *url, QblkSourceOptions *options)
{
    g_auto(GStrv) parameters = g_strsplit(url->query, "&", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new(); /* of char, borrowed */

    for (guint i = 0; parameters[i] != NULL; i++) {
        if (has_secret(url, parameters[i])) {
            qblk_source_options_set(options, QBLK_SOURCE_URL_QUERY_SECRET, "");
        } else {
            g_ptr_array_add(kept, parameters[i]);
        }
    }

    gboolean is_empty = kept->len == 0 && url->query[0] != '\0';
    g_ptr_array_add(kept, NULL);
    g_autofree char *query = g_strjoinv("&", (char **)kept->pdata);
    qblk_source_options_set(options, "url-query", is_empty ? NULL : query);
}

/* ---- servers ---- */

static gboolean
set_server(const QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    return qblk_source_options_set_host(options, url->server, "server.host", "server.port", error);
}

/* Set the option @key to the socket that the query of @url names.  Without the transport "unix" the
 * query has to be empty. */
static gboolean
set_socket(const QblkUrl *url, QblkSourceOptions *options, const char *key, GError **error)
{
    const Parameter known[] = {{"socket", key}};
    gboolean is_unix = qblk_url_is_unix(url);

    if (!set_query(url, known, is_unix ? 1 : 0, options, error)) {
        return FALSE;
    }
    if (!is_unix) {
        return TRUE;
    }

    const char *socket = qblk_source_options_take(options, "", key);
    if (socket == NULL || socket[0] == '\0') {
        return qblk_source_set_invalid("missing '?socket=PATH' in the URL", error);
    }
    if (url->server[0] != '\0') {
        return qblk_source_set_invalid("the URL has both a host and a socket", error);
    }
    return TRUE;
}

/* ---- one function for each family of schemes ---- */

/* Split "nbd+unix:///EXPORT?socket=PATH" as QEMU reports it (nbd_refresh_filename): the export may
 * contain a question mark. */
static gboolean
set_reported_socket(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    static const char mark[] = "?socket=";
    const char *socket = g_strrstr(url->text, mark);
    const char *path = strstr(url->text, "://") + strlen("://");

    if (socket == NULL) {
        return qblk_source_set_invalid("missing '?socket=PATH' in the URL", error);
    }

    if (g_path_is_absolute(path)) {
        path++;
    }
    g_free(url->path);
    url->path = g_strndup(path, (gsize)(socket - path));
    qblk_source_options_set(options, "path", socket + strlen(mark));
    return TRUE;
}

static gboolean
set_nbd_server(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    static const char *const marks[] = {NULL};

    if (url->is_reported && qblk_url_is_unix(url)) {
        return set_reported_socket(url, options, error);
    }
    if (url->is_reported) {
        qblk_url_set_reported_path(url, marks);
    }

    if (!set_socket(url, options, "path", error)) {
        return FALSE;
    }
    return qblk_url_is_unix(url) || set_server(url, options, error);
}

static gboolean
read_nbd(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    if (!set_nbd_server(url, options, error)) {
        return FALSE;
    }

    if (url->path[0] != '\0') {
        qblk_source_options_set(options, "export", url->path);
    }
    if (g_str_equal(url->scheme, "nbds")) {
        qblk_source_options_set(options, "tls-creds", "");
    }
    return TRUE;
}

static gboolean
read_iscsi(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    static const Parameter known[] = {
        {"target_user", "target-user"},
        {"target_password", "target-password"},
        {"header_digest", "header-digest"},
        {"data_digest", "data-digest"},
    };
    const char *slash = strrchr(url->path, '/');

    if (url->server[0] == '\0' || slash == NULL || slash == url->path) {
        return qblk_source_set_invalid("expected iscsi://HOST/TARGET/LUN", error);
    }

    g_autofree char *target = g_strndup(url->path, (gsize)(slash - url->path));
    qblk_source_options_set(options, "portal", url->server);
    qblk_source_options_set(options, "target", target);
    qblk_source_options_set(options, "lun", slash + 1);
    if (g_str_equal(url->scheme, "iser")) {
        qblk_source_options_set(options, "transport", "iser");
    }

    return set_query(url, known, G_N_ELEMENTS(known), options, error);
}

/* QEMU accepts any number of slashes around the volume, and connects to its own host if the URL has
 * no server. */
static gboolean
read_gluster(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    const char *start = url->path + strspn(url->path, "/");
    const char *slash = start + strcspn(start, "/");
    const char *path = slash + strspn(slash, "/");
    const char *server = url->server[0] == '\0' ? "localhost" : url->server;

    if (slash == start || path[0] == '\0') {
        return qblk_source_set_invalid("expected gluster://HOST/VOLUME/PATH", error);
    }

    g_autofree char *volume = g_strndup(start, (gsize)(slash - start));
    qblk_source_options_set(options, "volume", volume);
    qblk_source_options_set(options, "path", path);
    qblk_source_options_set(options, "server.0.type", url->transport);

    if (!set_socket(url, options, "server.0.path", error)) {
        return FALSE;
    }
    if (qblk_url_is_unix(url)) {
        return TRUE;
    }
    return qblk_source_options_set_host(options, server, "server.0.host", "server.0.port", error);
}

/* QEMU ignores parameters that it does not know.  The one that it knows, host_key_check, is about
 * how the server is reached. */
static gboolean
read_ssh(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    static const char *const marks[] = {"?host_key_check=", NULL};

    if (url->is_reported) {
        qblk_url_set_reported_path(url, marks);
    }
    if (!url->has_path) {
        return qblk_source_set_invalid("missing path in the URL", error);
    }

    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    return set_server(url, options, error);
}

static gboolean
read_sheepdog(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    if (url->path[0] == '\0') {
        return qblk_source_set_invalid("missing image name in the URL", error);
    }

    qblk_source_options_set(options, "vdi", url->path);
    qblk_source_options_set(options, "tag", url->fragment);
    if (!set_socket(url, options, "server.path", error)) {
        return FALSE;
    }
    return url->server[0] == '\0' || set_server(url, options, error);
}

static gboolean
read_web(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    gboolean is_ftp = g_str_has_prefix(url->scheme, "ftp");

    qblk_source_options_set(options, "url-path", url->path);
    if (url->has_coded_slash) {
        qblk_source_options_set(options, "coded-slash", "");
    }

    if (url->query != NULL && is_ftp) {
        qblk_source_options_set(options, "unsent-query", ""); /* libcurl removes it */
    } else if (url->query != NULL) {
        set_public_query(url, options);
    }

    return set_server(url, options, error);
}

/* An NFS URL cannot have a port, so QEMU reports an IPv6 address without brackets. */
static gboolean
set_nfs_server(const QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    if (strchr(url->server, ':') != NULL && g_hostname_is_ip_address(url->server)) {
        qblk_source_options_set(options, "server.host", url->server);
        return TRUE;
    }
    return set_server(url, options, error);
}

static gboolean
read_nfs(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    static const Parameter known[] = {
        {"uid", "user"},
        {"gid", "group"},
        {"tcp-syncnt", "tcp-syn-count"},
        {"readahead", "readahead-size"},
        {"pagecache", "page-cache-size"},
        {"debug", "debug"},
    };
    static const char *const marks[] = {"?uid=", "?gid=", NULL};

    if (url->is_reported) {
        qblk_url_set_reported_path(url, marks);
    }
    if (url->path[0] == '\0') {
        return qblk_source_set_invalid("missing path in the URL", error);
    }

    g_autofree char *path = g_strconcat("/", url->path, NULL);
    qblk_source_options_set(options, "path", path);
    if (!set_nfs_server(url, options, error)) {
        return FALSE;
    }
    return set_query(url, known, G_N_ELEMENTS(known), options, error);
}

/* "nvme://0000:01:00.0/1"; the namespace is optional. */
static gboolean
read_nvme(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    qblk_source_options_set(options, "device", url->server);
    if (url->path[0] != '\0') {
        qblk_source_options_set(options, "namespace", url->path);
    }
    return TRUE;
}

static gboolean
read_vxhs(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    if (url->path[0] == '\0') {
        return qblk_source_set_invalid("missing disk ID in the URL", error);
    }

    qblk_source_options_set(options, "vdisk-id", url->path);
    return set_server(url, options, error);
}

/* ---- all schemes ---- */

typedef struct {
    const char *scheme, *driver;
    const char *transports; /* the ones that may follow a plus sign */
    const char *user;       /* the option for the user */
    gboolean (*read)(QblkUrl *url, QblkSourceOptions *options, GError **error);
} Scheme;

static const Scheme schemes[] = {
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

static const Scheme *
find_scheme(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_equal(schemes[i].scheme, name)) {
            return &schemes[i];
        }
    }
    return NULL;
}

static gboolean
has_transport(const Scheme *scheme, const char *transport)
{
    g_auto(GStrv) known = g_strsplit(scheme->transports, " ", -1);

    return g_strv_contains((const char *const *)known, transport);
}

static gboolean
parse_url(QblkUrl *url, QblkSourceOptions *options, GError **error)
{
    if (!qblk_url_split(url, error)) {
        return FALSE;
    }

    const Scheme *scheme = find_scheme(url->scheme);
    if (scheme == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, "unknown protocol '%s'",
                    url->scheme);
        return FALSE;
    }
    if (url->transport != NULL && !has_transport(scheme, url->transport)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "protocol '%s' has no transport '%s'", url->scheme, url->transport);
        return FALSE;
    }

    qblk_source_options_set(options, "driver", scheme->driver);
    qblk_source_options_set(options, scheme->user, url->user);
    if (url->has_password) {
        qblk_source_options_set(options, QBLK_SOURCE_URL_PASSWORD, "");
    }
    return scheme->read(url, options, error);
}

gboolean
qblk_source_url_parse(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(QblkUrl) url = {.text = text};

    return parse_url(&url, options, error);
}

gboolean
qblk_source_url_parse_reported(const char *text, QblkSourceOptions *options, GError **error)
{
    g_auto(QblkUrl) url = {.text = text, .is_reported = TRUE};

    return parse_url(&url, options, error);
}
