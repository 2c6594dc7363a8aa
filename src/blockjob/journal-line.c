/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

gboolean
qblk_journal_line_append(int fd, gsize *whole, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    gsize length = strlen(line), done = 0;
    if (ftruncate(fd, (off_t)*whole) != 0) {
        return FALSE;
    }
    while (done < length) {
        ssize_t written = write(fd, line + done, length - done);
        if (written < 0 && errno != EINTR) {
            return FALSE;
        }
        done += written < 0 ? 0 : (gsize)written;
    }
    if (fdatasync(fd) != 0) {
        return FALSE;
    }
    *whole += length;
    return TRUE;
}
