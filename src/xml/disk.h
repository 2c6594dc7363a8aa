/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Parts of a `<disk>` element; <qblk/disk.h> has the whole one.
 */
#pragma once

#include "chain/chain.h"
#include "xml/writer.h"

/**
 * Add the `<mirror>` element of @chain to @disk, if a copy or an active commit runs on it.
 *
 * Errors: those of qblk_backing_store_add().
 */
gboolean qblk_mirror_add(xmlNode *disk, const QblkChain *chain,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
