/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover.h"

#include "blockjob/delete-images.h"
#include "blockjob/run.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/print/output.h"
#include "cli/vm.h"
#include "graph/qom.h"
#include "image/process.h"
#include "qmp/client.h"
#include "recover/recover-restart.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELD_START 22 /* of /proc/PID/stat, from 1: see proc(5) */
#define NO_UUID     "00000000-0000-0000-0000-000000000000"

void
qblk_recover_options(QblkInvocation *invocation, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &invocation->state_dir,
         "The directory of the journals", "DIRECTORY"},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

char *
qblk_recover_directory(const QblkInvocation *invocation)
{
    if (invocation->state_dir != NULL) {
        return g_canonicalize_filename(invocation->state_dir, NULL);
    }
    const char *home = g_getenv("XDG_STATE_HOME");
    if (home != NULL && home[0] == '/') {
        return g_build_filename(home, "qblk", NULL);
    }
    return geteuid() == 0 ? g_strdup("/var/lib/qblk")
                          : g_build_filename(g_get_home_dir(), ".local", "state", "qblk", NULL);
}

/* ---- which QEMU it is ---- */

static gint64
start_of(gint64 pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/stat", pid);
    g_autofree char *text = NULL;
    /* The name in brackets may have blanks and brackets in it. */
    const char *rest = g_file_get_contents(path, &text, NULL, NULL) ? strrchr(text, ')') : NULL;
    gint64 start = 0;
    if (rest != NULL) {
        g_auto(GStrv) fields = g_strsplit(rest + 1, " ", -1);
        guint at = FIELD_START - 2; /* the first one here is the third */
        if (g_strv_length(fields) > at) {
            (void)g_ascii_string_to_signed(fields[at], 10, 0, G_MAXINT64, &start, NULL);
        }
    }
    return start;
}

static char *
absolute_address(const char *address)
{
    if (g_str_has_prefix(address, "unix:")) {
        address += strlen("unix:");
    } else if (g_str_has_prefix(address, "tcp:") || g_str_has_prefix(address, "fd:")) {
        return g_strdup(address);
    }
    return g_canonicalize_filename(address, NULL);
}

/* A reply that may be missing: NULL without an error where QEMU does not have the command. */
static gboolean
ask(QblkClient *client, const char *command, QblkJson **reply, GError **error)
{
    g_autoptr(GError) cause = NULL;
    *reply = qblk_client_call(client, command, NULL, &cause);
    if (*reply == NULL && qblk_client_get_error(client) != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

/* A monitor that is reached over the network does not show its process, and one behind a relay that
 * of the relay.  Another QEMU has other threads; where there are no CPUs (-machine none, a storage
 * daemon) nothing tells. */
static gboolean
find_thread(QblkClient *client, gint64 *thread, GError **error)
{
    g_autoptr(QblkJson) cpus = NULL;
    if (!ask(client, "query-cpus-fast", &cpus, error)) {
        return FALSE;
    }
    (void)qblk_json_integer(qblk_json_get(qblk_json_at(cpus, 0), "thread-id"), thread);
    return TRUE;
}

gboolean
qblk_recover_identify(QblkClient *client, const char *address, QblkJournalVm *vm, GError **error)
{
    g_autoptr(QblkJson) uuid = NULL;
    /* A storage daemon does not have it. */
    if (!ask(client, "query-uuid", &uuid, error)) {
        return FALSE;
    }
    const char *text = qblk_json_get_string(uuid, "UUID");
    vm->address = absolute_address(address);
    vm->uuid = text == NULL || g_str_equal(text, NO_UUID) ? NULL : g_strdup(text);
    vm->pid = qblk_process_behind(qblk_client_get_fd(client));
    vm->start = vm->pid == 0 ? 0 : start_of(vm->pid);
    return find_thread(client, &vm->thread, error);
}

gboolean
qblk_recover_is_of(const QblkJournalRecord *record, const QblkJournalVm *vm)
{
    const QblkJournalVm *then = &record->vm;
    gboolean is_alive = then->pid != 0 && then->start != 0 && start_of(then->pid) == then->start;
    return qblk_journal_vm_is_of(then, vm, is_alive);
}

gboolean
qblk_recover_is_here(QblkClient *client, const QblkJournalRecord *record)
{
    gint64 pid = qblk_process_behind(qblk_client_get_fd(client));
    return qblk_vm_is_local(record->vm.address) &&
           qblk_delete_images_is_here(record->plan, pid, TRUE);
}

/* ---- taking up ---- */

static gboolean
resume_job(QblkClient *client, const QblkInvocation *invocation, const QblkJournalRecord *record,
           QblkJournal **journal, char **said, GError **error)
{
    const QblkPlan *plan = record->plan;
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    QblkRunEnd end;
    const QblkRunOptions run = {
        .snapshot = invocation->snapshot_options,
        .timeout_ms = invocation->timeout_ms,
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .is_local = qblk_recover_is_here(client, record),
        .journals = journal,
    };
    if (!qblk_run_resume(client, plan, record->stage, &run, &end, error)) {
        return FALSE;
    }
    const char *how = end == QBLK_RUN_ROLLED_BACK ? "taken back, the chain is as it was"
                      : plan->stays_ready         ? "its job is ready"
                                                  : "completed";
    *said = g_strdup_printf("%s of '%s', which was left while %s: %s", plan->kind, plan->target,
                            qblk_journal_stage_name(record->stage), how);
    return TRUE;
}

/* What helps where the VM is there and cannot be as it has to be. */
static void
add_way_out(const QblkJournalRecord *record, GError **error)
{
    const GPtrArray *before = record->plan->before;
    /* Before it was to change, the images do not tell more than a chain that was seen. */
    gboolean is_seen = g_error_matches(*error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT);
    gboolean is_asked = before->len > 0 && (record->stage >= QBLK_STAGE_PIVOTING || !is_seen);
    const QblkExpectation *top = is_asked ? before->pdata[0] : NULL;
    g_autofree char *ask =
        top == NULL ? NULL
                    : g_strdup_printf("ask 'qblk recover image:%s' with the guest stopped, or ",
                                      top->filename);
    GError *whole = g_error_new((*error)->domain, (*error)->code,
                                "%s; %sremove '%s' if nothing of it matters any more",
                                (*error)->message, ask == NULL ? "" : ask, record->path);
    g_clear_error(error);
    *error = whole;
}

static gboolean
fail_to_take_up(const QblkJournalRecord *record, GError **error)
{
    g_prefix_error(error,
                   "%s of '%s' was left unfinished, and cannot be taken up: ", record->plan->kind,
                   record->plan->target);
    if ((*error)->domain != QBLK_QMP_ERROR) {
        add_way_out(record, error);
    }
    return FALSE;
}

gboolean
qblk_recover_record(QblkClient *client, const QblkInvocation *invocation,
                    const QblkJournalRecord *record, const QblkJournalVm *vm, char **said,
                    GError **error)
{
    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    gboolean done = qblk_journal_vm_was_restarted(&record->vm, vm)
                        ? qblk_recover_restart(client, invocation, record, said, error)
                        : resume_job(client, invocation, record, &journal, said, error);
    if (journal != NULL && done) {
        qblk_journal_end(g_steal_pointer(&journal));
    }
    qblk_journal_leave(journal);
    return done || fail_to_take_up(record, error);
}

static void
record_free(gpointer data)
{
    qblk_journal_record_free(data);
}

/* The round before may have noted a stage of what it could not end. */
static void
read_again(GPtrArray *left, GPtrArray *owned)
{
    for (guint i = 0; i < left->len; i++) {
        const QblkJournalRecord *before = left->pdata[i];
        QblkJournalRecord *now = qblk_journal_read(before->path);
        if (now != NULL) { /* otherwise who takes it up is told that somebody else has */
            left->pdata[i] = now;
            g_ptr_array_add(owned, now);
        }
    }
}

gboolean
qblk_recover_each(const GPtrArray *records, QblkRecoverOne take_up, gpointer user_data,
                  GError **error)
{
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(record_free);
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    g_autoptr(GError) first = NULL;
    guint before;
    for (guint i = 0; i < records->len; i++) {
        g_ptr_array_add(left, records->pdata[i]);
    }
    do {
        before = left->len;
        g_clear_error(&first);
        if (left->len < records->len) {
            read_again(left, owned);
        }
        for (guint i = 0; i < left->len;) {
            g_autoptr(GError) cause = NULL;
            if (take_up(left->pdata[i], user_data, &cause)) {
                g_ptr_array_remove_index(left, i);
            } else {
                first = first == NULL ? g_steal_pointer(&cause) : first;
                i++;
            }
        }
    } while (left->len > 0 && left->len < before);
    if (first != NULL) {
        g_propagate_error(error, g_steal_pointer(&first));
    }
    return left->len == 0;
}

/* What leaves the job under way leaves its journal, too. */
static gboolean
is_told_only(const QblkJobOptions *options)
{
    return options->pause || options->resume || options->bandwidth != QBLK_INVOCATION_UNSET;
}

/* Whether the command is about the disk or the job of @record, in any of the ways to name them. */
static gboolean
is_of_disk(const QblkInvocation *invocation, const QblkJournalRecord *record)
{
    const QblkPlan *plan = record->plan;
    const char *name = invocation->count > 1 ? invocation->arguments[1] : NULL;
    const char *const names[] = {plan->target, plan->job, plan->qdev, plan->backend};
    for (gsize i = 0; name != NULL && i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(name, names[i]) == 0) {
            return TRUE;
        }
    }
    if (name == NULL || plan->qdev == NULL) {
        return FALSE;
    }
    g_autofree char *device = qblk_qom_path(plan->qdev); /* or a part of one: ID/virtio-backend */
    g_autofree char *path = qblk_qom_path(name);
    gsize length = strlen(path);
    return strncmp(device, path, length) == 0 && (device[length] == '/' || device[length] == '\0');
}

/* The user says what becomes of a job that may be under way.  What was not begun has no job yet. */
static gboolean
is_users_own(const QblkInvocation *invocation, const QblkJournalRecord *record)
{
    QblkStage begun = record->plan->existing_job ? QBLK_STAGE_PLANNED : QBLK_STAGE_STARTED;
    return g_str_equal(invocation->command->name, "job") && is_of_disk(invocation, record) &&
           record->stage >= begun && record->stage <= QBLK_STAGE_STARTED;
}

typedef struct {
    QblkClient *client;
    const QblkInvocation *invocation;
    const QblkJournalVm *vm;
    GError *own; /* why what was left on the disk that is meant cannot be taken up */
} Before;

static gboolean
end_users_own(const QblkInvocation *invocation, const QblkJournalRecord *record, GError **error)
{
    if (is_told_only(&invocation->job)) {
        return TRUE;
    }
    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal != NULL) {
        qblk_journal_end(journal);
    }
    return journal != NULL;
}

static gboolean
recover_own(Before *before, const QblkJournalRecord *record, GError **error)
{
    g_autofree char *said = NULL;
    if (is_users_own(before->invocation, record)) {
        return end_users_own(before->invocation, record, error);
    }
    if (!qblk_recover_record(before->client, before->invocation, record, before->vm, &said,
                             error)) {
        return FALSE;
    }
    g_autofree char *safe = qblk_output_escape(said);
    fprintf(stderr, "qblk: %s\n", safe);
    return TRUE;
}

static gboolean
recover_before(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    Before *before = user_data;
    /* Whoever begins another operation on that disk is refused. */
    if (record->error != NULL || record->is_busy || !qblk_recover_is_of(record, before->vm)) {
        return TRUE;
    }
    gboolean is_own = is_of_disk(before->invocation, record);
    g_autoptr(GError) cause = NULL;
    gboolean done = recover_own(before, record, &cause);
    if (is_own) {
        g_clear_error(&before->own);
        before->own = done ? NULL : g_error_copy(cause);
    }
    if (!done) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return done;
}

gboolean
qblk_recover_before(QblkClient *client, const QblkInvocation *invocation, const QblkJournalVm *vm,
                    GError **error)
{
    g_autofree char *directory = qblk_recover_directory(invocation);
    g_autoptr(GPtrArray) records = qblk_journal_list(directory, error);
    g_autoptr(GError) others = NULL;
    Before before = {client, invocation, vm, NULL};
    if (records == NULL) {
        (*error)->code = QBLK_BLOCKJOB_ERROR_FAILED; /* as where it cannot be written */
        return FALSE;
    }
    if (!qblk_recover_each(records, recover_before, &before, &others) && before.own == NULL) {
        qblk_output_warn(others->message); /* it is not in the way */
    }
    if (before.own != NULL) {
        g_propagate_error(error, before.own);
        return FALSE;
    }
    return TRUE;
}
