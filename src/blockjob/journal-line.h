/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lines of a journal, as they are written: one is whole and on disk, or it is not there.
 */
#pragma once

#include <glib.h>

/**
 * Append @text as a line to the file @fd, which is locked and open to append, and sync it.  What is
 * behind the first *@whole bytes was torn, by a crash or where the place was full, and is cut off
 * before; the line would be read as the rest of it.  FALSE with errno, and the line is not there
 * for whoever appends the next.
 */
gboolean qblk_journal_line_append(int fd, gsize *whole, const char *text) G_GNUC_WARN_UNUSED_RESULT;
