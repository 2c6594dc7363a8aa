/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What became of an operation that was interrupted.
 */
#pragma once

#include "blockjob/run-task.h"

/**
 * Find out where the job and the chain of @task are, whose journal has the stage task->recorded,
 * and skip the steps that were taken.
 *
 * Returns: the event that leads on from QBLK_RUN_INTERRUPTED.
 */
QblkRunEvent qblk_run_resume_find(QblkRunTask *task);
