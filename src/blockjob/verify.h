/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Comparing a chain with the one that a plan expects.
 */
#pragma once

#include "plan/plan.h"

/** Compare nodes, formats and names of the layers of @chain, of the disk @target, with @expected
 * (of QblkExpectation).  QBLK_BLOCKJOB_ERROR_RESULT, with both in the message. */
gboolean qblk_verify_layers(const QblkChain *chain, const char *target, const GPtrArray *expected,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Compare them, and the headers as QEMU reports them.  @snapshot: that @chain was made from */
gboolean qblk_verify_chain(const QblkSnapshot *snapshot, const QblkChain *chain, const char *target,
                           const GPtrArray *expected, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that QEMU has the same files open for the layers of @chain as when @expected was planned,
 * as far as they are known.  The layers are those of qblk_verify_layers(). */
gboolean qblk_verify_files(const QblkChain *chain, const GPtrArray *expected,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that the headers which a job has written lead to the next layers, as QEMU reports them and
 * on disk.  The layers are those of qblk_verify_layers().
 *
 * @is_local: the names of files are those of this machine, also if it is not known which files QEMU
 *   has open
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_RESULT, and the command that repairs the header
 */
gboolean qblk_verify_headers(const QblkSnapshot *snapshot, const QblkChain *chain,
                             const GPtrArray *expected, gboolean is_local,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @recorded (nullable), the backing format in the header of an image of
 * @image_format, means an image of @format below it */
gboolean qblk_verify_records_format(const char *image_format, const char *recorded,
                                    const char *format);

/** Returns: TRUE if @plan has put a layer over the active one, and QEMU keeps that open for writing
 * in @chain, which is as planned */
gboolean qblk_verify_old_top_is_writable(const QblkPlan *plan, const QblkChain *chain);

/** Returns: (transfer none): the name that the disk of @plan has in @snapshot, which may differ
 * from the plan's: names may come from nodes and images that have left the chain. */
const char *qblk_verify_find(const QblkPlan *plan, const QblkSnapshot *snapshot);

/** Returns: (transfer full): the chain of the disk of @plan in @snapshot, also if no device uses
 * it; NULL with an error as of qblk_snapshot_chain(). */
QblkChain *qblk_verify_find_chain(const QblkPlan *plan, const QblkSnapshot *snapshot,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
