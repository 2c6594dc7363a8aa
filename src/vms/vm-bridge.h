/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The bridges of this machine, and the VMs whose monitors they hold.
 *
 * A bridge is a process of `qblk bridge`.  Its command line tells the VM and its sockets, or the
 * service manager has passed them.
 */
#pragma once

#include "vms/vm-data.h"

#include <qblk/address.h>

typedef struct {
    QblkHostProcess *process; /* owned */
    gint64 user;              /* of the process; -1: not known */
    char *vm;                 /* owned: its VM argument */
    GPtrArray *sockets;       /* of QblkVmBridgeSocket, owned */
} QblkVmBridge;

typedef struct {
    char *path; /* owned: as it was given */
    gboolean is_read_only;
} QblkVmBridgeSocket;

/** Returns: (transfer full) (nullable): the bridge that is the process @pid with @arguments; NULL
 * if it is another program, or this process */
QblkVmBridge *qblk_vm_bridge_read(QblkHost *host, gint64 pid,
                                  char *const *arguments) G_GNUC_WARN_UNUSED_RESULT;
void qblk_vm_bridge_free(QblkVmBridge *bridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVmBridge, qblk_vm_bridge_free)

/**
 * Add the sockets of @bridge to the monitors of the VM of @vms (of QblkVmInfo) that it serves.  One
 * of another user is left out, unless that is root or has started the VM: it could be any program,
 * which a person with more rights would connect to.
 */
void qblk_vm_bridge_add(const QblkVmBridge *bridge, const QblkHost *host, const GPtrArray *vms);

/** Returns: (transfer none) (nullable): the VM of @vms (of QblkVmInfo) with the monitor @address */
QblkVmInfo *qblk_vm_bridge_find_vm(const GPtrArray *vms, const QblkAddress *address);
