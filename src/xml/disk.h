/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "graph/chain.h"
#include "xml/writer.h"

/** Add the `<mirror>` of @chain to @disk; nothing where no such job runs. */
gboolean qblk_mirror_add(xmlNode *disk, const QblkChain *chain,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
