/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One plan under way: its state, what it knows, and what all actions need.
 */
#pragma once

#include "blockjob/monitor.h"
#include "blockjob/run-options.h"
#include "blockjob/run-state.h"

/** All plans that are carried out together. */
typedef struct {
    QblkMonitor monitor;
    const QblkRunOptions *options;
    GPtrArray *tasks;      /* of QblkRunTask, owned */
    gint64 (*clock)(void); /* microseconds, monotonic */
    gint64 end;            /* of the time limit, by the clock; 0: none */
    gint64 report_at;      /* when to query the progress next; 0: never */
    gboolean is_qemu;      /* the process behind the monitor is QEMU, and not a relay */
} QblkRun;

typedef struct {
    QblkRun *run;
    const QblkPlan *plan;
    QblkJobState *job;      /* of the plan; borrowed from the monitor */
    QblkJournal **journal;  /* NULL: none */
    QblkStage recorded;     /* the stage that the journal has */
    QblkRunState state;     /* changed by qblk_run_task_apply() only */
    QblkRunAction action;   /* what comes next */
    QblkRunState failed_in; /* the state before the one that it ended in */
    gboolean is_unchanged;  /* after a rollback: the chain was seen, and is the one from before */
    gboolean is_resumed;    /* it was interrupted: steps may have been done before */
    guint taken;            /* how many steps took effect, or may have */
    guint attempts;         /* how often the step was sent */
    char *refusal;          /* owned: of the last step, if that is no failure; NULL: none */
    char *job_before;       /* owned: the state of its job before that; NULL: none */
    gboolean was_left;      /* when it was resumed QEMU did not have the old active image open */
    gboolean is_old_closed; /* that is recorded */
    gboolean has_warned_of_server;
    gboolean has_lost_name; /* an image of the plan was renamed or replaced while the job ran */
    char *kept;    /* owned: after a rollback: which created files were not deleted, or NULL */
    GError *error; /* owned: of the action that failed */
} QblkRunTask;

QblkRunTask *qblk_run_task_new(QblkRun *run, const QblkPlan *plan, QblkJournal **journal);
void qblk_run_task_free(QblkRunTask *task);

/** Go from the task's state to the next one by the row of @event.  An event that has no row ends
 * the plan as QBLK_RUN_UNKNOWN. */
void qblk_run_task_apply(QblkRunTask *task, QblkRunEvent event);

/** Warn the user of @task; @message is owned by the caller. */
void qblk_run_task_warn(const QblkRunTask *task, QblkRunWarning warning, const char *message);

/** Returns: the event for a failure: QBLK_RUN_LOST or QBLK_RUN_LEFT if it is one of these, or
 * @event. */
QblkRunEvent qblk_run_task_failure(const QblkRunTask *task, QblkRunEvent event);

/**
 * The first interrupt by the user cancels the jobs, if the chain was not changed; so does the time
 * limit.  A second interrupt leaves QEMU as it is.
 *
 * Returns: TRUE with @error set if the task must stop: _CANCELLED, or _DETACHED if the job goes on.
 */
gboolean qblk_run_task_must_stop(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Wait for QEMU, the user or the time, whichever comes first.  A lost connection is opened again
 * once; FALSE with @error set if that fails. */
gboolean qblk_run_task_wait_turn(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How many queries in a row QEMU may leave unanswered while it works on @step. */
guint qblk_run_task_patience(const QblkRunTask *task, const QblkStep *step);
