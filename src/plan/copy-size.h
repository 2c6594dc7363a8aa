/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The size of the destination of a copy.
 */
#pragma once

#include "plan/copy-options.h"

/**
 * Returns: the size of an image in @format of a disk of @size bytes in which all data is
 * allocated, as `qemu-img measure` reports it; bytes
 */
gint64 qblk_copy_size_of_full_image(const char *format, gint64 size);

/**
 * Check the size of the destination: that of an image that exists there, or of the device in which
 * one is created.  A larger raw destination is used in part; then @copy->part_size is set.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_copy_size_check(QblkCopyRequest *copy, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add a warning to @plan if only a part of the destination is used. */
void qblk_copy_size_warn(const QblkCopyRequest *copy, QblkPlan *plan);
