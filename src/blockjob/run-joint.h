/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The step that changes the chains of several disks at once: one transaction with the actions of
 * all plans that have such a step.  QEMU carries out all of them or none.
 */
#pragma once

#include "blockjob/run-task.h"

/**
 * Record for all plans with a joint step that their chains may change, send the transaction, and
 * carry out the later steps of these plans.  Does nothing if no plan has such a step.
 *
 * If QEMU does not answer, the transaction is sent again.  It is refused then if the first one took
 * effect, and all chains have to be the planned ones; or for another reason, and all have to be
 * those from before.
 *
 * Returns: (nullable): the first task that is not complete afterwards, with its error
 */
QblkRunTask *qblk_run_joint_finish(const QblkRun *run);
