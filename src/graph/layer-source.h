/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The source of a layer, from the nodes it consists of.
 */
#pragma once

#include "graph/chain.h"
#include "graph/node.h"

/** The child that leads from @node towards its storage; NULL where there is none. */
const QblkNode *qblk_layer_source_next(const QblkNode *node);

/**
 * Set the source of @layer, whose format node is @format and whose protocol node is @storage (NULL
 * where the edges do not tell), or else its problem.  The part of the file that is used, an
 * external data file and encryption are in the source.
 */
void qblk_layer_source_load(QblkLayer *layer, const QblkNode *format, const QblkNode *storage);
