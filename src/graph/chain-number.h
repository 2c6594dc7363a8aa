/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Indexes and the fingerprint of a chain, and the node names that libvirt gives.
 */
#pragma once

#include <glib.h>
#include <qblk/chain.h>

/**
 * N of "libvirt-N-format", "libvirt-N-storage", "libvirt-N-slice-sto" (and "-slice-storage"),
 * "libvirt-N-filter"; QBLK_UNKNOWN for any other name and for NULL.  N counts up from 1 in each VM
 * (qemuBlockStorageSourceSetFormatNodename and its neighbours in libvirt).
 */
gint64 qblk_libvirt_node_index(const char *node_name);

/** Whether libvirt gives such names: those with a number, and "libvirt-CoR-TARGET". */
gboolean qblk_libvirt_node_is(const char *node_name);

/**
 * Write the fingerprint of @chain as 16 hexadecimal digits and a NUL: the first 64 bits of SHA-256
 * over node-names, format and file of every layer in order.  Sizes, jobs and filters are left out:
 * they change without the chain being another one.
 */
void qblk_chain_fingerprint(const QblkChain *chain, char text[17]);

/**
 * Give every layer its position and, unless its document did, its index, and the chain its
 * fingerprint, from what the layers say.
 *
 * Where a node name has libvirt's form ("libvirt-5-format") its number is the index, and a layer of
 * such a chain without one has no index: a position could mean another layer to virsh.  Elsewhere
 * the index is the position.
 */
void qblk_chain_number(QblkChain *chain);

/** The indexes there are, for messages: "1 to 4", "2, 5 and 9", or NULL where there are none. */
char *qblk_chain_index_list(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
