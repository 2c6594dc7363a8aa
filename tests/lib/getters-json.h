/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The JSON of chains, written a second time by the functions that programs have.
 */
#pragma once

#include "base/json.h"

#include <qblk/chain.h>

/** What qblk_chain_to_json() has to print. */
QblkJson *getters_json_of_chain(const QblkChain *chain);

/** What qblk_layer_to_json() has to print. */
QblkJson *getters_json_of_layer(const QblkLayer *layer);
