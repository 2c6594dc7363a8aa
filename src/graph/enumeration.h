/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Target names for disks that nothing names: counted for each bus, in the order a guest would find
 * them.
 */
#pragma once

#include "graph/device.h"

/**
 * Name every disk among @devices (of QblkDevice) that has no target name yet, with the next free
 * one that is neither in @taken (name -> QblkDevice, completed here) nor in @ambiguous.
 */
void qblk_enumeration_assign(GPtrArray *devices, GHashTable *taken, GHashTable *ambiguous);
