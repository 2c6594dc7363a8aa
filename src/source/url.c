/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/url.h"

#include "source/source.h"

#include <string.h>

void
qblk_url_clear(QblkUrl *url)
{
    g_free(url->scheme);
    g_free(url->transport);
    g_free(url->user);
    g_free(url->server);
    g_free(url->path);
    g_free(url->query);
    g_free(url->fragment);
}

/* The byte that the percent code at @text stands for; -1 if there is no code. */
static int
decode_byte(const char *text, const char *end)
{
    if (end - text < 3 || text[0] != '%') {
        return -1;
    }
    if (!g_ascii_isxdigit(text[1]) || !g_ascii_isxdigit(text[2])) {
        return -1;
    }
    return g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
}

char *
qblk_url_decode(const QblkUrl *url, const char *text, gsize length, GError **error)
{
    g_autoptr(GString) decoded = g_string_new(NULL);
    const char *end = text + length;
    const char *at = text;

    if (url->is_reported) {
        return g_strndup(text, length);
    }

    while (at < end) {
        int byte = decode_byte(at, end);

        if (byte == 0) {
            g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                                "a name in a URL cannot contain '%00'");
            return NULL;
        }
        if (byte < 0) {
            g_string_append_c(decoded, *at);
            at++;
        } else {
            g_string_append_c(decoded, (char)byte);
            at += 3;
        }
    }
    return g_strdup(decoded->str);
}

/* Take the user from "USER:PASSWORD" or, in iSCSI, "USER%PASSWORD", of @length bytes. */
static gboolean
split_user(QblkUrl *url, const char *text, gsize length, GError **error)
{
    gboolean is_iscsi = g_str_equal(url->scheme, "iscsi") || g_str_equal(url->scheme, "iser");
    g_autofree char *info = g_strndup(text, length);
    gsize user = strcspn(info, is_iscsi ? "%:" : ":");

    url->has_password = user < length;
    if (user == 0) {
        return TRUE;
    }
    url->user = qblk_url_decode(url, info, user, error);
    return url->user != NULL;
}

static void
split_scheme(QblkUrl *url, gsize length)
{
    g_autofree char *scheme = g_strndup(url->text, length);
    char *plus = strchr(scheme, '+');

    if (plus != NULL) {
        *plus = '\0';
        url->transport = g_strdup(plus + 1);
    }
    url->scheme = g_strdup(scheme);
}

/* Split "[USER[:PASSWORD]@]HOST[:PORT]", of @length bytes. */
static gboolean
split_authority(QblkUrl *url, const char *text, gsize length, GError **error)
{
    const char *end = text + length;
    const char *at = g_strrstr_len(text, (gssize)length, "@");

    if (at != NULL && !split_user(url, text, (gsize)(at - text), error)) {
        return FALSE;
    }

    const char *server = at == NULL ? text : at + 1;
    url->server = qblk_url_decode(url, server, (gsize)(end - server), error);
    return url->server != NULL;
}

/* Split "[/PATH][?QUERY][#FRAGMENT]".  The path of an http URL may contain ';' and '@', so only '?'
 * and '#' end it. */
static gboolean
split_path(QblkUrl *url, const char *text, GError **error)
{
    gsize length = strcspn(text, "?#");
    const char *rest = text + length;

    url->has_path = length > 0;
    url->has_coded_slash = g_strstr_len(text, (gssize)length, "%2F") != NULL ||
                           g_strstr_len(text, (gssize)length, "%2f") != NULL;

    gsize slash = url->has_path ? 1 : 0;
    url->path = qblk_url_decode(url, text + slash, length - slash, error);
    if (url->path == NULL) {
        return FALSE;
    }

    if (*rest == '?') {
        gsize query = strcspn(rest + 1, "#");
        url->query = g_strndup(rest + 1, query);
        rest += 1 + query;
    }
    if (*rest == '#') {
        url->fragment = g_strdup(rest + 1);
    }
    return TRUE;
}

gboolean
qblk_url_split(QblkUrl *url, GError **error)
{
    const char *mark = strstr(url->text, "://");
    if (mark == NULL) {
        return qblk_source_set_invalid("not a URL", error);
    }

    const char *authority = mark + strlen("://");
    gsize length = strcspn(authority, "/?#");

    split_scheme(url, (gsize)(mark - url->text));
    if (!split_authority(url, authority, length, error)) {
        return FALSE;
    }
    return split_path(url, authority + length, error);
}

gboolean
qblk_url_is_unix(const QblkUrl *url)
{
    return g_strcmp0(url->transport, "unix") == 0;
}

void
qblk_url_set_reported_path(QblkUrl *url, const char *const *marks)
{
    const char *server = strstr(url->text, "://") + strlen("://");
    const char *path = server + strcspn(server, "/");
    const char *end = path + strlen(path);

    for (guint i = 0; marks[i] != NULL; i++) {
        const char *mark = g_strrstr(path, marks[i]);

        if (mark != NULL && mark < end) {
            end = mark;
        }
    }

    if (path < end) {
        path++; /* its first slash */
    }
    g_free(url->path);
    g_free(url->query);
    url->path = g_strndup(path, (gsize)(end - path));
    url->query = *end == '?' ? g_strdup(end + 1) : NULL;
}
