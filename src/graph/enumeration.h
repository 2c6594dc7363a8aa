/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Target names for disks without a name: counted for each bus, in the order in which a guest finds
 * them.
 */
#pragma once

#include "graph/device.h"

/**
 * Assign the next free name to each disk among @devices (of QblkDevice) that has no target name.
 *
 * @taken: name -> QblkDevice; the new names are added
 * @ambiguous: names that are not assigned
 */
void qblk_enumeration_assign(GPtrArray *devices, GHashTable *taken, GHashTable *ambiguous);
