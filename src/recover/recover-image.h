/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * After a crash of QEMU: which image its guest has to boot from.  No QEMU is asked.
 */
#pragma once

#include "recover/image-verdict.h"

/**
 * Decide from journal, marks and headers which image to boot from instead of @path, and settle it:
 * the journal is deleted, and the mark of a merged image becomes final.
 *
 * @directory: of the journals, absolute
 * @path: the image; no process may have it in use
 *
 * If neither a journal nor a mark names the image, the verdict has no image to boot from.
 *
 * Returns: (transfer full): the verdict; NULL on error, and then nothing is changed.
 * QBLK_BLOCKJOB_ERROR_RESULT if it is not known which image has the newest data, or that image or
 * @path does not exist or is not an image; _REFUSED if an image is in use or another qblk works on
 * it.
 */
QblkImageVerdict *qblk_recover_image(const char *directory, const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Decide like qblk_recover_image(), and settle nothing. */
QblkImageVerdict *qblk_recover_image_preview(const char *directory, const char *path,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decide like qblk_recover_image(), but only if a journal or a mark names the image, and settle
 * nothing.
 *
 * @verdict: (out) (transfer full) (nullable): the verdict; NULL if neither journal nor mark names
 *   the image
 */
gboolean qblk_recover_image_check(const char *directory, const char *path,
                                  QblkImageVerdict **verdict,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
