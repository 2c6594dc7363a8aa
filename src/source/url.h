/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * URLs as QEMU reads and writes them.
 *
 * g_uri_split() is not used.  It accepts what QEMU does not (white space around a URL, schemes in
 * upper case), it does not accept what QEMU does (`nvme://0000:01:00.0/1`), and URLs that QEMU
 * reports are not encoded at all.
 */
#pragma once

#include <glib.h>

/** A URL in parts.  A text that the URL does not have is NULL. */
typedef struct {
    const char *text;     /* the whole URL, borrowed */
    gboolean is_reported; /* QEMU made it of options: a percent sign is only a percent sign */
    char *scheme;
    char *transport; /* after a plus sign in the scheme: "tcp", "unix", "rdma" */
    char *user;      /* decoded */
    gboolean has_password;
    char *server;             /* HOST[:PORT], decoded; never NULL */
    gboolean has_path;        /* a slash follows the server */
    char *path;               /* without its first slash, decoded; never NULL */
    gboolean has_coded_slash; /* the path has "%2F", which is not a separator */
    char *query;              /* not decoded */
    char *fragment;           /* not decoded */
} QblkUrl;

void qblk_url_clear(QblkUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkUrl, qblk_url_clear)

/**
 * Split @text, whose `text` and `is_reported` are set already.  The password is not kept.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC, which does not contain the URL, if it is not one
 */
gboolean qblk_url_split(QblkUrl *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decode the percent codes in @length bytes of @text, a part of @url.  A percent sign that starts
 * no code is kept, because users write paths by hand.
 *
 * Returns: (transfer full): the text; NULL with QBLK_GRAPH_ERROR_SPEC if it has a NUL byte
 */
char *qblk_url_decode(const QblkUrl *url, const char *text, gsize length,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if the server of @url is a unix socket. */
gboolean qblk_url_is_unix(const QblkUrl *url);

/**
 * Set path and query of a URL that QEMU reported.  A name in it may have any character, so its path
 * is all that follows the server, up to the last of @marks.
 *
 * @marks: how queries start that QEMU may have added ("?uid="), NULL-terminated
 */
void qblk_url_set_reported_path(QblkUrl *url, const char *const *marks);
