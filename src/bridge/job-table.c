/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/job-table.h"

typedef struct {
    gboolean replaces_nothing; /* a mirror that was seen to start without `replaces` */
    gboolean is_completed;
} Job;

struct QblkJobTable {
    GHashTable *jobs; /* owned: id -> Job */
    GHashTable *next; /* owned: id -> whether the mirror that is about to start has `replaces` */
    gboolean is_complete; /* it has all jobs */
    guint64 events;
};

QblkJobTable *
qblk_job_table_new(void)
{
    QblkJobTable *table = g_new0(QblkJobTable, 1);
    table->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    table->next = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return table;
}

void
qblk_job_table_free(QblkJobTable *table)
{
    if (table == NULL) {
        return;
    }
    g_hash_table_unref(table->jobs);
    g_hash_table_unref(table->next);
    g_free(table);
}

static Job *
add_job(QblkJobTable *table, const char *id)
{
    Job *job = g_hash_table_lookup(table->jobs, id);
    if (job == NULL) {
        job = g_new0(Job, 1);
        g_hash_table_insert(table->jobs, g_strdup(id), job);
    }
    return job;
}

/* A job has been created: the one that was announced, if that was accepted. */
static void
begin_job(QblkJobTable *table, const char *id)
{
    gpointer replaces = NULL;
    g_hash_table_remove(table->jobs, id);
    Job *job = add_job(table, id);
    if (g_hash_table_lookup_extended(table->next, id, NULL, &replaces)) {
        job->replaces_nothing = !GPOINTER_TO_INT(replaces);
        g_hash_table_remove(table->next, id);
    }
}

void
qblk_job_table_event(QblkJobTable *table, const QblkJson *event)
{
    const QblkJson *data = qblk_json_get(event, "data");
    const char *id = qblk_json_get_string(data, "id");
    const char *status = qblk_json_get_string(data, "status");
    if (g_strcmp0(qblk_json_get_string(event, "event"), "JOB_STATUS_CHANGE") != 0 || id == NULL ||
        status == NULL) {
        return;
    }

    table->events++;
    if (g_str_equal(status, "null")) {
        g_hash_table_remove(table->jobs, id);
    } else if (g_str_equal(status, "created")) {
        begin_job(table, id);
    } else {
        add_job(table, id);
    }
}

guint64
qblk_job_table_events(const QblkJobTable *table)
{
    return table->events;
}

void
qblk_job_table_load(QblkJobTable *table, const QblkJson *jobs, guint64 events)
{
    if (table->events != events || !qblk_json_is(jobs, QBLK_JSON_ARRAY)) {
        return;
    }

    g_autoptr(GHashTable) listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < qblk_json_length(jobs); i++) {
        const char *id = qblk_json_get_string(qblk_json_at(jobs, i), "id");
        if (id != NULL) {
            g_hash_table_add(listed, g_strdup(id));
            add_job(table, id);
        }
    }

    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, table->jobs);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        if (!g_hash_table_contains(listed, id)) {
            g_hash_table_iter_remove(&iter);
        }
    }
    table->is_complete = TRUE;
}

gboolean
qblk_job_table_may_have_jobs(const QblkJobTable *table)
{
    return !table->is_complete || g_hash_table_size(table->jobs) > 0;
}

void
qblk_job_table_start(QblkJobTable *table, const char *id, gboolean replaces)
{
    /* Several clients may start a job with this id, and QEMU accepts one of them. */
    gboolean another = GPOINTER_TO_INT(g_hash_table_lookup(table->next, id));
    gboolean may_replace = replaces || another;
    g_hash_table_replace(table->next, g_strdup(id), GINT_TO_POINTER(may_replace));
}

void
qblk_job_table_end_starts(QblkJobTable *table)
{
    g_hash_table_remove_all(table->next);
}

gboolean
qblk_job_table_may_replace(const QblkJobTable *table, const char *id)
{
    const Job *job = g_hash_table_lookup(table->jobs, id);
    return job == NULL || !job->replaces_nothing;
}

void
qblk_job_table_complete(QblkJobTable *table, const char *id, gboolean was_refused)
{
    add_job(table, id)->is_completed = !was_refused;
}

void
qblk_job_table_complete_any(QblkJobTable *table)
{
    GHashTableIter iter;
    gpointer job;
    g_hash_table_iter_init(&iter, table->jobs);
    while (g_hash_table_iter_next(&iter, NULL, &job)) {
        ((Job *)job)->is_completed = TRUE;
    }
}

gboolean
qblk_job_table_is_completed(const QblkJobTable *table, const char *id)
{
    const Job *job = g_hash_table_lookup(table->jobs, id);
    return job != NULL && job->is_completed;
}
