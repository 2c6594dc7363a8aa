/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run.h"

#include "base/const-cast.h"
#include "blockjob/delete-images.h"
#include "blockjob/run-failure.h"
#include "blockjob/run-journal.h"
#include "blockjob/run-send.h"
#include "blockjob/run-verify.h"

/* What QEMU is asked about has to be known before it is asked. */
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
run_init(QblkRun *run, QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options)
{
    gint64 now = g_get_monotonic_time();
    *run = (QblkRun){
        .options = options,
        .tasks = g_ptr_array_new_with_free_func(g_free),
        .end = options->time_limit_ms == 0 ? 0 : now + options->time_limit_ms * 1000,
        .report_at = options->report_ms == 0 ? 0 : now,
    };
    qblk_monitor_init(&run->monitor, client, options->address, options->timeout_ms,
                      options->heartbeat_ms, options->stop_fd);
    run->monitor.keeps_events = options->keeps_events;
    for (guint i = 0; i < plans->len; i++) {
        QblkRunTask *task = g_new0(QblkRunTask, 1);
        task->run = run;
        task->plan = plans->pdata[i];
        task->job = qblk_monitor_job(&run->monitor, task->plan->job);
        task->stage = task->plan->existing_job ? QBLK_STAGE_STARTED : QBLK_STAGE_PLANNED;
        task->journal = options->journals == NULL ? NULL : &options->journals[i];
        watch_jobs(run, task->plan->steps);
        g_ptr_array_add(run->tasks, task);
    }
}

static void
run_clear(QblkRun *run)
{
    qblk_monitor_clear(&run->monitor);
    g_ptr_array_unref(run->tasks);
}

/* ---- the way that all goes well ---- */

static gboolean
carry_out(QblkRun *run, QblkRunTask **failed, GError **error)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        *failed = run->tasks->pdata[i];
        if (!qblk_run_task_start(*failed, error)) {
            return FALSE;
        }
    }
    if (run->options->is_detached) {
        return TRUE;
    }
    if (!qblk_run_task_wait_all(run, failed, error)) {
        return FALSE;
    }
    for (guint i = 0; i < run->tasks->len; i++) {
        *failed = run->tasks->pdata[i];
        if (!qblk_run_task_finish(*failed, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
conclude_task(const QblkRunTask *task, gboolean is_promised, GError **error)
{
    gboolean is_deleted = is_promised && qblk_delete_images_delete(task->plan, error);
    return qblk_run_journal_settle(task, is_deleted ? error : NULL) && is_deleted;
}

/* After all jobs: see that the chains are as promised, and then delete.  The first failure is told.
 */
static gboolean
conclude(QblkRun *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_promised = qblk_run_verify_check(run, &cause), done = is_promised;
    for (guint i = 0; i < run->tasks->len; i++) {
        done = conclude_task(run->tasks->pdata[i], is_promised, done ? &cause : NULL) && done;
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

gboolean
qblk_run(QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options, GError **error)
{
    QblkRun run;
    QblkRunTask *failed = NULL;
    g_autoptr(GError) cause = NULL;
    run_init(&run, client, plans, options);
    gboolean done = carry_out(&run, &failed, &cause);
    if (!done) {
        qblk_run_failure_end(&run, failed, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
    } else if (options->is_detached) {
        qblk_run_journal_end(&run);
    } else {
        done = conclude(&run, error);
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
    return qblk_run(client, plans, options, error);
}

/* ---- taking up what was left ---- */

/* The steps up to where the job is now were taken by whoever was there before. */
static void
skip_taken(QblkRunTask *task)
{
    const GPtrArray *steps = task->plan->steps;
    task->taken = 0;
    while (task->taken < steps->len && !task->plan->existing_job) {
        const QblkStep *step = steps->pdata[task->taken++];
        if (step->is_start) {
            break;
        }
    }
    for (guint i = task->taken; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        gboolean is_of_job = g_strcmp0(step->job, task->plan->job) == 0 && step->until != NULL;
        if (is_of_job && (qblk_job_state_has_reached(task->job, step->until) ||
                          qblk_job_state_has_passed(task->job, step->until))) {
            task->taken = i + 1;
            task->is_past_return = task->is_past_return || step->is_final;
            task->is_over = task->is_past_return && task->job->error == NULL;
        }
    }
}

/* Up to the command that changes the chain, and what ends it. */
static void
skip_to_cleaning(QblkRunTask *task)
{
    const GPtrArray *steps = task->plan->steps;
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        if (step->is_final) {
            task->taken = i + 1;
        }
    }
    task->is_past_return = TRUE;
    task->is_over = TRUE;
}

static gboolean
fail_moved(const QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    const QblkExpectation *old = plan->before->pdata[0], *new = plan->after->pdata[0];
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "its job is gone and the image of '%s' is '%s', while its guest %s gone over to "
                "'%s': QEMU may have been started again, from an image that is old",
                plan->target, old->filename,
                task->stage == QBLK_STAGE_CLEANING ? "had" : "may have", new->filename);
    return FALSE;
}

/* The job is gone: only the chain tells how it has ended.  A QEMU keeps the job until somebody has
 * it forgotten, so that after the command that has the guest go over to another image, the image
 * from before is no sign that it has not. */
static gboolean
decide_by_chain(QblkRunTask *task, gboolean *goes_on, GError **error)
{
    gboolean is_before, is_after;
    if (!qblk_run_verify_compare(task, &is_before, &is_after, error)) {
        return FALSE;
    }
    if (task->stage >= QBLK_STAGE_PIVOTING && !is_after && qblk_plan_moves_top(task->plan)) {
        return fail_moved(task, error);
    }
    /* A chain that stays the same (a copy that is finished) does not tell. */
    *goes_on = is_after && !(is_before && task->stage < QBLK_STAGE_CLEANING);
    if (*goes_on) {
        skip_to_cleaning(task);
    }
    return TRUE;
}

static gboolean
go_on(QblkRun *run, QblkRunTask *task, GError **error)
{
    QblkRunTask *failed = NULL;
    if (!qblk_run_task_wait_all(run, &failed, error) || !qblk_run_task_finish(task, error)) {
        qblk_run_failure_end(run, task, error);
        return FALSE;
    }
    return conclude(run, error);
}

/* A job that has failed meanwhile, or that another client has ended, has left the chain as it was.
 */
static gboolean
go_back(QblkRun *run, QblkRunTask *task, GError **error)
{
    task->is_past_return = task->is_over = FALSE;
    run->is_undoing = TRUE;
    if (task->taken == 0) {
        task->taken = task->plan->steps->len;
    }
    if (!qblk_run_task_undo(task, error) || !qblk_run_verify_check_before(task, error)) {
        return FALSE;
    }
    qblk_run_journal_end(run);
    return TRUE;
}

/* A job that was to make another image the active one, and was ended by somebody else without that,
 * has ended well all the same. */
static gboolean
look_whether_moved(const QblkRunTask *task, gboolean *has_moved, GError **error)
{
    gboolean is_before;
    *has_moved = TRUE;
    return !qblk_plan_moves_top(task->plan) ||
           qblk_run_verify_compare(task, &is_before, has_moved, error);
}

/* Whether the final step, which whoever was there before may have sent, can be sent (again) or was
 * heard. */
static gboolean
look_whether_heard(QblkRunTask *task, gboolean *goes_on, GError **error)
{
    const GPtrArray *steps = task->plan->steps;
    const QblkStep *once = NULL;
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        once = step->at_most_once ? step : once;
    }
    if (once == NULL || task->stage != QBLK_STAGE_PIVOTING ||
        qblk_job_state_has_reached(task->job, once->until)) {
        return TRUE;
    }
    g_autofree char *before = g_strdup(task->job->state);
    g_autoptr(GError) cause = NULL;
    task->is_unanswered = TRUE;
    if (!qblk_run_send_await(task, once, before, goes_on, &cause)) {
        *goes_on = FALSE;
        if (!g_error_matches(cause, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
    }
    if (!*goes_on && task->plan->existing_job) { /* it goes on without us, and so nothing is over */
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "job '%s' is still %s, and whether QEMU has heard '%s' is not known: say 'qblk "
                    "recover' again when the job is over",
                    once->job, before, once->command);
        return FALSE;
    }
    return TRUE;
}

static gboolean
resume(QblkRun *run, QblkRunTask *task, QblkRunEnd *end, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean goes_on = task->stage > QBLK_STAGE_PLANNED || !qblk_run_verify_can_compare(task);
    if (!qblk_monitor_query_jobs(&run->monitor, error)) {
        return FALSE;
    }
    if (goes_on && qblk_job_state_is_there(task->job)) {
        if (!look_whether_heard(task, &goes_on, error)) {
            return FALSE;
        }
        gboolean is_concluded = qblk_job_state_is(task->job, "concluded");
        goes_on = goes_on && (!is_concluded || task->job->error == NULL);
        if (is_concluded && goes_on && !look_whether_moved(task, &goes_on, error)) {
            return FALSE;
        }
        skip_taken(task);
    } else if (goes_on && !decide_by_chain(task, &goes_on, error)) {
        return FALSE;
    }
    *end = goes_on ? QBLK_RUN_COMPLETED : QBLK_RUN_ROLLED_BACK;
    if (goes_on ? go_on(run, task, &cause) : go_back(run, task, &cause)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

gboolean
qblk_run_resume(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                const QblkRunOptions *options, QblkRunEnd *end, GError **error)
{
    QblkRun run;
    g_autoptr(GPtrArray) plans = list_of(plan);
    run_init(&run, client, plans, options);
    QblkRunTask *task = run.tasks->pdata[0];
    /* The journal of a job that was there before begins with its first step. */
    task->stage = MAX(stage, task->stage);
    gboolean done = resume(&run, task, end, error);
    run_clear(&run);
    return done;
}
