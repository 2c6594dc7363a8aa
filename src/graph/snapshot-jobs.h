/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The disk that a job works on, and the filters that a job adds above it.
 */
#pragma once

#include "graph/snapshot.h"

/** Set the nodes and the disk of each job; a part of loading a snapshot. */
void qblk_snapshot_jobs_attach(QblkSnapshot *snapshot);

/**
 * The top node of the chain of @device, including the filters of jobs, which query-block hides.
 *
 * Returns: (nullable): the node, or NULL for an empty drive
 */
const QblkNode *qblk_snapshot_jobs_top(const QblkSnapshot *snapshot, const QblkDevice *device);

/**
 * The node that a copy or an active commit writes to, or NULL for other jobs.  A commit inside a
 * chain has the same type as an active commit, but no edge "target".
 */
const QblkNode *qblk_job_mirror_target(const QblkJob *job);

/** The node of the image that a copy or a backup makes, or NULL for other jobs. */
const QblkNode *qblk_job_copy_target(const QblkJob *job);

/**
 * The kind of @job: "commit", "active-commit", "copy", "pull"; or else its type, if qblk has no
 * command for it.
 */
const char *qblk_job_get_kind_name(const QblkJob *job);

/** Returns: (nullable): the first job that works on the disk @target */
const QblkJob *qblk_snapshot_find_job_of(const QblkSnapshot *snapshot, const char *target);
