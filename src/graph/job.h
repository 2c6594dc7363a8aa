/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A block job as QEMU reports it.
 */
#pragma once

#include "graph/replies.h"

#include <qblk/snapshot.h>

struct QblkJob {
    const QblkSnapshot *snapshot; /* its root; NULL: it does not belong to one */
    char *id;
    char *type;      /* "commit", "mirror", "stream", "backup", "create" ... */
    char *status;    /* of query-jobs: "running", "ready", "pending", "concluded" ... */
    char *error;     /* why it failed, or NULL */
    gint64 progress; /* of query-jobs, in units of the job (bytes for block jobs) */
    gint64 total;
    gint64 speed;   /* limit in bytes per second; 0: unlimited; QBLK_UNKNOWN: not a block job */
    gboolean ready; /* a mirror or active commit that can be completed */
    gboolean paused;
    gboolean auto_finalize;
    gboolean auto_dismiss;
    char *io_status;  /* "ok", "failed", "nospace", or NULL */
    GPtrArray *nodes; /* of QblkChild, owned: the nodes it works on, by the name of the edge */
    char *target;     /* of the disk it works on, or NULL */
    QblkJobKind known_kind; /* of an earlier snapshot; OTHER: it follows from type and nodes */
};

/** Load the jobs from query-jobs and query-block-jobs. */
GPtrArray *qblk_job_load_all(const QblkReplies *replies, /* of QblkJob, owned */
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_job_free(QblkJob *job);

/** Returns: (nullable): the node at the end of the edge @role of @job */
const QblkNode *qblk_job_find_node(const QblkJob *job, const char *role);

/**
 * The node that a copy or an active commit writes to, or NULL for other jobs.  A commit inside a
 * chain has the same type as an active commit, but no edge "target".
 */
const QblkNode *qblk_job_mirror_target(const QblkJob *job);

/** The node of the image that a copy or a backup makes, or NULL for other jobs. */
const QblkNode *qblk_job_copy_target(const QblkJob *job);

/** Returns: TRUE if query-named-block-nodes could crash this version of QEMU while a stream ends */
gboolean qblk_job_version_forbids_nodes(const QblkQemuVersion *version);

/**
 * Decide if query-named-block-nodes could crash this QEMU.
 *
 * It does so while a stream job has changed the graph and is not dismissed (QEMU's bug 3149; seen
 * on 7.2.22, not on 5.2, 10.0.13 and 11.1; believed to affect 6.0 to 10.1).  A stream job that
 * finalizes automatically and waits for its dismissal can reach that state at any moment.  If QEMU
 * refused to list its jobs, any could be such a job.
 *
 * Returns: (transfer full) (nullable): the reason not to send the query, for people; NULL if the
 * query is safe
 */
char *qblk_job_forbids_nodes(const QblkReplies *replies,
                             const GPtrArray *jobs) G_GNUC_WARN_UNUSED_RESULT;
