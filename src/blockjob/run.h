/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The runner: carries out any plan on a live QEMU and knows for certain how it ended.
 */
#pragma once

#include "blockjob/run-state.h"
#include "qmp/client.h"

/** How far it is, for people. */
typedef struct {
    const char *state;  /* of the job; NULL before it has started */
    gint64 done, total; /* in the job's units, bytes; -1 where not known */
} QblkRunProgress;

typedef void (*QblkRunReport)(const QblkPlan *plan, const QblkRunProgress *progress,
                              gpointer user_data);

typedef struct {
    const QblkSnapshotOptions *snapshot; /* with which the plans' snapshot was made */
    const char *address;  /* to connect to once more if the connection is lost; NULL: do not */
    int timeout_ms;       /* for the connection and each answer; 0: the default */
    int heartbeat_ms;     /* how long not to ask QEMU while nothing happens; 0: as timeout_ms */
    gint64 time_limit_ms; /* for the whole, 0: none; then the jobs are cancelled */
    int stop_fd;   /* readable: stop; -1: none.  The first read cancels, a second leaves the jobs */
    int report_ms; /* how often to ask for the progress; 0: never */
    QblkRunReport report;
    gpointer user_data;
    gboolean is_local;     /* the files that QEMU names are those of this machine */
    gboolean is_detached;  /* return once the jobs have started */
    gboolean keeps_events; /* the caller takes the client's events; else they are dropped */
    /* One for each plan, or NULL: written before each step that cannot be undone.  Those of plans
     * of which nothing is left to do are ended, and NULL afterwards. */
    QblkJournal **journals;
} QblkRunOptions;

/**
 * Carry out @plans (of QblkPlan), for one disk each.  @client is connected again once, if its
 * connection is lost and the options have its address.
 *
 * Several jobs wait for each other: all are ready, or pending, before the first one changes its
 * chain.  If one fails before that, all are taken back.
 *
 * Success is said after each job is over without an error, is forgotten, the chain that was fetched
 * again is the one the plan promised, and the headers on disk say the same; or, for a plan that
 * stays ready, when it is ready.
 *
 * Errors: QBLK_BLOCKJOB_ERROR_FAILED with QEMU's reason, _CANCELLED, _LEFT where a job goes on
 * without us, _RESULT where the chain is another one than promised (the message has both),
 * QBLK_QMP_ERROR where the connection is lost and stays so, or QEMU stands still.  What could be
 * undone was undone before an error is returned, or the message says what is left.
 */
gboolean qblk_run(QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_run() for one plan. */
gboolean qblk_run_one(QblkClient *client, const QblkPlan *plan, const QblkRunOptions *options,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Take up @plan where it was left at @stage: what was meant is completed where its job is still
 * there or has gone well, and taken back where not.  Errors as for qblk_run; and
 * QBLK_BLOCKJOB_ERROR_RESULT where the chain is neither the one before nor the one after, or was
 * not known when the plan was made, and the job is gone.
 */
gboolean qblk_run_resume(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                         const QblkRunOptions *options, QblkRunState *end,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
