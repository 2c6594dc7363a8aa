/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which of the files that QEMU has open belongs to which protocol node.
 */
#pragma once

#include "graph/file-use.h"

/**
 * Find the files of all entries without one, see qblk_layer_files_load().  The time is linear in
 * the number of entries and files, except for searches whose steps are limited.
 *
 * Returns: FALSE if the process has none of the files open: it may be a relay.  Each process has
 * character devices open.
 */
gboolean qblk_file_match_find(QblkFileMatch *match) G_GNUC_WARN_UNUSED_RESULT;
