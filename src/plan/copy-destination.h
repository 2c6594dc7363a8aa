/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The destination of a copy: whether it can be written to, and how.
 *
 * The functions that return a gboolean and have @error refuse with QBLK_BLOCKJOB_ERROR_REFUSED.
 */
#pragma once

#include "plan/copy-options.h"

/**
 * Check what exists at the destination against the options, and that the machine does not use it,
 * before an image there is opened.
 *
 * @format: of the copy
 */
gboolean qblk_copy_destination_check(const QblkCopyOptions *options, const char *format,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if the destination is a block device */
gboolean qblk_copy_destination_is_block(const QblkCopyOptions *options);

/** Returns: TRUE if QEMU creates the image of the copy, and so no image there is kept */
gboolean qblk_copy_destination_is_created(const QblkCopyOptions *options, const char *format);

/** Check that neither QEMU nor another process has the destination open. */
gboolean qblk_copy_destination_check_use(const QblkCopyRequest *copy,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
