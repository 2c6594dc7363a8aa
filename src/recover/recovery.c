/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recovery.h"

#include "base/const-cast.h"
#include "recover/recover-vm.h"

/* The journal of a job that the caller ends. */
typedef struct {
    QblkJournal *journal; /* owned */
    QblkJournalVm vm;     /* owned: as in the journal */
    char *target, *job;   /* owned: of its plan */
} HandedOver;

static void
free_handed_over(gpointer data)
{
    HandedOver *entry = data;
    qblk_journal_leave(entry->journal);
    qblk_journal_vm_clear(&entry->vm);
    g_free(entry->target);
    g_free(entry->job);
    g_free(entry);
}

QblkRecovery *
qblk_recovery_new(void)
{
    QblkRecovery *recovery = g_new0(QblkRecovery, 1);
    g_atomic_ref_count_init(&recovery->references);
    recovery->results = qblk_recover_results_new();
    recovery->journals = g_ptr_array_new_with_free_func(free_handed_over);
    return recovery;
}

QblkRecovery *
qblk_recovery_ref(QblkRecovery *recovery)
{
    g_atomic_ref_count_inc(&recovery->references);
    return recovery;
}

void
qblk_recovery_unref(QblkRecovery *recovery)
{
    if (recovery == NULL || !g_atomic_ref_count_dec(&recovery->references)) {
        return;
    }
    g_ptr_array_unref(recovery->results);
    g_ptr_array_unref(recovery->journals);
    g_clear_error(&recovery->error);
    g_free(recovery);
}

/* ---- results ---- */

void
qblk_recovery_seal(QblkRecovery *recovery)
{
    for (guint i = 0; i < recovery->results->len; i++) {
        QblkRecoverResult *result = recovery->results->pdata[i];
        result->recovery = recovery;
    }
}

QblkRecoverResult *
qblk_recover_result_ref(const QblkRecoverResult *result)
{
    (void)qblk_recovery_ref(result->recovery);
    return qblk_const_cast(result);
}

/* One that does not belong to a recovery yet is owned by its maker. */
void
qblk_recover_result_unref(QblkRecoverResult *result)
{
    if (result == NULL) {
        return;
    }
    if (result->recovery == NULL) {
        qblk_recover_result_free(result);
    } else {
        qblk_recovery_unref(result->recovery);
    }
}

guint
qblk_recovery_get_n_results(const QblkRecovery *recovery)
{
    return recovery->results->len;
}

const QblkRecoverResult *
qblk_recovery_get_result(const QblkRecovery *recovery, guint index)
{
    return index < recovery->results->len ? recovery->results->pdata[index] : NULL;
}

gboolean
qblk_recovery_propagate_error(const QblkRecovery *recovery, GError **error)
{
    if (recovery->error != NULL) {
        g_propagate_error(error, g_error_copy(recovery->error));
    }
    return recovery->error == NULL;
}

QblkJson *
qblk_recovery_json_new(const QblkRecovery *recovery)
{
    QblkJson *operations = qblk_json_new_array();
    for (guint i = 0; i < recovery->results->len; i++) {
        qblk_json_append(operations, qblk_recover_result_json_new(recovery->results->pdata[i]));
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set(object, "operations", operations);
    return object;
}

char *
qblk_recovery_to_json(const QblkRecovery *recovery)
{
    g_autoptr(QblkJson) json = qblk_recovery_json_new(recovery);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}

/* ---- journals ---- */

void
qblk_recovery_hand_over(QblkRecovery *recovery, QblkJournal *journal,
                        const QblkJournalRecord *record)
{
    HandedOver *entry = g_new0(HandedOver, 1);
    entry->journal = journal;
    entry->vm = record->vm;
    entry->vm.address = g_strdup(record->vm.address);
    entry->vm.uuid = g_strdup(record->vm.uuid);
    entry->vm.name = g_strdup(record->vm.name);
    entry->target = g_strdup(record->plan->target);
    entry->job = g_strdup(record->plan->job);
    g_ptr_array_add(recovery->journals, entry);
}

guint
qblk_recovery_count_journals(const QblkRecovery *recovery)
{
    return recovery == NULL ? 0 : recovery->journals->len;
}

QblkJournal *
qblk_recovery_begin_journal(QblkRecovery *recovery, const char *directory, const QblkJournalVm *vm,
                            const QblkPlan *plan, GError **error)
{
    GPtrArray *journals = recovery == NULL ? NULL : recovery->journals;

    for (guint i = 0; journals != NULL && i < journals->len; i++) {
        HandedOver *entry = journals->pdata[i];
        if (!qblk_journal_is_of(entry->journal, vm, plan)) {
            continue;
        }
        QblkJournal *journal = qblk_journal_replace(entry->journal, vm, plan, error);
        if (journal != NULL) {
            entry->journal = NULL; /* the new one has taken it */
            g_ptr_array_remove_index(journals, i);
        }
        return journal;
    }
    return qblk_journal_begin(directory, vm, plan, error);
}

/* A monitor that shows less of its process makes other names of files for the same VM, and a plan
 * for a job that no longer has a disk has the name of the job as its disk. */
static gboolean
is_of_plan(const HandedOver *entry, const QblkJournalVm *vm, const QblkPlan *plan)
{
    gboolean is_same =
        g_str_equal(entry->target, plan->target) || g_strcmp0(entry->job, plan->job) == 0;
    return is_same && qblk_recover_is_of_vm(&entry->vm, vm);
}

void
qblk_recovery_end_journals(QblkRecovery *recovery, const QblkJournalVm *vm, const QblkPlan *plan)
{
    for (guint i = qblk_recovery_count_journals(recovery); i > 0; i--) {
        HandedOver *entry = recovery->journals->pdata[i - 1];
        if (is_of_plan(entry, vm, plan)) {
            qblk_journal_end(g_steal_pointer(&entry->journal));
            g_ptr_array_remove_index(recovery->journals, i - 1);
        }
    }
}
