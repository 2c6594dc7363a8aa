/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A VM of this machine: a process of QEMU.
 */
#pragma once

#include "vms/vm-data.h"

/**
 * Read the monitors of a process.
 *
 * @arguments: its command line
 *
 * Returns: (transfer full) (nullable): the VM; NULL if the process is not a QEMU, or has ended
 */
QblkVmInfo *qblk_vm_info_read(QblkHost *host, gint64 pid,
                              char *const *arguments) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the socket of a bridge; a read-only one if it has no other
 * that this user may connect to */
const QblkVmMonitor *qblk_vm_info_find_bridge(const QblkVmInfo *vm);

/** Returns: TRUE if @name is its name, UUID or pid, or what its manager or systemd-machined calls
 * it. */
gboolean qblk_vm_info_is_named(const QblkVmInfo *vm, const char *name);

/** Returns: (transfer full): the name of the VM and its pid, for messages */
char *qblk_vm_info_describe(const QblkVmInfo *vm) G_GNUC_WARN_UNUSED_RESULT;
