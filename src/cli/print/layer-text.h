/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Lines for people on one layer: what its image has beside the data of the guest.
 */
#pragma once

#include "chain/chain.h"
#include "cli/print/output.h"

/** Print whether @layer is inactive, and its write threshold, encryption, internal snapshots and
 * bitmaps, a line each.  @spec: how the user names the layer */
void qblk_layer_text_print_content(const QblkLayer *layer, const char *spec, QblkOutput *output);

/** Print what else uses @layer, a line each.  A job uses several nodes and layers, and is printed
 * once.  @jobs: ids (owned) that are not printed again */
void qblk_layer_text_print_users(const QblkLayer *layer, const char *indent, const char *spec,
                                 GHashTable *jobs, QblkOutput *output);
