/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover.h"

#include "graph/qom.h"
#include "recover/chain-files.h"
#include "recover/recover-offline.h"

#include <string.h>

/* What each operation is resumed with. */
typedef struct {
    const QblkRecoverSettings *settings;
    QblkRecovery *recovery;  /* receives the results and journals, borrowed */
    QblkClient *client;      /* the VM that is meant, borrowed; NULL: each operation has its own */
    const QblkJournalVm *vm; /* likewise */
} Work;

/* TRUE if @result is one; it is added to the results. */
static gboolean
add_result(const Work *work, QblkRecoverResult *result)
{
    if (result != NULL) {
        g_ptr_array_add(work->recovery->results, result);
    }
    return result != NULL;
}

/* Add a result for a journal that another qblk works on.  One that cannot be read is an error. */
static gboolean
report_unavailable(const Work *work, const QblkJournalRecord *record, GError **error)
{
    if (record->error != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "it is not known if an operation was interrupted: %s; remove '%s' if its job "
                    "does not matter",
                    record->error->message, record->path);
        return FALSE;
    }
    return add_result(work, qblk_recover_result_new(record, QBLK_RECOVER_BUSY));
}

/* The caller has cancelled the recovery: what was not begun stays for another one. */
static gboolean
check_not_cancelled(const Work *work, const QblkJournalRecord *record, GError **error)
{
    const QblkRunOptions *run = work->settings->run;
    const QblkRunControl *control = run == NULL ? NULL : run->control;
    if (control == NULL || (control->stops == 0 && !control->is_abandoned)) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                "the interrupted %s of '%s' is not resumed: recovering was cancelled (journal: "
                "'%s')",
                record->plan->kind, record->plan->target, record->path);
    return FALSE;
}

/* Resume the operation of @record on @client, which is connected to @vm. */
static gboolean
recover_one(const Work *work, QblkClient *client, const QblkJournalVm *vm,
            const QblkJournalRecord *record, GError **error)
{
    return check_not_cancelled(work, record, error) &&
           add_result(work, qblk_recover_operation(client, work->settings, record, vm, error));
}

/* ---- one VM ---- */

static gboolean
recover_if_of_vm(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    const Work *work = user_data;
    gboolean is_of_vm = record->error != NULL ? qblk_journal_is_named_for(record->path, work->vm)
                                              : qblk_recover_is_of(record, work->vm);

    if (!is_of_vm) {
        return TRUE;
    }
    if (record->error != NULL || record->is_busy) {
        return report_unavailable(work, record, error);
    }
    return recover_one(work, work->client, work->vm, record, error);
}

/* ---- all VMs ---- */

/* The VM may have crashed: then its images tell more. */
static void
set_unreachable(const QblkJournalRecord *record, GError *cause, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *top = qblk_chain_files_active(plan->before);

    g_propagate_prefixed_error(
        error, cause,
        "the interrupted %s of '%s' cannot be resumed (if its QEMU has ended, use 'qblk recover "
        "image:%s'): ",
        plan->kind, plan->target, top == NULL ? "IMAGE" : top);
}

static gboolean
recover_at_address(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    const Work *work = user_data;
    QblkJournalVm vm = {0};
    GError *cause = NULL;

    if (record->error != NULL || record->is_busy) {
        return report_unavailable(work, record, error);
    }

    if (!check_not_cancelled(work, record, error)) {
        return FALSE;
    }

    if (qblk_recover_offline_is(record)) {
        return recover_one(work, NULL, NULL, record, error);
    }

    int timeout_ms = work->settings->options->timeout_ms;
    const QblkWaiter *waiter = work->settings->waiter;
    g_autoptr(QblkClient) client = qblk_recover_connect(record, timeout_ms, waiter, &vm, &cause);
    gboolean done = FALSE;
    if (client == NULL) {
        set_unreachable(record, cause, error);
    } else {
        done = recover_one(work, client, &vm, record, error);
    }
    qblk_journal_vm_clear(&vm);
    return done;
}

/* ---- before a disk is changed ---- */

/* TRUE if @name is the QOM path @qdev or the beginning of it, each absolute or without the
 * directory of devices: ID, or ID/virtio-backend. */
static gboolean
is_part_of_qdev(const char *qdev, const char *name)
{
    g_autofree char *device = qblk_qom_path(qdev);
    g_autofree char *path = qblk_qom_path(name);
    gsize length = strlen(path);

    if (strncmp(device, path, length) != 0) {
        return FALSE;
    }
    return device[length] == '/' || device[length] == '\0';
}

/* TRUE if the command is about the disk or the job of @record, in any of the ways to name them. */
static gboolean
is_of_disk(const Work *work, const QblkJournalRecord *record)
{
    const QblkPlan *plan = record->plan;
    const char *const names[] = {plan->target, plan->job, plan->qdev, plan->backend};
    const char *disk = work->settings->options->disk;
    if (qblk_journal_vm_get_image(work->vm) != NULL) {
        return TRUE; /* an image has one disk, which need not be named */
    }
    if (disk == NULL) {
        return FALSE;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(disk, names[i]) == 0) {
            return TRUE;
        }
    }
    return plan->qdev != NULL && is_part_of_qdev(plan->qdev, disk);
}

static QblkRecoverPurpose
get_purpose(const Work *work)
{
    return work->settings->options->purpose;
}

/* TRUE if the user decides what becomes of the job of @record.  An operation that was only planned
 * has no job, unless it is about one that existed before. */
static gboolean
is_managed_by_user(const Work *work, const QblkJournalRecord *record)
{
    QblkStage first = record->plan->existing_job ? QBLK_STAGE_PLANNED : QBLK_STAGE_STARTED;

    if (get_purpose(work) == QBLK_RECOVER_FOR_NEW_JOB) {
        return FALSE;
    }
    return record->stage >= first && record->stage <= QBLK_STAGE_STARTED;
}

/* The journal ends once the user's request is accepted, unless the job stays. */
static gboolean
hand_over_to_user(const Work *work, const QblkJournalRecord *record, GError **error)
{
    if (get_purpose(work) == QBLK_RECOVER_FOR_SETTING || work->settings->options->dry_run) {
        return TRUE;
    }

    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    qblk_recovery_hand_over(work->recovery, journal, record);
    return TRUE;
}

/* TRUE if the caller is about to change an image without its QEMU, which an operation of @record in
 * a QEMU may have changed as well. */
static gboolean
is_of_qemu_with_image(const Work *work, const QblkJournalRecord *record)
{
    const char *image = qblk_journal_vm_get_image(work->vm);
    return image != NULL && !qblk_recover_offline_is(record) &&
           qblk_recover_offline_names(record, image);
}

static gboolean
refuse_without_qemu(const Work *work, const QblkJournalRecord *record, GError **error)
{
    const char *image = qblk_journal_vm_get_image(work->vm);
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "the %s of '%s' in '%s' was interrupted, and may have changed this image: run "
                "'qblk recover image:%s' first",
                record->plan->kind, record->plan->target, record->vm.address, image);
    return FALSE;
}

/* Like recover_if_of_vm(), but a journal that is not available blocks the start of a job on its own
 * disk only, where it is reported. */
static gboolean
recover_before_change(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    Work *work = user_data;
    if (record->error != NULL || record->is_busy) {
        return TRUE;
    }

    gboolean has_qemu = is_of_qemu_with_image(work, record);
    if (!has_qemu && !qblk_recover_is_of(record, work->vm)) {
        return TRUE;
    }

    GError *cause = NULL;
    gboolean is_left = !check_not_cancelled(work, record, &cause);
    gboolean is_of_this_disk = is_of_disk(work, record);
    gboolean done = FALSE;
    if (!is_left && has_qemu) {
        done = refuse_without_qemu(work, record, &cause);
    } else if (!is_left && is_of_this_disk && is_managed_by_user(work, record)) {
        done = hand_over_to_user(work, record, &cause);
    } else if (!is_left) {
        done = recover_one(work, work->client, work->vm, record, &cause);
    }

    if (is_of_this_disk || is_left) {
        g_clear_error(&work->recovery->error);
        work->recovery->error = done ? NULL : g_error_copy(cause);
    }
    if (!done) {
        g_propagate_error(error, cause);
    }
    return done;
}

/* ---- all of it ---- */

/* The first failure is in the way of the caller; before a change, only that of the disk. */
static void
recover_records(const GPtrArray *records, Work *work)
{
    QblkRecovery *recovery = work->recovery;

    if (work->vm != NULL && get_purpose(work) != QBLK_RECOVER_FOR_VM) {
        (void)qblk_recover_each(records, recover_before_change, work, recovery->results);
        return;
    }

    QblkRecoverFunction function = work->vm == NULL ? recover_at_address : recover_if_of_vm;
    if (!qblk_recover_each(records, function, work, recovery->results)) {
        recovery->error = g_error_copy(qblk_recover_results_error(recovery->results));
    }
}

/* @asked: (out) (nullable): the VM of the client of @work, which is not asked for if there is no
 * journal that could be of it */
static QblkRecovery *
recover(Work *work, QblkJournalVm *asked, const QblkRecoverOptions *options,
        QblkRecoverSettings *settings, GError **error)
{
    g_autoptr(QblkRecoverOptions) copy = qblk_recover_options_copy(options);
    g_autofree char *directory = qblk_recover_options_directory(copy);
    g_autoptr(GPtrArray) records = qblk_journal_list(directory, error);
    if (records == NULL) {
        return NULL;
    }
    if (asked != NULL && records->len > 0 && !qblk_recover_identify(work->client, asked, error)) {
        return NULL;
    }

    settings->options = copy;
    settings->directory = directory;
    settings->keeps_events = work->vm != NULL;
    work->settings = settings;
    work->recovery = qblk_recovery_new();
    recover_records(records, work);
    qblk_recovery_seal(work->recovery);
    return work->recovery;
}

QblkRecovery *
qblk_recover_run_on(QblkClient *client, const QblkJournalVm *vm, const QblkRecoverOptions *options,
                    const QblkRunOptions *run, GError **error)
{
    QblkRecoverSettings settings = {.run = run};
    Work work = {.client = client, .vm = vm};
    return recover(&work, NULL, options, &settings, error);
}

QblkRecovery *
qblk_recover_run(QblkClient *client, const QblkRecoverOptions *options, const QblkRunOptions *run,
                 const QblkWaiter *waiter, GError **error)
{
    if (client == NULL) {
        QblkRecoverSettings settings = {.run = run, .waiter = waiter};
        Work work = {.client = NULL};
        return recover(&work, NULL, options, &settings, error);
    }

    QblkJournalVm vm = {0};
    QblkRecoverSettings settings = {.run = run};
    Work work = {.client = client, .vm = &vm};
    QblkRecovery *recovery = recover(&work, &vm, options, &settings, error);
    qblk_journal_vm_clear(&vm);
    return recovery;
}

static QblkRecovery *
recover_on(QblkClient *client, const QblkRecoverOptions *options, GError **error)
{
    if (!qblk_recover_begin(client, error)) {
        return NULL;
    }

    QblkRecovery *recovery = qblk_recover_run(client, options, NULL, NULL, error);
    qblk_recover_end(client);
    return recovery;
}

QblkRecovery *
qblk_recover_vm(QblkClient *client, QblkRecoverOptions *options, GError **error)
{
    return recover_on(client, options, error);
}

QblkRecovery *
qblk_recover_all(QblkRecoverOptions *options, GError **error)
{
    return qblk_recover_run(NULL, options, NULL, NULL, error);
}

QblkRecovery *
qblk_recover_before(QblkClient *client, const char *disk, QblkRecoverPurpose purpose,
                    QblkRecoverOptions *options, GError **error)
{
    g_autoptr(QblkRecoverOptions) copy = qblk_recover_options_copy(options);

    qblk_recover_options_set_purpose(copy, purpose, disk);
    return recover_on(client, copy, error);
}
