/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making plans.
 *
 * A plan is made for a graph snapshot, after all checks that are possible before the first command
 * is sent: what QEMU supports, what else uses the images, their marks, the space on this machine,
 * and the manager of the guest.  Making a plan changes nothing.
 *
 * The client is the one that the snapshot was fetched with; it is sent `query-qmp-schema`, once, if
 * a plan has a command or an argument that not each QEMU of its version is known to support.
 * Without a client, for the snapshot of a capture, a plan can only be shown.
 *
 * Errors of all planners: QBLK_GRAPH_ERROR for names; QBLK_BLOCKJOB_ERROR_REFUSED if the request
 * does not fit the chain, is not supported by this QEMU, or would cause harm; QBLK_QMP_ERROR.
 */
#pragma once

#include <qblk/copy-options.h>
#include <qblk/job-request.h>
#include <qblk/merge-options.h>
#include <qblk/monitor-options.h>
#include <qblk/overlay-options.h>
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

/**
 * qblk_plan_copy:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: name of the disk, such as `vda`
 * @options: what is copied, and to which destination
 * @plan_options: (nullable): options of all plans
 *
 * Plan a copy: everything that the guest sees on a disk is copied to another image.  If QEMU runs
 * on this machine, what exists at the destination is looked at: an image that is reused there is
 * opened read-only by a private `qemu-storage-daemon`.
 *
 * Returns: (transfer full): the plan, or NULL on error
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_copy(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                         const QblkCopyOptions *options, const QblkPlanOptions *plan_options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_overlay:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: name of the disk, such as `vda`
 * @options: (nullable): the image that becomes the active layer
 * @plan_options: (nullable): options of all plans
 *
 * Plan an external snapshot: a new overlay becomes the active layer of a disk, and its image no
 * longer changes.  QEMU creates the overlay, with the size and the options of the active layer.
 * It gets a bitmap for each dirty bitmap of the active layer that records changes.  An image that
 * is reused is opened read-only by a private `qemu-storage-daemon`; it has to be an overlay of the
 * active image without data of its own.
 *
 * The plans of several disks that are carried out together change all disks at once.
 *
 * Returns: (transfer full): the plan, or NULL on error
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_overlay(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                            const QblkOverlayOptions *options, const QblkPlanOptions *plan_options,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_find_job:
 * @snapshot: the graph
 * @name: name of a disk, such as `vda`, or the id of a job
 *
 * Find the job of a disk, as qblk_plan_job() does: also one that is not attached to its disk in
 * @snapshot, because reading the nodes would be unsafe, by the id that qblk gives.
 *
 * Returns: (transfer none) (nullable): the job; NULL if it does not exist
 *
 * Since: 0.1.0
 */
const QblkJob *qblk_plan_find_job(const QblkSnapshot *snapshot, const char *name);

/**
 * qblk_plan_job:
 * @client: (nullable): the client of the VM
 * @snapshot: its graph
 * @disk: name of the disk, such as `vda`, or the id of its job
 * @request: (nullable): what to do with the job; NULL: wait for it
 * @plan_options: (nullable): options of all plans
 *
 * Plan what to do with a job that exists, started by any client.
 *
 * Returns: (transfer full): the plan, or NULL on error: QBLK_GRAPH_ERROR_NO_JOB if the disk has no
 *   job, or one of those of all planners
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_job(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                        const QblkJobRequest *request, const QblkPlanOptions *plan_options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_open_monitor:
 * @client: the client of the VM
 * @options: which monitor is opened or closed
 * @plan_options: (nullable): options of all plans
 *
 * Plan to open one more QMP monitor in a running QEMU (11.1), or to close it.  The client is also
 * sent `query-chardev` and `qom-list`.
 *
 * Returns: (transfer full): the plan, or NULL on error: QBLK_GRAPH_ERROR_NO_MONITOR if no monitor
 *   that can be closed was opened there, or one of those of all planners
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_open_monitor(QblkClient *client, const QblkMonitorOptions *options,
                                 const QblkPlanOptions *plan_options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_from_json:
 * @json: the text of qblk_plan_to_json(); unknown members are ignored
 * @options: (nullable): its state directory, whether it is forced, and whether it is only shown;
 *   all other options are those that the plan was made with
 *
 * Read a plan.  When it is run, it is checked once more against QEMU and its graph: it is refused
 * if the chain is another one by then.
 *
 * @json has to come from a trusted place: its steps are QMP commands, and not all of their
 * arguments are checked.  These are: its commands are those of plans of its kind, for its own job
 * and in the order of a plan; jobs start on layers of its disk; images that it deletes or marks
 * are layers of its disk, its copy is an image that a job or a step of it opens, and their paths
 * are those that QEMU has open.
 *
 * Returns: (transfer full): the plan; NULL with QBLK_JSON_ERROR if @json is not a plan, or with
 *   QBLK_BLOCKJOB_ERROR_REFUSED if it contradicts itself, or has a command that no plan has
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_from_json(const char *json, const QblkPlanOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
