/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VMs of a machine.
 */
#pragma once

#include "vms/vm-info.h"

#include <qblk/vms.h>

struct QblkVmsOptions {
    gatomicrefcount references;
    char *root;       /* owned, or NULL: "/" */
    GPtrArray *names; /* of char, owned: of the VMs that are wanted; empty: all */
    int probe_ms;     /* 0: no probe */
};

struct QblkVms {
    gatomicrefcount references;
    GPtrArray *vms; /* of QblkVmInfo, owned */
};
