/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/decide.h"

#include "bridge/guard.h"
#include "bridge/layer-text.h"
#include "chain/resolve-live.h"

#include <qblk/error.h>

#include <string.h>

/* How long a command is kept back until it is safe. */
#define PATIENCE_SECONDS 5

/* How long the commands of other clients that are in flight may take. */
#define QUIET_SECONDS 60

/* How often a command is looked at again because something has changed meanwhile. */
#define TRIES 5

struct QblkDecider {
    QblkMux *mux;                 /* borrowed */
    QblkWorkers *workers;         /* borrowed */
    QblkSnapshotOptions *options; /* a reference, or NULL */
    QblkGuard *guard;             /* owned */
    QblkWorker *holder;           /* borrowed: the one whose turn it is, or NULL */
    gboolean is_quiet;            /* no command of another that may change something is in flight */
    GPtrArray *waiting;           /* of QblkWorker, borrowed: for their turn, the first one first */
    GPtrArray *watching;          /* of QblkWorker, borrowed: for an event of a job */
};

/* A request, and what it becomes. */
typedef struct {
    QblkDecider *decider;    /* borrowed */
    QblkMuxRequest *request; /* borrowed */
    const char *command;     /* borrowed */
    QblkJson *arguments; /* owned: with nodes in place of layers; NULL: there are no arguments */
    GString *text; /* owned: of its arguments as they were sent; NULL: there are no arguments */
    GPtrArray *strings; /* owned, of char *: those that name layers */
} Decision;

/* What has become of a decision. */
typedef enum { DECIDED, CHANGED, UNSAFE, FAILED } Outcome;

QblkDecider *
qblk_decider_new(QblkMux *mux, QblkWorkers *workers, QblkSnapshotOptions *options)
{
    QblkDecider *decider = g_new0(QblkDecider, 1);
    decider->mux = mux;
    decider->workers = workers;
    decider->options = options == NULL ? NULL : qblk_snapshot_options_ref(options);
    decider->guard = qblk_guard_new();
    decider->waiting = g_ptr_array_new();
    decider->watching = g_ptr_array_new();
    return decider;
}

void
qblk_decider_free(QblkDecider *decider)
{
    if (decider == NULL) {
        return;
    }
    g_ptr_array_unref(decider->waiting);
    g_ptr_array_unref(decider->watching);
    qblk_guard_free(decider->guard);
    g_clear_pointer(&decider->options, qblk_snapshot_options_unref);
    g_free(decider);
}

void
qblk_decider_begin(QblkDecider *decider, const QblkJson *greeting)
{
    qblk_guard_begin(decider->guard, greeting);
}

/* ---- the hooks of the mux ---- */

void
qblk_decider_event(QblkDecider *decider, const QblkJson *event)
{
    guint64 before = qblk_guard_events(decider->guard);
    qblk_guard_event(decider->guard, event);
    for (guint i = 0; i < decider->watching->len && qblk_guard_events(decider->guard) != before;
         i++) {
        qblk_worker_wake(decider->watching->pdata[i]);
    }
}

void
qblk_decider_changed(QblkDecider *decider, const char *command)
{
    qblk_guard_changed(decider->guard, command);
}

void
qblk_decider_quiet(QblkDecider *decider)
{
    if (decider->holder != NULL && !decider->is_quiet) {
        decider->is_quiet = TRUE;
        qblk_worker_wake(decider->holder);
    }
}

/* ---- turns ---- */

static gint64
in_seconds(int seconds)
{
    return g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
}

static void
end_turn(QblkDecider *decider)
{
    decider->holder = NULL;
    qblk_mux_release(decider->mux);
    if (decider->waiting->len > 0) {
        qblk_worker_wake(decider->waiting->pdata[0]);
    }
}

/* Wait until no other command is decided, and no client changes anything until end_turn().
 * Returns: FALSE with the reason */
static gboolean
begin_turn(QblkDecider *decider, QblkWorker *worker, GError **error)
{
    g_ptr_array_add(decider->waiting, worker);
    while (decider->holder != NULL && !qblk_worker_is_canceled(worker)) {
        (void)qblk_worker_sleep(worker, -1);
    }
    g_ptr_array_remove(decider->waiting, worker);

    if (!qblk_worker_is_canceled(worker)) {
        gint64 deadline = in_seconds(QUIET_SECONDS);
        decider->holder = worker;
        decider->is_quiet = FALSE;
        qblk_mux_hold(decider->mux);
        while (!decider->is_quiet && !qblk_worker_is_canceled(worker) &&
               g_get_monotonic_time() < deadline) {
            (void)qblk_worker_sleep(worker, deadline);
        }
        if (decider->is_quiet) {
            return TRUE;
        }
        end_turn(decider);
    }

    const char *reason = qblk_worker_is_canceled(worker)
                             ? "the bridge is about to end"
                             : "QEMU does not answer a command of another client";
    g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, reason);
    return FALSE;
}

/* Wait for an event of a job after the first @events.  Returns: FALSE after @deadline */
static gboolean
watch_jobs(QblkDecider *decider, QblkWorker *worker, guint64 events, gint64 deadline)
{
    g_ptr_array_add(decider->watching, worker);
    while (qblk_guard_events(decider->guard) == events && !qblk_worker_is_canceled(worker) &&
           g_get_monotonic_time() < deadline) {
        (void)qblk_worker_sleep(worker, deadline);
    }
    g_ptr_array_remove(decider->watching, worker);
    return g_get_monotonic_time() < deadline;
}

/* ---- a decision ---- */

static void
decision_free(gpointer data)
{
    Decision *decision = data;
    g_clear_pointer(&decision->arguments, qblk_json_unref);
    if (decision->text != NULL) {
        g_string_free(decision->text, TRUE);
    }
    g_ptr_array_unref(decision->strings);
    g_free(decision);
}

static Decision *
decision_new(QblkDecider *decider, QblkMuxRequest *request)
{
    const QblkJson *arguments = qblk_mux_request_arguments(request);
    Decision *decision = g_new0(Decision, 1);
    decision->decider = decider;
    decision->request = request;
    decision->command = qblk_mux_request_command(request);
    if (arguments == NULL) {
        decision->strings = g_ptr_array_new();
        return decision;
    }

    g_autofree char *text = qblk_json_print(arguments, QBLK_JSON_COMPACT);
    decision->text = g_string_new(text);
    decision->arguments = qblk_json_ref(arguments);
    decision->strings = qblk_layer_text_find(decision->command, text, decision->text->len);
    return decision;
}

/* Returns: FALSE with @error */
static gboolean
replace_layers(Decision *decision, QblkClient *client, GHashTable **layers, GError **error)
{
    if (decision->strings->len == 0) {
        return TRUE;
    }
    g_autoptr(GHashTable) nodes =
        qblk_client_resolve_all(client, decision->strings, decision->decider->options, error);
    if (nodes == NULL) {
        return FALSE;
    }

    g_autoptr(GString) text =
        qblk_layer_text_replace(decision->command, decision->text->str, decision->text->len, nodes);
    g_clear_pointer(&decision->arguments, qblk_json_unref);
    decision->arguments = qblk_json_parse(text->str, text->len, error);
    *layers = g_steal_pointer(&nodes);
    return decision->arguments != NULL;
}

static Outcome
failure(const GError *error)
{
    if (g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
        return UNSAFE;
    }
    gboolean has_changed = g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED);
    return has_changed ? CHANGED : FAILED;
}

/* Decide once, while no client changes anything. */
static Outcome
look(Decision *decision, QblkWorker *worker, GError **error)
{
    QblkDecider *decider = decision->decider;
    if (qblk_mux_request_client(decision->request) == NULL) {
        g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "the client has gone");
        return FAILED;
    }

    guint64 changes = qblk_mux_changes(decider->mux);
    g_autoptr(GHashTable) layers = NULL;
    GError *cause = NULL;
    QblkClient *client = qblk_worker_client(worker, &cause);
    gboolean is_resolved = client != NULL && replace_layers(decision, client, &layers, &cause);
    const QblkGuarded guarded = {decision->command, decision->arguments};
    if (!is_resolved || !qblk_guard_check(decider->guard, client, &guarded, &cause)) {
        Outcome outcome = failure(cause);
        g_propagate_error(error, cause);
        return outcome;
    }
    if (qblk_mux_changes(decider->mux) != changes) {
        return CHANGED;
    }

    qblk_guard_note(decider->guard, &guarded);
    if (qblk_guard_follows(decider->guard, &guarded)) {
        qblk_guard_send(decider->guard, client, decision->request, &guarded);
    } else {
        qblk_mux_request_forward(decision->request, layers);
    }
    return DECIDED;
}

/* Decide, again and again until it is safe and nothing changes meanwhile.  Returns: FALSE with the
 * reason to refuse the request */
static gboolean
try(Decision *decision, QblkWorker *worker, GError **error)
{
    QblkDecider *decider = decision->decider;
    gint64 deadline = in_seconds(PATIENCE_SECONDS);
    for (guint tries = 0; tries < TRIES;) {
        g_autoptr(GError) cause = NULL;
        guint64 events = qblk_guard_events(decider->guard);
        if (!begin_turn(decider, worker, error)) {
            return FALSE;
        }
        Outcome outcome = look(decision, worker, &cause);
        end_turn(decider);
        if (outcome == DECIDED) {
            return TRUE;
        }

        gboolean goes_on = outcome == CHANGED;
        if (outcome == UNSAFE) {
            goes_on = watch_jobs(decider, worker, events, deadline);
        }
        if (!goes_on) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        tries += outcome == CHANGED ? 1 : 0;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                "the block graph changed each time that '%s' was about to be sent: try again",
                decision->command);
    return FALSE;
}

static void
run(QblkWorker *worker, gpointer user_data)
{
    Decision *decision = user_data;
    g_autoptr(GError) error = NULL;
    qblk_worker_set_access(worker, QBLK_ACCESS_DECIDER);
    if (!try(decision, worker, &error)) {
        gboolean is_unknown = g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK);
        qblk_mux_request_refuse(decision->request, is_unknown ? "DeviceNotFound" : "GenericError",
                                error->message);
    }
}

void
qblk_decider_decide(QblkDecider *decider, QblkMuxRequest *request)
{
    Decision *decision = decision_new(decider, request);
    const QblkGuarded guarded = {decision->command, decision->arguments};
    if (decision->strings->len > 0 || qblk_guard_wants(decider->guard, &guarded)) {
        qblk_workers_start(decider->workers, run, decision, decision_free);
        return;
    }
    decision_free(decision);
    qblk_mux_request_forward(request, NULL);
}
