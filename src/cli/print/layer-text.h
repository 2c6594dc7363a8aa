/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Lines for people on one layer: what its image has beside the data of the guest.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/layer.h>

/** Print the write threshold, encryption, internal snapshots and bitmaps of @layer, a line each. */
void qblk_layer_text_print_content(const QblkLayer *layer, QblkOutput *output);

/** Print whether @layer is inactive, and what else uses it, a line each.  A job uses several nodes
 * and layers, and is printed once.  @jobs: ids (owned) that are not printed again */
void qblk_layer_text_print_users(const QblkLayer *layer, const char *indent, GHashTable *jobs,
                                 QblkOutput *output);
