/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a layer specification to the layer, and back; see qblk_chain_resolve in <qblk/chain.h>.
 */
#pragma once

#include "chain/chain.h"

/**
 * Find a layer by its index; 0 is the active layer.
 *
 * Returns: (transfer none): the layer, or NULL with QBLK_GRAPH_ERROR_NO_LAYER, which lists the
 * indexes of the chain.
 */
const QblkLayer *qblk_chain_resolve_index(const QblkChain *chain, gint64 index,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find a layer in several chains.  A layer that several disks share is one layer.
 *
 * @name: "node:NAME" or a path; a path means the layer that has that file open or, if no layer has,
 *   one with that name
 * @chain: (out): the first chain that has the layer
 *
 * Returns: (transfer none): the layer, or NULL; errors as for qblk_chain_resolve.
 */
const QblkLayer *qblk_chain_resolve_among(const QblkChain *const *chains, guint count,
                                          const char *name, const QblkChain **chain,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * As qblk_chain_resolve_index(), if @chain has the fingerprint @fingerprint (nullable: any).
 *
 * Returns: (transfer full): the layer, or NULL with QBLK_GRAPH_ERROR_STALE or _NO_LAYER.
 */
QblkLayer *qblk_chain_resolve_expected(const QblkChain *chain, gint64 index,
                                       const char *fingerprint,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * As qblk_chain_resolve_among() @chains (of QblkChain), if the chain of the layer has the
 * fingerprint @fingerprint (nullable: any).
 *
 * Returns: (transfer full): the layer, or NULL; errors as for qblk_snapshot_resolve().
 */
QblkLayer *qblk_chain_resolve_name(const GPtrArray *chains, const char *name,
                                   const char *fingerprint,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
