/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A block job as QEMU reports it.
 */
#pragma once

#include "graph/replies.h"

typedef struct {
    char *id;
    char *type;      /* "commit", "mirror", "stream", "backup", "create" ... */
    char *status;    /* of query-jobs: "running", "ready", "pending", "concluded" ... */
    char *error;     /* why it failed, or NULL */
    gint64 progress; /* of query-jobs, in units of the job's own (bytes for block jobs) */
    gint64 total;
    gint64 speed;   /* limit in bytes a second; 0: none; QBLK_UNKNOWN: no block job */
    gboolean ready; /* a mirror or active commit that can be completed */
    gboolean paused;
    gboolean auto_finalize;
    gboolean auto_dismiss;
    char *io_status;  /* "ok", "failed", "nospace", or NULL */
    GPtrArray *nodes; /* of QblkChild, owned: what it works on, by the edge's name; may be empty */
    char *target;     /* of the disk it works on, or NULL */
} QblkJob;

/** Read query-jobs and query-block-jobs. */
GPtrArray *qblk_job_load_all(const QblkReplies *replies, /* of QblkJob, owned */
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_job_free(QblkJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJob, qblk_job_free)

/**
 * Why query-named-block-nodes must not be sent now, or NULL where it may.
 *
 * While a stream job is between its change of the graph and its dismissal the query crashes QEMU
 * (QEMU's bug 3149; seen on 7.2.22, not on 5.2, 10.0.13 and 11.1; believed to affect 6.0 to 10.1).
 * A stream job that nobody finalizes but that waits for its dismissal can get there at any moment.
 * Where QEMU refused to tell its jobs, any could be such a job.
 */
char *qblk_job_forbids_nodes(const QblkReplies *replies,
                             const GPtrArray *jobs) G_GNUC_WARN_UNUSED_RESULT;
