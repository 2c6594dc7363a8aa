/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A VM of this machine: a process of QEMU.
 */
#pragma once

#include "vms/vm-data.h"

/**
 * Read the command line and the monitors of a process.
 *
 * Returns: (transfer full) (nullable): the VM; NULL if the process is not a QEMU, or has ended
 */
QblkVmInfo *qblk_vm_info_read(QblkHost *host, gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @name is its name, UUID or pid, or what its manager or systemd-machined calls
 * it. */
gboolean qblk_vm_info_is_named(const QblkVmInfo *vm, const char *name);

/** Returns: (transfer full): the name of the VM and its pid, for messages */
char *qblk_vm_info_describe(const QblkVmInfo *vm) G_GNUC_WARN_UNUSED_RESULT;
