/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-body.h"

#include "base/const-cast.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/run-monitor.h"
#include "image/bridge-peer.h"
#include "operation/plan-remains.h"
#include "operation/planner-read.h"
#include "operation/plans.h"
#include "plan/plan-monitor.h"
#include "qmp/client.h"
#include "recover/recover.h"

/* ---- reports ---- */

static QblkPlanState
state_of(QblkRunState state)
{
    static const QblkPlanState states[QBLK_RUN_STATES] = {
        [QBLK_RUN_PLANNED] = QBLK_PLAN_STATE_PLANNED,
        [QBLK_RUN_PREPARING] = QBLK_PLAN_STATE_STARTING,
        [QBLK_RUN_STARTING] = QBLK_PLAN_STATE_STARTING,
        [QBLK_RUN_RUNNING] = QBLK_PLAN_STATE_RUNNING,
        [QBLK_RUN_WAITING] = QBLK_PLAN_STATE_WAITING,
        [QBLK_RUN_RECORDING] = QBLK_PLAN_STATE_WAITING,
        [QBLK_RUN_JOINED] = QBLK_PLAN_STATE_WAITING,
        [QBLK_RUN_COMMITTING] = QBLK_PLAN_STATE_CHANGING,
        [QBLK_RUN_UNANSWERED] = QBLK_PLAN_STATE_CHANGING,
        [QBLK_RUN_FINALIZING] = QBLK_PLAN_STATE_CHANGING,
        [QBLK_RUN_CLEANING] = QBLK_PLAN_STATE_CLEANING,
        [QBLK_RUN_CONCLUDED] = QBLK_PLAN_STATE_CLEANING,
        [QBLK_RUN_ROLLING_BACK] = QBLK_PLAN_STATE_ROLLING_BACK,
        [QBLK_RUN_ROLLING_BACK_UNANSWERED] = QBLK_PLAN_STATE_ROLLING_BACK,
        [QBLK_RUN_INTERRUPTED] = QBLK_PLAN_STATE_STARTING,
        [QBLK_RUN_COMPLETED] = QBLK_PLAN_STATE_COMPLETED,
        [QBLK_RUN_ROLLED_BACK] = QBLK_PLAN_STATE_ROLLED_BACK,
        [QBLK_RUN_DETACHED] = QBLK_PLAN_STATE_DETACHED,
        [QBLK_RUN_CHANGED] = QBLK_PLAN_STATE_FAILED,
        [QBLK_RUN_NOT_ROLLED_BACK] = QBLK_PLAN_STATE_FAILED,
        [QBLK_RUN_UNKNOWN] = QBLK_PLAN_STATE_FAILED,
    };
    return states[state];
}

static void
report_progress(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    QblkOperation *operation = user_data;
    qblk_operation_notice_add_progress(&operation->notices, plan->target, progress->state,
                                       progress->done, progress->total);
}

/* Several states of the runner are one for the program. */
static void
report_state(const QblkPlan *plan, QblkRunState run_state, gpointer user_data)
{
    QblkOperation *operation = user_data;
    QblkPlanState state = state_of(run_state);
    gpointer last;
    gboolean has_last = g_hash_table_lookup_extended(operation->states, plan, NULL, &last);
    if (has_last && GPOINTER_TO_UINT(last) == state) {
        return;
    }

    g_hash_table_insert(operation->states, qblk_const_cast(plan), GUINT_TO_POINTER(state));
    qblk_operation_notice_add_state(&operation->notices, plan->target, state);
}

/* Returns: (transfer none) (nullable): the place of @plan in the outcome, for another plan: @plan
 * itself does not change, as others may read it.  NULL if it is of a recovery. */
static gpointer *
find_outcome(QblkOperation *operation, const QblkPlan *plan)
{
    guint index;
    if (operation->plans == NULL || !g_ptr_array_find(operation->plans->plans, plan, &index)) {
        return NULL;
    }

    if (operation->outcome == NULL) {
        operation->outcome = qblk_plans_copy(operation->plans);
    }
    return &operation->outcome->plans->pdata[index];
}

static void
note_remaining(const QblkPlan *plan, const char *name, const char *reason, gpointer user_data)
{
    gpointer *place = find_outcome(user_data, plan);
    if (place != NULL) {
        QblkPlan *old = *place;
        *place = qblk_plan_remains_new(old, name, reason);
        qblk_plan_unref(old);
    }
}

static void
report_warning(const QblkPlan *plan, QblkRunWarning warning, const char *message,
               gpointer user_data)
{
    QblkOperation *operation = user_data;
    gpointer *place = warning == QBLK_RUN_WARNS_OF_WRITER ? find_outcome(operation, plan) : NULL;
    if (place != NULL) {
        QblkPlan *old = *place;
        *place = qblk_plan_remains_new_writer(old);
        qblk_plan_unref(old);
    }
    qblk_operation_notice_add_warning(&operation->notices, message);
}

/* What is the same for plans and for a recovery. */
static QblkRunOptions
run_options_of(QblkOperation *operation)
{
    const QblkOperationOptions *options = operation->options;
    gboolean has_progress = operation->functions.progress != NULL && !options->is_detached;

    return (QblkRunOptions){
        .snapshot = options->snapshot,
        .control = &operation->control,
        .report_ms = has_progress ? (int)MIN(options->progress_ms, G_MAXINT) : 0,
        .report = report_progress,
        .state_changed = report_state,
        .remains = note_remaining,
        .warn = report_warning,
        .refusal = &operation->refusal,
        .user_data = operation,
        .keeps_events = TRUE,
    };
}

/* ---- checks ---- */

/* The job of a plan that does not know its chain is what counts; and the job may be the reason why
 * the chain cannot be read. */
static gboolean
check_chain(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (plan->before->len == 0) {
        return TRUE;
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, plan->target, &cause);
    if (chain != NULL && qblk_chain_expect(chain, plan->fingerprint, &cause) &&
        qblk_planner_check_users(snapshot, plan, chain, &cause)) {
        return TRUE;
    }

    gboolean is_unsafe = g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE);
    if (is_unsafe && plan->existing_job) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* Plans that were read from JSON were not checked before, and those that create a file must not
 * overwrite one. */
static gboolean
check_plans(const QblkOperation *operation, GError **error)
{
    const GPtrArray *plans = operation->plans->plans;
    gboolean checks_any = operation->options->checks_chain;
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        checks_any = checks_any || plan->is_read || g_str_equal(plan->kind, "snapshot");
    }
    if (!checks_any) {
        return TRUE;
    }

    g_autoptr(QblkSnapshot) snapshot =
        qblk_snapshot_fetch(operation->client, operation->options->snapshot, error);
    for (guint i = 0; snapshot != NULL && i < plans->len; i++) {
        QblkPlan *plan = plans->pdata[i];
        gboolean is_good =
            plan->is_read
                ? qblk_planner_check_read(operation->client, snapshot, plan, error)
                : check_chain(plan, snapshot, error) &&
                      qblk_planner_check_overlay(operation->client, snapshot, plan, error);
        if (!is_good) {
            return FALSE;
        }
    }
    return snapshot != NULL;
}

/* TRUE if the files that the plans name are those of this machine. */
static gboolean
has_local_files(const QblkOperation *operation)
{
    const GPtrArray *plans = operation->plans->plans;
    gboolean is_local = qblk_client_is_local(operation->client);
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        is_local = is_local && plan->is_local;
    }
    return is_local;
}

/* Refuse plans for stale images, and plans after which an image is stale that cannot be marked.  A
 * plan without steps only reports what is wrong. */
static gboolean
check_marks(const QblkPlan *plan, GError **error)
{
    if (plan->steps->len == 0) {
        return TRUE;
    }

    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(plan->state_dir);

    return qblk_merged_mark_check(plan, marks, error) &&
           qblk_merged_mark_find_place(&images, plan->state_dir, error);
}

/* Marks of earlier files of the names are removed before. */
static gboolean
prepare_marks(QblkOperation *operation, gboolean is_local, GError **error)
{
    const GPtrArray *plans = operation->plans->plans;
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(plan->state_dir);
        qblk_merged_marks_tidy(marks, removed);
        if (is_local) {
            qblk_merged_mark_tidy_plan(plan, removed);
        }
    }

    for (guint i = 0; i < removed->len; i++) {
        qblk_operation_notice_add_warning(&operation->notices, removed->pdata[i]);
    }

    for (guint i = 0; is_local && i < plans->len; i++) {
        if (!check_marks(plans->pdata[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- journals ---- */

/* A journal that is still in the list at the end is of an operation that did not end. */
typedef struct {
    QblkJournal **list; /* one for each plan, or NULL; owned */
    guint count;
} Journals;

static void
journals_clear(Journals *journals)
{
    for (guint i = 0; i < journals->count; i++) {
        qblk_journal_leave(journals->list[i]);
    }
    g_free(journals->list);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Journals, journals_clear)

static gboolean
has_journals(const Journals *journals)
{
    for (guint i = 0; i < journals->count; i++) {
        if (journals->list[i] != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
begin_all(Journals *journals, const QblkOperation *operation, const QblkJournalVm *vm,
          GError **error)
{
    QblkRecovery *recovery = operation->options->recovery;
    for (guint i = 0; i < journals->count; i++) {
        const QblkPlan *plan = operation->plans->plans->pdata[i];
        /* Nothing is lost if a plan that only sends a command to an existing job is interrupted. */
        if (qblk_plan_keeps_job(plan)) {
            continue;
        }

        journals->list[i] = qblk_recovery_begin_journal(recovery, plan->state_dir, vm, plan, error);
        if (journals->list[i] == NULL) {
            for (guint j = 0; j < i; j++) {
                qblk_journal_end(g_steal_pointer(&journals->list[j]));
            }
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
begin_journals(Journals *journals, const QblkOperation *operation, GError **error)
{
    journals->count = operation->plans->plans->len;
    journals->list = g_new0(QblkJournal *, journals->count);
    gboolean has_earlier = qblk_recovery_count_journals(operation->options->recovery) > 0;
    if (!operation->options->has_journal && !has_earlier) {
        return TRUE;
    }

    QblkJournalVm vm = {0};
    gboolean is_begun =
        qblk_recover_identify(operation->client, &vm, error) &&
        (!operation->options->has_journal || begin_all(journals, operation, &vm, error));
    for (guint i = 0; is_begun && i < journals->count; i++) {
        const QblkPlan *plan = operation->plans->plans->pdata[i];
        qblk_recovery_end_journals(operation->options->recovery, &vm, plan);
    }
    qblk_journal_vm_clear(&vm);
    return is_begun;
}

/* ---- running ---- */

static gboolean
run_plans(QblkOperation *operation, gboolean is_local, QblkJournal **journals, GError **error)
{
    QblkClient *client = operation->client;
    const GPtrArray *plans = operation->plans->plans;
    const QblkPlan *first = plans->pdata[0];
    const char *text = qblk_client_get_address(client);
    g_autoptr(QblkAddress) address = qblk_address_parse(text, NULL);
    gboolean can_reconnect = address != NULL && qblk_address_can_reconnect(address);

    QblkRunOptions run = run_options_of(operation);
    run.address = can_reconnect ? text : NULL;
    run.timeout_ms = qblk_client_get_time_limit(client);
    run.time_limit_ms = operation->options->time_limit_ms;
    run.is_local = is_local;
    run.state_dir = first->state_dir;
    run.is_detached = operation->options->is_detached;
    run.journals = journals;
    return qblk_run_plans(client, plans, &run, error);
}

/* A plan without a job changes no chain. */
static gboolean
run_monitor(const QblkOperation *operation, const QblkPlan *plan, GError **error)
{
    QblkMonitor monitor;
    qblk_monitor_init(&monitor, operation->client, NULL,
                      qblk_client_get_time_limit(operation->client), 0, &operation->control);
    monitor.keeps_events = TRUE;
    gboolean done = qblk_run_monitor(&monitor, plan, error);
    qblk_monitor_clear(&monitor);
    return done;
}

gboolean
qblk_operation_body_run(QblkOperation *operation, GError **error)
{
    const GPtrArray *plans = operation->plans->plans;
    if (plans->len == 0) {
        return TRUE;
    }
    if (!qblk_bridge_peer_check_access(operation->client, error)) {
        return FALSE;
    }

    QblkPlan *first = plans->pdata[0];
    if (qblk_plan_is_of_monitor(first)) {
        return (!first->is_read ||
                qblk_planner_check_read(operation->client, NULL, first, error)) &&
               run_monitor(operation, first, error);
    }

    g_auto(Journals) journals = {0};
    if (!check_plans(operation, error)) {
        return FALSE;
    }

    gboolean is_local = has_local_files(operation);
    if (!prepare_marks(operation, is_local, error) ||
        !begin_journals(&journals, operation, error)) {
        return FALSE;
    }

    gboolean done = run_plans(operation, is_local, journals.list, error);
    operation->has_journal = has_journals(&journals);
    return done;
}

gboolean
qblk_operation_body_recover(QblkOperation *operation, GError **error)
{
    const QblkRunOptions run = run_options_of(operation);
    operation->recovery = qblk_recover_run(operation->client, operation->recover_options, &run,
                                           &operation->waiter, error);
    return operation->recovery != NULL && qblk_recovery_propagate_error(operation->recovery, error);
}
