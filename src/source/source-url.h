/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names that are URLs, taken apart into the options they stand for.
 */
#pragma once

#include "source/source-options.h"

/** Options that say, with the value "", that the URL had a password, or its query a secret. */
#define QBLK_SOURCE_URL_PASSWORD     "url-password"
#define QBLK_SOURCE_URL_QUERY_SECRET "url-query-secret"

/**
 * Put what @url says into @options, with "driver" among it.  A password in it is never put there,
 * nor a secret of its query: the options above say that there was one.  A user that the protocol
 * has no use for becomes "url-user".
 *
 * QBLK_GRAPH_ERROR_SPEC where it is no URL or lacks what its scheme needs,
 * QBLK_GRAPH_ERROR_UNSUPPORTED where the scheme is not known.  Messages do not name @url.
 */
gboolean qblk_source_url_parse(const char *url, QblkSourceOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same for a URL that QEMU made of a node's options (.bdrv_refresh_filename of nbd, ssh and
 * nfs), which writes names as they are: a percent sign in it is one.
 */
gboolean qblk_source_url_parse_reported(const char *url, QblkSourceOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
