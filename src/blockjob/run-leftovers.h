/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The steps that remove what operations may have left: each is looked at once more right before.
 */
#pragma once

#include "blockjob/run-task.h"

/**
 * Remove what @step of @task, one of qblk_leftovers_get_removed(), names, if it is there and still
 * left.  What remains is reported, and no failure: the other steps do not depend on it.
 *
 * Returns: the event of QBLK_RUN_SEND or QBLK_RUN_RESEND
 */
QblkRunEvent qblk_run_leftovers_remove(QblkRunTask *task, const QblkStep *step);
