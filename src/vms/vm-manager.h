/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The manager of a VM, and what the manager calls it.
 */
#pragma once

#include "vms/vm-data.h"

/** Set the manager of @vm, by its command line. */
void qblk_vm_manager_recognize(QblkVmInfo *vm, char *const *arguments);

/** Returns: (transfer full): the names of systemd-machined, of char, by pid as text */
GHashTable *qblk_vm_manager_read_machines(const QblkHost *host) G_GNUC_WARN_UNUSED_RESULT;
