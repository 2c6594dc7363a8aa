/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A run whose QEMU has ended: its jobs are gone, and no command can show how they ended.
 */
#pragma once

#include "blockjob/run-task.h"

/** Returns: TRUE if the process behind the monitor of @run has an active image of its plans open: a
 * relay does not. */
gboolean qblk_run_ended_is_qemu(const QblkRun *run);

/**
 * Replace @error, which a run has failed with, if the process of QEMU has ended before everything
 * was rolled back or verified.
 *
 * @error: becomes QBLK_QMP_ERROR_ENDED then
 */
void qblk_run_ended_replace_error(const QblkRun *run, GError **error);
