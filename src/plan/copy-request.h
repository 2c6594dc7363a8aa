/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A requested copy: the check of its options, and the images below its image.
 */
#pragma once

#include "plan/copy-options.h"

/** Returns: TRUE if images of @format can have a backing image. */
gboolean qblk_copy_request_has_backing(const char *format);

/** Returns: (transfer full): the ids of the secret objects that the copy needs, of char */
GPtrArray *qblk_copy_request_secrets(const QblkCopyOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that the copy is possible, and set what its header names.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_copy_request_check(QblkCopyRequest *copy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
