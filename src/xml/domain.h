/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The disks of a libvirt domain.
 */
#pragma once

#include "chain/chain.h"

#include <qblk/domain.h>

struct QblkDomain {
    gatomicrefcount references;
    GPtrArray *disks;      /* of QblkChain, owned, in the order of the document */
    GHashTable *by_target; /* target -> QblkChain, borrowed */
};
