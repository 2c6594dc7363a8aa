/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-run.h"

#include "bridge/local-change.h"
#include "bridge/local-operation.h"
#include "qmp/client.h"

#include <qblk/recover.h>
#include <qblk/state-directory.h>
#include <string.h>

#define PROGRESS_INTERVAL_MS 500

static const QblkLocalMember recover_members[] = {
    {"dry-run", QBLK_LOCAL_BOOLEAN, FALSE, G_STRUCT_OFFSET(QblkLocalRecover, dry_run), NULL},
    {NULL},
};
const QblkLocalMember *const qblk_local_members_recover[] = {recover_members, NULL};

/* ---- replies ---- */

static QblkJson *
plan_warnings(const QblkPlans *plans)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < qblk_plans_get_n_plans(plans); i++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, i);
        for (guint j = 0; j < qblk_plan_get_n_warnings(plan); j++) {
            qblk_json_append(list, qblk_json_new_string(qblk_plan_get_warning(plan, j)));
        }
    }
    return list;
}

/* "plans" and "skipped" as in `qblk --json`, and "warnings". */
static void
set_plans(QblkJson *result, const QblkPlans *plans)
{
    g_autofree char *text = qblk_plans_to_json(plans);
    g_autoptr(QblkJson) all = qblk_json_parse_printed(text);
    qblk_json_set(result, "plans", qblk_json_ref(qblk_json_get(all, "plans")));
    qblk_json_set(result, "skipped", qblk_json_ref(qblk_json_get(all, "skipped")));
    qblk_json_set(result, "warnings", plan_warnings(plans));
}

/* ---- interrupted operations ---- */

static QblkRecoverOptions *
recover_options(const QblkLocal *local)
{
    QblkRecoverOptions *options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, local->state_directory);
    qblk_recover_options_set_snapshot_options(options, local->snapshot_options);
    return options;
}

/* Refuse if interrupted operations of the VM would be changed first. */
static gboolean
check_interrupted(const QblkLocalCall *call, const char *disk, GError **error)
{
    g_autoptr(QblkRecoverOptions) options = recover_options(call->local);
    qblk_recover_options_set_dry_run(options, TRUE);
    QblkClient *client = qblk_local_call_client(call, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkRecovery) recovery =
        qblk_recover_before(client, disk, QBLK_RECOVER_FOR_NEW_JOB, options, NULL);
    g_autoptr(GString) texts = g_string_new(NULL);
    guint count = recovery == NULL ? 0 : qblk_recovery_get_n_results(recovery);
    for (guint i = 0; i < count; i++) {
        const QblkRecoverResult *result = qblk_recovery_get_result(recovery, i);
        if (qblk_recover_result_would_change(result)) {
            g_autofree char *text = qblk_recover_result_to_text(result);
            g_string_append_printf(texts, "%s%s", texts->len == 0 ? "" : "; ", text);
        }
    }
    if (texts->len == 0) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "interrupted operations have to be recovered first, with \"recover\": true or "
                "'qblk-recover': %s",
                texts->str);
    return FALSE;
}

/* Recover the interrupted operations of the VM, before @disk (nullable) is changed.
 *
 * Returns: (transfer full): the results; NULL with an error if that of @disk is in the way */
static QblkRecovery *
recover_first(const QblkLocalCall *call, const char *disk, GError **error)
{
    g_autoptr(QblkRecoverOptions) options = recover_options(call->local);
    qblk_recover_options_set_purpose(options, QBLK_RECOVER_FOR_NEW_JOB, disk);
    QblkClient *client = qblk_local_call_client(call, error);
    g_autoptr(QblkOperation) operation =
        client == NULL ? NULL : qblk_operation_start_recovery(client, options, error);
    if (operation == NULL) {
        return NULL;
    }

    qblk_client_drive(client, TRUE, TRUE);
    gboolean is_done = qblk_worker_run(call->worker, operation, error);
    QblkRecovery *recovery = qblk_operation_get_recovery(operation);
    return is_done && recovery != NULL ? qblk_recovery_ref(recovery) : NULL;
}

/* Returns: (transfer full) (array zero-terminated=1): a sentence on each result */
static char **
describe_recovery(const QblkRecovery *recovery)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (guint i = 0; i < qblk_recovery_get_n_results(recovery); i++) {
        const QblkRecoverResult *result = qblk_recovery_get_result(recovery, i);
        const GError *error = qblk_recover_result_get_error(result);
        g_ptr_array_add(texts, error != NULL ? g_strdup(error->message)
                                             : qblk_recover_result_to_text(result));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

/* ---- planning ---- */

static QblkPlans *
make_plans(const QblkLocalCall *call, const QblkLocalKind *kind, const QblkLocalChange *change,
           gboolean dry_run, GError **error)
{
    QblkClient *client = qblk_local_call_client(call, error);
    g_autoptr(QblkSnapshot) snapshot = client == NULL ? NULL : qblk_local_call_fetch(call, error);
    if (snapshot == NULL) {
        return NULL;
    }

    const QblkLocalPlanner planner = {
        .client = client,
        .snapshot = snapshot,
        .state_directory = call->local->state_directory,
        .dry_run = dry_run,
    };
    return qblk_local_change_plan(kind, &planner, change, error);
}

QblkJson *
qblk_local_plan(QblkLocalCall *call, GError **error)
{
    const QblkJson *arguments = qblk_mux_request_arguments(call->request);
    QblkLocalChange *change = call->arguments;
    const QblkLocalKind *kind = qblk_local_change_read_plan(arguments, change, error);
    g_autoptr(QblkPlans) plans = kind == NULL ? NULL : make_plans(call, kind, change, TRUE, error);
    qblk_local_change_clear(change);
    if (plans == NULL) {
        return NULL;
    }

    QblkJson *result = qblk_json_new_object();
    set_plans(result, plans);
    return result;
}

/* ---- running ---- */

static QblkOperationOptions *
operation_options(const QblkLocalCall *call, QblkRecovery *recovery)
{
    const QblkLocalChange *change = call->arguments;
    QblkOperationOptions *options = qblk_operation_options_new();
    qblk_operation_options_set_snapshot_options(options, call->local->snapshot_options);
    qblk_operation_options_set_time_limit(options, change->timeout * 1000);
    qblk_operation_options_set_detached(options, change->detach);
    qblk_operation_options_set_progress_interval(options, PROGRESS_INTERVAL_MS);
    /* Other clients may have changed the chain since it was read. */
    qblk_operation_options_set_check_chain(options, TRUE);
    qblk_operation_options_set_recovery(options, recovery);
    return options;
}

/* Answer the request, and run @operation (transfer full) until its end.
 *
 * @plans: (nullable): NULL: a recovery
 * @warnings: (nullable) (array zero-terminated=1): what was done before */
static void
answer_and_run(QblkLocalCall *call, const QblkPlans *plans, char **warnings,
               QblkOperation *operation)
{
    QblkLocalOperation *entry = qblk_local_operation_add(call, plans, operation);
    entry->is_detached = plans != NULL && ((QblkLocalChange *)call->arguments)->detach;
    for (guint i = 0; warnings[i] != NULL; i++) {
        qblk_local_operation_warn(entry, warnings[i]);
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "operation", entry->id);
    if (plans != NULL) {
        set_plans(result, plans);
    }
    qblk_local_call_return(call, result);

    /* Its events are not taken. */
    QblkClient *client = qblk_local_call_client(call, NULL);
    qblk_client_drive(client, TRUE, TRUE);
    qblk_local_operation_run(entry);
}

/* Returns: (nullable): the disk whose interrupted operation is in the way; NULL: several disks */
static const char *
get_only_disk(const QblkLocalChange *change)
{
    gboolean has_one = change->disks != NULL && g_strv_length(change->disks) == 1;
    return has_one ? change->disks[0] : change->disk;
}

QblkJson *
qblk_local_change(QblkLocalCall *call, GError **error)
{
    const QblkJson *arguments = qblk_mux_request_arguments(call->request);
    QblkLocalChange *change = call->arguments;
    const QblkLocalKind *kind = qblk_local_kind_find(call->command->name + strlen("qblk-"));
    if (!qblk_local_change_check(change, arguments, error) ||
        !qblk_local_operation_check(call->local, NULL, error)) {
        return NULL;
    }

    const char *disk = get_only_disk(change);
    if (!change->recover && !check_interrupted(call, disk, error)) {
        return NULL;
    }
    g_autoptr(QblkRecovery) recovery = recover_first(call, disk, error);
    g_autoptr(QblkPlans) plans =
        recovery == NULL ? NULL : make_plans(call, kind, change, FALSE, error);
    /* No other call runs from here to where the operation is noted. */
    if (plans == NULL || !qblk_local_operation_check(call->local, plans, error)) {
        return NULL;
    }

    g_autoptr(QblkOperationOptions) options = operation_options(call, recovery);
    QblkClient *client = qblk_local_call_client(call, error);
    QblkOperation *operation = qblk_operation_start(client, plans, options, error);
    g_auto(GStrv) notices = describe_recovery(recovery);
    if (operation != NULL) {
        answer_and_run(call, plans, notices, operation);
    }
    return NULL;
}

/* ---- qblk-recover ---- */

static QblkJson *
show_recovery(QblkLocalCall *call, QblkRecoverOptions *options, GError **error)
{
    qblk_recover_options_set_dry_run(options, TRUE);
    QblkClient *client = qblk_local_call_client(call, error);
    g_autoptr(QblkRecovery) recovery =
        client == NULL ? NULL : qblk_recover_vm(client, options, error);
    if (recovery == NULL || !qblk_recovery_propagate_error(recovery, error)) {
        return NULL;
    }

    g_autofree char *text = qblk_recovery_to_json(recovery);
    return qblk_json_parse_printed(text);
}

QblkJson *
qblk_local_recover(QblkLocalCall *call, GError **error)
{
    const QblkLocalRecover *arguments = call->arguments;
    g_autoptr(QblkRecoverOptions) options = recover_options(call->local);
    if (arguments->dry_run) {
        return show_recovery(call, options, error);
    }
    if (!qblk_local_operation_check(call->local, NULL, error)) {
        return NULL;
    }

    g_auto(GStrv) removed = qblk_state_directory_tidy_marks(call->local->state_directory, NULL);
    QblkClient *client = qblk_local_call_client(call, error);
    QblkOperation *operation =
        client == NULL ? NULL : qblk_operation_start_recovery(client, options, error);
    if (operation != NULL) {
        answer_and_run(call, NULL, removed, operation);
    }
    return NULL;
}
