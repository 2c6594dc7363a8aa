/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover.h"

#include "graph/qom.h"
#include "recover/chain-files.h"

#include <string.h>

/* What each operation is resumed with. */
typedef struct {
    const QblkRecoverOptions *options;
    GPtrArray *results;      /* of QblkRecoverResult, borrowed */
    QblkClient *client;      /* the VM that is meant, borrowed; NULL: each operation has its own */
    const QblkJournalVm *vm; /* likewise */

    const char *disk; /* that a command is about to change, or NULL */
    QblkRecoverPurpose purpose;
    GError *disk_error;     /* why the operation of that disk cannot be resumed, owned */
    GPtrArray *handed_over; /* of QblkJournal: of operations that the user ends */
} Recovery;

/* TRUE if @result is one; it is added to the results. */
static gboolean
add_result(const Recovery *recovery, QblkRecoverResult *result)
{
    if (result != NULL) {
        g_ptr_array_add(recovery->results, result);
    }
    return result != NULL;
}

/* Add a result for a journal that another qblk works on.  One that cannot be read is an error. */
static gboolean
report_unavailable(const Recovery *recovery, const QblkJournalRecord *record, GError **error)
{
    if (record->error != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "it is not known if an operation was interrupted: %s; remove '%s' if its job "
                    "does not matter",
                    record->error->message, record->path);
        return FALSE;
    }
    return add_result(recovery, qblk_recover_result_new(record, QBLK_RECOVER_BUSY));
}

/* Return the error of the first failure, if there is one. */
static gboolean
return_results(const GPtrArray *results, gboolean done, GError **error)
{
    if (!done) {
        g_propagate_error(error, g_error_copy(qblk_recover_results_error(results)));
    }
    return done;
}

/* ---- one VM ---- */

static gboolean
recover_if_of_vm(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    const Recovery *recovery = user_data;
    gboolean is_of_vm = record->error != NULL
                            ? qblk_journal_is_named_for(record->path, recovery->vm)
                            : qblk_recover_is_of(record, recovery->vm);

    if (!is_of_vm) {
        return TRUE;
    }
    if (record->error != NULL || record->is_busy) {
        return report_unavailable(recovery, record, error);
    }
    return add_result(recovery, qblk_recover_operation(recovery->client, recovery->options, record,
                                                       recovery->vm, error));
}

gboolean
qblk_recover_vm(QblkClient *client, const QblkJournalVm *vm, const QblkRecoverOptions *options,
                GPtrArray *results, GError **error)
{
    g_autoptr(GPtrArray) records = qblk_journal_list(options->directory, error);
    if (records == NULL) {
        return FALSE;
    }

    Recovery recovery = {.options = options, .results = results, .client = client, .vm = vm};
    gboolean done = qblk_recover_each(records, recover_if_of_vm, &recovery, results);
    return return_results(results, done, error);
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
    const Recovery *recovery = user_data;
    QblkJournalVm vm = {0};
    GError *cause = NULL;

    if (record->error != NULL || record->is_busy) {
        return report_unavailable(recovery, record, error);
    }

    int timeout_ms = recovery->options->timeout_ms;
    g_autoptr(QblkClient) client = qblk_recover_connect(record, timeout_ms, &vm, &cause);
    gboolean done = FALSE;
    if (client == NULL) {
        set_unreachable(record, cause, error);
    } else {
        done = add_result(recovery,
                          qblk_recover_operation(client, recovery->options, record, &vm, error));
    }
    qblk_journal_vm_clear(&vm);
    return done;
}

gboolean
qblk_recover_all(const QblkRecoverOptions *options, GPtrArray *results, GError **error)
{
    g_autoptr(GPtrArray) records = qblk_journal_list(options->directory, error);
    if (records == NULL) {
        return FALSE;
    }

    Recovery recovery = {.options = options, .results = results};
    gboolean done = qblk_recover_each(records, recover_at_address, &recovery, results);
    return return_results(results, done, error);
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
is_of_disk(const Recovery *recovery, const QblkJournalRecord *record)
{
    const QblkPlan *plan = record->plan;
    const char *const names[] = {plan->target, plan->job, plan->qdev, plan->backend};
    const char *disk = recovery->disk;
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

/* TRUE if the user decides what becomes of the job of @record.  An operation that was only planned
 * has no job, unless it is about one that existed before. */
static gboolean
is_managed_by_user(const Recovery *recovery, const QblkJournalRecord *record)
{
    QblkStage first = record->plan->existing_job ? QBLK_STAGE_PLANNED : QBLK_STAGE_STARTED;

    if (recovery->purpose == QBLK_RECOVER_FOR_NEW_JOB) {
        return FALSE;
    }
    return record->stage >= first && record->stage <= QBLK_STAGE_STARTED;
}

/* The journal ends once the user's request is accepted, unless the job stays. */
static gboolean
hand_over_to_user(const Recovery *recovery, const QblkJournalRecord *record, GError **error)
{
    if (recovery->purpose == QBLK_RECOVER_FOR_SETTING || recovery->options->dry_run) {
        return TRUE;
    }

    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    g_ptr_array_add(recovery->handed_over, journal);
    return TRUE;
}

GPtrArray *
qblk_recover_handed_over_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)qblk_journal_leave);
}

void
qblk_recover_end_handed_over(GPtrArray *handed_over)
{
    while (handed_over->len > 0) {
        qblk_journal_end(g_ptr_array_steal_index(handed_over, 0));
    }
}

/* Like recover_if_of_vm(), but a journal that is not available blocks the start of a job on its own
 * disk only, where it is reported. */
static gboolean
recover_before_change(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    Recovery *recovery = user_data;
    if (record->error != NULL || record->is_busy || !qblk_recover_is_of(record, recovery->vm)) {
        return TRUE;
    }

    gboolean is_of_this_disk = is_of_disk(recovery, record);
    GError *cause = NULL;
    gboolean done = FALSE;
    if (is_of_this_disk && is_managed_by_user(recovery, record)) {
        done = hand_over_to_user(recovery, record, &cause);
    } else {
        done = add_result(recovery, qblk_recover_operation(recovery->client, recovery->options,
                                                           record, recovery->vm, &cause));
    }

    if (is_of_this_disk) {
        g_clear_error(&recovery->disk_error);
        recovery->disk_error = done ? NULL : g_error_copy(cause);
    }
    if (!done) {
        g_propagate_error(error, cause);
    }
    return done;
}

gboolean
qblk_recover_before(QblkClient *client, const QblkJournalVm *vm, const char *disk,
                    QblkRecoverPurpose purpose, const QblkRecoverOptions *options,
                    GPtrArray *results, GPtrArray *handed_over, GError **error)
{
    g_autoptr(GPtrArray) records = qblk_journal_list(options->directory, error);
    if (records == NULL) {
        return FALSE;
    }

    Recovery recovery = {
        .options = options,
        .results = results,
        .client = client,
        .vm = vm,
        .disk = disk,
        .purpose = purpose,
        .handed_over = handed_over,
    };
    (void)qblk_recover_each(records, recover_before_change, &recovery, results);
    if (recovery.disk_error != NULL) {
        g_propagate_error(error, recovery.disk_error);
        return FALSE;
    }
    return TRUE;
}
