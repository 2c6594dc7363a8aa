/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The file names of a chain, top first, wherever the chain was read from.
 *
 * Names are compared as files: two names are equal if they lead to one file of this machine.
 */
#pragma once

#include "chain/chain.h"
#include "plan/plan.h"

/** Returns: the file names in @expectations (of QblkExpectation), borrowed from it; paths on this
 * machine if they are known. */
GPtrArray *qblk_chain_files_expected(const GPtrArray *expectations) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the file names in @chain, borrowed from it. */
GPtrArray *qblk_chain_files_of_chain(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the file names in @images (of QblkImageLayer), borrowed from it. */
GPtrArray *qblk_chain_files_of_images(const GPtrArray *images) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @files has a name of the file @path. */
gboolean qblk_chain_files_have(const GPtrArray *files, const char *path);

/** Returns: TRUE if @files has the files of @expectations, in the same order. */
gboolean qblk_chain_files_match(const GPtrArray *files, const GPtrArray *expectations);

/** Returns: the file name of the first one of @expectations, borrowed; NULL if it is empty. */
const char *qblk_chain_files_active(const GPtrArray *expectations);

/** Returns: TRUE if @layer (nullable) is the image @path, an absolute path. */
gboolean qblk_chain_files_is(const QblkExpectation *layer, const char *path);

/** Returns: TRUE if one of @expectations (of QblkExpectation) is the image @path. */
gboolean qblk_chain_files_have_layer(const GPtrArray *expectations, const char *path);

/** Check that the image of @layer, to boot from, exists and is the file that was recorded.
 * QBLK_BLOCKJOB_ERROR_RESULT. */
gboolean qblk_chain_files_check(const QblkExpectation *layer,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
