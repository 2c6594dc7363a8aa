/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Compare two sources: are they the same image?
 */
#pragma once

#include "source/source.h"

/**
 * TRUE if @a and @b are the same bytes: the same path, exactly or after resolving links on this
 * machine, or the same image of the same server, and the same part of it.  How the server is
 * reached (users, TLS, timeouts) is not compared.
 */
gboolean qblk_source_is_same_place(const QblkSource *a, const QblkSource *b);
