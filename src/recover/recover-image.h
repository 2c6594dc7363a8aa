/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * After a crash of QEMU: which image its guest has to boot from.  No QEMU is asked.
 */
#pragma once

#include "recover/image-verdict.h"

/**
 * Do what qblk_recover_image() does, but only if a journal or a mark names the image, and settle
 * nothing.
 *
 * @directory: of the journals, absolute
 * @verdict: (out) (transfer full) (nullable): the verdict; NULL if neither journal nor mark names
 *   the image
 */
gboolean qblk_recover_image_check(const char *directory, const char *path,
                                  QblkImageVerdict **verdict,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
