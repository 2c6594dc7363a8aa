/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names of values that are read.
 */
#pragma once

#include <qblk/graph-kinds.h>

/** Returns: the bus that libvirt calls @name (nullable); QBLK_BUS_OTHER for an unknown name */
QblkBus qblk_bus_find(const char *name);

/** Returns: (nullable): @access for people: "read-only", "writable" */
const char *qblk_export_access_text(QblkExportAccess access);
