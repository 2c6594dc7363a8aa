/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-operation.h"

#include "base/limits.h"
#include "qmp/client.h"

#include <qblk/plan-result.h>
#include <qblk/recover.h>
#include <qblk/redact.h>

#define EVENT "QBLK_OPERATION"

/* Those that have ended and can still be queried. */
#define KEPT_OPERATIONS 32

static const QblkLocalMember cancel_members[] = {
    {"operation", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(QblkLocalCancel, operation), NULL},
    {NULL},
};
const QblkLocalMember *const qblk_local_members_cancel[] = {cancel_members, NULL};

/* What is known of one disk of an operation. */
typedef struct {
    char *target;       /* owned */
    const char *state;  /* borrowed: qblk_plan_state_name() */
    char *job_state;    /* owned (nullable) */
    gint64 done, total; /* bytes; -1: not known */
} Disk;

static void
disk_free(gpointer data)
{
    Disk *disk = data;
    g_free(disk->target);
    g_free(disk->job_state);
    g_free(disk);
}

/* Returns: the disk @target, which is added if it is new: a recovery tells of its disks later. */
static Disk *
find_disk(QblkLocalOperation *entry, const char *target)
{
    for (guint i = 0; i < entry->disks->len; i++) {
        Disk *disk = entry->disks->pdata[i];
        if (g_str_equal(disk->target, target)) {
            return disk;
        }
    }

    Disk *disk = g_new0(Disk, 1);
    disk->target = g_strdup(target);
    disk->state = qblk_plan_state_name(QBLK_PLAN_STATE_PLANNED);
    disk->done = -1;
    disk->total = -1;
    g_ptr_array_add(entry->disks, disk);
    return disk;
}

/* ---- events ---- */

static QblkJson *
new_data(const QblkLocalOperation *entry)
{
    QblkJson *data = qblk_json_new_object();
    qblk_json_set_string(data, "operation", entry->id);
    qblk_json_set_string(data, "command", entry->command);
    return data;
}

/* What is not known is left out. */
static void
set_disk(QblkJson *data, const Disk *disk)
{
    qblk_json_set_string(data, "disk", disk->target);
    qblk_json_set_string(data, "state", disk->state);
    if (disk->job_state != NULL) {
        qblk_json_set_string(data, "job-state", disk->job_state);
    }
    if (disk->done >= 0 && disk->total >= 0) {
        qblk_json_set_integer(data, "done", disk->done);
        qblk_json_set_integer(data, "total", disk->total);
    }
}

static void
send_disk(const QblkLocalOperation *entry, const Disk *disk)
{
    QblkJson *data = new_data(entry);
    set_disk(data, disk);
    qblk_local_send_event(entry->local, NULL, EVENT, data);
}

static void
follow_progress(QblkOperation *operation, const char *target, const char *job_state, gint64 done,
                gint64 total, gpointer user_data)
{
    Disk *disk = find_disk(user_data, target);
    gboolean is_same =
        g_strcmp0(disk->job_state, job_state) == 0 && disk->done == done && disk->total == total;
    if (is_same) {
        return;
    }

    g_free(disk->job_state);
    disk->job_state = g_strdup(job_state);
    disk->done = done;
    disk->total = total;
    send_disk(user_data, disk);
}

static void
follow_state(QblkOperation *operation, const char *target, QblkPlanState state, gpointer user_data)
{
    Disk *disk = find_disk(user_data, target);
    disk->state = qblk_plan_state_name(state);
    g_clear_pointer(&disk->job_state, g_free); /* it was that of another moment */
    send_disk(user_data, disk);
}

void
qblk_local_operation_warn(QblkLocalOperation *entry, const char *message)
{
    g_ptr_array_add(entry->warnings, qblk_redact_text(message));
}

static void
follow_warning(QblkOperation *operation, const char *message, gpointer user_data)
{
    qblk_local_operation_warn(user_data, message);
}

/* ---- the list ---- */

guint
qblk_local_operation_count(const QblkLocal *local)
{
    guint count = 0;
    for (const GList *at = local->operations.head; at != NULL; at = at->next) {
        const QblkLocalOperation *entry = at->data;
        count += entry->result == NULL;
    }
    return count;
}

/* Returns: (nullable): the operation that works on the disk @target */
static const QblkLocalOperation *
find_running(const QblkLocal *local, const char *target)
{
    for (const GList *at = local->operations.head; at != NULL; at = at->next) {
        const QblkLocalOperation *entry = at->data;
        for (guint i = 0; entry->result == NULL && i < entry->disks->len; i++) {
            const Disk *disk = entry->disks->pdata[i];
            if (g_str_equal(disk->target, target)) {
                return entry;
            }
        }
    }
    return NULL;
}

gboolean
qblk_local_operation_check(const QblkLocal *local, const QblkPlans *plans, GError **error)
{
    if (qblk_local_operation_count(local) >= QBLK_LIMIT_OPERATIONS) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "%d operations run already (QBLK_LIMIT_OPERATIONS): wait for the end of one",
                    QBLK_LIMIT_OPERATIONS);
        return FALSE;
    }

    for (guint i = 0; plans != NULL && i < qblk_plans_get_n_plans(plans); i++) {
        const char *target = qblk_plan_get_target(qblk_plans_get_plan(plans, i));
        const QblkLocalOperation *other = find_running(local, target);
        if (other != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "operation '%s' (%s) works on disk '%s': wait for its end, or use "
                        "'qblk-cancel'",
                        other->id, other->command, target);
            return FALSE;
        }
    }
    return TRUE;
}

/* The oldest that have ended are forgotten. */
static void
trim(QblkLocal *local)
{
    guint ended = local->operations.length - qblk_local_operation_count(local);
    GList *at = local->operations.head;
    while (at != NULL && ended > KEPT_OPERATIONS) {
        GList *next = at->next;
        QblkLocalOperation *entry = at->data;
        if (entry->result != NULL) {
            qblk_local_operation_free(entry);
            g_queue_delete_link(&local->operations, at);
            ended--;
        }
        at = next;
    }
}

QblkLocalOperation *
qblk_local_operation_add(const QblkLocalCall *call, const QblkPlans *plans,
                         QblkOperation *operation)
{
    QblkLocal *local = call->local;
    QblkLocalOperation *entry = g_new0(QblkLocalOperation, 1);
    entry->local = local;
    entry->id = g_strdup_printf("op-%u", ++local->last_operation);
    entry->command = call->command->name;
    entry->disks = g_ptr_array_new_with_free_func(disk_free);
    entry->warnings = g_ptr_array_new_with_free_func(g_free);
    entry->state = "running";
    entry->operation = operation;
    entry->worker = call->worker;
    for (guint i = 0; plans != NULL && i < qblk_plans_get_n_plans(plans); i++) {
        (void)find_disk(entry, qblk_plan_get_target(qblk_plans_get_plan(plans, i)));
    }

    qblk_operation_set_progress(operation, follow_progress, entry, NULL);
    qblk_operation_set_state_changed(operation, follow_state, entry, NULL);
    qblk_operation_set_warning(operation, follow_warning, entry, NULL);
    g_queue_push_tail(&local->operations, entry);
    trim(local);
    return entry;
}

void
qblk_local_operation_free(gpointer operation)
{
    QblkLocalOperation *entry = operation;
    qblk_operation_unref(entry->operation);
    g_ptr_array_unref(entry->disks);
    g_ptr_array_unref(entry->warnings);
    qblk_json_unref(entry->result);
    g_free(entry->left);
    g_free(entry->id);
    g_free(entry);
}

/* ---- the end ---- */

static QblkJson *
strings_json(const GPtrArray *texts)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < texts->len; i++) {
        qblk_json_append(list, qblk_json_new_string(texts->pdata[i]));
    }
    return list;
}

/* What has become of each disk. */
static QblkJson *
disks_json(const QblkLocalOperation *entry)
{
    QblkJson *list = qblk_json_new_array();
    const QblkPlan *plan = NULL;
    for (guint i = 0; (plan = qblk_operation_get_plan(entry->operation, i)) != NULL; i++) {
        g_autofree char *text = qblk_plan_result_to_text(plan, entry->is_detached);
        g_autofree char *mark = qblk_plan_find_mark(plan);
        QblkJson *disk = qblk_json_new_object();
        qblk_json_set_string(disk, "disk", qblk_plan_get_target(plan));
        qblk_json_set_string(disk, "state", qblk_plan_result_name(plan, entry->is_detached));
        qblk_json_set_string(disk, "text", g_strchomp(text));
        if (mark != NULL) {
            qblk_json_set_string(disk, "mark", mark);
        }
        qblk_json_append(list, disk);
    }
    return list;
}

/* @error: NULL: all is done */
static QblkJson *
result_json(const QblkLocalOperation *entry, const GError *error)
{
    const QblkOperation *operation = entry->operation;
    QblkRecovery *recovery = qblk_operation_get_recovery(operation);
    QblkJson *result = qblk_json_new_object();

    if (error == NULL && recovery == NULL) {
        qblk_json_set(result, "disks", disks_json(entry));
    }
    if (recovery != NULL) {
        g_autofree char *text = qblk_recovery_to_json(recovery);
        qblk_json_set(result, "recovery", qblk_json_parse_printed(text));
    }
    qblk_json_set(result, "warnings", strings_json(entry->warnings));
    qblk_json_set_boolean(result, "has-journal",
                          !qblk_operation_is_done(operation) ||
                              qblk_operation_has_journal(operation));
    if (error != NULL) {
        qblk_json_set(result, "error", qblk_local_error_json(error));
    }
    return result;
}

static const char *
name_end(const GError *error)
{
    static const struct {
        int code;
        const char *name;
    } ends[] = {
        {QBLK_BLOCKJOB_ERROR_CANCELLED, "cancelled"},
        {QBLK_BLOCKJOB_ERROR_DETACHED, "detached"},
        {QBLK_BLOCKJOB_ERROR_RUNNING, "interrupted"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (g_error_matches(error, QBLK_BLOCKJOB_ERROR, ends[i].code)) {
            return ends[i].name;
        }
    }
    return error == NULL ? "completed" : "failed";
}

void
qblk_local_operation_run(QblkLocalOperation *entry)
{
    g_autoptr(GError) error = NULL;
    (void)!qblk_worker_run(entry->worker, entry->operation, &error);
    if (g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING)) {
        const char *vm = qblk_address_get_text(entry->local->address);
        g_autofree char *command = qblk_local_call_recovery(entry->local, vm);
        g_clear_error(&error);
        g_set_error(&error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING,
                    "the bridge ends before the operation: use '%s'", command);
    }

    entry->result = result_json(entry, error);
    entry->state = name_end(error);
    entry->worker = NULL;
    g_clear_pointer(&entry->operation, qblk_operation_unref);

    QblkJson *data = new_data(entry);
    qblk_json_set_string(data, "state", entry->state);
    qblk_json_set(data, "result", qblk_json_ref(entry->result));
    qblk_local_send_event(entry->local, NULL, EVENT, data);
}

/* ---- the commands ---- */

QblkJson *
qblk_local_query_operations(QblkLocalCall *call, GError **error)
{
    QblkJson *list = qblk_json_new_array();
    for (const GList *at = call->local->operations.head; at != NULL; at = at->next) {
        const QblkLocalOperation *entry = at->data;
        QblkJson *disks = qblk_json_new_array();
        for (guint i = 0; i < entry->disks->len; i++) {
            QblkJson *disk = qblk_json_new_object();
            set_disk(disk, entry->disks->pdata[i]);
            qblk_json_append(disks, disk);
        }

        QblkJson *object = new_data(entry);
        qblk_json_set_string(object, "state", entry->state);
        qblk_json_set(object, "disks", disks);
        if (entry->result != NULL) {
            qblk_json_set(object, "result", qblk_json_ref(entry->result));
        }
        qblk_json_append(list, object);
    }
    return list;
}

static QblkLocalOperation *
find_operation(const QblkLocal *local, const char *id)
{
    for (const GList *at = local->operations.head; at != NULL; at = at->next) {
        QblkLocalOperation *entry = at->data;
        if (g_str_equal(entry->id, id)) {
            return entry;
        }
    }
    return NULL;
}

/* The operation ends when its jobs are cancelled, which its last event tells. */
QblkJson *
qblk_local_cancel(QblkLocalCall *call, GError **error)
{
    const QblkLocalCancel *arguments = call->arguments;
    QblkLocalOperation *entry = find_operation(call->local, arguments->operation);
    if (entry == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "operation '%s' does not exist: 'qblk-query-operations' lists all",
                    arguments->operation);
        return NULL;
    }
    if (entry->result != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "operation '%s' has ended: it is %s", entry->id, entry->state);
        return NULL;
    }

    entry->state = "cancelling";
    qblk_operation_cancel(entry->operation);
    qblk_worker_wake(entry->worker);
    return qblk_json_new_object();
}
