/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One plan under way, step by step.
 */
#pragma once

#include "blockjob/monitor.h"
#include "blockjob/run.h"

/** All plans that are carried out together. */
typedef struct {
    QblkMonitor monitor;
    const QblkRunOptions *options;
    GPtrArray *tasks;    /* of QblkRunTask, owned */
    gint64 end;          /* of the time limit, microseconds of the monotonic clock; 0: none */
    gint64 report_at;    /* when to ask for the progress next; 0: never */
    gboolean is_undoing; /* it has failed, and what was done is taken back */
} QblkRun;

typedef struct {
    QblkRun *run;
    const QblkPlan *plan;
    QblkJobState *job;       /* of the plan; borrowed from the monitor */
    QblkJournal **journal;   /* NULL: there is none */
    QblkStage stage;         /* as the journal has it */
    guint taken;             /* how many steps took effect, or may have */
    gboolean is_past_return; /* a final step was sent */
    gboolean is_over;        /* the job has ended well: only cleaning up is left */
    gboolean is_unanswered;  /* what became of the final step is not known from its answer */
} QblkRunTask;

/** The first wish to stop takes the jobs back, where there still is a way back; a second one leaves
 * QEMU as it is. */
gboolean qblk_run_task_must_stop(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take the steps up to the one that starts the job, without waiting for what ends that one. */
gboolean qblk_run_task_start(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Wait until the jobs of all tasks are where their plans let them wait; @failed is the task that
 * has failed. */
gboolean qblk_run_task_wait_all(QblkRun *run, QblkRunTask **failed,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take all other steps. */
gboolean qblk_run_task_finish(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take back all that was done.  The jobs may come to their end by themselves meanwhile. */
gboolean qblk_run_task_undo(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;
