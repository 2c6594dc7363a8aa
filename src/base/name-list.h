/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Lists of names for messages.
 */
#pragma once

#include <glib.h>

/** "a", "a and b", "a, b and c"; "" for none. */
char *qblk_name_list(const char *const *names, guint count) G_GNUC_WARN_UNUSED_RESULT;
