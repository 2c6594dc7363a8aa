/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plans of one operation, for several disks.
 */
#pragma once

#include <qblk/mend-options.h>
#include <qblk/planner.h>

G_BEGIN_DECLS

/**
 * QblkPlans:
 *
 * The plans of one operation, for one disk each.  Several threads may read it at once after the
 * last plan was added.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlans QblkPlans;

/**
 * qblk_plans_new:
 *
 * Returns: (transfer full): an empty list of plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_new_one:
 * @plan: (nullable) (transfer full): a plan, or NULL if it could not be made
 *
 * Returns: (transfer full) (nullable): a list of @plan only; NULL if that is NULL
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new_one(QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_ref:
 * @plans: the plans
 *
 * Returns: (transfer full): a further reference to @plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_ref(QblkPlans *plans);

/**
 * qblk_plans_unref:
 * @plans: (nullable) (transfer full): the plans
 *
 * Release a reference; the last one frees the list.
 *
 * Since: 0.1.0
 */
void qblk_plans_unref(QblkPlans *plans);

/**
 * qblk_plans_new_commit_all:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @options: (nullable): how each disk is committed
 * @plan_options: (nullable): options of all plans
 *
 * Plan a commit of each disk that has more than one layer and can be written.  The other disks are
 * skipped.  If several jobs write to one file system, the space for all of them is checked
 * together.
 *
 * Returns: (transfer full): the plans; NULL with an error as that of qblk_plan_commit(), prefixed
 *   with the name of the disk
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new_commit_all(QblkClient *client, const QblkSnapshot *snapshot,
                                     const QblkCommitOptions *options,
                                     const QblkPlanOptions *plan_options,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_new_pull_all:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @options: (nullable): how each disk is pulled
 * @plan_options: (nullable): options of all plans
 *
 * Plan a pull of each disk that has more than one layer and can be written.  The other disks are
 * skipped.  If several jobs write to one file system, the space for all of them is checked
 * together.
 *
 * Returns: (transfer full): the plans; NULL with an error as that of qblk_plan_pull(), prefixed
 *   with the name of the disk
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new_pull_all(QblkClient *client, const QblkSnapshot *snapshot,
                                   const QblkPullOptions *options,
                                   const QblkPlanOptions *plan_options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_new_overlay:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disks: (nullable) (array zero-terminated=1): the names of the disks; NULL: all disks that can be
 *   written, and the others are skipped
 * @options: (nullable): the images that become the active layers
 * @plan_options: (nullable): options of all plans
 *
 * Plan an external snapshot of several disks at one moment.  Without a suffix the overlays of all
 * disks get the same one.
 *
 * Returns: (transfer full): the plans; NULL with an error as that of qblk_plan_overlay(), if two
 *   overlays would be one file, or if @options has a file for another disk
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new_overlay(QblkClient *client, const QblkSnapshot *snapshot,
                                  const char *const *disks, const QblkOverlayOptions *options,
                                  const QblkPlanOptions *plan_options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_new_mend:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: (nullable): name of the disk, such as `vda`; NULL: all disks
 * @options: (nullable): what the user knows of backing files
 * @plan_options: (nullable): options of all plans
 *
 * Plan to put right what qblk_check_snapshot() finds: headers that name no file or another one than
 * QEMU has open, or a wrong format, inconsistent bitmaps, and nodes, jobs and marks that earlier
 * operations of this library have left and no journal needs.  A header gets a name only if that is
 * proven to lead to the file that QEMU has open.
 *
 * A disk with which nothing is wrong has no plan.  If nothing of a disk can be mended its plan has
 * no steps, and tells why (qblk_plan_get_mend_obstacle()).
 *
 * Returns: (transfer full): the plans; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the guest has a
 *   manager, or if the options do not fit the chain
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new_mend(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                               const QblkMendOptions *options, const QblkPlanOptions *plan_options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_add:
 * @plans: the plans
 * @plan: a plan for a disk of the same VM, of which a reference is kept
 *
 * Add a plan to the plans of one operation.
 *
 * Since: 0.1.0
 */
void qblk_plans_add(QblkPlans *plans, const QblkPlan *plan);

/**
 * qblk_plans_get_n_plans:
 * @plans: the plans
 *
 * Returns: the number of plans
 *
 * Since: 0.1.0
 */
guint qblk_plans_get_n_plans(const QblkPlans *plans);

/**
 * qblk_plans_get_plan:
 * @plans: the plans
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the plan; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkPlan *qblk_plans_get_plan(const QblkPlans *plans, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlans, qblk_plans_unref)

/**
 * qblk_plans_get_n_skipped:
 * @plans: the plans
 *
 * Returns: the number of disks that are left out of an operation on all disks
 *
 * Since: 0.1.0
 */
guint qblk_plans_get_n_skipped(const QblkPlans *plans);

/**
 * qblk_plans_get_skipped_target:
 * @plans: the plans
 * @index: from 0
 *
 * Returns: (nullable): the name of a disk that is left out; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plans_get_skipped_target(const QblkPlans *plans, guint index);

/**
 * qblk_plans_get_skipped_reason:
 * @plans: the plans
 * @index: from 0
 *
 * Returns: (nullable): why it is left out; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plans_get_skipped_reason(const QblkPlans *plans, guint index);

/**
 * qblk_plans_to_text:
 * @plans: the plans
 *
 * Returns: (transfer full): all plans, each as qblk_plan_to_text() formats it
 *
 * Since: 0.1.0
 */
char *qblk_plans_to_text(const QblkPlans *plans) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_to_json:
 * @plans: the plans
 *
 * Returns: (transfer full): the text of a JSON object with the members "plans" and "skipped", as
 *   `qblk commit --all-disks --dry-run --json` prints them
 *
 * Since: 0.1.0
 */
char *qblk_plans_to_json(const QblkPlans *plans) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_from_json:
 * @json: the text of qblk_plans_to_json(), or what a command prints with --dry-run --json
 * @options: (nullable): as for qblk_plan_from_json()
 *
 * Returns: (transfer full): the plans; NULL with an error as that of qblk_plan_from_json()
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_from_json(const char *json, const QblkPlanOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
