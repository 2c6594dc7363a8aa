/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-offline.h"

#include "base/limits.h"
#include "blockjob/delete-created.h"
#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "image/lock-holder.h"
#include "image/process.h"
#include "recover/chain-files.h"

#include <errno.h>
#include <signal.h>

#define PAUSE_MS      10
#define DAEMON_END_MS 10000 /* that it may take to close its images */

/* ---- which operation ---- */

gboolean
qblk_recover_offline_is(const QblkJournalRecord *record)
{
    return record->error == NULL && qblk_journal_vm_get_image(&record->vm) != NULL;
}

static const QblkExpectation *
active_layer(const GPtrArray *layers)
{
    return layers->len == 0 ? NULL : layers->pdata[0];
}

gboolean
qblk_recover_offline_names(const QblkJournalRecord *record, const char *path)
{
    const QblkPlan *plan = record->plan;
    const char *copy = qblk_image_verdict_copy_of(plan);

    return qblk_chain_files_is(active_layer(plan->before), path) ||
           qblk_chain_files_is(active_layer(plan->after), path) ||
           (copy != NULL && qblk_file_identity_is_one(copy, path));
}

gboolean
qblk_recover_offline_is_of(const QblkJournalRecord *record, const char *path)
{
    QblkJournalVm vm = {0};
    if (!qblk_recover_offline_is(record)) {
        return FALSE;
    }

    qblk_journal_vm_set_image(&vm, path);
    gboolean is_same = g_str_equal(vm.address, record->vm.address);
    qblk_journal_vm_clear(&vm);
    return is_same || qblk_recover_offline_names(record, path);
}

/* ---- other processes ---- */

/* TRUE if the daemon of @vm still runs, whose qblk has ended. */
static gboolean
is_daemon_left(const QblkJournalVm *vm)
{
    return vm->pid > 1 && vm->start != 0 && qblk_process_start(vm->pid) == vm->start;
}

/* Wait until no process has the image @path locked.  FALSE if the time is over.
 * @vm: (nullable): wait only as long as its daemon runs */
static gboolean
wait_until_free(const char *path, const QblkJournalVm *vm, guint time_ms, const QblkWaiter *waiter)
{
    for (guint i = 0; i < time_ms / PAUSE_MS; i++) {
        struct pollfd nothing = {.fd = -1};
        if (!qblk_lock_holder_is_any(path)) {
            return TRUE;
        }
        if (vm != NULL && !is_daemon_left(vm)) {
            return FALSE;
        }
        if (qblk_waiter_poll(waiter, &nothing, PAUSE_MS) == -ECANCELED) {
            return FALSE;
        }
    }
    return FALSE;
}

static gboolean
make_free(const char *path, const QblkJournalVm *vm, const QblkWaiter *waiter, gboolean may_kill)
{
    if (wait_until_free(path, vm, DAEMON_END_MS, waiter)) {
        return TRUE;
    }
    if (is_daemon_left(vm) && !may_kill) {
        return TRUE; /* it would be killed */
    }
    if (is_daemon_left(vm)) {
        (void)kill((pid_t)vm->pid, SIGKILL);
    }
    return wait_until_free(path, NULL, QBLK_LIMIT_PROCESS_END_MS, waiter);
}

static gboolean
check_is_free(const GPtrArray *layers, const QblkJournalVm *vm, const QblkWaiter *waiter,
              gboolean may_kill, GError **error)
{
    const char *path = qblk_chain_files_active(layers);
    gboolean is_free = path == NULL || make_free(path, vm, waiter, may_kill);
    g_autofree char *holders = is_free ? NULL : qblk_lock_holder_all(path);

    if (holders != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' is in use by %s: try again when it has closed the image", path, holders);
    }
    return holders == NULL;
}

gboolean
qblk_recover_offline_check_free(const QblkJournalRecord *record, const QblkWaiter *waiter,
                                gboolean may_kill, GError **error)
{
    return check_is_free(record->plan->before, &record->vm, waiter, may_kill, error) &&
           check_is_free(record->plan->after, &record->vm, waiter, may_kill, error);
}

/* ---- completing and rolling back ---- */

static gboolean
is_completed(const QblkImageVerdict *verdict)
{
    return verdict->is_moved || verdict->reason == QBLK_VERDICT_CHAIN_AFTER;
}

static gboolean
exists(const char *path)
{
    return path != NULL && g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean
complete(const QblkPlan *plan, const QblkImageVerdict *verdict, const char *directory,
         GError **problem, GError **error)
{
    (void)!qblk_delete_images_delete(plan, problem);
    qblk_merged_mark_clear_result(plan, directory);
    if (!verdict->is_moved) {
        return TRUE;
    }

    /* Without a guest, the source of a copy has all data as well. */
    QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    qblk_merged_mark_remove(qblk_merged_mark_path(plan->after->pdata[0]), directory);
    if (!exists(images.image)) {
        qblk_merged_mark_remove(images.image, directory);
        return TRUE;
    }

    /* It was not written since, and no process has it open. */
    g_auto(QblkOldTop) old = {0};
    if (qblk_old_top_read(&old, images.image, TRUE)) {
        images.old = &old;
    }
    return qblk_merged_mark_write(&images, directory, TRUE, error);
}

static gboolean
roll_back(const QblkPlan *plan, QblkImageVerdict *verdict, const char *directory, GError **problem,
          GError **error)
{
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    qblk_merged_mark_remove(images.image, directory);

    g_autofree char *kept = qblk_delete_created_delete(plan, 0, TRUE);
    if (verdict->incomplete != NULL && !exists(verdict->incomplete)) {
        g_clear_pointer(&verdict->incomplete, g_free);
    }
    if (verdict->incomplete != NULL) {
        return qblk_merged_mark_write_partial(plan, directory, error);
    }
    if (kept != NULL) {
        g_set_error(problem, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "it was rolled back, but %s", kept);
    }
    return TRUE;
}

gboolean
qblk_recover_offline_settle(const QblkJournalRecord *record, QblkImageVerdict *verdict,
                            const char *directory, GError **problem, GError **error)
{
    gboolean done = is_completed(verdict)
                        ? complete(record->plan, verdict, directory, problem, error)
                        : roll_back(record->plan, verdict, directory, problem, error);

    qblk_image_verdict_drop_deleted(verdict);
    return done;
}

/* ---- the result ---- */

/* The image that is open here is no longer the active one: what is planned for its chain would
 * be planned for an image without the newest data. */
static gboolean
check_opened(const QblkJournalRecord *record, const QblkImageVerdict *verdict, const char *opened,
             GError **error)
{
    const QblkExpectation *old = active_layer(record->plan->before);

    if (opened == NULL || !verdict->is_moved || !qblk_chain_files_is(old, opened)) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "the %s is complete, and '%s' has all data: run 'qblk recover image:%s', and use "
                "'image:%s' afterwards",
                record->plan->kind, verdict->boot, opened, verdict->boot);
    return FALSE;
}

static QblkRecoverResult *
result_of(const QblkJournalRecord *record, const QblkImageVerdict *verdict, gboolean dry_run)
{
    const QblkPlan *plan = record->plan;
    gboolean completes = is_completed(verdict);
    if (!dry_run) {
        return qblk_recover_result_new(record, completes ? QBLK_RECOVER_COMPLETED
                                                         : QBLK_RECOVER_ROLLED_BACK);
    }

    QblkRecoverResult *result = qblk_recover_result_new(
        record, completes ? QBLK_RECOVER_WOULD_COMPLETE : QBLK_RECOVER_WOULD_ROLL_BACK);
    result->found = completes ? QBLK_RUN_CHAIN_AFTER : QBLK_RUN_CHAIN_BEFORE;
    if (record->stage == QBLK_STAGE_PLANNED) {
        result->found = QBLK_RUN_NOT_STARTED;
    }
    if (verdict->is_moved) {
        result->old_top = g_strdup(qblk_chain_files_active(plan->before));
        result->new_top = g_strdup(qblk_chain_files_active(plan->after));
    }
    return result;
}

QblkRecoverResult *
qblk_recover_offline(const QblkRecoverOfflineSettings *settings, const QblkJournalRecord *record,
                     gboolean *is_over, GError **error)
{
    const char *top = qblk_chain_files_active(record->plan->before);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(settings->directory);
    *is_over = FALSE;
    if (settings->opened == NULL &&
        !qblk_recover_offline_check_free(record, settings->waiter, !settings->dry_run, error)) {
        return NULL;
    }

    g_autoptr(QblkImageVerdict) verdict = qblk_image_verdict_of_record(record, top, marks, error);
    if (verdict == NULL || !check_opened(record, verdict, settings->opened, error)) {
        return NULL;
    }
    if (settings->dry_run) {
        return result_of(record, verdict, TRUE);
    }

    g_autoptr(GError) problem = NULL;
    if (!qblk_recover_offline_settle(record, verdict, settings->directory, &problem, error)) {
        return NULL;
    }
    *is_over = TRUE;
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    return result_of(record, verdict, FALSE);
}
