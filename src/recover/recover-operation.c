/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-operation.h"

#include "image/bridge-peer.h"
#include "recover/chain-files.h"
#include "recover/recover-offline.h"
#include "recover/recover-restart.h"
#include "recover/recover-vm.h"

static QblkRecoverOutcome
outcome_of(const QblkPlan *plan, QblkRunState end)
{
    if (end == QBLK_RUN_ROLLED_BACK) {
        return QBLK_RECOVER_ROLLED_BACK;
    }
    return plan->stays_ready ? QBLK_RECOVER_READY : QBLK_RECOVER_COMPLETED;
}

static QblkRunOptions
run_options_of(const QblkRecoverSettings *settings)
{
    QblkRunOptions run = {0};

    if (settings->run != NULL) {
        run = *settings->run;
    }
    run.snapshot = settings->options->snapshot;
    run.timeout_ms = settings->options->timeout_ms;
    run.keeps_events = settings->keeps_events;
    return run;
}

static QblkRecoverResult *
resume_job(QblkClient *client, const QblkRecoverSettings *settings, const QblkJournalRecord *record,
           QblkJournal **journal, GError **error)
{
    QblkRunOptions run = run_options_of(settings);
    QblkRunState end = QBLK_RUN_COMPLETED;
    if (!qblk_bridge_peer_check_access(client, error)) {
        return NULL;
    }

    run.is_local = qblk_recover_is_local(client, record);
    run.state_dir = settings->directory;
    run.journals = journal;

    gboolean done = qblk_run_resume(client, record->plan, record->stage, &run, &end, error);
    return done ? qblk_recover_result_new(record, outcome_of(record->plan, end)) : NULL;
}

/* What resume_job() would do. */
static QblkRecoverResult *
preview_job(QblkClient *client, const QblkRecoverSettings *settings,
            const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    const QblkRunOptions run = run_options_of(settings);
    g_auto(QblkRunPreview) preview = {0};
    if (!qblk_run_resume_preview(client, plan, record->stage, &run, &preview, error)) {
        return NULL;
    }

    gboolean completes = preview.end == QBLK_RUN_COMPLETED;
    QblkRecoverResult *result = qblk_recover_result_new(
        record, completes ? QBLK_RECOVER_WOULD_COMPLETE : QBLK_RECOVER_WOULD_ROLL_BACK);
    result->found = preview.event;
    result->job_state = g_steal_pointer(&preview.job_state);
    if (completes && !plan->stays_ready && qblk_plan_moves_top(plan)) {
        result->old_top = g_strdup(qblk_chain_files_active(plan->before));
        result->new_top = g_strdup(qblk_chain_files_active(plan->after));
    }
    return result;
}

/* The image that tells what became of the operation, NULL if it would tell no more than QEMU. */
static const char *
image_to_ask(const QblkJournalRecord *record, const GError *cause)
{
    gboolean is_seen = g_error_matches(cause, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT);

    /* The chain was seen, and it was not to change yet. */
    if (is_seen && record->stage < QBLK_STAGE_PIVOTING) {
        return NULL;
    }
    return qblk_chain_files_active(record->plan->before);
}

/* Return @cause in an error that names the operation, and what the user can do.  @is_over: its
 * journal has ended. */
static void
set_not_resumed(const QblkJournalRecord *record, gboolean is_over, const GError *cause,
                GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *image = image_to_ask(record, cause);

    if (qblk_recover_offline_is(record)) {
        g_set_error(error, cause->domain, cause->code,
                    is_over ? "the interrupted %s of '%s' has ended: %s"
                            : "the interrupted %s of '%s' is not recovered: %s",
                    plan->kind, qblk_journal_vm_get_image(&record->vm), cause->message);
    } else if (is_over) {
        g_set_error(error, cause->domain, cause->code, "the interrupted %s of '%s' has ended: %s",
                    plan->kind, plan->target, cause->message);
    } else if (g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED) && image != NULL) {
        g_set_error(error, cause->domain, cause->code,
                    "the interrupted %s of '%s' cannot be resumed: %s; use 'qblk recover image:%s'",
                    plan->kind, plan->target, cause->message, image);
    } else if (cause->domain == QBLK_QMP_ERROR) {
        g_set_error(error, cause->domain, cause->code,
                    "the interrupted %s of '%s' cannot be resumed: %s", plan->kind, plan->target,
                    cause->message);
    } else if (image != NULL) {
        g_set_error(
            error, cause->domain, cause->code,
            "the interrupted %s of '%s' cannot be resumed: %s; stop the guest and use 'qblk "
            "recover image:%s', or remove the journal '%s' if the job does not matter",
            plan->kind, plan->target, cause->message, image, record->path);
    } else {
        g_set_error(error, cause->domain, cause->code,
                    "the interrupted %s of '%s' cannot be resumed: %s; remove the journal '%s' if "
                    "the job does not matter",
                    plan->kind, plan->target, cause->message, record->path);
    }
}

/* @vm: (nullable): of the caller: an image that it has open */
static QblkRecoverResult *
recover_offline(const QblkRecoverSettings *settings, const QblkJournalRecord *record,
                const QblkJournalVm *vm, QblkJournal **journal, GError **error)
{
    const QblkRecoverOfflineSettings offline = {
        .directory = settings->directory,
        .opened = vm == NULL ? NULL : qblk_journal_vm_get_image(vm),
        .waiter = settings->waiter,
        .dry_run = settings->options->dry_run,
    };
    gboolean is_over;
    QblkRecoverResult *result = qblk_recover_offline(&offline, record, &is_over, error);

    if (is_over && result == NULL) {
        qblk_journal_end(g_steal_pointer(journal));
    }
    return result;
}

QblkRecoverResult *
qblk_recover_operation(QblkClient *client, const QblkRecoverSettings *settings,
                       const QblkJournalRecord *record, const QblkJournalVm *vm, GError **error)
{
    const QblkRecoverOptions *options = settings->options;
    g_autoptr(GError) cause = NULL;
    QblkRecoverResult *result = NULL;
    g_autoptr(QblkJournal) journal = options->dry_run ? NULL : qblk_journal_resume(record, error);
    if (journal == NULL && !options->dry_run) {
        return NULL;
    }

    if (qblk_recover_offline_is(record)) {
        result = recover_offline(settings, record, vm, &journal, &cause);
    } else if (qblk_journal_vm_was_restarted(&record->vm, vm)) {
        const char *state_dir = options->dry_run ? NULL : settings->directory;
        result = qblk_recover_restart(client, options->snapshot, state_dir, record, &cause);
    } else if (options->dry_run) {
        result = preview_job(client, settings, record, &cause);
    } else {
        result = resume_job(client, settings, record, &journal, &cause);
    }

    if (result == NULL) {
        set_not_resumed(record, journal == NULL && !options->dry_run, cause, error);
    } else if (journal != NULL) {
        qblk_journal_end(g_steal_pointer(&journal));
    }
    return result;
}

/* ---- several operations ---- */

static void
free_record(gpointer data)
{
    qblk_journal_record_free(data);
}

static void
free_error(gpointer data)
{
    g_error_free(data);
}

/* The operations that are left, and why each could not be resumed. */
typedef struct {
    GPtrArray *records; /* of QblkJournalRecord, borrowed */
    GPtrArray *errors;  /* of GError, owned, in the same order */
    GPtrArray *owned;   /* of QblkJournalRecord: those that were read again */
} Pending;

static void
pending_init(Pending *pending, const GPtrArray *records)
{
    pending->records = g_ptr_array_new();
    pending->errors = g_ptr_array_new_with_free_func(free_error);
    pending->owned = g_ptr_array_new_with_free_func(free_record);
    for (guint i = 0; i < records->len; i++) {
        g_ptr_array_add(pending->records, records->pdata[i]);
    }
}

static void
pending_clear(Pending *pending)
{
    g_ptr_array_unref(pending->records);
    g_ptr_array_unref(pending->errors);
    g_ptr_array_unref(pending->owned);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pending, pending_clear)

/* The round before may have noted a stage of an operation that it could not end. */
static void
read_again(Pending *pending)
{
    for (guint i = 0; i < pending->records->len; i++) {
        const QblkJournalRecord *before = pending->records->pdata[i];
        QblkJournalRecord *now = qblk_journal_read(before->path);
        if (now != NULL) { /* if it is gone, resuming it fails: another qblk has */
            pending->records->pdata[i] = now;
            g_ptr_array_add(pending->owned, now);
        }
    }
}

/* Try each one once. */
static void
try_pending(Pending *pending, QblkRecoverFunction function, gpointer user_data)
{
    g_ptr_array_set_size(pending->errors, 0);
    for (guint i = 0; i < pending->records->len;) {
        GError *cause = NULL;
        if (function(pending->records->pdata[i], user_data, &cause)) {
            g_ptr_array_remove_index(pending->records, i);
        } else {
            g_ptr_array_add(pending->errors, cause);
            i++;
        }
    }
}

/* Nothing is begun again after that. */
static gboolean
was_cancelled(const Pending *pending)
{
    for (guint i = 0; i < pending->errors->len; i++) {
        if (g_error_matches(pending->errors->pdata[i], QBLK_BLOCKJOB_ERROR,
                            QBLK_BLOCKJOB_ERROR_CANCELLED)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_recover_each(const GPtrArray *records, QblkRecoverFunction function, gpointer user_data,
                  GPtrArray *results)
{
    g_auto(Pending) pending = {0};
    pending_init(&pending, records);

    guint before = pending.records->len;
    try_pending(&pending, function, user_data);
    while (pending.records->len > 0 && pending.records->len < before && !was_cancelled(&pending)) {
        before = pending.records->len;
        read_again(&pending);
        try_pending(&pending, function, user_data);
    }

    for (guint i = 0; i < pending.records->len; i++) {
        QblkRecoverResult *result =
            qblk_recover_result_new(pending.records->pdata[i], QBLK_RECOVER_FAILED);
        result->error = g_error_copy(pending.errors->pdata[i]);
        g_ptr_array_add(results, result);
    }
    return pending.records->len == 0;
}
