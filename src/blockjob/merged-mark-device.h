/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What identifies a block device: its number and its name are given to another one after it was
 * removed, and change at a reboot.
 */
#pragma once

#include <glib.h>

#define QBLK_MARKED_DEVICE_SYSFS      "/sys/dev/block"
#define QBLK_MARKED_DEVICE_PARTITIONS "/dev/disk/by-partuuid"

/**
 * Find the id of a block device: the UUID of the device mapper, which for a logical volume contains
 * its LVM UUID; the file below a loop device; the WWID of a disk.  A partition has the id of its
 * disk and its number, else its partition UUID.
 *
 * @sysfs: the directory that has a link for each number, such as QBLK_MARKED_DEVICE_SYSFS
 * @partitions: the directory that has a link for each partition UUID
 *
 * Returns: (transfer full) (nullable): the id; NULL if the device has no id
 */
char *qblk_marked_device_id(const char *sysfs, const char *partitions, guint major,
                            guint minor) G_GNUC_WARN_UNUSED_RESULT;
