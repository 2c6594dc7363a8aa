/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/sync-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
qblk_sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return FALSE;
    }
    gboolean done = fsync(fd) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return done;
}

gboolean
qblk_sync_folder_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    return qblk_sync_folder(folder);
}

static gboolean
is_folder(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return FALSE;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_sync_folder_make(const char *folder)
{
    if (mkdir(folder, 0700) == 0) {
        return qblk_sync_folder_of(folder);
    }
    if (errno == EEXIST) {
        /* Whoever made it may have come to its end before its name was on disk, and one that may
         * not read the folder above has not made it. */
        (void)qblk_sync_folder_of(folder);
        return is_folder(folder);
    }
    if (errno != ENOENT || *folder == '\0') {
        return FALSE;
    }
    g_autofree char *above = g_path_get_dirname(folder);
    if (is_folder(above)) {
        errno = ENOENT; /* as in /proc, which has no place for new ones */
        return FALSE;
    }
    return qblk_sync_folder_make(above) && qblk_sync_folder_make(folder);
}
