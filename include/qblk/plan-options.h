/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options that all kinds of plans have.
 *
 * Setters copy what they are given.  Options must not be changed once they were passed to a
 * planner; then several threads may use them at once.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkPlanOptions:
 *
 * What a plan may do, and what it may use.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlanOptions QblkPlanOptions;

/**
 * qblk_plan_options_new:
 *
 * Returns: (transfer full): options with which a plan causes no harm: no limit of the speed, and
 *   everything is refused that a setter of this header allows
 *
 * Since: 0.1.0
 */
QblkPlanOptions *qblk_plan_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkPlanOptions *qblk_plan_options_ref(QblkPlanOptions *options);

/**
 * qblk_plan_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_plan_options_unref(QblkPlanOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlanOptions, qblk_plan_options_unref)

/**
 * qblk_plan_options_set_speed:
 * @options: the options
 * @speed: bytes per second; 0 or less: no limit
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_speed(QblkPlanOptions *options, gint64 speed);

/**
 * qblk_plan_options_set_allow_plaintext:
 * @options: the options
 * @allow: allow data of an encrypted image in one that is not encrypted
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_allow_plaintext(QblkPlanOptions *options, gboolean allow);

/**
 * qblk_plan_options_set_delete_internal_snapshots:
 * @options: the options
 * @allow: allow to delete images that contain snapshots
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_delete_internal_snapshots(QblkPlanOptions *options, gboolean allow);

/**
 * qblk_plan_options_set_drop_bitmaps:
 * @options: the options
 * @drop: lose the dirty bitmaps of layers that leave the chain or are copied; FALSE: merge
 *   them into the image that has the data
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_drop_bitmaps(QblkPlanOptions *options, gboolean drop);

/**
 * qblk_plan_options_add_ignored_user:
 * @options: the options
 * @name: name of an export or node; for the client of an image, the path of another image
 *
 * Allow to change the data that an export or node reads, or that another image has below it.
 *
 * Since: 0.1.0
 */
void qblk_plan_options_add_ignored_user(QblkPlanOptions *options, const char *name);

/**
 * qblk_plan_options_add_secret:
 * @options: the options
 * @assignment: `ID=FILE`: the id of a secret object of QEMU, and the path of a file that contains
 *   the key or passphrase
 *
 * Add a secret for an encrypted image that a plan creates or opens.  QEMU reads the file when the
 * plan is run; its content is the secret as it is, with a line end if it has one.  A plan contains
 * the path, and never the secret.
 *
 * A relative path is relative to the working directory of this process when the plan is made, and
 * is refused then if QEMU runs on another machine.
 *
 * Returns: TRUE; FALSE with QBLK_QMP_ERROR_ARGUMENT if @assignment has another form, or its id was
 *   used before
 *
 * Since: 0.1.0
 */
gboolean qblk_plan_options_add_secret(QblkPlanOptions *options, const char *assignment,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_options_set_force_managed:
 * @options: the options
 * @force: allow to change a guest of a manager, such as libvirt, that is not informed
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_force_managed(QblkPlanOptions *options, gboolean force);

/**
 * qblk_plan_options_set_dry_run:
 * @options: the options
 * @dry_run: the plan is only shown
 *
 * It cannot be run, and some refusals become warnings.
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_dry_run(QblkPlanOptions *options, gboolean dry_run);

/**
 * qblk_plan_options_set_state_directory:
 * @options: the options
 * @path: (nullable) (type filename): the directory of journals, and of marks of images that
 *   cannot be marked beside their file; NULL: that of the command
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_state_directory(QblkPlanOptions *options, const char *path);

/**
 * qblk_plan_options_set_timeout:
 * @options: the options
 * @timeout_ms: time limit for opening the image at a destination; 0 or less means 5 seconds
 *
 * Since: 0.1.0
 */
void qblk_plan_options_set_timeout(QblkPlanOptions *options, int timeout_ms);

G_END_DECLS
