/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making plans: commit and pull.
 *
 * A plan is made for a graph snapshot, after all checks that are possible before the first command
 * is sent: what QEMU supports, what else uses the images, their marks, the space on this machine,
 * and the manager of the guest.  Making a plan changes nothing.
 *
 * The client is the one that the snapshot was fetched with; it is sent `query-qmp-schema`, once.
 * Without a client, for the snapshot of a capture, a plan can only be shown.
 *
 * Errors of all planners: QBLK_GRAPH_ERROR for names; QBLK_BLOCKJOB_ERROR_REFUSED if the request
 * does not fit the chain, is not supported by this QEMU, or would cause harm; QBLK_QMP_ERROR.
 */
#pragma once

#include <qblk/merge-options.h>
#include <qblk/plan-options.h>
#include <qblk/plan.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * qblk_plan_commit:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: name of the disk, such as `vda`
 * @options: (nullable): which layers, and how the commit ends
 * @plan_options: (nullable): options of all plans
 *
 * Plan a commit: the data of layers is merged into a lower layer.
 *
 * Returns: (transfer full): the plan, or NULL on error
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_commit(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                           const QblkCommitOptions *options, const QblkPlanOptions *plan_options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_pull:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: name of the disk, such as `vda`
 * @options: (nullable): which layers
 * @plan_options: (nullable): options of all plans
 *
 * Plan a pull: the data of lower layers is copied into the active layer.
 *
 * Returns: (transfer full): the plan, or NULL on error
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_pull(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                         const QblkPullOptions *options, const QblkPlanOptions *plan_options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
