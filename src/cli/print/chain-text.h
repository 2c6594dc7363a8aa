/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A chain for people: a table of the layers, and a line for each other thing that is known of one.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/chain.h>
#include <qblk/shared-images.h>

/** Print @chain.  @shared: (nullable): images that several nodes have open */
void qblk_chain_text_print(const QblkChain *chain, const QblkSharedImages *shared,
                           QblkOutput *output);

/** Print what else uses the layers of @chain, a line each that begins with @indent. */
void qblk_chain_text_print_users(const QblkChain *chain, const char *indent, QblkOutput *output);
