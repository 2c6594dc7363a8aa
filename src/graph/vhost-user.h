/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Disks that have no block node: vhost-user-blk devices, whose data are in another process.
 *
 * They are not in query-block.  A guest that may have one has a chardev that is connected to a unix
 * socket; then query-pci has the device, which looks like a virtio-blk device.  QEMU lists devices
 * behind a PCI bridge once the firmware has set it up.  Devices on other buses are not found.
 */
#pragma once

#include "graph/device.h"

/** TRUE if @replies have a chardev that may lead to such a disk: then query-pci is needed. */
gboolean qblk_vhost_user_may_exist(const QblkReplies *replies);

/** Called for the device @path, whose type has to be queried. */
typedef void (*QblkVhostUserWant)(const char *path, const char *property, gpointer user_data);

/** Call @want for the type of each device of query-pci that may be such a disk; @devices: those of
 * query-block. */
void qblk_vhost_user_next(const QblkReplies *replies, const GPtrArray *devices,
                          QblkVhostUserWant want, gpointer user_data);

/** Add a QblkDevice for each of these disks to @devices, which are those of query-block. */
void qblk_vhost_user_add(const QblkReplies *replies, GPtrArray *devices);
