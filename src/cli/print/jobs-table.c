/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/jobs-table.h"
#include "graph/snapshot-json.h"

#include "base/text.h"
#include "cli/print/report.h"
#include "cli/print/table.h"
#include "graph/snapshot-jobs.h"

static const char *const heads[] = {"TARGET",  "JOB",   "KIND",  "STATE", ">DONE",
                                    ">AMOUNT", "LIMIT", "ERROR", NULL};

static char *
describe_speed(const QblkJob *job)
{
    if (job->speed <= 0) {
        return NULL;
    }

    g_autofree char *speed = qblk_text_size(job->speed);
    return g_strconcat(speed, "/s", NULL);
}

static void
add_row(QblkTable *table, const QblkJob *job)
{
    int percent = qblk_text_percent(job->progress, job->total);
    g_autofree char *done = percent < 0 ? NULL : g_strdup_printf("%d %%", percent);
    g_autofree char *amount = qblk_text_size(job->total);
    g_autofree char *speed = describe_speed(job);
    const char *kind = qblk_job_get_kind_name(job);

    /* A job that is paused by an I/O error has no error of its own yet. */
    gboolean io_failed = job->io_status != NULL && !g_str_equal(job->io_status, "ok");
    const char *error = job->error == NULL && io_failed ? job->io_status : job->error;

    const char *const cells[] = {job->target, job->id, kind,  job->status,
                                 done,        amount,  speed, error};

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

void
qblk_jobs_table_print(const QblkJob *const *jobs, gsize count, GString *out)
{
    g_autoptr(QblkTable) table = qblk_table_new(heads);

    for (gsize i = 0; i < count; i++) {
        add_row(table, jobs[i]);
    }
    qblk_table_print(table, out);
}

QblkJson *
qblk_jobs_table_json(const GPtrArray *jobs)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < jobs->len; i++) {
        qblk_json_append(list, qblk_job_json_new(jobs->pdata[i]));
    }
    return list;
}
