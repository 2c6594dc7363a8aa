/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-file.h"

#include "blockjob/merged-mark-device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define MASK    (STATX_TYPE | STATX_INO | STATX_BTIME)

static gint64
birth(const struct statx *status)
{
    const struct statx_timestamp *time = &status->stx_btime;
    if ((status->stx_mask & STATX_BTIME) == 0) {
        return 0;
    }
    return (gint64)time->tv_sec * 1000000000 + (gint64)time->tv_nsec;
}

static char *
read_boot(void)
{
    char *boot = NULL;
    if (!g_file_get_contents(BOOT_ID, &boot, NULL, NULL)) {
        return NULL;
    }
    return g_strchomp(boot);
}

gboolean
qblk_marked_file_read(QblkMarkedFile *file, const char *path)
{
    struct statx status;
    *file = (QblkMarkedFile){0};
    if (statx(AT_FDCWD, path, 0, MASK, &status) != 0) {
        return FALSE;
    }

    if (S_ISBLK(status.stx_mode)) {
        file->device = (gint64)makedev(status.stx_rdev_major, status.stx_rdev_minor);
        file->id = qblk_marked_device_id(QBLK_MARKED_DEVICE_SYSFS, QBLK_MARKED_DEVICE_PARTITIONS,
                                         status.stx_rdev_major, status.stx_rdev_minor);
    } else if (S_ISREG(status.stx_mode)) {
        file->device = (gint64)makedev(status.stx_dev_major, status.stx_dev_minor);
        file->inode = (gint64)status.stx_ino;
        file->born = birth(&status);
    } else {
        errno = EINVAL;
        return FALSE;
    }

    file->boot = read_boot();
    return TRUE;
}

void
qblk_marked_file_clear(QblkMarkedFile *file)
{
    g_clear_pointer(&file->boot, g_free);
    g_clear_pointer(&file->id, g_free);
}

gboolean
qblk_marked_file_is_known(const QblkMarkedFile *file)
{
    return file->device != 0 || file->inode != 0;
}

gboolean
qblk_marked_file_is_block(const QblkMarkedFile *file)
{
    return file->inode == 0 && file->device != 0;
}

gboolean
qblk_marked_file_is_of_this_boot(const QblkMarkedFile *file)
{
    g_autofree char *boot = read_boot();
    return boot != NULL && g_strcmp0(file->boot, boot) == 0;
}

/* A number that is valid in one boot only tells nothing if the boots differ. */
static gboolean
is_same_boot(const QblkMarkedFile *a, const QblkMarkedFile *b)
{
    return a->boot != NULL && g_strcmp0(a->boot, b->boot) == 0;
}

/* A file system that is mounted again may have another number in the same boot: it is compared only
 * if the time of birth does not distinguish the files. */
static gboolean
is_same_regular(const QblkMarkedFile *a, const QblkMarkedFile *b)
{
    if (a->inode != b->inode) {
        return FALSE;
    }
    if (a->born != 0 && b->born != 0) {
        return a->born == b->born;
    }
    return a->device == b->device || !is_same_boot(a, b);
}

static gboolean
is_same_block(const QblkMarkedFile *a, const QblkMarkedFile *b)
{
    if (a->id != NULL && b->id != NULL) {
        return g_str_equal(a->id, b->id);
    }
    return a->device == b->device && is_same_boot(a, b);
}

gboolean
qblk_marked_file_is_same(const QblkMarkedFile *a, const QblkMarkedFile *b)
{
    gboolean is_block = qblk_marked_file_is_block(a);
    if (is_block != qblk_marked_file_is_block(b)) {
        return FALSE;
    }
    return is_block ? is_same_block(a, b) : is_same_regular(a, b);
}

/* ---- JSON ---- */

void
qblk_marked_file_add(const QblkMarkedFile *file, QblkJson *object)
{
    qblk_json_set_integer(object, "device", file->device);
    qblk_json_set_integer(object, "inode", file->inode);
    qblk_json_set_integer(object, "born", file->born);
    qblk_json_set_string(object, "boot", file->boot);
    qblk_json_set_string(object, "id", file->id);
}

void
qblk_marked_file_parse(QblkMarkedFile *file, const QblkJson *object)
{
    *file = (QblkMarkedFile){
        .boot = g_strdup(qblk_json_get_string(object, "boot")),
        .id = g_strdup(qblk_json_get_string(object, "id")),
    };
    (void)qblk_json_integer(qblk_json_get(object, "device"), &file->device);
    (void)qblk_json_integer(qblk_json_get(object, "inode"), &file->inode);
    (void)qblk_json_integer(qblk_json_get(object, "born"), &file->born);
}
