/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The headers that the images of a chain have on disk.  What QEMU reports is what it has read when
 * it opened them.
 */
#pragma once

#include "chain/chain.h"

/**
 * Read the header of each image of @chain whose names are those of this machine.
 *
 * Returns: (transfer full): a QblkImageHeader for each layer, owned; NULL for one that cannot be
 *   read here, or whose format has no backing file
 */
GPtrArray *qblk_chain_headers_read(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
