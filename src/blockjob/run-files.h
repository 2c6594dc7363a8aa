/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files of a plan, right before its chain is changed.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that the images which the guest is switched to, or whose names a header gets, still have
 * the paths that they had when @plan was made: a job may run for hours.
 *
 * @pid: the process behind the monitor; 0: not known
 *
 * Returns: TRUE, also if the files are not known; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_run_files_check(const QblkPlan *plan, gint64 pid,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
