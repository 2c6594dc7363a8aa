/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Numbers for people.
 */
#pragma once

#include <glib.h>

/** @bytes as "8 MiB" or "1.5 GiB", NULL where it is not known (QBLK_UNKNOWN). */
char *qblk_size_text(gint64 bytes) G_GNUC_WARN_UNUSED_RESULT;
