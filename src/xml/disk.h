/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Parts of a `<disk>` element; <qblk/disk.h> has the whole one.
 */
#pragma once

#include "chain/chain.h"
#include "xml/writer.h"

/**
 * Write the `<mirror>` element of @chain, if a copy or an active commit runs on its disk.
 *
 * Errors: those of qblk_backing_store_write().
 */
gboolean qblk_mirror_write(QblkWriter *writer, const QblkChain *chain,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
