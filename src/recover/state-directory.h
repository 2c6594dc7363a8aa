/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The state directory that a caller means.
 */
#pragma once

#include <qblk/state-directory.h>

/**
 * @directory: (nullable): the state directory; NULL: the default one
 *
 * Returns: (transfer full): its absolute path
 */
char *qblk_state_directory_get(const char *directory) G_GNUC_WARN_UNUSED_RESULT;
