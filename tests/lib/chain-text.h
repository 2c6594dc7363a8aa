/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains as text, for tests to compare.
 */
#pragma once

#include "chain/chain.h"
#include "graph/snapshot.h"

/**
 * A chain in one line: the layers separated by `, `. Each has its index (`-` if it has no index),
 * the filters above it, format node, storage filters and storage node separated by `>`, and after
 * `:` the format. A mirror follows after ` => `.
 */
char *chain_text(const QblkChain *chain);

/** The last components of the layers' file names, separated by spaces. */
char *chain_text_files(const QblkChain *chain);

/** All target names with their sources: "vda=alias vdb=enumeration". */
char *chain_text_targets(const QblkSnapshot *snapshot);

/** A chain of layers @node_names, each with a storage node NAME-file and the file /NAME.img. */
QblkChain *chain_text_new(const char *target, const char *const *node_names);
