/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-watch.h"

#include <qblk/chain.h>
#include <string.h>

#define EVENT "QBLK_CHAIN_CHANGED"

/* The changes of one command, or of the end of a job, are read together. */
#define PAUSE_US (50 * 1000)

/* Reading takes at most this part of the time. */
#define PAUSE_FACTOR 10

/* Nodes cannot be read now: a job has to end first. */
#define RETRY_US G_USEC_PER_SEC

/* Events after which chains may be others. */
static const char *const event_prefixes[] = {"BLOCK_JOB_", "JOB_", "DEVICE_", "RESET", NULL};

/* ---- fingerprints ---- */

/* Returns: (transfer full): target -> fingerprint; NULL with an error if they cannot be read now */
static GHashTable *
read_fingerprints(const QblkLocalCall *call, GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = qblk_local_call_fetch(call, error);
    const char *reason = snapshot == NULL ? NULL : qblk_snapshot_get_no_nodes_reason(snapshot);
    if (reason != NULL) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, reason);
    }
    if (snapshot == NULL || reason != NULL) {
        return NULL;
    }

    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, targets[i], NULL);
        if (chain != NULL) { /* a drive without a medium has none */
            g_hash_table_insert(table, g_strdup(targets[i]),
                                g_strdup(qblk_chain_get_fingerprint(chain)));
        }
    }
    return table;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* Returns: (transfer container): the targets of both tables in order */
static GList *
all_targets(GHashTable *before, GHashTable *after)
{
    GList *targets = g_hash_table_get_keys(after);
    GHashTableIter at;
    gpointer target;
    g_hash_table_iter_init(&at, before);
    while (g_hash_table_iter_next(&at, &target, NULL)) {
        if (!g_hash_table_contains(after, target)) {
            targets = g_list_prepend(targets, target);
        }
    }
    return g_list_sort(targets, compare);
}

/* ---- events ---- */

static void
send_changes(const QblkLocal *local, GHashTable *before, GHashTable *after)
{
    g_autoptr(GList) targets = all_targets(before, after);
    for (const GList *at = targets; at != NULL; at = at->next) {
        const char *old = g_hash_table_lookup(before, at->data);
        const char *new = g_hash_table_lookup(after, at->data);
        if (g_strcmp0(old, new) == 0) {
            continue;
        }

        QblkJson *data = qblk_json_new_object();
        qblk_json_set_string(data, "disk", at->data);
        qblk_json_set_string(data, "old", old);
        qblk_json_set_string(data, "new", new);
        qblk_local_send_event(local, local->subscribers, EVENT, data);
    }
}

/* ---- the watcher ---- */

static gboolean
has_work(const QblkLocal *local, const QblkWorker *worker)
{
    return g_hash_table_size(local->subscribers) > 0 && !qblk_worker_is_canceled(worker);
}

/* Wait, also if further changes wake the worker. */
static void
pause_before_reading(const QblkLocal *local, QblkWorker *worker)
{
    gint64 deadline = MAX(local->next_read, g_get_monotonic_time() + PAUSE_US);
    while (has_work(local, worker) && g_get_monotonic_time() < deadline) {
        (void)qblk_worker_sleep(worker, deadline);
    }
}

static void
read_again(const QblkLocalCall *call)
{
    QblkLocal *local = call->local;
    gint64 begin = g_get_monotonic_time();
    local->is_changed = FALSE;
    GHashTable *fingerprints = read_fingerprints(call, NULL);
    gint64 end = g_get_monotonic_time();
    if (fingerprints == NULL || local->fingerprints == NULL) {
        g_clear_pointer(&fingerprints, g_hash_table_unref);
        local->is_changed = TRUE;
        local->next_read = end + RETRY_US;
        return;
    }

    send_changes(local, local->fingerprints, fingerprints);
    g_hash_table_unref(local->fingerprints);
    local->fingerprints = fingerprints;
    local->next_read = end + (end - begin) * PAUSE_FACTOR;
}

static void start_watcher(QblkLocal *local);

/* Its client lives as long as it reads: one that is not read from would be closed. */
static void
watch(QblkWorker *worker, gpointer user_data)
{
    QblkLocalCall *call = user_data;
    QblkLocal *local = call->local;
    call->worker = worker;
    local->watcher = worker;

    pause_before_reading(local, worker);
    if (has_work(local, worker)) {
        read_again(call);
    }

    local->watcher = NULL;
    if (has_work(local, worker)) {
        start_watcher(local);
    }
}

/* Start one if there is something to read. */
static void
start_watcher(QblkLocal *local)
{
    gboolean is_needed = local->is_changed && g_hash_table_size(local->subscribers) > 0;
    if (is_needed && local->watcher == NULL) {
        QblkLocalCall *call = g_new0(QblkLocalCall, 1);
        call->local = local;
        qblk_workers_start(local->workers, watch, call, g_free);
    }
}

void
qblk_local_watch_wake(QblkLocal *local)
{
    local->is_changed = TRUE;
    start_watcher(local);
}

/* ---- what happens ---- */

void
qblk_local_watch_event(QblkLocal *local, const QblkJson *event)
{
    const char *name = qblk_json_get_string(event, "event");
    for (gsize i = 0; name != NULL && event_prefixes[i] != NULL; i++) {
        if (g_str_has_prefix(name, event_prefixes[i])) {
            qblk_local_watch_wake(local);
            return;
        }
    }
}

/* ---- qblk-subscribe ---- */

static QblkJson *
fingerprints_json(GHashTable *fingerprints)
{
    QblkJson *disks = qblk_json_new_array();
    g_autoptr(GList) targets = g_list_sort(g_hash_table_get_keys(fingerprints), compare);
    for (const GList *at = targets; at != NULL; at = at->next) {
        QblkJson *disk = qblk_json_new_object();
        qblk_json_set_string(disk, "disk", at->data);
        qblk_json_set_string(disk, "fingerprint", g_hash_table_lookup(fingerprints, at->data));
        qblk_json_append(disks, disk);
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "disks", disks);
    return result;
}

/* The next event tells a change from those that other subscribers know already. */
QblkJson *
qblk_local_subscribe(QblkLocalCall *call, GError **error)
{
    QblkLocal *local = call->local;
    if (g_hash_table_size(local->subscribers) == 0) {
        g_clear_pointer(&local->fingerprints, g_hash_table_unref);
    }
    if (local->fingerprints == NULL) {
        g_autoptr(GHashTable) fingerprints = read_fingerprints(call, error);
        if (fingerprints == NULL) {
            return NULL;
        }
        if (local->fingerprints == NULL) { /* no other one was faster */
            local->fingerprints = g_steal_pointer(&fingerprints);
        }
    }

    QblkJson *result = fingerprints_json(local->fingerprints);
    QblkMuxClient *client = qblk_mux_request_client(call->request);
    qblk_local_call_return(call, result);
    if (client != NULL) {
        g_hash_table_add(local->subscribers, client);
        start_watcher(local);
    }
    return NULL;
}
