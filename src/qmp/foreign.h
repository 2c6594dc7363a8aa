/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is at the other end of a connection that does not start with a QMP message: a user may give
 * the socket of another monitor or server as that of a VM.
 */
#pragma once

#include <glib.h>

/** Returns: TRUE if @text, the first bytes of a connection, tells what the peer is, or if more
 * bytes would not tell it */
gboolean qblk_foreign_is_enough(const GString *text);

/** Returns: (transfer full): QBLK_QMP_ERROR_PROTOCOL with what the peer is, and what to use */
GError *qblk_foreign_error(const GString *text) G_GNUC_WARN_UNUSED_RESULT;
