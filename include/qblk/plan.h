/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans of block jobs, which can be inspected before they are run.  <qblk/planner.h> makes them.
 *
 * A plan does not change once it was made: several threads may use it at once.
 */
#pragma once

#include <qblk/job-request.h>

G_BEGIN_DECLS

/**
 * QblkPlan:
 *
 * Everything that will be sent to QEMU for one job on one disk.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlan QblkPlan;

/**
 * qblk_plan_ref:
 * @plan: the plan
 *
 * Returns: (transfer full): a further reference to @plan
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_ref(const QblkPlan *plan);

/**
 * qblk_plan_unref:
 * @plan: (nullable) (transfer full): the plan
 *
 * Release a reference; the last one frees the plan.
 *
 * Since: 0.1.0
 */
void qblk_plan_unref(QblkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlan, qblk_plan_unref)

/* ---- what it is for ---- */

/**
 * qblk_plan_get_kind:
 * @plan: the plan
 *
 * Returns: "commit", "active-commit", "pull", "copy", "mend", the kind of an existing job,
 *   "open-monitor" or "close-monitor"
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_kind(const QblkPlan *plan);

/**
 * qblk_plan_get_target:
 * @plan: the plan
 *
 * Returns: the disk; the path of a monitor
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_target(const QblkPlan *plan);

/**
 * qblk_plan_get_job_id:
 * @plan: the plan
 *
 * Returns: the id of the job in QEMU; the id of a monitor
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_job_id(const QblkPlan *plan);

/**
 * qblk_plan_get_fingerprint:
 * @plan: the plan
 *
 * Returns: the fingerprint of the chain that the plan was made for; "" if the chain is not known
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_fingerprint(const QblkPlan *plan);

/**
 * qblk_plan_get_state_directory:
 * @plan: the plan
 *
 * Returns: (type filename) (nullable): the directory of the journal and of marks of images; NULL
 *   for a monitor, which has no journal
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_state_directory(const QblkPlan *plan);

/**
 * qblk_plan_is_for_existing_job:
 * @plan: the plan
 *
 * Returns: TRUE if the job existed before the plan
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_is_for_existing_job(const QblkPlan *plan);

/**
 * qblk_plan_can_run:
 * @plan: the plan
 *
 * Returns: FALSE if it was made to be shown only: of a dry run, or without a client
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_can_run(const QblkPlan *plan);

/* ---- what it does ---- */

/**
 * qblk_plan_get_n_warnings:
 * @plan: the plan
 *
 * Returns: the number of warnings for the user, which are not in the JSON
 *
 * Since: 0.1.0
 */
guint qblk_plan_get_n_warnings(const QblkPlan *plan);

/**
 * qblk_plan_get_warning:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): a sentence; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_warning(const QblkPlan *plan, guint index);

/**
 * qblk_plan_get_n_steps:
 * @plan: the plan
 *
 * Returns: the number of steps
 *
 * Since: 0.1.0
 */
guint qblk_plan_get_n_steps(const QblkPlan *plan);

/**
 * qblk_plan_get_step_purpose:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): what the step does, such as "start the job"; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_step_purpose(const QblkPlan *plan, guint index);

/**
 * qblk_plan_get_step_command:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): the QMP command of the step; NULL if it only waits, or there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_step_command(const QblkPlan *plan, guint index);

/**
 * qblk_plan_has_job:
 * @plan: the plan
 *
 * Returns: TRUE if @plan starts a block job, or is for one that exists; FALSE if its commands
 *   change the chain by themselves
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_has_job(const QblkPlan *plan);

/**
 * qblk_plan_moves_top:
 * @plan: the plan
 *
 * Returns: TRUE if the guest has another active image after the job
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_moves_top(const QblkPlan *plan);

/**
 * qblk_plan_stays_ready:
 * @plan: the plan
 *
 * Returns: TRUE if the plan ends while its job continues or is ready, and the caller ends the job
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_stays_ready(const QblkPlan *plan);

/**
 * qblk_plan_keeps_job:
 * @plan: the plan
 *
 * Returns: TRUE if the plan sends a command to an existing job, and does not end it
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_keeps_job(const QblkPlan *plan);

/**
 * qblk_plan_get_end:
 * @plan: the plan
 * @action: (out) (optional): QBLK_JOB_WAIT, QBLK_JOB_PIVOT or QBLK_JOB_FINISH, for a request that
 *   waits (qblk_job_request_set_waits())
 *
 * Find out how a job is ended as this plan would end it, if the plan is detached once the job has
 * started.
 *
 * Returns: TRUE; FALSE if the plan does not end its job in one way, and nothing is set
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_get_end(const QblkPlan *plan, QblkJobAction *action);

/* ---- images ---- */

/**
 * qblk_plan_get_active_image:
 * @plan: the plan
 *
 * This image shows what became of the job if QEMU has ended: see qblk_recover_image().
 *
 * Returns: (nullable): the active image of the disk when the plan was made; NULL if it is not known
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_active_image(const QblkPlan *plan);

/**
 * qblk_plan_get_copy:
 * @plan: the plan
 *
 * Returns: (nullable): the image that has the data of the disk afterwards, or NULL
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_copy(const QblkPlan *plan);

/**
 * qblk_plan_get_partial_image:
 * @plan: the plan
 *
 * Returns: (nullable): the image that is incomplete if the job is cancelled or rolled back, or NULL
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_partial_image(const QblkPlan *plan);

/**
 * qblk_plan_get_n_removed:
 * @plan: the plan
 *
 * Returns: the number of images that are no longer in the chain after the job
 *
 * Since: 0.1.0
 */
guint qblk_plan_get_n_removed(const QblkPlan *plan);

/**
 * qblk_plan_get_removed_image:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): its path; a name as QEMU knows it if no lasting path is known; NULL if there
 *   are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_removed_image(const QblkPlan *plan, guint index);

/**
 * qblk_plan_removed_has_path:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: FALSE if no path leads to the file of the image, whose former name may be that of
 *   another file now
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_removed_has_path(const QblkPlan *plan, guint index);

/**
 * qblk_plan_removed_will_delete:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: TRUE if the file of the image is deleted after the job
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_removed_will_delete(const QblkPlan *plan, guint index);

/* ---- what it mends ---- */

/**
 * qblk_plan_get_n_mends:
 * @plan: the plan
 *
 * Returns: the number of things that are wrong with the disk of a plan of the kind "mend"
 *
 * Since: 0.1.0
 */
guint qblk_plan_get_n_mends(const QblkPlan *plan);

/**
 * qblk_plan_get_mend_text:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): a sentence on what is wrong, as qblk_difference_to_text() returns it; NULL
 *   if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_mend_text(const QblkPlan *plan, guint index);

/**
 * qblk_plan_get_mend_result:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): what is there afterwards, such as "bitmap removed"; NULL if the plan does
 *   not mend it, or there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_mend_result(const QblkPlan *plan, guint index);

/**
 * qblk_plan_get_mend_obstacle:
 * @plan: the plan
 * @index: from 0
 *
 * Returns: (nullable): why the plan does not mend it; NULL if it does, or there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_plan_get_mend_obstacle(const QblkPlan *plan, guint index);

/**
 * qblk_plan_has_remaining:
 * @plan: the plan
 *
 * Returns: TRUE if something is wrong that the plan does not mend
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_has_remaining(const QblkPlan *plan);

/* ---- as text and JSON ---- */

/**
 * qblk_plan_to_text:
 * @plan: the plan
 *
 * Format a plan as `qblk commit --dry-run` prints it: its steps, and the chain before and after it.
 * Characters that are not safe on a terminal are escaped.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1.0
 */
char *qblk_plan_to_text(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_steps_to_text:
 * @plan: the plan
 *
 * Returns: (transfer full): only the steps, in the same form
 *
 * Since: 0.1.0
 */
char *qblk_plan_steps_to_text(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_to_json:
 * @plan: the plan
 *
 * Format a plan as `qblk commit --dry-run --json` prints it.
 *
 * Returns: (transfer full): the text of a JSON object
 *
 * Since: 0.1.0
 */
char *qblk_plan_to_json(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
