/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run.h"

#include "blockjob/job-state.h"
#include "blockjob/verify.h"
#include "graph/snapshot-options.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

typedef struct {
    QblkClient **client;
    const QblkPlan *plan;
    const QblkRunOptions *options;
    gint64 end;              /* of the time limit, microseconds of the monotonic clock; 0: none */
    gint64 report_at;        /* when to ask for the progress next; 0: never */
    QblkJobState job;        /* as far as heard */
    guint stops;             /* how often the user has asked to stop */
    gboolean may_reconnect;  /* it was not done yet */
    gboolean is_started;     /* the job is ours */
    gboolean is_past_return; /* a final step was sent */
    gboolean is_over;        /* the job has ended well: only cleaning up is left */
    gboolean is_undoing;
} Run;

/* ---- what is heard ---- */

static void
hear_all(Run *run)
{
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(*run->client);
        if (event == NULL) {
            return;
        }
        qblk_job_state_hear(&run->job, event);
    }
}

/* Ask for the state where events may have been missed.  @progress may be NULL. */
static gboolean
ask_state(Run *run, QblkRunProgress *progress, GError **error)
{
    g_autoptr(QblkJson) jobs = qblk_client_call(*run->client, "query-jobs", NULL, error);
    if (jobs == NULL) {
        return FALSE;
    }
    /* The last event that came before the reply says what the reply says, later ones know more. */
    const QblkJson *entry = qblk_job_state_see(&run->job, jobs);
    hear_all(run);
    if (progress != NULL) {
        (void)qblk_json_integer(qblk_json_get(entry, "current-progress"), &progress->done);
        (void)qblk_json_integer(qblk_json_get(entry, "total-progress"), &progress->total);
        progress->state = run->job.state;
    }
    return TRUE;
}

static gboolean
is_lost(const Run *run)
{
    return qblk_client_get_error(*run->client) != NULL;
}

/* A QEMU that is too busy to say how far it is will be asked again. */
static gboolean
report(Run *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkRunProgress progress = {.done = -1, .total = -1};
    run->report_at = g_get_monotonic_time() + (gint64)run->options->report_ms * 1000;
    if (ask_state(run, &progress, &cause)) {
        run->options->report(run->plan, &progress, run->options->user_data);
    } else if (is_lost(run)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

/* ---- waiting ---- */

static int
milliseconds_until(gint64 when)
{
    return (int)CLAMP((when - g_get_monotonic_time() + 999) / 1000, 0, G_MAXINT);
}

static int
shorter(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

static int
how_long(const Run *run)
{
    /* A connection that is lost has no descriptor that could wake us. */
    int timeout = is_lost(run) ? 0 : qblk_client_get_timeout(*run->client);
    if (run->end != 0 && !run->is_undoing && !run->is_past_return) {
        timeout = shorter(timeout, milliseconds_until(run->end));
    }
    return run->report_at == 0 ? timeout : shorter(timeout, milliseconds_until(run->report_at));
}

/* Look, without waiting, whether the user wants to stop.  A signalfd gives a record, and nothing to
 * a buffer smaller than that. */
static void
look_at_stop(Run *run)
{
    struct pollfd polled = {run->options->stop_fd, POLLIN, 0};
    char record[256];
    if (poll(&polled, 1, 0) > 0 && read(polled.fd, record, sizeof(record)) > 0) {
        run->stops++;
    }
}

/* Wait for QEMU, for the user's wish to stop, or for the time to do something. */
static gboolean
wait_turn(Run *run, GError **error)
{
    struct pollfd polled[] = {
        {qblk_client_get_fd(*run->client), (short)qblk_client_get_events(*run->client), 0},
        {run->options->stop_fd, POLLIN, 0},
    };
    int ready = poll(polled, G_N_ELEMENTS(polled), how_long(run));
    if (ready < 0 && errno != EINTR) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "cannot wait for QEMU: %s",
                    g_strerror(errno));
        return FALSE;
    }
    look_at_stop(run);
    gboolean is_alive = qblk_client_process(*run->client, ready > 0 ? polled[0].revents : 0, error);
    hear_all(run);
    if (!is_alive) {
        return FALSE;
    }
    gboolean is_time = run->report_at != 0 && g_get_monotonic_time() >= run->report_at;
    return !is_time || report(run, error);
}

/* The first wish to stop takes the job back, where there still is a way back; a second one leaves
 * QEMU as it is. */
static gboolean
must_stop(const Run *run, GError **error)
{
    if (run->is_past_return || run->is_undoing) {
        if (run->stops < 2) {
            return FALSE;
        }
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s' was left as it is (%s), as you asked", run->plan->job,
                    run->job.state == NULL ? "not started" : run->job.state);
        return TRUE;
    }
    gboolean is_late = run->end != 0 && g_get_monotonic_time() >= run->end;
    if (run->stops == 0 && !is_late) {
        return FALSE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                "job '%s' was cancelled %s", run->plan->job,
                run->stops > 0 ? "as you asked" : "because its time was over");
    return TRUE;
}

/* What is known of the job where QEMU cannot be asked any more. */
static void
prefix_lost(const Run *run, GError **error)
{
    if (run->is_undoing) {
        g_prefix_error(error, "job '%s' could not be taken back: ", run->plan->job);
    } else if (run->is_over) {
        g_prefix_error(error,
                       "the chain of '%s' was changed as planned, and then: ", run->plan->target);
    } else if (run->is_past_return) {
        g_prefix_error(error,
                       "whether the chain of '%s' was changed is not known, look at it again: ",
                       run->plan->target);
    } else if (run->job.state != NULL) {
        g_prefix_error(error, "job '%s' goes on, or waits to be finished: ", run->plan->job);
    } else {
        g_prefix_error(error, "whether job '%s' was started is not known: ", run->plan->job);
    }
}

/* The connection is gone: open it once more, and learn where the job is.  @error is set, and is
 * cleared on success. */
static gboolean
reconnect(Run *run, GError **error)
{
    const QblkRunOptions *options = run->options;
    g_autoptr(GError) cause = NULL;
    if (!run->may_reconnect || options->address == NULL) {
        return FALSE;
    }
    run->may_reconnect = FALSE;
    QblkClient *next = qblk_client_connect(options->address, options->timeout_ms, &cause);
    if (next == NULL) {
        g_prefix_error(error, "%s, after: ", cause->message);
        return FALSE;
    }
    g_clear_error(error);
    qblk_client_free(*run->client);
    *run->client = next;
    return ask_state(run, NULL, error);
}

/* What QEMU says of a job that is over: its error, or none. */
static gboolean
check_conclusion(Run *run, GError **error)
{
    const QblkJobState *job = &run->job;
    if (!ask_state(run, NULL, error)) {
        return FALSE;
    }
    if (job->error == NULL) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "job '%s' failed%s%s: %s",
                job->id, job->operation == NULL ? "" : " to ",
                job->operation == NULL ? "" : job->operation, job->error);
    return FALSE;
}

/* A job that is further than where it had to wait for us was not left alone, or has failed. */
static gboolean
fail_passed(Run *run, const char *wanted, GError **error)
{
    if (!check_conclusion(run, error)) {
        return FALSE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' is %s and should have waited at %s: another client ended it, or QEMU was "
                "started again",
                run->plan->job, qblk_job_state_is(&run->job, "null") ? "gone" : run->job.state,
                wanted);
    return FALSE;
}

static gboolean
wait_for_state(Run *run, const char *wanted, GError **error)
{
    while (!qblk_job_state_has_reached(&run->job, wanted)) {
        g_autoptr(GError) cause = NULL;
        if (must_stop(run, error)) {
            return FALSE;
        }
        if (qblk_job_state_has_passed(&run->job, wanted)) {
            return fail_passed(run, wanted, error);
        }
        if (!wait_turn(run, &cause) && !reconnect(run, &cause)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- steps ---- */

static gboolean
is_refusal(const GError *error)
{
    return g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED) ||
           g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

/* A command that was not answered in time: what QEMU is asked next is answered after it.  The user
 * has to be told how a final step went, however long it takes. */
static gboolean
outwait(Run *run, GError **error)
{
    for (;;) {
        g_autoptr(GError) cause = NULL;
        look_at_stop(run);
        if (must_stop(run, &cause)) {
            g_prefix_error(error, "%s: ", cause->message);
            return FALSE;
        }
        if (ask_state(run, NULL, &cause)) {
            g_clear_error(error);
            return TRUE;
        }
        if (is_lost(run) || !run->is_past_return) {
            return FALSE;
        }
    }
}

/* Send the command of @step, once more where the connection was lost before QEMU had heard it.  One
 * that was heard has changed the state of the job. */
static gboolean
send_step(Run *run, const QblkStep *step, GError **error)
{
    g_autofree char *before = g_strdup(run->job.state);
    for (guint attempt = 0;; attempt++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkJson) value =
            qblk_client_call(*run->client, step->command, step->arguments, &cause);
        hear_all(run);
        if (value != NULL || (step->may_fail && is_refusal(cause))) {
            run->is_started = TRUE;
            return TRUE;
        }
        gboolean is_known = is_refusal(cause);
        if (!is_known && !is_lost(run)) {
            is_known = outwait(run, &cause);
        }
        if (!is_known && is_lost(run)) {
            is_known = reconnect(run, &cause);
        }
        if (cause != NULL) {
            run->is_started = run->is_started || !is_known;
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        if (before == NULL ? run->job.state != NULL : qblk_job_state_has_left(&run->job, before)) {
            run->is_started = TRUE;
            return TRUE;
        }
        if (attempt > 0) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                        "'%s' was not answered and had no effect", step->command);
            return FALSE;
        }
    }
}

static gboolean
take_step(Run *run, const QblkStep *step, GError **error)
{
    gboolean was_past_return = run->is_past_return;
    look_at_stop(run);
    if (must_stop(run, error)) {
        return FALSE;
    }
    run->is_past_return = run->is_past_return || step->is_final;
    g_autoptr(GError) cause = NULL;
    if (!send_step(run, step, &cause) && is_refusal(cause)) {
        run->is_past_return = was_past_return;
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s': QEMU refused to %s: %s", run->plan->job, step->purpose,
                    cause->message);
        return FALSE;
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (step->until == NULL) {
        return TRUE;
    }
    if (!wait_for_state(run, step->until, error)) {
        return FALSE;
    }
    if (run->is_undoing || !g_str_equal(step->until, "concluded")) {
        return TRUE;
    }
    run->is_over = check_conclusion(run, error);
    return run->is_over;
}

static gboolean
take_steps(Run *run, const GPtrArray *steps, GError **error)
{
    for (guint i = 0; i < steps->len; i++) {
        if (!take_step(run, steps->pdata[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A job may come to its end by itself before it is cancelled. */
static gboolean
take_back(Run *run, GError **error)
{
    if (!ask_state(run, NULL, error) && (!is_lost(run) || !reconnect(run, error))) {
        return FALSE;
    }
    for (guint i = 0; i < run->plan->undo->len && !qblk_job_state_is(&run->job, "null") &&
                      run->job.state != NULL;
         i++) {
        const QblkStep *step = run->plan->undo->pdata[i];
        g_autoptr(GError) cause = NULL;
        if ((step->until != NULL && qblk_job_state_has_reached(&run->job, step->until)) ||
            take_step(run, step, &cause)) {
            continue;
        }
        if (is_lost(run) || !ask_state(run, NULL, NULL) ||
            (!qblk_job_state_is(&run->job, "null") &&
             (step->until == NULL || !qblk_job_state_has_reached(&run->job, step->until)))) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- looking at the result ---- */

static QblkChain *
fetch_chain(const Run *run, GError **error)
{
    const QblkSnapshotOptions *with = run->options->snapshot;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = with == NULL ? QBLK_EDGES_BEST : with->edges;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(*run->client, options, error);
    if (snapshot == NULL) {
        return NULL;
    }
    return qblk_snapshot_chain(snapshot, qblk_verify_find(run->plan, snapshot), error);
}

/* Success is said of what was seen. */
static gboolean
verify(Run *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkChain) chain = fetch_chain(run, &cause);
    if (chain == NULL && is_lost(run) && reconnect(run, &cause)) {
        chain = fetch_chain(run, &cause);
    }
    if (chain == NULL) {
        g_propagate_prefixed_error(
            error, g_steal_pointer(&cause),
            "the job ended well, but the chain could not be looked at again: ");
        return FALSE;
    }
    return qblk_verify_chain(chain, run->plan->target, run->plan->after, error);
}

/* Nothing is said of the chain that was not seen. */
static void
tell_chain(const Run *run, GError **error)
{
    g_autoptr(QblkChain) chain = fetch_chain(run, NULL);
    if (chain == NULL) {
        return;
    }
    gboolean is_same = qblk_verify_chain(chain, run->plan->target, run->plan->before, NULL);
    GError *told =
        g_error_new((*error)->domain, (*error)->code, "%s; the chain of '%s' %s", (*error)->message,
                    run->plan->target, is_same ? "is as it was" : "has changed: look at it again");
    g_clear_error(error);
    *error = told;
}

/* After a failure nothing of the job must be left, or the user has to know what is. */
static void
end_badly(Run *run, GError **error)
{
    if (is_lost(run)) {
        prefix_lost(run, error);
        return;
    }
    gboolean was_left = run->stops > 1 || run->is_over;
    gboolean may_undo = !run->is_past_return || qblk_job_state_has_reached(&run->job, "concluded");
    run->is_undoing = TRUE;
    if (run->is_started && may_undo && !was_left) {
        g_autoptr(GError) cause = NULL;
        if (!take_back(run, &cause)) {
            g_prefix_error(error, "job '%s' could not be taken back (%s): ", run->plan->job,
                           cause->message);
            return;
        }
    } else if (run->is_started) {
        run->is_undoing = FALSE;
        prefix_lost(run, error);
        return;
    }
    tell_chain(run, error);
}

gboolean
qblk_run(QblkClient **client, const QblkPlan *plan, const QblkRunOptions *options, GError **error)
{
    gint64 now = g_get_monotonic_time();
    Run run = {
        .client = client,
        .plan = plan,
        .options = options,
        .end = options->time_limit_ms == 0 ? 0 : now + options->time_limit_ms * 1000,
        .report_at = options->report_ms == 0 ? 0 : now,
        .job = {.id = plan->job},
        .may_reconnect = TRUE,
    };
    g_autoptr(GError) cause = NULL;
    hear_all(&run);
    qblk_job_state_clear(&run.job); /* what was heard is of another job that had the id before */
    gboolean done = take_steps(&run, plan->steps, &cause);
    if (!done) {
        end_badly(&run, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    done = done && (plan->stays_ready || verify(&run, error));
    qblk_job_state_clear(&run.job);
    return done;
}
