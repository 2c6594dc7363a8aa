/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-changes.h"

#include "cli/watch-guest.h"

struct QblkWatchChanges {
    const char *const *disks; /* borrowed, or NULL */
    char *state, *status;     /* owned: the last ones that were reported, or NULL */
    GHashTable *chains;       /* target -> fingerprint, "" without a chain, both owned */
    GHashTable *jobs;         /* id -> the last text, both owned */
};

static GHashTable *
new_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

QblkWatchChanges *
qblk_watch_changes_new(const char *const *disks)
{
    QblkWatchChanges *changes = g_new0(QblkWatchChanges, 1);
    changes->disks = disks;
    changes->chains = new_table();
    changes->jobs = new_table();
    return changes;
}

void
qblk_watch_changes_free(QblkWatchChanges *changes)
{
    g_free(changes->state);
    g_free(changes->status);
    g_hash_table_unref(changes->chains);
    g_hash_table_unref(changes->jobs);
    g_free(changes);
}

/* ---- the state ---- */

/* Take @text as what @known is from now on.  Returns: (nullable): a copy, if it is another one */
static char *
note(char **known, char *text)
{
    gboolean is_same = g_strcmp0(*known, text) == 0;
    g_free(*known);
    *known = text;
    return is_same ? NULL : g_strdup(text);
}

char *
qblk_watch_changes_state(QblkWatchChanges *changes, const QblkWatch *watch)
{
    g_autofree char *problem = qblk_watch_problem_text(watch);
    switch (qblk_watch_get_state(watch)) {
    case QBLK_WATCH_STATE_CONNECTING: /* each attempt of many */
        return NULL;
    case QBLK_WATCH_STATE_CONNECTED:
        return note(&changes->state, g_strdup(problem == NULL ? "connected" : problem));
    case QBLK_WATCH_STATE_SILENT:
    case QBLK_WATCH_STATE_LOST:
    case QBLK_WATCH_STATE_ENDED:
        break;
    }
    return note(&changes->state, g_steal_pointer(&problem));
}

/* ---- chains ---- */

static char *
describe_chain(const QblkChain *chain, gboolean is_known)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const char *file = top == NULL ? NULL : qblk_layer_get_filename(top);
    g_autofree char *text = qblk_watch_chain_text(chain);
    g_autofree char *where = file == NULL ? g_strdup("") : g_strdup_printf(": %s", file);
    return g_strdup_printf(is_known ? "%s: the chain has changed: %s%s" : "%s: %s%s",
                           qblk_chain_get_target(chain), text, where);
}

static void
add_chain(QblkWatchChanges *changes, const QblkSnapshot *snapshot, const char *target,
          GPtrArray *texts)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &error);
    const char *known = g_hash_table_lookup(changes->chains, target);
    const char *fingerprint = chain == NULL ? "" : qblk_chain_get_fingerprint(chain);
    if (g_strcmp0(known, fingerprint) == 0) {
        return;
    }

    g_ptr_array_add(texts, chain == NULL ? g_strdup_printf("%s: %s", target, error->message)
                                         : describe_chain(chain, known != NULL));
    g_hash_table_insert(changes->chains, g_strdup(target), g_strdup(fingerprint));
}

static void
add_removed(QblkWatchChanges *changes, const QblkSnapshot *snapshot, GPtrArray *texts)
{
    GHashTableIter at;
    gpointer target;
    g_hash_table_iter_init(&at, changes->chains);
    while (g_hash_table_iter_next(&at, &target, NULL)) {
        if (!g_strv_contains(qblk_snapshot_get_targets(snapshot), target)) {
            g_ptr_array_add(texts, g_strdup_printf("%s: the disk is gone", (const char *)target));
            g_hash_table_iter_remove(&at);
        }
    }
}

GPtrArray *
qblk_watch_changes_snapshot(QblkWatchChanges *changes, const QblkWatch *watch)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    char *status = note(&changes->status, qblk_watch_status_text(watch));
    if (status != NULL) {
        g_ptr_array_add(texts, status);
    }

    const char *reason = qblk_snapshot_get_no_nodes_reason(snapshot);
    if (reason != NULL) { /* the chains are as before, as far as anyone can know */
        g_ptr_array_add(texts, g_strdup(reason));
        return texts;
    }
    for (guint i = 0; targets[i] != NULL; i++) {
        if (qblk_watch_guest_shows(changes->disks, snapshot, targets[i])) {
            add_chain(changes, snapshot, targets[i], texts);
        }
    }
    add_removed(changes, snapshot, texts);
    return texts;
}

/* ---- jobs ---- */

GPtrArray *
qblk_watch_changes_jobs(QblkWatchChanges *changes, const QblkWatch *watch)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    const QblkSnapshot *jobs = qblk_watch_get_jobs(watch);
    GHashTable *old = changes->jobs;
    changes->jobs = new_table();

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(jobs); i++) {
        const QblkJob *job = qblk_snapshot_get_job(jobs, i);
        const char *id = qblk_job_get_id(job);
        char *text = qblk_watch_job_text(job);
        gboolean is_followed = qblk_watch_guest_shows(
            changes->disks, qblk_watch_get_snapshot(watch), qblk_job_get_target(job));
        if (is_followed && g_strcmp0(g_hash_table_lookup(old, id), text) != 0) {
            g_ptr_array_add(texts, g_strdup(text));
        }
        g_hash_table_insert(changes->jobs, g_strdup(id), text);
    }
    g_hash_table_unref(old);
    return texts;
}

/* ---- events ---- */

char *
qblk_watch_changes_event(const QblkWatchChanges *changes, const QblkWatch *watch,
                         const QblkWatchEvent *event)
{
    const char *target = qblk_watch_event_get_target(event);
    const char *text = qblk_watch_event_get_text(event);
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    gboolean is_followed = target == NULL || snapshot == NULL ||
                           qblk_watch_guest_shows(changes->disks, snapshot, target);
    if (!is_followed) {
        return NULL;
    }
    return target == NULL ? g_strdup(text) : g_strdup_printf("%s: %s", target, text);
}
