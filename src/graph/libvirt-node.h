/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Node names of libvirt's making.
 */
#pragma once

#include <glib.h>

/**
 * N of "libvirt-N-format", "libvirt-N-storage", "libvirt-N-slice-sto" (and "-slice-storage"),
 * "libvirt-N-filter"; QBLK_UNKNOWN for any other name and for NULL.  N counts up from 1 in each VM
 * (qemuBlockStorageSourceSetFormatNodename and its neighbours in libvirt).
 */
gint64 qblk_libvirt_node_index(const char *node_name);

/** Whether libvirt gives such names: those with a number, and "libvirt-CoR-TARGET". */
gboolean qblk_libvirt_node_is(const char *node_name);
