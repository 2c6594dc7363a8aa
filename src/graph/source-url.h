/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names that are URLs, taken apart into the options they stand for.
 */
#pragma once

#include "graph/source-options.h"

/** The option that says, with the value "", that the URL had a password. */
#define QBLK_SOURCE_URL_PASSWORD "url-password"

/**
 * Put what @url says into @options, with "driver" among it.  A password in it is never put there:
 * the option QBLK_SOURCE_URL_PASSWORD says that there was one.
 *
 * QBLK_GRAPH_ERROR_SPEC where it is no URL or lacks what its scheme needs,
 * QBLK_GRAPH_ERROR_UNSUPPORTED where the scheme is not known.
 */
gboolean qblk_source_url_parse(const char *url, QblkSourceOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
