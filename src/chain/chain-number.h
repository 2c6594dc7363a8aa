/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Indexes and the fingerprint of a chain, and the node-names that libvirt gives.
 */
#pragma once

#include <glib.h>
#include <qblk/chain.h>

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

/**
 * Write the fingerprint of @chain as 16 hexadecimal digits and a NUL: the first 64 bits of SHA-256
 * over node-names, format and file of each layer in order.  Sizes, jobs and filters are left out:
 * they change in a chain that stays the same.
 */
void qblk_chain_fingerprint(const QblkChain *chain, char text[17]);

/**
 * Set the position of each layer, its index unless the document specifies it, and the fingerprint
 * of @chain.
 *
 * If one node-name has libvirt's form ("libvirt-5-format"), its number is the index, and a layer
 * without such a name has no index: a position could mean another layer to virsh.  In other chains
 * the index is the position.
 */
void qblk_chain_number(QblkChain *chain);

/** The indexes of @chain for messages: "1 to 4", "2, 5 and 9"; NULL if it has only the top. */
char *qblk_chain_index_list(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
