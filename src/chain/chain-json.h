/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains and layers as JSON; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"
#include "chain/chain.h"

/** Each returns a new reference. */
QblkJson *qblk_chain_json_new(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_layer_json_new(const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;
