/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains, layers and jobs as JSON; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"
#include "chain/chain.h"
#include "graph/node.h"

/** Each returns a new reference. */
QblkJson *qblk_report_chain(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_report_layer(const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the file name of @node; "" for a `json:` name, which repeats the nodes
 * below. */
const char *qblk_report_file(const QblkNode *node);
