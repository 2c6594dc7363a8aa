/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What else uses the layers of a chain: exports, jobs, other disks, and nodes that read a layer.
 */
#pragma once

#include "chain/chain.h"
#include "graph/node-user.h"
#include "graph/user.h"

typedef QblkUser QblkLayerUser;

/**
 * Set the users of the layers of @chain, which is the chain of the disk whose topmost node is @top.
 * The disk itself and the nodes of the chain are not among them.  The users of a user are: the
 * export of a node that reads a layer, for example; those of a node that uses several layers are
 * users of the first only.
 */
void qblk_layer_users_load(const QblkSnapshot *snapshot, const QblkNode *top, QblkChain *chain);
