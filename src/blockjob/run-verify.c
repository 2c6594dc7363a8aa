/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-verify.h"

#include "base/text.h"
#include "blockjob/verify-bitmaps.h"
#include "blockjob/verify-overlay.h"
#include "blockjob/verify.h"
#include "graph/snapshot-options.h"
#include "plan/crash-guard.h"

static QblkSnapshot *
fetch(QblkRun *run, GError **error)
{
    const QblkSnapshotOptions *with = run->options->snapshot;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = with == NULL ? QBLK_EDGE_SOURCE_BEST : with->edges;
    return qblk_monitor_fetch(&run->monitor, options, error);
}

/* With `-drive copy-on-read=on` QEMU does not make the image below a new overlay read-only, nor if
 * it cannot open it again for reading only: its file is a descriptor that was passed to QEMU, for
 * example. */
static void
warn_of_writer(const QblkRunTask *task, const QblkChain *chain)
{
    if (!qblk_verify_old_top_is_writable(task->plan, chain)) {
        return;
    }
    g_autofree char *message = g_strdup_printf(
        "QEMU keeps '%s' open for writing: its data no longer change, but copy-on-read may still "
        "write to its file: read it through an export, or copy the file after QEMU has ended",
        qblk_plan_get_active_image(task->plan));
    qblk_run_task_warn(task, QBLK_RUN_WARNS_OF_WRITER, message);
}

static gboolean
compare_plan(const QblkRunTask *task, const QblkSnapshot *snapshot, GError **error)
{
    const QblkRun *run = task->run;
    const QblkPlan *plan = task->plan;
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkChain) chain = qblk_verify_find_chain(plan, snapshot, &cause);
    if (chain == NULL) {
        g_propagate_prefixed_error(error, g_steal_pointer(&cause),
                                   "the chain could not be read again: ");
        return FALSE;
    }

    if (!qblk_verify_layers(chain, plan->target, plan->after, error)) {
        return FALSE;
    }
    if (!qblk_verify_files(chain, plan->after, error)) {
        return FALSE;
    }
    if (!qblk_verify_headers(snapshot, chain, plan->after, run->options->is_local, error) ||
        !qblk_verify_bitmaps(snapshot, plan, error)) {
        return FALSE;
    }

    warn_of_writer(task, chain);
    return TRUE;
}

static void
prefix_succeeded(const QblkPlan *plan, GError **error)
{
    if (qblk_plan_has_job(plan)) {
        g_prefix_error(error, "the job succeeded, but ");
    } else {
        g_prefix_error(error, "QEMU has carried out the %s of '%s', but ", plan->kind,
                       plan->target);
    }
}

QblkSnapshot *
qblk_run_verify_fetch(QblkRun *run, GError **error)
{
    QblkSnapshot *snapshot = fetch(run, error);
    gboolean is_reached = snapshot == NULL && qblk_monitor_is_lost(&run->monitor) &&
                          qblk_monitor_reconnect(&run->monitor, error);
    return is_reached ? fetch(run, error) : snapshot;
}

QblkRunTask *
qblk_run_verify_check_overlays(const GPtrArray *tasks)
{
    QblkRunTask *first = tasks->pdata[0];
    g_autoptr(QblkSnapshot) snapshot = qblk_run_verify_fetch(first->run, &first->error);
    if (snapshot == NULL) {
        return first;
    }

    for (guint i = 0; i < tasks->len; i++) {
        QblkRunTask *task = tasks->pdata[i];
        gboolean is_local = task->run->options->is_local;
        if (!qblk_verify_overlay(task->plan, snapshot, is_local, &task->error)) {
            return task;
        }
    }
    return NULL;
}

/* Only a chain that was fetched again is a success. */
gboolean
qblk_run_verify_check(QblkRun *run, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_run_verify_fetch(run, &cause);
    if (snapshot == NULL) {
        const QblkRunTask *task = run->tasks->pdata[0];
        g_propagate_prefixed_error(error, g_steal_pointer(&cause),
                                   "the chain could not be read again: ");
        prefix_succeeded(task->plan, error);
        return FALSE;
    }

    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        gboolean is_promised = !task->plan->stays_ready && task->plan->after->len > 0;
        if (is_promised && !compare_plan(task, snapshot, error)) {
            prefix_succeeded(task->plan, error);
            return FALSE;
        }
    }

    return TRUE;
}

gboolean
qblk_run_verify_can_compare(const QblkRunTask *task)
{
    return task->plan->before->len > 0;
}

/* There is no chain to compare with, only what QEMU has reported of the job. */
static gboolean
compare_unread(const QblkRunTask *task, gboolean *is_before, gboolean *is_after, GError **error)
{
    *is_before = FALSE;
    *is_after = task->recorded == QBLK_STAGE_CLEANING;
    if (!*is_after) {
        g_set_error(
            error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
            "the job no longer exists, and the chain of '%s' may have been changed: check it "
            "with 'qblk chain'",
            task->plan->target);
    }

    return *is_after;
}

gboolean
qblk_run_verify_compare(const QblkRunTask *task, gboolean *is_before, gboolean *is_after,
                        GError **error)
{
    const QblkPlan *plan = task->plan;
    if (!qblk_run_verify_can_compare(task)) {
        return compare_unread(task, is_before, is_after, error);
    }

    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, error);
    g_autoptr(QblkChain) chain =
        snapshot == NULL ? NULL : qblk_verify_find_chain(plan, snapshot, error);
    if (chain == NULL) {
        return FALSE;
    }

    *is_before = qblk_verify_chain(snapshot, chain, plan->target, plan->before, NULL);
    *is_after = plan->after->len == 0 ||
                qblk_verify_chain(snapshot, chain, plan->target, plan->after, NULL);
    return *is_before || *is_after ||
           qblk_verify_chain(snapshot, chain, plan->target, plan->after, error);
}

gboolean
qblk_run_verify_has_node(const QblkRunTask *task, const char *name)
{
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, NULL);
    return snapshot != NULL && qblk_snapshot_find_node(snapshot, name) != NULL;
}

gboolean
qblk_run_verify_has_new_top(const QblkRunTask *task)
{
    const GPtrArray *after = task->plan->after;
    const QblkExpectation *top = after->len == 0 ? NULL : after->pdata[0];
    return top != NULL && top->node_name != NULL && qblk_run_verify_has_node(task, top->node_name);
}

const char *
qblk_run_verify_find_open_node(const QblkRunTask *task)
{
    const GPtrArray *steps = task->plan->steps;
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, NULL);
    for (guint i = 0; snapshot != NULL && i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        const char *node = qblk_json_get_string(step->arguments, "node-name");
        gboolean is_open = g_strcmp0(step->command, "blockdev-add") == 0 && node != NULL;
        if (is_open && qblk_snapshot_find_node(snapshot, node) != NULL) {
            return node;
        }
    }
    return NULL;
}

gboolean
qblk_run_verify_check_before(const QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    if (!qblk_run_verify_can_compare(task)) {
        return TRUE;
    }
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, error);
    g_autoptr(QblkChain) chain =
        snapshot == NULL ? NULL : qblk_verify_find_chain(plan, snapshot, error);
    return chain != NULL && qblk_verify_chain(snapshot, chain, plan->target, plan->before, error);
}

gboolean
qblk_run_verify_check_crash(const QblkRunTask *task, GError **error)
{
    if (task->plan->replaced_node == NULL && task->plan->closed_node == NULL) {
        return TRUE;
    }
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, error);
    return snapshot != NULL && qblk_crash_guard_check_again(task->plan, snapshot, error);
}

gboolean
qblk_run_verify_check_crash_at_end(const QblkRunTask *task, GError **error)
{
    if (task->plan->replaced_node == NULL) {
        return TRUE;
    }
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, error);
    return snapshot != NULL && qblk_crash_guard_check_end(task->plan, snapshot, error);
}

static gboolean
adds_bitmap(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into != NULL && !planned->exists) {
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU takes a transaction that only merges as often as it is sent: its refusal has another reason,
 * such as a bitmap that is in use, and the bitmaps were there before it. */
gboolean
qblk_run_verify_has_bitmaps(const QblkRunTask *task)
{
    if (!adds_bitmap(task->plan)) {
        return FALSE;
    }
    g_autoptr(QblkSnapshot) snapshot = fetch(task->run, NULL);
    return snapshot != NULL && qblk_verify_bitmaps(snapshot, task->plan, NULL);
}

/* ---- failures ---- */

/* TRUE if @task has created an image or started its job: before that an image which exists is as it
 * was. */
static gboolean
has_written(const QblkRunTask *task)
{
    for (guint i = 0; i < task->taken; i++) {
        const QblkStep *step = task->plan->steps->pdata[i];
        if (step->is_start || g_strcmp0(step->command, "blockdev-create") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU may have created the file even if that failed. */
static gboolean
is_uncreated(const QblkRunTask *task)
{
    return task->taken == 1 && task->run->options->is_local &&
           !g_file_test(task->plan->partial, G_FILE_TEST_EXISTS);
}

/* Nothing is appended for a chain that cannot be read, or that the plan does not describe. */
static void
append_chain(GString *text, const QblkSnapshot *snapshot, QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    if (!qblk_run_verify_can_compare(task)) {
        return;
    }

    g_autoptr(QblkChain) chain = qblk_verify_find_chain(plan, snapshot, NULL);
    gboolean is_before =
        chain != NULL && qblk_verify_chain(snapshot, chain, plan->target, plan->before, NULL);
    gboolean is_after =
        chain != NULL && qblk_verify_chain(snapshot, chain, plan->target, plan->after, NULL);

    task->is_unchanged = is_before;
    if (is_before && plan->mends->len > 0 && task->taken > 0) {
        /* A bitmap may have been removed, which no expectation shows. */
        g_string_append_printf(text, "; what remains of '%s' is shown by 'qblk check'",
                               plan->target);
    } else if (is_before) {
        g_string_append_printf(text, "; the chain of '%s' is unchanged", plan->target);
    } else if (is_after) {
        g_string_append_printf(text, "; the chain of '%s' is as planned", plan->target);
    } else if (chain != NULL) {
        g_string_append_printf(text, "; the chain of '%s' has changed: check it with 'qblk chain'",
                               plan->target);
    }

    gboolean is_begun = task->taken > 0 && !qblk_run_state_has_succeeded(task->state);
    gboolean is_planned = is_after && !is_before;
    if (plan->partial == NULL || plan->existing_job || !is_begun || is_planned ||
        !has_written(task) || is_uncreated(task)) {
        return;
    }
    if (task->has_lost_name) {
        g_string_append(text, "; the incomplete copy may have another name now");
    } else {
        g_string_append_printf(text, "; '%s' is incomplete", plan->partial);
    }
}

char *
qblk_run_verify_describe_chains(QblkRun *run)
{
    g_autoptr(QblkSnapshot) snapshot = fetch(run, NULL);
    GString *text = g_string_new(NULL);
    for (guint i = 0; snapshot != NULL && i < run->tasks->len; i++) {
        append_chain(text, snapshot, run->tasks->pdata[i]);
    }
    return g_string_free(text, FALSE);
}

/* Returns: (nullable): the files that @plan would have deleted. */
static char *
list_to_delete(const QblkPlan *plan)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        if (removal->will_delete) {
            g_ptr_array_add(files, g_strdup_printf("'%s'", qblk_plan_removed_name(removal)));
        }
    }

    return files->len == 0 ? NULL : qblk_text_list((const char *const *)files->pdata, files->len);
}

char *
qblk_run_verify_describe_undeleted(const QblkRun *run)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        gboolean has_succeeded = qblk_run_state_has_succeeded(task->state);
        g_autofree char *files = has_succeeded ? list_to_delete(task->plan) : NULL;
        if (files != NULL) {
            g_string_append_printf(text,
                                   "; images removed from the chain of '%s' were not deleted: %s",
                                   task->plan->target, files);
        }
    }

    return g_string_free(text, FALSE);
}

char *
qblk_run_verify_describe_job(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    if (qblk_run_state_has_succeeded(task->failed_in)) {
        return g_strdup_printf(
            "the chain of '%s' was changed as planned, but a later step failed: ", plan->target);
    }

    if (qblk_run_state_is_committed(task->failed_in)) {
        return g_strdup_printf(
            "the chain of '%s' may have been changed, check it with 'qblk chain': ", plan->target);
    }

    if (g_error_matches(task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED)) {
        return g_strdup(""); /* the error itself says so */
    }

    if (!qblk_plan_has_job(plan)) {
        return g_strdup_printf("the %s of '%s' was neither completed nor rolled back: ", plan->kind,
                               plan->target);
    }
    if (task->job->state != NULL) {
        return g_strdup_printf("job '%s' was not ended, see 'qblk jobs': ", plan->job);
    }

    return g_strdup_printf("job '%s' may have been started, see 'qblk jobs': ", plan->job);
}
