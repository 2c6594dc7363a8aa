/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names that are URLs, as the driver options that they mean.
 */
#pragma once

#include "source/source-options.h"

/** Options whose value is "": the URL had a password, or a secret in its query. */
#define QBLK_SOURCE_URL_PASSWORD     "url-password"
#define QBLK_SOURCE_URL_QUERY_SECRET "url-query-secret"

/**
 * Add to @options what @url specifies, and "driver".  A password or a secret in the query is never
 * added, only the options above.  A user that the protocol has no option for becomes "url-user".
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if @url is not a URL or lacks what its scheme needs,
 * UNSUPPORTED if the scheme is unknown.  The message does not contain @url.
 */
gboolean qblk_source_url_parse(const char *url, QblkSourceOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same for a URL that QEMU made of the options of a node (.bdrv_refresh_filename of nbd, ssh
 * and nfs).  QEMU does not encode the names in it: a percent sign is only a percent sign.
 */
gboolean qblk_source_url_parse_reported(const char *url, QblkSourceOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
