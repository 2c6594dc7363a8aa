/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/print/output.h"
#include "cli/vm.h"
#include "qmp/client.h"
#include "recover/recover-image.h"
#include "recover/recover.h"

#include <stdio.h>
#include <string.h>

#define IMAGE "image:"

/* What became of each operation, and the VM that is meant, if one is. */
typedef struct {
    QblkJson *list;
    QblkInvocation *invocation;
    QblkClient *client;
    QblkJournalVm vm;
} Report;

static void
report(const Report *to, const QblkJournalRecord *record, const char *said)
{
    QblkJson *entry = qblk_json_new_object();
    qblk_json_set_string(entry, "kind", record->plan->kind);
    qblk_json_set_string(entry, "target", record->plan->target);
    qblk_json_set_string(entry, "vm", record->vm.address);
    qblk_json_set_string(entry, "stage", qblk_journal_stage_name(record->stage));
    qblk_json_set_string(entry, "end", said);
    qblk_json_append(to->list, entry);
    if (!to->invocation->output.json) {
        g_autofree char *safe = qblk_output_escape(said);
        qblk_output_print(&to->invocation->output, "%s\n", safe);
    }
}

static gboolean
recover_one(const Report *to, const QblkJournalRecord *record, QblkClient *client,
            const QblkJournalVm *vm, GError **error)
{
    g_autofree char *said = NULL;
    if (!qblk_recover_record(client, to->invocation, record, vm, &said, error)) {
        return FALSE;
    }
    report(to, record, said);
    return TRUE;
}

/* What keeps @record from being looked at: TRUE where that was said, FALSE with an error. */
static gboolean
pass_over(const Report *to, const QblkJournalRecord *record, GError **error)
{
    if (record->error != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "what was left unfinished is not known: %s; remove '%s' if nothing of it "
                    "matters any more",
                    record->error->message, record->path);
        return FALSE;
    }
    g_autofree char *said = g_strdup_printf("%s of '%s': another qblk works on it right now",
                                            record->plan->kind, record->plan->target);
    report(to, record, said);
    return TRUE;
}

static gboolean
recover_if_of_vm(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    Report *to = user_data;
    gboolean is_of = record->error != NULL ? qblk_journal_is_named_for(record->path, &to->vm)
                                           : qblk_recover_is_of(record, &to->vm);
    if (is_of && (record->error != NULL || record->is_busy)) {
        return pass_over(to, record, error);
    }
    return !is_of || recover_one(to, record, to->client, &to->vm, error);
}

/* All that was left on one VM. */
static gboolean
recover_vm(Report *to, const GPtrArray *records, GError **error)
{
    QblkInvocation *invocation = to->invocation;
    to->client = qblk_vm_connect(invocation, error);
    gboolean done = to->client != NULL;
    if (done) {
        qblk_vm_log(to->client, invocation);
        done = qblk_recover_identify(to->client, invocation->arguments[0], &to->vm, error) &&
               qblk_recover_each(records, recover_if_of_vm, to, error);
    }
    qblk_journal_vm_clear(&to->vm);
    g_clear_pointer(&to->client, qblk_client_free);
    return done;
}

static gboolean
fail_other(const QblkJournalRecord *record, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "another VM answers at '%s' now",
                record->vm.address);
    return FALSE;
}

/* Where the VM is reached that @record is of. */
static gboolean
recover_there(const Report *to, const QblkJournalRecord *record, GError **error)
{
    QblkInvocation *invocation = to->invocation;
    QblkJournalVm vm = {0};
    g_autoptr(GError) cause = NULL;
    QblkClient *client = qblk_client_connect(record->vm.address, invocation->timeout_ms, &cause);
    gboolean is_reached = client != NULL &&
                          qblk_recover_identify(client, record->vm.address, &vm, &cause) &&
                          (qblk_recover_is_of(record, &vm) || fail_other(record, &cause));
    gboolean done = is_reached && recover_one(to, record, client, &vm, error);
    /* It may have crashed; its images tell more. */
    if (!is_reached) {
        const GPtrArray *before = record->plan->before;
        const QblkExpectation *top = before->len == 0 ? NULL : before->pdata[0];
        g_propagate_prefixed_error(
            error, g_steal_pointer(&cause),
            "%s of '%s' was left unfinished, and its VM cannot be reached; if it has ended say "
            "'qblk recover image:%s': ",
            record->plan->kind, record->plan->target, top == NULL ? "IMAGE" : top->filename);
    }
    qblk_journal_vm_clear(&vm);
    g_clear_pointer(&client, qblk_client_free);
    return done;
}

static gboolean
recover_anywhere(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    return record->error != NULL || record->is_busy ? pass_over(user_data, record, error)
                                                    : recover_there(user_data, record, error);
}

/* Where the command fails nothing is printed, and once a journal is gone nobody says it again. */
static void
tell_settled(const QblkJson *list)
{
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        const char *said = qblk_json_get_string(qblk_json_at(list, i), "end");
        g_autofree char *safe = qblk_output_escape(said);
        fprintf(stderr, "qblk: %s\n", safe);
    }
}

gboolean
qblk_cmd_recover(QblkInvocation *invocation, GError **error)
{
    const char *name = invocation->count == 0 ? NULL : invocation->arguments[0];
    if (name != NULL && g_str_has_prefix(name, IMAGE)) {
        return qblk_recover_image(invocation, name + strlen(IMAGE), error);
    }
    g_autofree char *directory = qblk_recover_directory(invocation);
    g_autoptr(GPtrArray) records = qblk_journal_list(directory, error);
    g_autoptr(QblkJson) list = qblk_json_new_array();
    Report to = {.list = list, .invocation = invocation};
    gboolean done = records != NULL;
    if (done) {
        done = name != NULL ? recover_vm(&to, records, error)
                            : qblk_recover_each(records, recover_anywhere, &to, error);
    }
    if (!done) {
        tell_settled(list);
    } else if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "operations", qblk_json_ref(list));
        qblk_output_json(&invocation->output, result);
    } else if (qblk_json_length(list) == 0) {
        qblk_output_print(&invocation->output, "nothing was left unfinished\n");
    }
    return done;
}
