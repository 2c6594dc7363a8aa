/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-rates.h"

#include <string.h>

/* The moments that are kept of a job: the last ten seconds, if it is asked once a second. */
#define MAX_SAMPLES 11
#define WINDOW      (10 * G_USEC_PER_SEC)

/* Two moments that are nearer than this tell nothing. */
#define SHORTEST (G_USEC_PER_SEC / 5)

typedef struct {
    gint64 time, done;
} Sample;

typedef struct {
    Sample samples[MAX_SAMPLES]; /* the oldest first */
    guint count;
    gint64 total;
} Rate;

struct QblkWatchRates {
    GHashTable *jobs; /* id (owned) -> Rate (owned) */
};

QblkWatchRates *
qblk_watch_rates_new(void)
{
    QblkWatchRates *rates = g_new0(QblkWatchRates, 1);
    rates->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return rates;
}

void
qblk_watch_rates_free(QblkWatchRates *rates)
{
    g_hash_table_unref(rates->jobs);
    g_free(rates);
}

static void
drop_first(Rate *rate)
{
    rate->count--;
    memmove(rate->samples, rate->samples + 1, rate->count * sizeof(Sample));
}

static void
add_sample(Rate *rate, const QblkJob *job, gint64 now)
{
    const Sample sample = {now, qblk_job_get_progress(job)};
    rate->total = qblk_job_get_total(job);

    /* Another job with the same id. */
    if (rate->count > 0 && rate->samples[rate->count - 1].done > sample.done) {
        rate->count = 0;
    }
    /* A burst of snapshots must not push out the moments of seconds before. */
    if (rate->count > 1 && now - rate->samples[rate->count - 2].time < SHORTEST) {
        rate->count--;
    }
    if (rate->count == MAX_SAMPLES) {
        drop_first(rate);
    }
    while (rate->count > 1 && now - rate->samples[0].time > WINDOW) {
        drop_first(rate);
    }
    rate->samples[rate->count++] = sample;
}

void
qblk_watch_rates_add(QblkWatchRates *rates, const QblkSnapshot *snapshot, gint64 now)
{
    GHashTable *old = rates->jobs;
    rates->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        const char *id = qblk_job_get_id(job);
        const Rate *known = g_hash_table_lookup(old, id);
        Rate *rate = g_new0(Rate, 1);
        if (known != NULL) {
            *rate = *known;
        }
        add_sample(rate, job, now);
        g_hash_table_insert(rates->jobs, g_strdup(id), rate);
    }
    g_hash_table_unref(old);
}

static gint64
compute(const Rate *rate)
{
    if (rate == NULL || rate->count < 2) {
        return -1;
    }

    const Sample *first = &rate->samples[0], *last = &rate->samples[rate->count - 1];
    gint64 time = last->time - first->time;
    if (time < SHORTEST) {
        return -1;
    }
    return (gint64)((double)(last->done - first->done) * G_USEC_PER_SEC / (double)time);
}

gint64
qblk_watch_rates_get(const QblkWatchRates *rates, const char *id)
{
    return compute(g_hash_table_lookup(rates->jobs, id));
}

gint64
qblk_watch_rates_get_seconds_left(const QblkWatchRates *rates, const char *id)
{
    const Rate *rate = g_hash_table_lookup(rates->jobs, id);
    gint64 speed = compute(rate);
    if (speed <= 0) {
        return -1;
    }
    gint64 left = rate->total - rate->samples[rate->count - 1].done;
    return left < 0 ? -1 : left / speed;
}
