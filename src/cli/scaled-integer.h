/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Sizes and speeds with a unit, as virsh reads them.
 */
#pragma once

#include <glib.h>

/**
 * Parse a decimal integer with an optional unit: `b`, `byte`, `bytes`; `k`, `M`, `G`, `T`, `P` and
 * `E`, alone or with `iB` for powers of 1024, with `B` for powers of 1000.  Case does not matter.
 *
 * @scale: the unit of a number without one, in bytes
 * @bytes: (out): not changed on failure
 *
 * Returns: TRUE; FALSE if @text is not such a number, or is more than G_MAXINT64 bytes
 */
gboolean qblk_scaled_integer_parse(const char *text, guint64 scale,
                                   gint64 *bytes) G_GNUC_WARN_UNUSED_RESULT;
