/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Changes of a chain that crash certain versions of QEMU: one table, with a row for each crash.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that no filter makes this QEMU crash when another node replaces that of @layer: below the
 * top of a commit, or at the pivot of a copy.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the filter and the commands
 * that remove it
 */
gboolean qblk_crash_guard_check(const QblkPlanContext *context, const QblkLayer *layer,
                                const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check the same for the start of a mirror of the whole disk. */
gboolean qblk_crash_guard_check_mirror(const QblkPlanContext *context, const QblkChain *chain,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that no bitmap of a node is in use which @plan closes, and note in @plan that it closes
 * nodes: an export with a bitmap may be added while the job runs.  Called when all steps are there.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the bitmap
 */
gboolean qblk_crash_guard_check_closed(QblkPlan *plan, const QblkPlanContext *context,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Note in @plan that it replaces the node of @layer, if a filter could make this QEMU crash then:
 * one may be added while the job runs. */
void qblk_crash_guard_watch(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer);

/** Check the nodes that @plan replaces and closes in @snapshot, which was fetched right before.
 * Returns and @error: as above */
gboolean qblk_crash_guard_check_again(const QblkPlan *plan, const QblkSnapshot *snapshot,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check the same if the job of @plan is to be cancelled: its own filter is closed then, and a
 * filter may have been added above that. */
gboolean qblk_crash_guard_check_end(const QblkPlan *plan, const QblkSnapshot *snapshot,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- for commands of other clients, which are not plans ---- */

/** What a command does that a row of the table is about. */
typedef enum {
    QBLK_CRASH_REPLACE, /* another node replaces one below a filter, which is closed */
    QBLK_CRASH_MIRROR,  /* a mirror starts at a filter */
    QBLK_CRASH_CLOSE,   /* a node is closed; not because of a filter */
    QBLK_CRASH_TWICE,   /* a mirror with `replaces` is completed a second time */
} QblkCrashChange;

/** Returns: TRUE if the table has a crash of QEMU @version that comes with @change */
gboolean qblk_crash_guard_concerns(const QblkQemuVersion *version, QblkCrashChange change);

/** Check that no filter makes this QEMU crash when the node @node_name is replaced.
 * Returns and @error: as above; @target is the disk that the message names */
gboolean qblk_crash_guard_check_replaced(const QblkSnapshot *snapshot, const char *node_name,
                                         const char *target,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check the same if the job that replaces @node_name is to be cancelled. */
gboolean qblk_crash_guard_check_cancelled(const QblkSnapshot *snapshot, const char *node_name,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that a mirror may start at @root. */
gboolean qblk_crash_guard_check_mirrored(const QblkSnapshot *snapshot, const QblkNode *root,
                                         const char *target,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that no bitmap of the node @node_name is in use. */
gboolean qblk_crash_guard_check_node_closed(const QblkSnapshot *snapshot, const char *node_name,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
