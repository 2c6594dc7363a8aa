/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is known of the jobs of QEMU without asking it: what events reported, and what clients have
 * told QEMU.  A client that has gone since has told it all the same.
 */
#pragma once

#include "base/json.h"

typedef struct QblkJobTable QblkJobTable;

QblkJobTable *qblk_job_table_new(void);
void qblk_job_table_free(QblkJobTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJobTable, qblk_job_table_free)

/** Note what @event of QEMU reports of a job; other events are ignored. */
void qblk_job_table_event(QblkJobTable *table, const QblkJson *event);

/** Returns: the number of events of jobs so far */
guint64 qblk_job_table_events(const QblkJobTable *table);

/**
 * Note the reply to query-jobs.
 *
 * @events: qblk_job_table_events() when that was sent: the reply may be older than a later event,
 *   and is ignored then
 */
void qblk_job_table_load(QblkJobTable *table, const QblkJson *jobs, guint64 events);

/** Returns: TRUE if QEMU may have a job: not all of them are known, or one is */
gboolean qblk_job_table_may_have_jobs(const QblkJobTable *table);

/** Note that QEMU is about to get a command that starts the job @id.  @replaces: the mirror has
 * been given a node that it replaces. */
void qblk_job_table_start(QblkJobTable *table, const char *id, gboolean replaces);

/** QEMU has answered a command that starts a mirror: if it has not created the job by now, it has
 * refused. */
void qblk_job_table_end_starts(QblkJobTable *table);

/** Returns: TRUE if the mirror @id may replace another node than its source */
gboolean qblk_job_table_may_replace(const QblkJobTable *table, const char *id);

/** Note that QEMU is about to get a command that completes the job @id, or that it has refused
 * that. */
void qblk_job_table_complete(QblkJobTable *table, const char *id, gboolean was_refused);

/** Note that the bridge itself has completed one of the jobs. */
void qblk_job_table_complete_any(QblkJobTable *table);

/** Returns: TRUE if the job @id has been told to complete */
gboolean qblk_job_table_is_completed(const QblkJobTable *table, const char *id);
