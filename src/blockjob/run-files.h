/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files of a plan, right before they are created and before its chain is changed.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that some images still have the paths that they had when @plan was made: a job may run for
 * hours.  These are the images which the guest is switched to, or whose names a header gets, the
 * one that becomes stale, and the one that qblk_plan_get_result_path() names.
 *
 * @pid: the process behind the monitor; 0: not known
 *
 * Returns: TRUE, also if the files are not known; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_run_files_check(const QblkPlan *plan, gint64 pid,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that the job of @plan can be ended at all: at its end, also if it is cancelled or fails, a
 * commit makes its base read-only, for which QEMU opens the base again by its name (measured on 7.2
 * and 11.1).  With another file of that name the guest would read garbage.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_run_files_check_end(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the file that @step creates. */
const char *qblk_run_files_created(const QblkStep *step);

/**
 * Check that the file which @step creates, if it does that, does not exist: QEMU would truncate it,
 * or the one that a symbolic link leads to.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_run_files_check_create(const QblkStep *step,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
