/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node-names that libvirt gives.
 */
#pragma once

#include <glib.h>

/**
 * Parse N of "libvirt-N-format", "libvirt-N-storage", "libvirt-N-slice-sto" (or "-slice-storage")
 * or "libvirt-N-filter".  N counts up from 1 in each VM (libvirt's
 * qemuBlockStorageSourceSetFormatNodename and the functions beside it).
 *
 * @node_name: (nullable)
 *
 * Returns: N, or QBLK_UNKNOWN if @node_name has another form.
 */
gint64 qblk_libvirt_node_index(const char *node_name);

/** TRUE if libvirt gives such names: those with a number, and "libvirt-CoR-TARGET". */
gboolean qblk_libvirt_node_is(const char *node_name);
