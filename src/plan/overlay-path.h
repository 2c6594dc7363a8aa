/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The name of a new overlay.
 */
#pragma once

#include "plan/overlay-options.h"

/**
 * Choose the file of the overlay of the disk of @chain: the one that the user has set, or, as virsh
 * does, that of the active image with its last extension replaced.
 *
 * @options: with a suffix
 *
 * Returns: (transfer full) (type filename): the path, which may be relative if the user has set it;
 *   NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the user has to set it
 */
char *qblk_overlay_path_choose(const QblkOverlayOptions *options, const QblkChain *chain,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @a and @b, which need not exist, are one file */
gboolean qblk_overlay_path_is_one(const char *a, const char *b);
