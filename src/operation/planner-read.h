/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is checked of a plan right before it is run: of one that was read from JSON, everything.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/client.h"

/**
 * Check @plan, which was read from JSON, before it is run: that @snapshot has the chain, or the
 * job, that it was made for, that no manager has to be informed, and what qblk_planner_check()
 * checks.
 *
 * @snapshot: of now
 *
 * Returns: TRUE; FALSE with QBLK_GRAPH_ERROR if the disk or the job does not exist, with
 * QBLK_GRAPH_ERROR_STALE if the chain is another one, or as qblk_planner_check()
 */
gboolean qblk_planner_check_read(QblkClient *client, const QblkSnapshot *snapshot, QblkPlan *plan,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check @plan, of a snapshot that was made in this process, once more: that it is the one for
 * @snapshot, of now, and that no file exists by now that it would overwrite.
 *
 * Returns: TRUE, also for other plans; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_planner_check_overlay(QblkClient *client, const QblkSnapshot *snapshot,
                                    const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that no other disk has an image whose data the job of @plan would change.  One may have got
 * it since the plan was made: the chain does not show that.
 *
 * @snapshot: of now
 * @chain: of the disk, which is the one that the plan was made for
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, or with QBLK_GRAPH_ERROR_STALE if the
 * layers of the job are not those of @chain
 */
gboolean qblk_planner_check_users(const QblkSnapshot *snapshot, const QblkPlan *plan,
                                  const QblkChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
