/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block jobs: commit, pull and copy, by a plan that can be looked at first.
 *
 * A plan is made for a graph snapshot and checked; nothing is sent to change anything before it is
 * run.  Running it waits until the job is over, takes back what fails, fetches the graph again and
 * says success only where chain and headers are what the plan promised.
 *
 * There is no journal here: a program that ends in mid-job finds its job again with query-jobs, and
 * `qblk job` can finish it.
 */
#pragma once

#include <qblk/plan.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * The plan to bring data of the disk @disk down into a layer below; what cannot be done on this
 * QEMU is refused.  @client is asked what it knows (query-qmp-schema), and is the one that
 * @snapshot was fetched from.  @limits may be NULL.
 *
 * Errors: QBLK_GRAPH_ERROR for names, QBLK_BLOCKJOB_ERROR_REFUSED where the request makes no sense
 * on the chain or would harm, QBLK_QMP_ERROR.
 */
QblkPlan *qblk_blockjob_plan_commit(QblkClient *client, const QblkSnapshot *snapshot,
                                    const char *disk, const QblkCommitOptions *options,
                                    const QblkJobLimits *limits,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Likewise, to bring data of layers below up into the active one. */
QblkPlan *qblk_blockjob_plan_pull(QblkClient *client, const QblkSnapshot *snapshot,
                                  const char *disk, const QblkPullOptions *options,
                                  const QblkJobLimits *limits,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The plan as JSON text, as `qblk commit --dry-run --json` prints it; owned by the caller. */
char *qblk_blockjob_plan_to_json(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Called a few times a second while the job runs; @done and @total are bytes. */
typedef void (*QblkBlockjobProgress)(gint64 done, gint64 total, gpointer user_data);

/**
 * Carry @plan out.  @address is the monitor of @client: if the connection is lost the client is
 * connected to it again, once; NULL: it is not.  @progress may be NULL.
 *
 * The client and its events stay the caller's: events that come meanwhile are not taken, and wait
 * for qblk_client_take_event().  More of them than the client can keep end the connection.
 *
 * Errors (QBLK_BLOCKJOB_ERROR): FAILED with QEMU's reason, RESULT where the chain is another one
 * than promised; QBLK_QMP_ERROR where the connection is lost and stays so, or QEMU stands still.
 * What could be undone was undone then, or the message says what is left.
 */
gboolean qblk_blockjob_run(QblkClient *client, const char *address, const QblkPlan *plan,
                           QblkBlockjobProgress progress, gpointer user_data,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
