/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The monitors of a VM: their addresses, and whether a client is connected.
 *
 * A socket that QEMU has accepted is bound to the path of the one that listens, so that the tables
 * of the kernel show it (seen with QEMU 5.2 to 11.1).
 */
#pragma once

#include "vms/vm-data.h"

#include <qblk/address.h>

/** Add the monitors of the command line of @vm. */
void qblk_vm_monitor_add_all(QblkVmInfo *vm, QblkHost *host);

/** Close the monitor: no client can connect, because of @reason. */
void qblk_vm_monitor_close(QblkVmMonitor *monitor, const char *reason);

/** @monitor: (nullable): of QblkVmMonitor */
void qblk_vm_monitor_free(gpointer monitor);

/** Returns: TRUE if the monitor is at @address, also if that is another path of its socket */
gboolean qblk_vm_monitor_is_at(const QblkVmMonitor *monitor, const QblkAddress *address);
