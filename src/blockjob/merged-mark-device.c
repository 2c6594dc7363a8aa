/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-device.h"

#include "image/device-tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Another file may have got the path since, so that its inode and birth are a part of the id. */
static char *
loop_id(const char *directory)
{
    g_autofree char *file = qblk_device_tree_attribute(directory, "loop/backing_file");
    g_autofree char *offset = qblk_device_tree_attribute(directory, "loop/offset");
    struct statx status = {0};
    if (file == NULL) {
        return NULL;
    }

    (void)statx(AT_FDCWD, file, 0, STATX_INO | STATX_BTIME, &status);
    return g_strdup_printf("loop-%s-%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT ".%09u-%s", file,
                           (guint64)status.stx_ino, (gint64)status.stx_btime.tv_sec,
                           (guint)status.stx_btime.tv_nsec, offset == NULL ? "0" : offset);
}

/* The id of a device that is not a partition. */
static char *
disk_id(const char *directory)
{
    static const struct {
        const char *prefix, *attribute;
    } attributes[] = {{"dm-", "dm/uuid"}, {"wwid-", "wwid"}, {"wwid-", "device/wwid"}};

    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        g_autofree char *value = qblk_device_tree_attribute(directory, attributes[i].attribute);
        if (value != NULL) {
            return g_strconcat(attributes[i].prefix, value, NULL);
        }
    }
    return loop_id(directory);
}

/* ---- partitions ---- */

static char *
uuid_of_links(const char *partitions, guint major, guint minor)
{
    g_autoptr(GDir) links = g_dir_open(partitions, 0, NULL);
    const char *name = NULL;

    while (links != NULL && (name = g_dir_read_name(links)) != NULL) {
        g_autofree char *path = g_build_filename(partitions, name, NULL);
        struct stat status;
        if (stat(path, &status) == 0 && S_ISBLK(status.st_mode) &&
            status.st_rdev == makedev(major, minor)) {
            return g_strdup(name);
        }
    }
    return NULL;
}

char *
qblk_marked_device_id(const char *sysfs, const char *partitions, guint major, guint minor)
{
    g_autofree char *directory = g_strdup_printf("%s/%u:%u", sysfs, major, minor);
    g_autofree char *number = qblk_device_tree_attribute(directory, "partition");
    if (number == NULL) {
        return disk_id(directory);
    }

    /* The directory is a link into that of the disk. */
    g_autofree char *above = g_strconcat(directory, "/..", NULL);
    g_autofree char *disk = disk_id(above);
    if (disk != NULL) {
        return g_strdup_printf("%s-partition-%s", disk, number);
    }

    /* It is there since Linux 6.10. */
    g_autofree char *uuid = qblk_device_tree_event(directory, "PARTUUID");
    if (uuid == NULL) {
        uuid = uuid_of_links(partitions, major, minor);
    }
    return uuid == NULL ? NULL : g_strconcat("partuuid-", uuid, NULL);
}
