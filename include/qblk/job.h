/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job as QEMU reports it.
 *
 * A job belongs to its snapshot: a reference to the job is a reference to the snapshot.  All texts
 * and objects that the functions return belong to the snapshot.  It never changes, and several
 * threads may use it at once: fetch another snapshot for its progress.
 */
#pragma once

#include <qblk/node.h>

G_BEGIN_DECLS

/**
 * QblkJob:
 *
 * A job of a snapshot.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkJob QblkJob;

/**
 * qblk_job_ref:
 * @job: the job
 *
 * Returns: (transfer full): @job, with a further reference to its snapshot
 *
 * Since: 0.1.0
 */
QblkJob *qblk_job_ref(const QblkJob *job);

/**
 * qblk_job_unref:
 * @job: (nullable) (transfer full): the job
 *
 * Release a reference to the snapshot of @job.
 *
 * Since: 0.1.0
 */
void qblk_job_unref(QblkJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJob, qblk_job_unref)

/**
 * qblk_job_get_id:
 * @job: the job
 *
 * Returns: its id
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_id(const QblkJob *job);

/**
 * qblk_job_get_target:
 * @job: the job
 *
 * Returns: (nullable): the target name of the disk that it works on
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_target(const QblkJob *job);

/**
 * qblk_job_get_kind:
 * @job: the job
 *
 * Returns: what it does
 *
 * Since: 0.1.0
 */
QblkJobKind qblk_job_get_kind(const QblkJob *job);

/**
 * qblk_job_get_kind_name:
 * @job: the job
 *
 * Returns: the name of its kind, or else its type
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_kind_name(const QblkJob *job);

/**
 * qblk_job_get_job_type:
 * @job: the job
 *
 * Returns: QEMU's name of what it does: "commit", "mirror", "create" ..
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_job_type(const QblkJob *job);

/**
 * qblk_job_get_state:
 * @job: the job
 *
 * Returns: "running", "paused", "ready", "pending", "concluded" ..
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_state(const QblkJob *job);

/**
 * qblk_job_is_ready:
 * @job: the job
 *
 * Returns: TRUE if it is in sync and can be completed
 *
 * Since: 0.1.0
 */
gboolean qblk_job_is_ready(const QblkJob *job);

/**
 * qblk_job_is_paused:
 * @job: the job
 *
 * Returns: TRUE if it is paused by a client
 *
 * Since: 0.1.0
 */
gboolean qblk_job_is_paused(const QblkJob *job);

/**
 * qblk_job_get_progress:
 * @job: the job
 *
 * Returns: the amount done, in bytes for block jobs
 *
 * Since: 0.1.0
 */
gint64 qblk_job_get_progress(const QblkJob *job);

/**
 * qblk_job_get_total:
 * @job: the job
 *
 * Returns: the estimated amount at its end, which may grow
 *
 * Since: 0.1.0
 */
gint64 qblk_job_get_total(const QblkJob *job);

/**
 * qblk_job_get_speed:
 * @job: the job
 *
 * Returns: the limit in bytes per second; 0 if it has no limit; QBLK_UNKNOWN if it is not a block
 *   job
 *
 * Since: 0.1.0
 */
gint64 qblk_job_get_speed(const QblkJob *job);

/**
 * qblk_job_get_io_status:
 * @job: the job
 *
 * Returns: (nullable): "ok", "failed" or "nospace"
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_io_status(const QblkJob *job);

/**
 * qblk_job_get_error:
 * @job: the job
 *
 * Returns: (nullable): why it failed, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_error(const QblkJob *job);

/**
 * qblk_job_get_auto_finalize:
 * @job: the job
 *
 * Returns: TRUE if it does not wait for job-finalize
 *
 * Since: 0.1.0
 */
gboolean qblk_job_get_auto_finalize(const QblkJob *job);

/**
 * qblk_job_get_auto_dismiss:
 * @job: the job
 *
 * Returns: TRUE if it does not wait for job-dismiss
 *
 * Since: 0.1.0
 */
gboolean qblk_job_get_auto_dismiss(const QblkJob *job);

/**
 * qblk_job_get_n_nodes:
 * @job: the job
 *
 * Returns: the number of edges to nodes that it works on; 0 if QEMU does not report them
 *
 * Since: 0.1.0
 */
guint qblk_job_get_n_nodes(const QblkJob *job);

/**
 * qblk_job_get_node:
 * @job: the job
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the node at the end of an edge
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_job_get_node(const QblkJob *job, guint index);

/**
 * qblk_job_get_node_role:
 * @job: the job
 * @index: from 0
 *
 * Returns: (nullable): the name of that edge: "main node", "source", "target" ...; NULL if @index
 *   is too large
 *
 * Since: 0.1.0
 */
const char *qblk_job_get_node_role(const QblkJob *job, guint index);

/**
 * qblk_job_to_json:
 * @job: the job
 *
 * Returns: (transfer full): a JSON object, as `qblk jobs --json` has it
 *
 * Since: 0.1.0
 */
char *qblk_job_to_json(const QblkJob *job) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
