/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Adding steps and expectations to a plan.
 *
 * Functions that take a QblkJson take the reference; texts are copied.  A step that is returned is
 * borrowed from the plan, for the caller to set what is special about it.
 */
#pragma once

#include "plan/plan.h"

/** Add a step that ends with the reply of QEMU. */
QblkStep *qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command,
                        QblkJson *arguments);

/** Add a step that starts the job @id and ends when it is in the state @until.  To roll it back the
 * job is cancelled and dismissed. */
QblkStep *qblk_plan_add_job(QblkPlan *plan, const char *purpose, const char *command,
                            QblkJson *arguments, const char *id, const char *until);

/** Dismiss the job of @step to roll it back, and with @cancels cancel it before. */
void qblk_plan_undo_job(QblkStep *step, gboolean cancels);

/** Add a step whose only argument is the id of a job. @id: NULL for the job of the plan. */
QblkStep *qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command,
                                const char *id, const char *until);

/** Add a step that opens @node with the options @arguments, and deletes it to roll back. */
void qblk_plan_add_open(QblkPlan *plan, const char *purpose, const char *node, QblkJson *arguments);

/** Add a step that deletes @node, unless QEMU has deleted it by itself. */
void qblk_plan_add_close(QblkPlan *plan, const char *node);

/** Add a step that dismisses the job, unless another client has. */
void qblk_plan_add_dismiss(QblkPlan *plan);

/** Add the end of a job that is `pending`: it changes the chain and is dismissed. */
void qblk_plan_add_finalize(QblkPlan *plan);

/** Add the end of a job that is `ready`: it changes the chain and is dismissed. */
QblkStep *qblk_plan_add_complete(QblkPlan *plan, const char *purpose);

/**
 * Add the other end of a job that is `ready`: the chain stays as it is, what the job has written
 * becomes a complete copy, and the job is dismissed.
 *
 * That is block-job-cancel without force.  job-cancel always forces, which would not wait until the
 * copy is in sync.
 */
void qblk_plan_add_leave(QblkPlan *plan, const char *purpose);

/** Add steps that delete the nodes of @layer, which has left the chain, and note that its image is
 * no longer in use.  Does nothing if another disk uses it. */
void qblk_plan_add_close_layer(QblkPlan *plan, const QblkPlanContext *context,
                               const QblkLayer *layer);

/**
 * Make the arguments that every job has.
 *
 * The result of a job stays until it was read: no auto-dismiss.  A job that does not become ready
 * waits in `pending` before it changes anything: no auto-finalize.  A job that becomes ready waits
 * there, and must not wait again in `pending`: it keeps the disk drained there, the requests of the
 * guest are not served, and never would be if no client finalized the job (measured on 7.2; see
 * mirror_run in QEMU).
 *
 * @gets_ready: the job becomes ready
 *
 * Returns: (transfer full): the arguments
 */
QblkJson *qblk_plan_job_arguments(const QblkPlan *plan, const QblkPlanContext *context,
                                  gboolean gets_ready) G_GNUC_WARN_UNUSED_RESULT;

/** Expect an image to be next in the chain afterwards.  @node_name: NULL for any node. */
QblkExpectation *qblk_plan_expect_image(QblkPlan *plan, const char *node_name, const char *format,
                                        const char *filename);

/** Expect @layer to be next in the chain afterwards. */
QblkExpectation *qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer);

/** Expect @layers (of QblkLayer) from the position @first to be next in the chain afterwards. */
void qblk_plan_expect_layers(QblkPlan *plan, const GPtrArray *layers, guint first);

/** Expect @layer to be next, with a header that the job writes.  @backing_name: its backing string,
 * NULL for what QEMU chooses. */
void qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name);

/** Note that the file of @layer has the data of the disk afterwards, if a path that leads to it is
 * known. */
void qblk_plan_set_copy(QblkPlan *plan, const QblkLayer *layer);

/** Note that the data of @layer are in @base afterwards, and that @layer is stale then. */
void qblk_plan_set_merged(QblkPlan *plan, const QblkLayer *layer, const QblkLayer *base);
