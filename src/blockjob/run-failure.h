/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is done when plans under way go wrong.
 */
#pragma once

#include "blockjob/run-task.h"

/** After @failed has failed with @error nothing of the jobs must be left, or the user has to know
 * what is: all that can be is taken back, and @error says what became of them. */
void qblk_run_failure_end(QblkRun *run, const QblkRunTask *failed, GError **error);
