/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory-file.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Returns: FALSE with errno set. */
static gboolean
fill(int fd, const char *bytes, gsize length)
{
    gsize written = 0;
    while (written < length) {
        /* At an offset, which leaves the position at the start. */
        gssize count = pwrite(fd, bytes + written, length - written, (off_t)written);
        if (count < 0 && errno != EINTR) {
            return FALSE;
        }

        written += (gsize)MAX(count, 0);
    }

    return TRUE;
}

int
qblk_memory_file_new(const char *name, const char *bytes, gsize length)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
        return -1;
    }

    if (!fill(fd, bytes, length)) {
        int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }

    return fd;
}
