/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The runner: carries out any plan on a live QEMU and knows for certain how it ended.
 */
#pragma once

#include "blockjob/plan.h"
#include "qmp/client.h"

/** How far it is, for people. */
typedef struct {
    const char *state;  /* of the job */
    gint64 done, total; /* in the job's units, bytes; -1 where not known */
} QblkRunProgress;

typedef void (*QblkRunReport)(const QblkPlan *plan, const QblkRunProgress *progress,
                              gpointer user_data);

typedef struct {
    const QblkSnapshotOptions *snapshot; /* with which the plan's snapshot was made */
    const char *address;  /* to connect to once more if the connection is lost; NULL: do not */
    int timeout_ms;       /* for the connection */
    gint64 time_limit_ms; /* for the whole, 0: none; then the job is cancelled */
    int stop_fd;   /* readable: stop; -1: none.  The first read cancels, a second leaves the job */
    int report_ms; /* how often to ask for the progress; 0: never */
    QblkRunReport report;
    gpointer user_data;
} QblkRunOptions;

/**
 * Carry out @plan.  *@client may be replaced by another connection to the same monitor.
 *
 * Success is said after the job is over without an error, is forgotten, and the chain that was
 * fetched again is the one the plan promised; or, for a plan that stays ready, when it is ready.
 *
 * Errors: QBLK_BLOCKJOB_ERROR_FAILED with QEMU's reason, _CANCELLED, _RESULT where the chain is
 * another one than promised (the message has both), QBLK_QMP_ERROR where the connection is lost and
 * stays so. What could be undone was undone before an error is returned, or the message says what
 * is left.
 */
gboolean qblk_run(QblkClient **client, const QblkPlan *plan, const QblkRunOptions *options,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
