/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-joint.h"

#include "base/text.h"
#include "blockjob/run-step.h"
#include "blockjob/run-verify.h"

/* Returns: (transfer container): the tasks whose next step is a joint one. */
static GPtrArray *
find_tasks(const QblkRun *run)
{
    GPtrArray *tasks = g_ptr_array_new();
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        const QblkStep *next = qblk_run_step_next(task);
        if (task->state == QBLK_RUN_WAITING && next != NULL && next->is_joint) {
            g_ptr_array_add(tasks, task);
        }
    }
    return tasks;
}

static void
apply_to_all(const GPtrArray *tasks, QblkRunEvent event)
{
    for (guint i = 0; i < tasks->len; i++) {
        qblk_run_task_apply(tasks->pdata[i], event);
    }
}

/* ---- before it ---- */

/* Returns: (nullable): the task that has failed; the user can still stop all of them. */
static QblkRunTask *
record_all(const GPtrArray *tasks)
{
    for (guint i = 0; i < tasks->len; i++) {
        QblkRunTask *task = tasks->pdata[i];
        qblk_run_task_apply(task, QBLK_RUN_ALL_WAIT);
        qblk_run_step_turn(task); /* look at the step */
        if (task->action == QBLK_RUN_RECORD) {
            qblk_run_step_turn(task);
        }
        if (task->action != QBLK_RUN_HOLD) {
            return task;
        }
    }
    return NULL;
}

/* Other clients and processes may have changed a disk or an overlay since the plans were made. */
static QblkRunTask *
check_all(const GPtrArray *tasks)
{
    QblkRunTask *failed = qblk_run_verify_check_overlays(tasks);
    if (failed != NULL) {
        qblk_run_task_apply(failed, qblk_run_task_failure(failed, QBLK_RUN_FAILED));
    }
    return failed;
}

/* ---- the transaction ---- */

static void
append_actions(QblkJson *actions, const QblkJson *arguments)
{
    const QblkJson *own = qblk_json_get(arguments, "actions");
    for (gsize i = 0; i < qblk_json_length(own); i++) {
        qblk_json_append(actions, qblk_json_copy(qblk_json_at(own, i)));
    }
}

/* Returns: (transfer full): what the step does, in the imperative. */
static char *
describe_purpose(const GPtrArray *tasks)
{
    const QblkStep *first = qblk_run_step_next(tasks->pdata[0]);
    g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 1; i < tasks->len; i++) {
        const QblkRunTask *task = tasks->pdata[i];
        g_ptr_array_add(others, g_strdup_printf("'%s'", task->plan->target));
    }
    if (others->len == 0) {
        return g_strdup(first->purpose);
    }

    g_autofree char *list = qblk_text_list((const char *const *)others->pdata, others->len);
    return g_strdup_printf("%s, in one transaction with %s", first->purpose, list);
}

/* Returns: (transfer full): one step in place of those of all @tasks. */
static QblkStep *
join_steps(const GPtrArray *tasks)
{
    QblkStep *step = qblk_plan_step_new();
    QblkJson *actions = qblk_json_new_array();
    for (guint i = 0; i < tasks->len; i++) {
        append_actions(actions, qblk_run_step_next(tasks->pdata[i])->arguments);
    }

    step->purpose = describe_purpose(tasks);
    step->command = g_strdup("transaction");
    step->arguments = qblk_json_new_object();
    qblk_json_set(step->arguments, "actions", actions);
    step->is_final = TRUE;
    step->is_joint = TRUE;
    return step;
}

/* Compare all chains with the plans: TRUE if all are as before (@is_after becomes FALSE), or as
 * planned.  QEMU changes all or none; another client may have changed one since. */
static gboolean
compare_all(const GPtrArray *tasks, gboolean *is_after, GError **error)
{
    guint before = 0, after = 0;
    for (guint i = 0; i < tasks->len; i++) {
        gboolean is_old, is_new;
        if (!qblk_run_verify_compare(tasks->pdata[i], &is_old, &is_new, error)) {
            return FALSE;
        }
        before += is_old ? 1 : 0;
        after += is_new ? 1 : 0;
    }

    *is_after = after == tasks->len;
    if (*is_after || before == tasks->len) {
        return TRUE;
    }
    g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "another client has changed the chain of one of the disks");
    return FALSE;
}

/* See what became of the first attempt, which was not answered, if the second was refused. */
static QblkRunEvent
look_at_refused(const GPtrArray *tasks, QblkRunTask *leader)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_after = FALSE;
    if (leader->state == QBLK_RUN_COMMITTING) {
        return QBLK_RUN_NOT_DONE;
    }

    if (!compare_all(tasks, &is_after, &cause)) {
        g_clear_error(&leader->error);
        leader->error = g_steal_pointer(&cause);
        return qblk_run_task_failure(leader, QBLK_RUN_FAILED);
    }
    if (!is_after) {
        return QBLK_RUN_NOT_DONE;
    }

    qblk_run_step_forget_refusal(leader);
    leader->taken++;
    return QBLK_RUN_ALREADY_DONE;
}

/* The first task sends the step for all: each one goes through the same states. */
static void
send_for_all(const GPtrArray *tasks, const QblkStep *step)
{
    QblkRunTask *leader = tasks->pdata[0];
    guint taken = leader->taken;

    apply_to_all(tasks, QBLK_RUN_ALL_WAIT);
    while (leader->action == QBLK_RUN_SEND || leader->action == QBLK_RUN_RESEND ||
           leader->action == QBLK_RUN_LOOK) {
        gboolean is_sent = leader->action != QBLK_RUN_LOOK;
        QblkRunEvent event =
            is_sent ? qblk_run_step_send(leader, step) : look_at_refused(tasks, leader);
        apply_to_all(tasks, event);
    }

    taken = leader->taken - taken;
    for (guint i = 1; i < tasks->len; i++) {
        QblkRunTask *task = tasks->pdata[i];
        task->taken += taken;
    }
}

/* ---- after it ---- */

static gboolean
is_driven(const QblkRunTask *task)
{
    return task->action != QBLK_RUN_UNDO && task->action != QBLK_RUN_END;
}

/* One chain that was changed is completed even if another one cannot be. */
static QblkRunTask *
complete_all(const GPtrArray *tasks)
{
    QblkRunTask *failed = NULL;
    for (guint i = 0; i < tasks->len; i++) {
        QblkRunTask *task = tasks->pdata[i];
        while (is_driven(task)) {
            qblk_run_step_turn(task);
        }
        if (failed == NULL && task->state != QBLK_RUN_COMPLETED) {
            failed = task;
        }
    }
    return failed;
}

QblkRunTask *
qblk_run_joint_finish(const QblkRun *run)
{
    g_autoptr(GPtrArray) tasks = find_tasks(run);
    if (tasks->len == 0) {
        return NULL;
    }

    QblkRunTask *failed = record_all(tasks);
    if (failed == NULL) {
        failed = check_all(tasks);
    }
    if (failed != NULL) {
        return failed;
    }

    QblkStep *step = join_steps(tasks);
    send_for_all(tasks, step);
    qblk_plan_step_free(step);
    return complete_all(tasks);
}
