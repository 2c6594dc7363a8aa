/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lock covers the whole file, however long it gets. */
static int
control(int fd, int command, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, lock);
}

gboolean
qblk_journal_lock_is_taken(int fd)
{
    struct flock lock;
    return control(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

gboolean
qblk_journal_lock_is_current(int fd, const char *path)
{
    struct stat ours, named;
    return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

/* Set @error from errno; @what is the whole first part of the message. */
static gboolean
set_errno_error(GError **error, const char *what, const char *path)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_STATE,
                "%s '%s': %s; use --state-dir for another directory", what, path,
                g_strerror(errno));
    return FALSE;
}

static gboolean
take_lock(int fd, const char *path, GError **error)
{
    struct flock lock;
    if (control(fd, F_OFD_SETLK, &lock) == 0) {
        return TRUE;
    }

    if (errno != EAGAIN && errno != EACCES) {
        return set_errno_error(error, "cannot lock the journal", path);
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "another qblk process is working on this disk (journal: '%s')", path);
    return FALSE;
}

int
qblk_journal_lock_open(const char *path, int flags, GError **error)
{
    for (;;) {
        int fd = open(path, flags | O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            set_errno_error(error, "cannot open the journal", path);
            return -1;
        }
        gboolean is_taken = take_lock(fd, path, error);
        if (is_taken && qblk_journal_lock_is_current(fd, path)) {
            return fd;
        }
        close(fd);
        if (!is_taken) {
            return -1;
        }
    }
}
