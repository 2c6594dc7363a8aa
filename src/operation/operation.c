/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-data.h"

#include "base/enum.h"
#include "image/image-client.h"
#include "operation/operation-body.h"
#include "operation/operation-check.h"
#include "operation/plans.h"
#include "qmp/client.h"
#include "recover/recover-options.h"

#include <errno.h>

const char *
qblk_plan_state_name(QblkPlanState state)
{
    static const char *const names[] = {
        [QBLK_PLAN_STATE_PLANNED] = "planned",
        [QBLK_PLAN_STATE_STARTING] = "starting",
        [QBLK_PLAN_STATE_RUNNING] = "running",
        [QBLK_PLAN_STATE_WAITING] = "waiting",
        [QBLK_PLAN_STATE_CHANGING] = "changing",
        [QBLK_PLAN_STATE_CLEANING] = "cleaning",
        [QBLK_PLAN_STATE_ROLLING_BACK] = "rolling-back",
        [QBLK_PLAN_STATE_COMPLETED] = "completed",
        [QBLK_PLAN_STATE_ROLLED_BACK] = "rolled-back",
        [QBLK_PLAN_STATE_DETACHED] = "detached",
        [QBLK_PLAN_STATE_FAILED] = "failed",
    };
    return qblk_enum_name(names, G_N_ELEMENTS(names), (int)state);
}

/* ---- waiting ---- */

static guint64
count_arrived(const QblkOperation *operation)
{
    return operation->client == NULL ? 0 : qblk_client_arrived(operation->client);
}

/* In the coroutine: continue when the program has ended @wait. */
static int
end_turn(QblkOperation *operation, QblkOperationWait wait)
{
    if (operation->control.is_abandoned) {
        return -ECANCELED;
    }

    operation->wait = wait;
    qblk_coroutine_yield(operation->coroutine);
    return operation->control.is_abandoned ? -ECANCELED : operation->wait.result;
}

static int
wait_in_program(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    QblkOperation *operation = user_data;
    if (timeout_ms == 0 && !operation->control.is_abandoned) {
        return qblk_waiter_poll(NULL, item, 0);
    }

    QblkOperationWait wait = {*item, .arrived = count_arrived(operation)};
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    wait.deadline = timeout_ms < 0 ? -1 : end;
    int result = end_turn(operation, wait);
    item->revents = operation->wait.item.revents;
    return result;
}

/* The deadline 0 is over.  A recovery of all VMs has no client of its own. */
static int
give_turn(gpointer user_data)
{
    QblkOperation *operation = user_data;
    int fd = operation->client == NULL ? -1 : qblk_client_get_fd(operation->client);
    return MIN(end_turn(operation, (QblkOperationWait){.item.fd = fd}), 0);
}

static void
run_body(QblkCoroutine *coroutine, gpointer user_data)
{
    QblkOperation *operation = user_data;
    operation->has_succeeded = operation->plans == NULL
                                   ? qblk_operation_body_recover(operation, &operation->error)
                                   : qblk_operation_body_run(operation, &operation->error);
}

/* The client waits by the operation only while that runs: the program can use it in between, and
 * may itself be in a coroutine. */
static void
resume(QblkOperation *operation)
{
    const QblkWaiter *of_program = NULL;
    operation->has_begun = TRUE;
    if (operation->client != NULL) {
        of_program = qblk_client_get_waiter(operation->client);
        qblk_client_set_waiter(operation->client, &operation->waiter);
    }
    gboolean is_running = qblk_coroutine_resume(operation->coroutine);
    if (operation->client != NULL) {
        qblk_client_set_waiter(operation->client, of_program);
    }

    if (!is_running) {
        g_clear_pointer(&operation->coroutine, qblk_coroutine_free);
        if (operation->client != NULL) {
            qblk_client_drive(operation->client, FALSE, FALSE);
        }
    }
}

/* ---- starting and ending ---- */

static void
free_notice(gpointer data)
{
    qblk_operation_notice_free(data);
}

/* Returns: (nullable): an operation that has only what it runs on. */
static QblkOperation *
new_operation(QblkClient *client, GError **error)
{
    g_autoptr(QblkOperation) operation = g_new0(QblkOperation, 1);
    g_atomic_ref_count_init(&operation->references);
    g_queue_init(&operation->notices);
    operation->states = g_hash_table_new(NULL, NULL);
    operation->waiter = (QblkWaiter){wait_in_program, give_turn, operation};
    operation->wait.item.fd = -1;
    operation->coroutine = qblk_coroutine_new(run_body, operation);
    if (operation->coroutine == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "cannot start an operation: %s", g_strerror(errno));
        return NULL;
    }

    if (client != NULL && !qblk_client_begin_operation(client)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another operation on '%s' has not ended: wait for its end",
                    qblk_client_get_address(client));
        return NULL;
    }
    operation->client = client == NULL ? NULL : qblk_client_ref(client);
    return g_steal_pointer(&operation);
}

QblkOperation *
qblk_operation_start(QblkClient *client, QblkPlans *plans, QblkOperationOptions *options,
                     GError **error)
{
    gboolean is_detached = options != NULL && options->is_detached;
    if (is_detached && qblk_client_get_image_path(client) != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "a job of '%s' cannot be detached: the image is closed when this program ends",
                    qblk_client_get_address(client));
        return NULL;
    }
    if (!qblk_operation_check_plans(plans, error) ||
        (is_detached && !qblk_operation_check_detached(plans, error))) {
        return NULL;
    }

    QblkOperation *operation = new_operation(client, error);
    if (operation != NULL) {
        /* The program may change both while the operation waits. */
        operation->plans = qblk_plans_copy(plans);
        operation->options = qblk_operation_options_copy(options);
    }
    return operation;
}

QblkOperation *
qblk_operation_start_recovery(QblkClient *client, QblkRecoverOptions *options, GError **error)
{
    QblkOperation *operation = new_operation(client, error);
    if (operation != NULL) {
        operation->options = qblk_operation_options_new();
        operation->recover_options = qblk_recover_options_copy(options);
    }
    return operation;
}

QblkOperation *
qblk_operation_ref(QblkOperation *operation)
{
    g_atomic_ref_count_inc(&operation->references);
    return operation;
}

/* In the middle, each wait fails from now on: the runner unwinds and sends nothing. */
static void
abandon(QblkOperation *operation)
{
    operation->control.is_abandoned = TRUE;
    if (operation->coroutine != NULL && operation->has_begun) {
        resume(operation);
    }

    gboolean was_not_begun = operation->coroutine != NULL && operation->client != NULL;
    g_clear_pointer(&operation->coroutine, qblk_coroutine_free);
    if (was_not_begun) {
        qblk_client_drive(operation->client, FALSE, FALSE);
    }
}

void
qblk_operation_unref(QblkOperation *operation)
{
    if (operation == NULL || !g_atomic_ref_count_dec(&operation->references)) {
        return;
    }

    abandon(operation);
    g_queue_clear_full(&operation->notices, free_notice);
    g_hash_table_unref(operation->states);
    qblk_operation_functions_clear(&operation->functions);
    qblk_plans_unref(operation->plans);
    qblk_plans_unref(operation->outcome);
    qblk_operation_options_unref(operation->options);
    qblk_recover_options_unref(operation->recover_options);
    qblk_recovery_unref(operation->recovery);
    qblk_run_refusal_clear(&operation->refusal);
    qblk_client_unref(operation->client);
    g_clear_error(&operation->error);
    g_free(operation);
}

static void
stop(QblkOperation *operation, guint times)
{
    operation->control.stops = MAX(operation->control.stops, times);
    operation->wait.is_woken = TRUE;
}

void
qblk_operation_cancel(QblkOperation *operation)
{
    stop(operation, 1);
}

void
qblk_operation_detach(QblkOperation *operation)
{
    stop(operation, 2);
}

/* ---- driving it ---- */

/* TRUE if the descriptor of the wait is that of the client. */
static gboolean
waits_for_client(const QblkOperation *operation)
{
    int fd = operation->wait.item.fd;
    return fd >= 0 && operation->client != NULL && fd == qblk_client_get_fd(operation->client);
}

/* The program may have received what the operation waits for, or closed the descriptor. */
static gboolean
is_woken(const QblkOperation *operation)
{
    const QblkOperationWait *wait = &operation->wait;
    gboolean has_arrived = wait->arrived != count_arrived(operation);
    return !operation->has_begun || wait->is_woken || has_arrived;
}

int
qblk_operation_get_fd(const QblkOperation *operation)
{
    return operation->coroutine == NULL ? -1 : operation->wait.item.fd;
}

int
qblk_operation_get_events(const QblkOperation *operation)
{
    if (operation->coroutine == NULL) {
        return 0;
    }

    /* The program may have submitted a command. */
    int of_client = waits_for_client(operation) ? qblk_client_get_events(operation->client) : 0;
    return operation->wait.item.events | of_client;
}

static int
shorter(int a, int b)
{
    return a < 0 || b < 0 ? MAX(a, b) : MIN(a, b);
}

int
qblk_operation_get_timeout(const QblkOperation *operation)
{
    if (operation->coroutine == NULL) {
        return -1;
    }
    if (is_woken(operation)) {
        return 0;
    }

    gint64 deadline = operation->wait.deadline;
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    int of_wait = deadline < 0 ? -1 : (int)CLAMP(left, 0, G_MAXINT);
    int of_client = waits_for_client(operation) ? qblk_client_get_timeout(operation->client) : -1;
    return shorter(of_wait, of_client);
}

/* Set the result of the wait.  FALSE if it goes on. */
static gboolean
end_wait(QblkOperation *operation, int revents)
{
    QblkOperationWait *wait = &operation->wait;
    int wanted = revents & (wait->item.events | POLLERR | POLLHUP | POLLNVAL);
    gint64 now = g_get_monotonic_time();
    wait->item.revents = (short)wanted;

    if (wanted != 0) {
        wait->result = 1;
    } else if (wait->deadline >= 0 && now >= wait->deadline) {
        wait->result = 0;
    } else if (revents != 0 || qblk_operation_get_timeout(operation) == 0) {
        wait->result = -EINTR;
    } else {
        return FALSE;
    }
    wait->is_woken = FALSE;
    return TRUE;
}

static void
deliver_notices(QblkOperation *operation)
{
    while (!g_queue_is_empty(&operation->notices)) {
        g_autoptr(QblkOperationNotice) notice = g_queue_pop_head(&operation->notices);
        qblk_operation_notice_deliver(notice, operation, &operation->functions);
    }
}

gboolean
qblk_operation_process(QblkOperation *operation, int revents)
{
    g_return_val_if_fail(!operation->is_processing, TRUE);
    if (operation->coroutine == NULL) {
        return FALSE;
    }
    if (operation->has_begun && !end_wait(operation, revents)) {
        return TRUE;
    }

    /* The functions of the program may release it. */
    qblk_operation_ref(operation);
    operation->is_processing = TRUE;
    resume(operation);
    deliver_notices(operation);
    operation->is_processing = FALSE;
    gboolean is_running = operation->coroutine != NULL;
    qblk_operation_unref(operation);
    return is_running;
}

/* ---- the outcome ---- */

gboolean
qblk_operation_is_done(const QblkOperation *operation)
{
    return operation->coroutine == NULL;
}

gboolean
qblk_operation_get_result(const QblkOperation *operation, GError **error)
{
    if (operation->coroutine != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING,
                    "the operation has not ended");
        return FALSE;
    }
    if (!operation->has_succeeded) {
        g_propagate_error(error, g_error_copy(operation->error));
    }
    return operation->has_succeeded;
}

gboolean
qblk_operation_has_journal(const QblkOperation *operation)
{
    return operation->coroutine == NULL && operation->has_journal;
}

const QblkPlan *
qblk_operation_get_plan(const QblkOperation *operation, guint index)
{
    const QblkPlans *plans = operation->outcome == NULL ? operation->plans : operation->outcome;
    return plans == NULL ? NULL : qblk_plans_get_plan(plans, index);
}

QblkRecovery *
qblk_operation_get_recovery(const QblkOperation *operation)
{
    return operation->recovery;
}

gboolean
qblk_operation_get_refusal(const QblkOperation *operation, const char **error_class,
                           const char **description)
{
    const QblkRunRefusal *refusal = &operation->refusal;
    if (operation->coroutine != NULL || operation->has_succeeded || refusal->error_class == NULL) {
        return FALSE;
    }

    if (error_class != NULL) {
        *error_class = refusal->error_class;
    }
    if (description != NULL) {
        *description = refusal->description;
    }
    return TRUE;
}

/* ---- the functions of the program ---- */

void
qblk_operation_set_progress(QblkOperation *operation, QblkOperationProgress func,
                            gpointer user_data, GDestroyNotify destroy)
{
    QblkOperationFunctions *functions = &operation->functions;
    QblkOperationFunctions old = {.progress_data = functions->progress_data,
                                  .progress_destroy = functions->progress_destroy};
    functions->progress = func;
    functions->progress_data = user_data;
    functions->progress_destroy = destroy;
    qblk_operation_functions_clear(&old);
}

void
qblk_operation_set_state_changed(QblkOperation *operation, QblkOperationStateChanged func,
                                 gpointer user_data, GDestroyNotify destroy)
{
    QblkOperationFunctions *functions = &operation->functions;
    QblkOperationFunctions old = {.state_data = functions->state_data,
                                  .state_destroy = functions->state_destroy};
    functions->state_changed = func;
    functions->state_data = user_data;
    functions->state_destroy = destroy;
    qblk_operation_functions_clear(&old);
}

void
qblk_operation_set_warning(QblkOperation *operation, QblkOperationWarning func, gpointer user_data,
                           GDestroyNotify destroy)
{
    QblkOperationFunctions *functions = &operation->functions;
    QblkOperationFunctions old = {.warning_data = functions->warning_data,
                                  .warning_destroy = functions->warning_destroy};
    functions->warning = func;
    functions->warning_data = user_data;
    functions->warning_destroy = destroy;
    qblk_operation_functions_clear(&old);
}
