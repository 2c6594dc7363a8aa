/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What uses a file or block device of this machine, beside processes that share it: mounts, swap,
 * the device mapper, RAID, loop devices.
 *
 * QEMU takes locks (lock-holder.h) and does not open a device exclusively, so that it neither
 * notices these users nor is noticed by them.
 */
#pragma once

#include "image/device-tree.h"

typedef enum {
    QBLK_DEVICE_FREE,      /* no use is known */
    QBLK_DEVICE_MOUNTED,   /* by: the mount point */
    QBLK_DEVICE_SWAP,      /* used as swap */
    QBLK_DEVICE_HELD,      /* by: a device that is made of it: of the device mapper, RAID, bcache */
    QBLK_DEVICE_LOOP,      /* by: the loop device that shows its content */
    QBLK_DEVICE_EXCLUSIVE, /* open exclusively, by the kernel or a process */
} QblkDeviceUseKind;

typedef struct {
    QblkDeviceUseKind kind;
    char *device;          /* what is used: the device, a partition, or its disk; NULL: no use */
    char *by;              /* see QblkDeviceUseKind, or NULL */
    gint64 size;           /* of a block device, in bytes; -1 if it is not known */
    gboolean is_read_only; /* of a block device */
    GPtrArray *parts;      /* of QblkDevicePart, owned: partitions, the disk of a partition, the
                              devices below one of the device mapper, the file of a loop device */
} QblkDeviceUse;

/** Where the kernel shows devices: for tests. */
typedef struct {
    const char *sysfs;  /* has a directory for each device number: "8:0" */
    const char *mounts; /* lines as of /proc/PID/mountinfo */
    const char *swaps;  /* lines as of /proc/swaps */
} QblkDeviceFiles;

/** Those of this machine. */
extern const QblkDeviceFiles qblk_device_files;

/**
 * Find out what uses the file or block device @path.  A device is opened exclusively for a moment.
 *
 * @status: of @path, by stat()
 *
 * Returns: (transfer full): the use
 */
QblkDeviceUse *qblk_device_use_find(const QblkDeviceFiles *files, const char *path,
                                    const struct stat *status) G_GNUC_WARN_UNUSED_RESULT;
void qblk_device_use_free(QblkDeviceUse *use);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDeviceUse, qblk_device_use_free)
