/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block devices as sysfs shows them: partitions, devices that are made of others, loop devices.
 *
 * @sysfs is the directory that has one for each device number, "/sys/dev/block".
 */
#pragma once

#include "base/file-identity.h"

/** Returns: (transfer full) (nullable): the value of the attribute @name of the device with that
 * @directory in sysfs; NULL if the device does not have it, or it is empty */
char *qblk_device_tree_attribute(const char *directory, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the value of @key in the file uevent of the device */
char *qblk_device_tree_event(const char *directory, const char *key) G_GNUC_WARN_UNUSED_RESULT;

/** Another device, or a file, that has some of the same data. */
typedef struct {
    char *name;
    QblkFileIdentity file;
} QblkDevicePart;

typedef struct {
    char *directory; /* of the device, in sysfs */
    char *name;      /* "/dev/sda1" */
    guint major, minor;
} QblkDeviceNode;

/** Returns: (transfer full) (nullable): the device, NULL if sysfs does not have it */
QblkDeviceNode *qblk_device_tree_find(const char *sysfs, guint major,
                                      guint minor) G_GNUC_WARN_UNUSED_RESULT;
void qblk_device_node_free(QblkDeviceNode *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDeviceNode, qblk_device_node_free)

/** Returns: (transfer full): @device, its partitions, and its disk, in the order of their numbers;
 * of QblkDeviceNode, owned */
GPtrArray *qblk_device_tree_family(const char *sysfs,
                                   const QblkDeviceNode *device) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the name of a device that is made of @device, or NULL */
char *qblk_device_tree_holder(const QblkDeviceNode *device) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: bytes; -1 if it is not known */
gint64 qblk_device_tree_size(const QblkDeviceNode *device);

gboolean qblk_device_tree_is_read_only(const QblkDeviceNode *device);

/**
 * Add the other devices and files that have data of @device: its family, the devices that it is
 * made of, and the file of a loop device.
 *
 * @parts: (inout): of QblkDevicePart
 */
void qblk_device_tree_add_parts(const char *sysfs, const QblkDeviceNode *device, GPtrArray *parts);

/** Returns: (transfer full) (nullable): a loop device that shows @file, a file or device */
char *qblk_device_tree_loop_of(const char *sysfs,
                               const QblkFileIdentity *file) G_GNUC_WARN_UNUSED_RESULT;
