/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The space that is left for an image that a job could not write.
 */
#pragma once

#include "blockjob/run-task.h"

/**
 * Describe the room for the image that the failed @task writes, before it is rolled back: QEMU
 * reports neither the size of the image nor what its file system has left.
 *
 * Returns: (transfer full): text to append to the error; empty if the cause is certainly another
 * one, or if the image is not on this machine
 */
char *qblk_run_space_describe(const QblkRunTask *task) G_GNUC_WARN_UNUSED_RESULT;
