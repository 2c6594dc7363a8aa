/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run.h"

#include "blockjob/verify.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

typedef struct {
    QblkClient **client;
    const QblkPlan *plan;
    const QblkRunOptions *options;
    gint64 end;              /* of the time limit, microseconds of the monotonic clock; 0: none */
    gint64 report_at;        /* when to ask for the progress next; 0: never */
    char *state;             /* owned: of the plan's job, as far as heard; NULL: not heard of yet */
    guint stops;             /* how often the user has asked to stop */
    gboolean is_past_return; /* a final step was sent */
    gboolean is_undoing;
} Run;

/* ---- what is heard ---- */

static void
set_state(Run *run, const char *state)
{
    g_free(run->state);
    run->state = g_strdup(state);
}

static void
hear(Run *run, const QblkJson *event)
{
    const QblkJson *data = qblk_json_get(event, "data");
    if (g_strcmp0(qblk_json_get_string(event, "event"), "JOB_STATUS_CHANGE") == 0 &&
        g_strcmp0(qblk_json_get_string(data, "id"), run->plan->job) == 0) {
        set_state(run, qblk_json_get_string(data, "status"));
    }
}

static void
hear_all(Run *run)
{
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(*run->client);
        if (event == NULL) {
            return;
        }
        hear(run, event);
    }
}

/* Ask for the state where events may have been missed.  Sets the job's entry, or NULL. */
static gboolean
ask_state(Run *run, QblkJson **entry, GError **error)
{
    g_autoptr(QblkJson) jobs = qblk_client_call(*run->client, "query-jobs", NULL, error);
    if (jobs == NULL) {
        return FALSE;
    }
    hear_all(run);
    *entry = NULL;
    for (gsize i = 0; i < qblk_json_length(jobs); i++) {
        const QblkJson *job = qblk_json_at(jobs, i);
        if (g_strcmp0(qblk_json_get_string(job, "id"), run->plan->job) == 0) {
            *entry = qblk_json_ref(job);
            set_state(run, qblk_json_get_string(job, "status"));
        }
    }
    return TRUE;
}

static gboolean
report(Run *run, GError **error)
{
    g_autoptr(QblkJson) entry = NULL;
    QblkRunProgress progress = {.done = -1, .total = -1};
    if (!ask_state(run, &entry, error)) {
        return FALSE;
    }
    (void)qblk_json_integer(qblk_json_get(entry, "current-progress"), &progress.done);
    (void)qblk_json_integer(qblk_json_get(entry, "total-progress"), &progress.total);
    progress.state = run->state;
    run->options->report(run->plan, &progress, run->options->user_data);
    run->report_at = g_get_monotonic_time() + (gint64)run->options->report_ms * 1000;
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
    int timeout = qblk_client_get_timeout(*run->client);
    if (run->end != 0 && !run->is_undoing) {
        timeout = shorter(timeout, milliseconds_until(run->end));
    }
    return run->report_at == 0 ? timeout : shorter(timeout, milliseconds_until(run->report_at));
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
    char byte;
    if (ready > 0 && polled[1].revents != 0 && read(run->options->stop_fd, &byte, 1) == 1) {
        run->stops++;
    }
    if (!qblk_client_process(*run->client, ready > 0 ? polled[0].revents : 0, error)) {
        return FALSE;
    }
    hear_all(run);
    gboolean is_time = run->report_at != 0 && g_get_monotonic_time() >= run->report_at;
    return !is_time || report(run, error);
}

static gboolean
must_stop(const Run *run, GError **error)
{
    gboolean is_late = run->end != 0 && g_get_monotonic_time() >= run->end;
    if (run->is_past_return || run->is_undoing || (run->stops == 0 && !is_late)) {
        return FALSE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                "job '%s' was cancelled %s: the chain of '%s' is as it was", run->plan->job,
                run->stops > 0 ? "as you asked" : "because its time was over", run->plan->target);
    return TRUE;
}

/* A job that has ended before the state that was waited for has failed. */
static gboolean
has_ended(const Run *run, const char *wanted)
{
    return g_strcmp0(run->state, wanted) != 0 &&
           (g_strcmp0(run->state, "concluded") == 0 || g_strcmp0(run->state, "null") == 0);
}

/* The connection is gone: open it once more, and learn where the job is. */
static gboolean
reconnect(Run *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkClient *next =
        run->options->address == NULL
            ? NULL
            : qblk_client_connect(run->options->address, run->options->timeout_ms, &cause);
    if (next == NULL) {
        g_prefix_error(error, "job '%s' goes on, or waits to be finished: ", run->plan->job);
        return FALSE;
    }
    g_clear_error(error);
    qblk_client_free(*run->client);
    *run->client = next;
    g_autoptr(QblkJson) entry = NULL;
    if (!ask_state(run, &entry, error)) {
        return FALSE;
    }
    if (entry == NULL) {
        set_state(run, "null");
    }
    return TRUE;
}

static gboolean
wait_for_state(Run *run, const char *wanted, GError **error)
{
    gboolean may_reconnect = TRUE;
    while (g_strcmp0(run->state, wanted) != 0) {
        if (must_stop(run, error)) {
            return FALSE;
        }
        if (has_ended(run, wanted)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                        "job '%s' ended before it was %s", run->plan->job, wanted);
            return FALSE;
        }
        if (!wait_turn(run, error)) {
            if (!may_reconnect || !reconnect(run, error)) {
                return FALSE;
            }
            may_reconnect = FALSE;
        }
    }
    return TRUE;
}

/* ---- steps ---- */

/* What QEMU says of a job that is over: its error, or none. */
static gboolean
check_conclusion(Run *run, GError **error)
{
    g_autoptr(QblkJson) entry = NULL;
    if (!ask_state(run, &entry, error)) {
        return FALSE;
    }
    const char *reason = qblk_json_get_string(entry, "error");
    if (reason == NULL) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "job '%s' failed: %s",
                run->plan->job, reason);
    return FALSE;
}

static gboolean
take_step(Run *run, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    run->is_past_return = run->is_past_return || step->is_final;
    g_autoptr(QblkJson) value =
        qblk_client_call(*run->client, step->command, step->arguments, &cause);
    if (value == NULL) {
        gboolean is_refused = g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED);
        if (is_refused && step->may_fail) {
            return TRUE;
        }
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    hear_all(run);
    if (step->until == NULL) {
        return TRUE;
    }
    if (!wait_for_state(run, step->until, error)) {
        return FALSE;
    }
    return run->is_undoing || g_strcmp0(step->until, "concluded") != 0 ||
           check_conclusion(run, error);
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

/* After a failure before the chain was changed: nothing of the job must be left.  A job that has
 * ended by itself only has to be forgotten. */
static void
undo(Run *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) entry = NULL;
    run->is_undoing = TRUE;
    if (qblk_client_get_error(*run->client) != NULL || !ask_state(run, &entry, &cause) ||
        entry == NULL) {
        return;
    }
    gboolean is_over = g_strcmp0(run->state, "concluded") == 0;
    const char *reason = qblk_json_get_string(entry, "error");
    if (is_over && reason != NULL &&
        g_error_matches(*error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED)) {
        g_clear_error(error);
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "job '%s' failed: %s",
                    run->plan->job, reason);
    }
    for (guint i = is_over ? 1 : 0; i < run->plan->undo->len; i++) {
        if (!take_step(run, run->plan->undo->pdata[i], &cause)) {
            g_prefix_error(error, "job '%s' could not be taken back (%s): ", run->plan->job,
                           cause->message);
            return;
        }
    }
}

/* Success is said of what was seen. */
static gboolean
verify(const Run *run, GError **error)
{
    const QblkPlan *plan = run->plan;
    g_autoptr(QblkSnapshot) snapshot =
        qblk_snapshot_fetch(*run->client, run->options->snapshot, error);
    g_autoptr(QblkChain) chain =
        snapshot == NULL ? NULL : qblk_snapshot_chain(snapshot, plan->target, error);
    if (chain == NULL) {
        g_prefix_error(error, "the job ended well, but the chain could not be looked at again: ");
        return FALSE;
    }
    return qblk_verify_chain(chain, plan->after, error);
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
    };
    g_autoptr(GError) cause = NULL;
    gboolean done = take_steps(&run, plan->steps, &cause);
    if (!done && (!run.is_past_return || g_strcmp0(run.state, "concluded") == 0)) {
        undo(&run, &cause);
    }
    g_free(run.state);
    if (!done) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return plan->stays_ready || verify(&run, error);
}
