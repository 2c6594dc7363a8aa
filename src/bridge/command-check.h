/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The text of a command as QEMU's parser sees it: what passes is never answered without an id.
 */
#pragma once

#include <glib.h>

/**
 * Check @text, which qblk_command_scan() has returned.  Texts of errors are those of QEMU 5.2 to
 * 10.0; 11.1 has other words for some.
 *
 * Returns: (transfer full) (nullable): the description of the error; NULL if it is valid
 */
char *qblk_command_check(const char *text, gsize length) G_GNUC_WARN_UNUSED_RESULT;
