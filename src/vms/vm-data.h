/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is known of a VM of this machine.
 */
#pragma once

#include "vms/host.h"
#include "vms/qemu-line.h"

#include <qblk/vm-info.h>

struct QblkVmMonitor {
    QblkVmInfo *vm; /* borrowed: it belongs to this one */
    char *address;  /* owned, or NULL */
    char *text;     /* owned */
    char *reason;   /* owned, or NULL */
    QblkVmMonitorState state;
    gboolean is_qmp;
    gint64 bridge;         /* the process that serves this socket of a bridge; 0: QEMU itself */
    gboolean is_read_only; /* it executes no commands that change something */
};

struct QblkVmInfo {
    gatomicrefcount references;
    QblkQemuLine *line;       /* owned */
    QblkHostProcess *process; /* owned */
    char *name, *uuid;        /* owned, or NULL: as in @line, with U+FFFD for what is not UTF-8 */
    char *program;            /* owned: the same */
    char *version;            /* owned, or NULL */
    const char *manager;      /* its id, or NULL */
    const char *manager_name; /* for people, or NULL */
    char *manager_id;         /* owned, or NULL */
    char *machine;            /* owned, or NULL */
    char *manager_socket;     /* owned: where libvirt has the monitor, or NULL */
    gboolean keeps_monitor;   /* the manager is connected as long as the guest runs */
    gboolean plugs_disks;     /* the manager adds disks after the start */
    GPtrArray *monitors;      /* of QblkVmMonitor, owned */
};
