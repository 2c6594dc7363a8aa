/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run.h"

#include "base/const-cast.h"
#include "blockjob/delete-images.h"
#include "blockjob/run-ended.h"
#include "blockjob/run-joint.h"
#include "blockjob/run-journal.h"
#include "blockjob/run-resume.h"
#include "blockjob/run-rollback.h"
#include "blockjob/run-step.h"
#include "blockjob/run-verify.h"

/* A job has to be watched before a command for it is sent. */
static void
watch_jobs(QblkRun *run, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        if (step->job != NULL) {
            (void)qblk_monitor_job(&run->monitor, step->job);
        }
    }
}

static void
free_task(gpointer data)
{
    qblk_run_task_free(data);
}

static void
run_init(QblkRun *run, QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options)
{
    gint64 (*clock)(void) = options->clock == NULL ? g_get_monotonic_time : options->clock;
    gint64 now = clock();
    *run = (QblkRun){
        .options = options,
        .tasks = g_ptr_array_new_with_free_func(free_task),
        .clock = clock,
        .end = options->time_limit_ms == 0 ? 0 : now + options->time_limit_ms * 1000,
        .report_at = options->report_ms == 0 ? 0 : now,
    };
    qblk_monitor_init(&run->monitor, client, options->address, options->timeout_ms,
                      options->heartbeat_ms, options->control);
    run->monitor.keeps_events = options->keeps_events;

    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        QblkJournal **journal = options->journals == NULL ? NULL : &options->journals[i];
        g_ptr_array_add(run->tasks, qblk_run_task_new(run, plan, journal));
        watch_jobs(run, plan->steps);
    }
    run->is_qemu = qblk_run_ended_is_qemu(run);
}

static void
run_clear(QblkRun *run)
{
    qblk_monitor_clear(&run->monitor);
    g_ptr_array_unref(run->tasks);
}

/* ---- the loop ---- */

/* Carry out the actions of @task until it holds for the other disks, or is at its end. */
static void
drive(QblkRunTask *task)
{
    while (task->action != QBLK_RUN_HOLD && task->action != QBLK_RUN_UNDO &&
           task->action != QBLK_RUN_END) {
        qblk_run_step_turn(task);
    }
}

/* The steps up to the one that starts the job, or changes the chain together with others. */
static void
start(QblkRunTask *task)
{
    while (task->state != QBLK_RUN_RUNNING && task->action != QBLK_RUN_HOLD &&
           task->action != QBLK_RUN_UNDO && task->action != QBLK_RUN_END) {
        qblk_run_step_turn(task);
    }
}

static gboolean
is_good(const QblkRunTask *task)
{
    return task->state == QBLK_RUN_RUNNING || task->state == QBLK_RUN_WAITING ||
           task->state == QBLK_RUN_COMPLETED;
}

/* See which jobs wait at their barrier.  A job that waits there can still fail.  @waits becomes a
 * task whose job does not wait yet; FALSE if one has failed. */
static gboolean
look_at_jobs(const QblkRun *run, QblkRunTask **waits, QblkRunTask **failed)
{
    *waits = NULL;
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        QblkRunEvent event;
        if (task->state != QBLK_RUN_RUNNING && task->action != QBLK_RUN_HOLD) {
            continue;
        }
        if (!qblk_run_step_has_ended(task, &event)) {
            *waits = task;
            continue;
        }
        if (task->action == QBLK_RUN_HOLD && event == QBLK_RUN_REACHED) {
            continue;
        }

        qblk_run_task_apply(task, event);
        if (!is_good(task)) {
            *failed = task;
            return FALSE;
        }
    }

    return TRUE;
}

/* Wait until the jobs of all tasks wait.  Returns: (nullable): the task that has failed. */
static QblkRunTask *
wait_for_all(const QblkRun *run)
{
    QblkRunTask *waits, *failed = NULL;
    while (look_at_jobs(run, &waits, &failed) && waits != NULL) {
        if (!qblk_run_task_wait_turn(waits, &waits->error)) {
            qblk_run_task_apply(waits, qblk_run_task_failure(waits, QBLK_RUN_FAILED));
            return waits;
        }
    }

    return failed;
}

/* Carry out the other steps, one disk after the other. */
static QblkRunTask *
finish_all(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        if (task->state == QBLK_RUN_WAITING) {
            qblk_run_task_apply(task, QBLK_RUN_ALL_WAIT);
        }
        drive(task);
        if (task->state != QBLK_RUN_COMPLETED) {
            return task;
        }
        qblk_run_journal_closed(task);
    }

    return NULL;
}

static void
detach_all(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        if (task->state == QBLK_RUN_RUNNING) {
            qblk_run_task_apply(task, QBLK_RUN_DETACH);
        }
    }
    qblk_run_journal_end(run);
}

/* Returns: (nullable): the task that has failed. */
static QblkRunTask *
carry_out(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        start(task);
        if (!is_good(task)) {
            return task;
        }
    }

    if (run->options->is_detached) {
        detach_all(run);
        return NULL;
    }

    QblkRunTask *failed = wait_for_all(run);
    if (failed == NULL) {
        failed = qblk_run_joint_finish(run);
    }
    return failed == NULL ? finish_all(run) : failed;
}

/* ---- the end ---- */

static gboolean
conclude_task(const QblkRunTask *task, gboolean is_promised, GError **error)
{
    gboolean is_deleted = is_promised && qblk_delete_images_delete(task->plan, error);
    gboolean is_settled = qblk_run_journal_settle(task, is_deleted ? error : NULL);
    return is_deleted && is_settled;
}

/* After all jobs: check that the chains are as promised, and delete images only then.  The first
 * failure is reported. */
static gboolean
conclude(QblkRun *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_promised = qblk_run_verify_check(run, &cause);
    gboolean done = is_promised;
    for (guint i = 0; i < run->tasks->len; i++) {
        gboolean is_concluded =
            conclude_task(run->tasks->pdata[i], is_promised, done ? &cause : NULL);
        done = done && is_concluded;
    }

    gboolean was_seen = !g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE);
    if (!qblk_monitor_is_lost(&run->monitor) && was_seen) {
        qblk_run_journal_end(run);
    }

    if (!done) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }

    return done;
}

static gboolean
end_run(QblkRun *run, QblkRunTask *failed, GError **error)
{
    if (failed != NULL) {
        qblk_run_rollback_end(run, failed, error);
        return FALSE;
    }
    return run->options->is_detached || conclude(run, error);
}

gboolean
qblk_run_plans(QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options,
               GError **error)
{
    QblkRun run;
    run_init(&run, client, plans, options);
    gboolean done = end_run(&run, carry_out(&run), error);
    if (!done) {
        qblk_run_ended_replace_error(&run, error);
    }
    run_clear(&run);
    return done;
}

/* A list of one; it owns nothing. */
static GPtrArray *
list_of(const QblkPlan *plan)
{
    GPtrArray *plans = g_ptr_array_new();
    g_ptr_array_add(plans, qblk_const_cast(plan));
    return plans;
}

gboolean
qblk_run_one(QblkClient *client, const QblkPlan *plan, const QblkRunOptions *options,
             GError **error)
{
    g_autoptr(GPtrArray) plans = list_of(plan);
    return qblk_run_plans(client, plans, options, error);
}

/* ---- an operation that was interrupted ---- */

/* The job has failed, or another client has ended it: the chain has to be as before. */
static gboolean
roll_back(const QblkRun *run, QblkRunTask *task, GError **error)
{
    g_clear_error(&task->error);
    if (task->taken == 0) {
        task->taken = task->plan->steps->len;
    }

    if (!qblk_run_rollback_task(task, error)) {
        return FALSE;
    }
    if (!qblk_run_verify_check_before(task, error)) {
        return FALSE;
    }

    task->is_unchanged = qblk_run_verify_can_compare(task);
    qblk_run_journal_mark_partial(run);
    qblk_run_journal_end(run);
    if (task->kept != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "it was rolled back, but %s", task->kept);
    }
    return task->kept == NULL;
}

static gboolean
resume(QblkRun *run, QblkRunTask *task, QblkRunState *end, GError **error)
{
    qblk_run_task_apply(task, qblk_run_resume_find(task));
    if (task->action == QBLK_RUN_END) {
        g_propagate_error(error, g_steal_pointer(&task->error));
        return FALSE;
    }

    if (task->action == QBLK_RUN_UNDO) {
        *end = QBLK_RUN_ROLLED_BACK;
        return roll_back(run, task, error);
    }

    *end = QBLK_RUN_COMPLETED;
    qblk_run_journal_resume(task);
    QblkRunTask *failed = wait_for_all(run);
    return end_run(run, failed == NULL ? finish_all(run) : failed, error);
}

/* Returns: the task of @plan, which was interrupted at @stage; @run is to be cleared. */
static QblkRunTask *
init_interrupted(QblkRun *run, QblkClient *client, const QblkPlan *plan, QblkStage stage,
                 const QblkRunOptions *options)
{
    g_autoptr(GPtrArray) plans = list_of(plan);
    run_init(run, client, plans, options);

    QblkRunTask *task = run->tasks->pdata[0];
    task->state = QBLK_RUN_INTERRUPTED;
    task->is_resumed = TRUE;
    /* The journal of a job that existed begins with its first step. */
    task->recorded = MAX(stage, task->recorded);
    return task;
}

void
qblk_run_preview_clear(QblkRunPreview *preview)
{
    g_clear_pointer(&preview->job_state, g_free);
}

gboolean
qblk_run_resume_preview(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                        const QblkRunOptions *options, QblkRunPreview *preview, GError **error)
{
    QblkRun run;
    QblkRunTask *task = init_interrupted(&run, client, plan, stage, options);
    QblkRunEvent event = qblk_run_resume_find(task);
    qblk_run_task_apply(task, event);

    gboolean is_known = task->action != QBLK_RUN_END;
    if (is_known) {
        gboolean rolls_back = task->action == QBLK_RUN_UNDO;
        gboolean has_job = qblk_job_state_is_there(task->job);
        preview->end = rolls_back ? QBLK_RUN_ROLLED_BACK : QBLK_RUN_COMPLETED;
        preview->event = event;
        preview->job_state = has_job ? g_strdup(task->job->state) : NULL;
    } else {
        g_propagate_error(error, g_steal_pointer(&task->error));
    }
    run_clear(&run);
    return is_known;
}

gboolean
qblk_run_resume(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                const QblkRunOptions *options, QblkRunState *end, GError **error)
{
    QblkRun run;
    QblkRunTask *task = init_interrupted(&run, client, plan, stage, options);

    gboolean done = resume(&run, task, end, error);
    if (!done) {
        qblk_run_ended_replace_error(&run, error);
    }
    run_clear(&run);
    return done;
}
