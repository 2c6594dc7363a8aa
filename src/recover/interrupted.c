/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/interrupted.h"

#include "base/const-cast.h"
#include "recover/chain-files.h"
#include "recover/state-directory.h"

/* ---- the list ---- */

QblkInterruptedList *
qblk_recover_list(const char *state_directory, GError **error)
{
    g_autofree char *directory = qblk_state_directory_get(state_directory);
    GPtrArray *records = qblk_journal_list(directory, error);
    if (records == NULL) {
        return NULL;
    }

    QblkInterruptedList *list = g_new0(QblkInterruptedList, 1);
    g_atomic_ref_count_init(&list->references);
    list->records = records;
    list->operations = g_new0(QblkInterrupted, records->len);
    for (guint i = 0; i < records->len; i++) {
        list->operations[i] = (QblkInterrupted){.list = list, .record = records->pdata[i]};
    }
    return list;
}

QblkInterruptedList *
qblk_interrupted_list_ref(QblkInterruptedList *list)
{
    g_atomic_ref_count_inc(&list->references);
    return list;
}

void
qblk_interrupted_list_unref(QblkInterruptedList *list)
{
    if (list == NULL || !g_atomic_ref_count_dec(&list->references)) {
        return;
    }
    g_ptr_array_unref(list->records);
    g_free(list->operations);
    g_free(list);
}

guint
qblk_interrupted_list_get_n_operations(const QblkInterruptedList *list)
{
    return list->records->len;
}

const QblkInterrupted *
qblk_interrupted_list_get_operation(const QblkInterruptedList *list, guint index)
{
    return index < list->records->len ? &list->operations[index] : NULL;
}

/* ---- an operation ---- */

QblkInterrupted *
qblk_interrupted_ref(const QblkInterrupted *interrupted)
{
    (void)qblk_interrupted_list_ref(interrupted->list);
    return qblk_const_cast(interrupted);
}

void
qblk_interrupted_unref(QblkInterrupted *interrupted)
{
    if (interrupted != NULL) {
        qblk_interrupted_list_unref(interrupted->list);
    }
}

const char *
qblk_interrupted_get_journal(const QblkInterrupted *interrupted)
{
    return interrupted->record->path;
}

const GError *
qblk_interrupted_get_error(const QblkInterrupted *interrupted)
{
    return interrupted->record->error;
}

gboolean
qblk_interrupted_is_busy(const QblkInterrupted *interrupted)
{
    return interrupted->record->is_busy;
}

const char *
qblk_interrupted_get_vm(const QblkInterrupted *interrupted)
{
    return interrupted->record->vm.address;
}

/* NULL: the journal cannot be read. */
static const QblkPlan *
get_plan(const QblkInterrupted *interrupted)
{
    return interrupted->record->plan;
}

const char *
qblk_interrupted_get_kind(const QblkInterrupted *interrupted)
{
    const QblkPlan *plan = get_plan(interrupted);
    return plan == NULL ? NULL : plan->kind;
}

const char *
qblk_interrupted_get_target(const QblkInterrupted *interrupted)
{
    const QblkPlan *plan = get_plan(interrupted);
    return plan == NULL ? NULL : plan->target;
}

QblkStage
qblk_interrupted_get_stage(const QblkInterrupted *interrupted)
{
    return interrupted->record->stage;
}

const char *
qblk_interrupted_get_job(const QblkInterrupted *interrupted)
{
    const QblkPlan *plan = get_plan(interrupted);
    return plan == NULL ? NULL : plan->job;
}

gint64
qblk_interrupted_get_changed(const QblkInterrupted *interrupted)
{
    return interrupted->record->changed;
}

const char *
qblk_interrupted_get_old_top(const QblkInterrupted *interrupted)
{
    const QblkPlan *plan = get_plan(interrupted);
    return plan == NULL ? NULL : qblk_chain_files_active(plan->before);
}

const char *
qblk_interrupted_get_new_top(const QblkInterrupted *interrupted)
{
    const QblkPlan *plan = get_plan(interrupted);
    return plan == NULL ? NULL : qblk_chain_files_active(plan->after);
}

/* ---- JSON ---- */

static QblkJson *
operation_json_new(const QblkInterrupted *interrupted)
{
    const GError *error = qblk_interrupted_get_error(interrupted);
    gint64 changed = qblk_interrupted_get_changed(interrupted);
    const char *stage =
        error == NULL ? qblk_stage_name(qblk_interrupted_get_stage(interrupted)) : NULL;
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "journal", qblk_interrupted_get_journal(interrupted));
    qblk_json_set_string(object, "vm", qblk_interrupted_get_vm(interrupted));
    qblk_json_set_string(object, "kind", qblk_interrupted_get_kind(interrupted));
    qblk_json_set_string(object, "target", qblk_interrupted_get_target(interrupted));
    qblk_json_set_string(object, "stage", stage);
    qblk_json_set_string(object, "job", qblk_interrupted_get_job(interrupted));
    if (changed == QBLK_UNKNOWN) {
        qblk_json_set_string(object, "changed", NULL);
    } else {
        qblk_json_set_integer(object, "changed", changed);
    }
    qblk_json_set_boolean(object, "busy", qblk_interrupted_is_busy(interrupted));
    qblk_json_set_string(object, "old-top", qblk_interrupted_get_old_top(interrupted));
    qblk_json_set_string(object, "new-top", qblk_interrupted_get_new_top(interrupted));
    qblk_json_set_string(object, "error", error == NULL ? NULL : error->message);
    return object;
}

QblkJson *
qblk_interrupted_list_json_new(const QblkInterruptedList *list)
{
    QblkJson *operations = qblk_json_new_array();
    for (guint i = 0; i < list->records->len; i++) {
        qblk_json_append(operations, operation_json_new(&list->operations[i]));
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set(object, "operations", operations);
    return object;
}

char *
qblk_interrupted_list_to_json(const QblkInterruptedList *list)
{
    g_autoptr(QblkJson) json = qblk_interrupted_list_json_new(list);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
