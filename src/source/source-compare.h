/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whether two sources are the same place, however one gets there.
 */
#pragma once

#include "source/source.h"

/**
 * Whether @a and @b are the same bytes: the same path, exactly or after the links of both were
 * resolved on this machine, or the same image of the same server, and the same part of it.  How it
 * is reached (users, TLS, time limits) does not count.
 */
gboolean qblk_source_is_same_place(const QblkSource *a, const QblkSource *b);
