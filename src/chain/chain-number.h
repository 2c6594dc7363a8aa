/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Indexes and the fingerprint of a chain.
 */
#pragma once

#include <glib.h>
#include <qblk/chain.h>

/**
 * Write the fingerprint of @chain as 16 hexadecimal digits and a NUL: the first 64 bits of SHA-256
 * over node-names, format and file of each layer in order.  Sizes, jobs and filters are left out:
 * they change in a chain that stays the same.
 */
void qblk_chain_fingerprint(const QblkChain *chain, char text[17]);

/**
 * Set the position of each layer, its index unless the document specifies it, its specification,
 * and the fingerprint of @chain.  All that belongs to @chain gets its back pointer.
 *
 * If one node-name has libvirt's form ("libvirt-5-format"), its number is the index, and a layer
 * without such a name has no index: a position could mean another layer to virsh.  In other chains
 * the index is the position.
 */
void qblk_chain_number(QblkChain *chain);

/**
 * The specification of @layer that users see: "vda", "vda[2]"; "node:NAME" if the layer has no
 * index, and its file name if it has no node name either.
 */
char *qblk_chain_layer_spec(const QblkChain *chain,
                            const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;

/** The indexes of @chain for messages: "1 to 4", "2, 5 and 9"; NULL if it has only the top. */
char *qblk_chain_index_list(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
