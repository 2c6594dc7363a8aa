/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/room.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define XFS_MAGIC 0x58465342 /* <linux/magic.h> of older kernels does not have it */
#define SECTOR    512        /* of st_blocks, see stat(2) */

static gboolean
is_plain(gint64 type)
{
    static const gint64 types[] = {EXT4_SUPER_MAGIC, XFS_MAGIC, TMPFS_MAGIC}; /* ext2 and 3 too */
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (type == types[i]) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
find_device(const char *path, const struct stat *status, QblkRoom *room)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    guint64 size = 0;
    if (fd < 0) {
        return FALSE;
    }

    gboolean is_known = ioctl(fd, BLKGETSIZE64, &size) == 0 && size <= G_MAXINT64;
    close(fd);
    if (!is_known) {
        return FALSE;
    }
    *room = (QblkRoom){
        .device = (gint64)status->st_rdev,
        .size = (gint64)size,
        .length = (gint64)size,
        .is_device = TRUE,
        .is_plain = TRUE,
    };
    return TRUE;
}

/* @path: a file or a directory of the file system */
static gboolean
find_file_system(const char *path, const struct stat *status, QblkRoom *room)
{
    struct statfs system;
    if (statfs(path, &system) != 0) {
        return FALSE;
    }

    /* Without a limit a tmpfs has 0 blocks, as have file systems that do not know. */
    gint64 blocks = (gint64)system.f_blocks, unit = (gint64)system.f_bsize;
    if (blocks <= 0 || unit <= 0 || blocks > G_MAXINT64 / unit ||
        system.f_bfree > system.f_blocks || system.f_bavail > system.f_blocks) {
        return FALSE;
    }
    *room = (QblkRoom){
        .device = (gint64)status->st_dev,
        .size = blocks * unit,
        .free = (gint64)system.f_bfree * unit,
        .available = (gint64)system.f_bavail * unit,
        .is_plain = is_plain((gint64)system.f_type),
    };
    return TRUE;
}

gboolean
qblk_room_find(const char *path, QblkRoom *room)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        g_autofree char *directory = g_path_get_dirname(path);
        return stat(directory, &status) == 0 && find_file_system(directory, &status, room);
    }

    if (S_ISBLK(status.st_mode)) {
        return find_device(path, &status, room);
    }
    if (!S_ISREG(status.st_mode) || !find_file_system(path, &status, room)) {
        return FALSE;
    }
    room->length = (gint64)status.st_size;
    room->allocated = (gint64)status.st_blocks * SECTOR;
    return TRUE;
}
