/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/jobs-table.h"

#include "base/text.h"
#include "cli/print/report.h"
#include "cli/print/table.h"

static const QblkTableColumn columns[] = {
    {.head = "TARGET"},
    {.head = "JOB", .is_path = TRUE, .rank = 2, .least = 12, .leaves = 2},
    {.head = "KIND", .rank = 3, .least = 8, .leaves = 3},
    {.head = "STATE"},
    {.head = "DONE", .is_right = TRUE},
    {.head = "AMOUNT", .is_right = TRUE, .leaves = 1},
    {.head = "LIMIT", .usual = "-"},
    {.head = "ERROR", .usual = "-", .rank = 1, .least = 16},
    {.head = NULL},
};

static char *
describe_speed(const QblkJob *job)
{
    if (qblk_job_get_speed(job) <= 0) {
        return NULL;
    }

    g_autofree char *speed = qblk_text_size(qblk_job_get_speed(job));
    return g_strconcat(speed, "/s", NULL);
}

/* A job that is paused by an I/O error has no error of its own yet. */
static const char *
describe_error(const QblkJob *job)
{
    const char *error = qblk_job_get_error(job);
    const char *io_status = qblk_job_get_io_status(job);
    gboolean io_failed = io_status != NULL && !g_str_equal(io_status, "ok");

    return error == NULL && io_failed ? io_status : error;
}

static void
add_row(QblkTable *table, const QblkJob *job)
{
    gint64 total = qblk_job_get_total(job);
    int percent = qblk_text_percent(qblk_job_get_progress(job), total);
    g_autofree char *done = percent < 0 ? NULL : g_strdup_printf("%d %%", percent);
    g_autofree char *amount = qblk_text_size(total);
    g_autofree char *speed = describe_speed(job);
    const char *const cells[] = {
        qblk_job_get_target(job),
        qblk_job_get_id(job),
        qblk_job_get_kind_name(job),
        qblk_job_get_state(job),
        done,
        amount,
        speed,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
    const char *failure = describe_error(job);
    qblk_table_add_styled(table, failure, failure == NULL ? QBLK_STYLE_PLAIN : QBLK_STYLE_ERROR);
}

void
qblk_jobs_table_print(const QblkJob *const *jobs, gsize count, QblkOutput *output)
{
    g_autoptr(QblkTable) table = qblk_table_new(columns, &output->terminal);

    for (gsize i = 0; i < count; i++) {
        add_row(table, jobs[i]);
    }
    qblk_table_print(table, output->text);
}

void
qblk_jobs_table_print_all(const QblkSnapshot *snapshot, QblkOutput *output)
{
    if (qblk_snapshot_get_n_jobs(snapshot) == 0) {
        qblk_output_print(output, "no jobs\n");
        return;
    }

    g_autoptr(QblkTable) table = qblk_table_new(columns, &output->terminal);

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        add_row(table, qblk_snapshot_get_job(snapshot, i));
    }
    qblk_table_print(table, output->text);
}

QblkJson *
qblk_jobs_table_json(const QblkSnapshot *snapshot)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        qblk_json_append(list, qblk_report_job(qblk_snapshot_get_job(snapshot, i)));
    }
    return list;
}
