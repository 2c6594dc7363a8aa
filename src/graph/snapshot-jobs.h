/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which disk a job works on, and the filters a job puts on top of one.
 */
#pragma once

#include "graph/snapshot.h"

/** Find for each job its nodes and its disk; part of loading a snapshot. */
void qblk_snapshot_jobs_attach(QblkSnapshot *snapshot);

/**
 * The topmost node of @device's chain, implicit filters of jobs included: query-block hides those.
 * NULL for an empty drive.
 */
const QblkNode *qblk_snapshot_jobs_top(const QblkSnapshot *snapshot, const QblkDevice *device);

/**
 * The node that a copy or an active commit writes to; NULL for other jobs.  A commit inside a chain
 * is of type "commit" like an active one, but has no node that it calls its target.
 */
const QblkNode *qblk_snapshot_jobs_mirror_target(const QblkJob *job);

/** What a job does, in the words of the commands: "commit", "active-commit", "copy", "pull"; its
 * type where qblk has no command for it. */
const char *qblk_snapshot_jobs_kind(const QblkJob *job);

/** The first job that works on the disk @target, NULL where there is none. */
const QblkJob *qblk_snapshot_jobs_of(const QblkSnapshot *snapshot, const char *target);
