/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local.h"

#include "bridge/local-change.h"
#include "bridge/local-left.h"
#include "bridge/local-operation.h"
#include "bridge/local-query.h"
#include "bridge/local-run.h"
#include "bridge/local-table.h"
#include "bridge/local-watch.h"
#include "image/process.h"

/* ---- the table ---- */

#define READS   TRUE
#define CHANGES FALSE

/* clang-format off */
const QblkLocalCommand qblk_local_commands[] = {
    {"qblk-query-chains", READS, FALSE, qblk_local_members_disk, sizeof(QblkLocalDisk),
     qblk_local_query_chains},
    {"qblk-resolve", READS, FALSE, qblk_local_members_layer, sizeof(QblkLocalLayer),
     qblk_local_resolve},
    {"qblk-query-xml", READS, FALSE, qblk_local_members_disk, sizeof(QblkLocalDisk),
     qblk_local_query_xml},
    {"qblk-check", READS, FALSE, qblk_local_members_disk, sizeof(QblkLocalDisk),
     qblk_local_check},
    {"qblk-plan", CHANGES, FALSE, NULL, sizeof(QblkLocalChange), qblk_local_plan},
    {"qblk-commit", CHANGES, FALSE, qblk_local_members_commit, sizeof(QblkLocalChange),
     qblk_local_change},
    {"qblk-pull", CHANGES, FALSE, qblk_local_members_pull, sizeof(QblkLocalChange),
     qblk_local_change},
    {"qblk-copy", CHANGES, FALSE, qblk_local_members_copy, sizeof(QblkLocalChange),
     qblk_local_change},
    {"qblk-snapshot", CHANGES, FALSE, qblk_local_members_snapshot, sizeof(QblkLocalChange),
     qblk_local_change},
    {"qblk-recover", CHANGES, FALSE, qblk_local_members_recover, sizeof(QblkLocalRecover),
     qblk_local_recover},
    {"qblk-query-operations", READS, TRUE, qblk_local_members_none, 1,
     qblk_local_query_operations},
    {"qblk-cancel", CHANGES, TRUE, qblk_local_members_cancel, sizeof(QblkLocalCancel),
     qblk_local_cancel},
    {"qblk-subscribe", READS, FALSE, qblk_local_members_none, 1, qblk_local_subscribe},
    {"qblk-query-peer", READS, TRUE, qblk_local_members_none, 1, qblk_local_query_peer},
    {NULL},
};
/* clang-format on */

static const char *const names[] = {
    "qblk-query-chains",     "qblk-resolve", "qblk-query-xml", "qblk-check",      "qblk-plan",
    "qblk-commit",           "qblk-pull",    "qblk-copy",      "qblk-snapshot",   "qblk-recover",
    "qblk-query-operations", "qblk-cancel",  "qblk-subscribe", "qblk-query-peer", NULL,
};

const char *const *
qblk_local_get_commands(void)
{
    return names;
}

static const QblkLocalCommand *
find_command(const char *name)
{
    for (const QblkLocalCommand *command = qblk_local_commands; command->name != NULL; command++) {
        if (g_str_equal(command->name, name)) {
            return command;
        }
    }
    return NULL;
}

/* ---- the object ---- */

/* The journals are read by other processes, in other directories. */
static QblkAddress *
make_absolute(const QblkAddress *address)
{
    g_autofree char *text = qblk_address_to_absolute(address);
    QblkAddress *absolute = qblk_address_parse(text, NULL);
    return absolute != NULL ? absolute : qblk_address_ref(address);
}

QblkLocal *
qblk_local_new(QblkMux *mux, QblkWorkers *workers, const QblkLocalSettings *settings)
{
    QblkLocal *local = g_new0(QblkLocal, 1);
    local->mux = mux;
    local->workers = workers;
    local->address = make_absolute(settings->address);
    local->state_directory = g_strdup(settings->state_directory);
    if (settings->snapshot_options != NULL) {
        local->snapshot_options = qblk_snapshot_options_ref(settings->snapshot_options);
    }
    g_queue_init(&local->operations);
    local->subscribers = g_hash_table_new(NULL, NULL);
    return local;
}

void
qblk_local_free(QblkLocal *local)
{
    if (local == NULL) {
        return;
    }

    g_queue_clear_full(&local->operations, qblk_local_operation_free);
    g_hash_table_unref(local->subscribers);
    g_clear_pointer(&local->fingerprints, g_hash_table_unref);
    qblk_snapshot_options_unref(local->snapshot_options);
    qblk_address_unref(local->address);
    g_free(local->full);
    g_free(local->state_directory);
    g_free(local);
}

void
qblk_local_set_full(QblkLocal *local, const char *path)
{
    g_free(local->full);
    local->full = path == NULL ? NULL : g_canonicalize_filename(path, NULL);
}

void
qblk_local_connected(QblkLocal *local, int fd)
{
    local->pid = qblk_address_is_local(local->address) ? qblk_process_behind(fd, NULL) : 0;
    local->start = local->pid == 0 ? 0 : qblk_process_start(local->pid);
}

void
qblk_local_disconnected(QblkLocal *local)
{
    local->pid = 0;
    local->start = 0;
    g_hash_table_remove_all(local->subscribers);
    g_clear_pointer(&local->fingerprints, g_hash_table_unref);
}

/* ---- calls ---- */

static void
call_free(gpointer data)
{
    QblkLocalCall *call = data;
    if (call->command->members != NULL) {
        qblk_local_arguments_clear(call->command->members, call->arguments);
    }
    g_free(call->arguments);
    g_free(call);
}

static void
refuse(QblkLocalCall *call, const GError *error)
{
    qblk_mux_request_refuse(g_steal_pointer(&call->request), qblk_local_error_class(error),
                            error->message);
}

static void
run_call(QblkLocalCall *call)
{
    g_autoptr(GError) error = NULL;
    QblkJson *value = call->command->execute(call, &error);

    if (call->request == NULL) {
        return;
    }
    if (value != NULL) {
        qblk_local_call_return(call, value);
    } else {
        refuse(call, error);
    }
}

static void
run_in_worker(QblkWorker *worker, gpointer user_data)
{
    QblkLocalCall *call = user_data;
    call->worker = worker;
    run_call(call);
}

gboolean
qblk_local_execute(QblkLocal *local, QblkMuxRequest *request)
{
    const QblkLocalCommand *command = find_command(qblk_mux_request_command(request));
    if (command == NULL) {
        return FALSE;
    }

    g_autoptr(GError) error = NULL;
    QblkLocalCall *call = g_new0(QblkLocalCall, 1);
    call->local = local;
    call->request = request;
    call->command = command;
    call->arguments = g_malloc0(command->size);

    gboolean is_read = command->members == NULL ||
                       qblk_local_arguments_read(qblk_mux_request_arguments(request),
                                                 command->members, call->arguments, &error);
    if (is_read && !command->is_immediate) {
        qblk_workers_start(local->workers, run_in_worker, call, call_free);
        return TRUE;
    }

    if (is_read) {
        run_call(call);
    } else {
        refuse(call, error);
    }
    call_free(call);
    return TRUE;
}

void
qblk_local_forget_client(QblkLocal *local, const QblkMuxClient *client)
{
    g_hash_table_remove(local->subscribers, client);
}

void
qblk_local_event(QblkLocal *local, const QblkJson *event)
{
    qblk_local_watch_event(local, event);
}

void
qblk_local_changed(QblkLocal *local, const char *command)
{
    qblk_local_watch_wake(local);
}

guint
qblk_local_count_operations(const QblkLocal *local)
{
    return qblk_local_operation_count(local);
}

void
qblk_local_interrupt(QblkLocal *local, gboolean qemu_ends)
{
    qblk_local_left_mark(local, qemu_ends);
}

char *
qblk_local_take_left(QblkLocal *local)
{
    return qblk_local_left_take(local);
}
